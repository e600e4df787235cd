// Written from the server's JSON Schema by `npm run generate`. Don't edit.

/** A kind of kernel that can be started. Its id is its name. */
export interface Kernelspec {
  name: string
  is_default: boolean
  /** As `api/kernelspecs` has it. */
  spec: { [k: string]: unknown }
  resources: { [k: string]: unknown }
}

/** The run that a kernel is at. */
export interface KernelRun {
  id: string
  document: string
  cell: string
  user: string
  name: string
}

/** A kernel that is there. */
export interface Kernel {
  id: string
  name: string
  state: string
  connections: number
  last_activity: string
  /** 1: it was never restarted. */
  starts: number
  /** The notebook's; empty if it has none. */
  path: string
  /** Whose own it is; empty if it is shared. */
  user: string
  run: KernelRun | null
  /** How many runs are not over. */
  waiting: number
}

/** A path and its kernel. */
export interface JupyterSession {
  id: string
  path: string
  name: string
  type: string
  kernel_id: string | null
}

/** A terminal. Its id is its name. */
export interface Terminal {
  name: string
  last_activity: string
}

/** The server itself. */
export interface Status {
  started: string
  last_activity: string
  connections: number
  kernels: number
  is_up: boolean
}

export type ActionState = 'requested' | 'in progress' | 'ok' | 'error' | 'lost'

/** Something that somebody asked the server to do, and how that went. */
export interface Action {
  id: string
  action: string
  params: { [k: string]: unknown }
  user: string
  name: string
  state: ActionState
  /** Milliseconds since 1970. */
  requested: number
  began: number | null
  ended: number | null
  result: unknown
  error: { status: number; message: string } | null
}

/** One entry of a directory. Its id is its name. */
export interface Content {
  name: string
  path: string
  type: 'file' | 'directory' | 'notebook'
  size: number | null
  mimetype: string | null
  writable: boolean
  created: string
  last_modified: string
  file_id: string | null
}

/** The directory itself. */
export interface Directory {
  path: string
  state: string
}
