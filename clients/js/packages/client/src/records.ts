// What the server tells and takes, under the names that applications use.

import type * as told from './generated/records.js'
import type { User } from './presence.js'

export type Kernelspec = told.LiveKernelspec
export type Kernel = told.LiveKernel
/** The run that a kernel is at. */
export type KernelRun = told.LiveRun
export type JupyterSession = told.LiveSession
export type Terminal = told.LiveTerminal
export type Status = told.LiveStatus
/** An entry of a directory. */
export type Content = told.LiveContents
export type Directory = told.LiveDirectory
/** A cell's newest run. */
export type Run = told.MarkedRun
/** What `cell.run` gives. */
export type CellRun = told.CellsRun

/** What a running cell asks. */
export interface Question {
  prompt: string
  /** Which one it is: of two questions of one run each has its own. Empty when nothing is asked. */
  prompt_id: string
  /** Whether the answer must not be shown. */
  password: boolean
  waits: boolean
}

/** What each action takes and gives. */
export type Actions = told.Actions
export type ActionName = keyof Actions
/** An action that is not known here takes any object, and gives anything. */
export type ActionParams<A extends string> = A extends ActionName ? Actions[A]['params'] : object
export type ActionResult<A extends string> = A extends ActionName ? Actions[A]['result'] : unknown
export type ActionState = told.LiveAction['state']

/** Something that somebody asked for, and what became of it. */
export interface Action<A extends string = string> extends Omit<told.LiveAction, 'result'> {
  /** Null while its state is not `ok`. */
  result: ActionResult<A>
}

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
export interface Whoami extends Omit<told.ServerIdentity, 'user'> {
  user: User
}
