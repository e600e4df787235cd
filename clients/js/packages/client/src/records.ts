// The tables of live rooms, and the shapes of what else the server tells.

import type * as records from './generated/records.js'
import type { User } from './presence.js'

export type Kernelspec = records.LiveKernelspec
export type Kernel = records.LiveKernel
export type KernelRun = records.LiveRun
export type JupyterSession = records.LiveSession
export type Terminal = records.LiveTerminal
export type Status = records.LiveStatus
export type Action = records.LiveAction
export type ActionState = Action['state']
export type Content = records.LiveContents
export type Directory = records.LiveDirectory

/** Tables of the room of a server. */
export interface ServerTables {
  kernelspecs: Kernelspec
  kernels: Kernel
  sessions: JupyterSession
  terminals: Terminal
  status: Status
  actions: Action
}

/** Tables of the room of a directory. */
export interface DirectoryTables {
  contents: Content
  directory: Directory
}

/** What the server says of itself, and of who asks. */
export interface Whoami {
  id: string
  version: string
  user: User
}

/** A cell's newest run. */
export interface Run {
  run?: string
  cell?: string
  state: string
  kernel: string
  user: string
  [more: string]: unknown
}

/** What `cell.run` gives. */
export interface CellRun {
  kernel_id: string
  runs: { run: string; cell: string; state: string }[]
}
