// The tables of live rooms, and the shapes of what else the server tells.

import type * as records from './generated/records.js'
import type { User } from './presence.js'

/** Tables of the room of a server. */
export interface ServerTables {
  kernelspecs: records.Kernelspec
  kernels: records.Kernel
  sessions: records.JupyterSession
  terminals: records.Terminal
  status: records.Status
  actions: records.Action
}

/** Tables of the room of a directory. */
export interface DirectoryTables {
  contents: records.Content
  directory: records.Directory
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
