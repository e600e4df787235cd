// Written from the server's JSON Schema by `npm run generate`. Don't edit.

/**
 * What is to be known of a cell's newest run: edited since; ran in an earlier start of the
 * kernel; a cell above it ran later.
 */
export type CellMarks = ('edited' | 'earlier' | 'out of order')[]
/**
 * What the server may say in a live room: JSON text frames.
 */
export type LiveMessage = LiveSnapshot | LiveChanges | ActionAnswer | LiveError

/**
 * What the server can be asked to do: what each action takes, and gives.
 */
export interface Actions {
  'cell.run': {
    params: CellRun
    result: CellsRun
  }
  'checkpoint.create': {
    params: CheckpointCreate
    result: RestCheckpoint
  }
  'checkpoint.delete': {
    params: CheckpointDelete
    result: null
  }
  'checkpoint.list': {
    params: CheckpointList
    result: RestCheckpoint[]
  }
  'checkpoint.restore': {
    params: CheckpointRestore
    result: null
  }
  'contents.copy': {
    params: ContentsCopy
    result: RestContents
  }
  'contents.create': {
    params: ContentsCreate
    result: RestContents
  }
  'contents.delete': {
    params: ContentsDelete
    result: null
  }
  'contents.rename': {
    params: ContentsRename
    result: RestContents
  }
  'contents.upload': {
    params: ContentsUpload
    result: RestContents
  }
  'kernel.complete': {
    params: KernelComplete
    result: CompleteReply
  }
  'kernel.history': {
    params: KernelHistory
    result: HistoryReply
  }
  'kernel.inspect': {
    params: KernelInspect
    result: InspectReply
  }
  'kernel.interrupt': {
    params: KernelInterrupt
    result: null
  }
  'kernel.is_complete': {
    params: KernelIsComplete
    result: IsCompleteReply
  }
  'kernel.restart': {
    params: KernelRestart
    result: null
  }
  'kernel.shutdown': {
    params: KernelShutdown
    result: null
  }
  'kernel.start': {
    params: KernelStart
    result: KernelStarted
  }
  'session.change': {
    params: SessionChange
    result: RestSession
  }
  'session.create': {
    params: SessionCreate
    result: RestSession
  }
  'session.delete': {
    params: SessionDelete
    result: null
  }
  'terminal.create': {
    params: TerminalCreate
    result: TerminalCreated
  }
  'terminal.delete': {
    params: TerminalDelete
    result: null
  }
}
/**
 * Run cells of a notebook in this order; its session is started if it has none.
 */
export interface CellRun {
  path: string
  /**
   * @minItems 1
   * @maxItems 10000
   */
  cells: string[]
  kernel_name?: string | null
}
/**
 * Result of cell.run: all its runs are over.
 */
export interface CellsRun {
  kernel_id: string
  runs: StartedRun[]
}
/**
 * One cell that was run.
 */
export interface StartedRun {
  run: string
  cell: string
  state: 'requested' | 'sent' | 'running' | 'ok' | 'error' | 'aborted' | 'lost'
}
/**
 * Keep what a file holds now as a checkpoint.
 */
export interface CheckpointCreate {
  path: string
}
/**
 * A checkpoint: result of checkpoint.create.
 */
export interface RestCheckpoint {
  id: string
  last_modified: string
  [k: string]: unknown
}
/**
 * Delete a checkpoint.
 */
export interface CheckpointDelete {
  path: string
  checkpoint_id: string
}
/**
 * List a file's checkpoints.
 */
export interface CheckpointList {
  path: string
}
/**
 * Replace a file's content by a checkpoint's, also where it is open.
 */
export interface CheckpointRestore {
  path: string
  checkpoint_id: string
}
/**
 * Copy a file or notebook into the directory `to`, under a name that is free.
 */
export interface ContentsCopy {
  path: string
  to: string
}
/**
 * A contents model without content: result of contents.create, upload, rename and copy.
 */
export interface RestContents {
  name: string
  path: string
  type: 'file' | 'directory' | 'notebook'
  writable: boolean
  created: string
  last_modified: string
  size?: number | null
  mimetype?: string | null
  [k: string]: unknown
}
/**
 * Make a new untitled notebook, file or directory in the directory `path`.
 */
export interface ContentsCreate {
  path: string
  type: 'notebook' | 'file' | 'directory'
  ext?: string | null
}
/**
 * Delete a file, notebook or directory.
 */
export interface ContentsDelete {
  path: string
}
/**
 * Rename or move.
 */
export interface ContentsRename {
  path: string
  new_path: string
}
/**
 * Write a file or notebook; one that is there is replaced, also where it is open.
 */
export interface ContentsUpload {
  path: string
  content: unknown
  format: 'text' | 'base64' | 'json'
  type?: ('file' | 'notebook') | null
}
/**
 * Ask a kernel how the code may go on at `cursor_pos` (a code point's index).
 */
export interface KernelComplete {
  kernel_id: string
  code: string
  cursor_pos: number
}
/**
 * Result of kernel.complete.
 */
export interface CompleteReply {
  status: 'ok' | 'error' | 'aborted'
  matches?: string[]
  cursor_start?: number
  cursor_end?: number
  metadata?: {
    [k: string]: unknown
  }
  [k: string]: unknown
}
/**
 * Ask a kernel what it ran; which fields count depends on `hist_access_type`.
 */
export interface KernelHistory {
  kernel_id: string
  hist_access_type?: 'tail' | 'range' | 'search'
  output?: boolean
  raw?: boolean
  session?: number
  start?: number
  stop?: number | null
  n?: number
  pattern?: string
  unique?: boolean
}
/**
 * Result of kernel.history.
 */
export interface HistoryReply {
  status: 'ok' | 'error' | 'aborted'
  /**
   * ``[session, line, input]``, or with `output` ``[session, line, [input, output]]``.
   */
  history?: unknown[][]
  [k: string]: unknown
}
/**
 * Ask a kernel what stands at `cursor_pos` (a code point's index).
 */
export interface KernelInspect {
  kernel_id: string
  code: string
  cursor_pos: number
  detail_level?: 0 | 1
}
/**
 * Result of kernel.inspect.
 */
export interface InspectReply {
  status: 'ok' | 'error' | 'aborted'
  found?: boolean
  /**
   * A mime bundle.
   */
  data?: {
    [k: string]: unknown
  }
  metadata?: {
    [k: string]: unknown
  }
  [k: string]: unknown
}
/**
 * Interrupt what a kernel runs.
 */
export interface KernelInterrupt {
  kernel_id: string
}
/**
 * Ask a kernel whether the code can be run as it is.
 */
export interface KernelIsComplete {
  kernel_id: string
  code: string
}
/**
 * Result of kernel.is_complete.
 */
export interface IsCompleteReply {
  status: 'complete' | 'incomplete' | 'invalid' | 'unknown'
  /**
   * How the next line begins, if it is incomplete.
   */
  indent?: string
  [k: string]: unknown
}
/**
 * Restart a kernel: same id, nothing of its memory.
 */
export interface KernelRestart {
  kernel_id: string
}
/**
 * End a kernel and forget it.
 */
export interface KernelShutdown {
  kernel_id: string
}
/**
 * Start a kernel; `path` is the directory or document whose directory it starts in.
 */
export interface KernelStart {
  name?: string | null
  path?: string | null
}
/**
 * Result of kernel.start.
 */
export interface KernelStarted {
  kernel_id: string
}
/**
 * Change what is given; a kernel by its id, or a new one by its kernelspec's name.
 */
export interface SessionChange {
  session_id: string
  path?: string | null
  name?: string | null
  type?: string | null
  kernel_name?: string | null
  kernel_id?: string | null
}
/**
 * A session as the REST API has it: result of session.create and session.change.
 */
export interface RestSession {
  id: string
  path: string
  name: string
  type: string
  kernel: RestKernel | null
  [k: string]: unknown
}
/**
 * A kernel as the REST API has it.
 */
export interface RestKernel {
  id: string
  name: string
  last_activity?: string
  execution_state?: string
  connections?: number
  [k: string]: unknown
}
/**
 * Give a document a kernel: a new one, or `kernel_id`.
 */
export interface SessionCreate {
  path: string
  type?: string
  name?: string | null
  kernel_name?: string | null
  kernel_id?: string | null
}
/**
 * End a session and its kernel.
 */
export interface SessionDelete {
  session_id: string
}
/**
 * Open a terminal.
 */
export interface TerminalCreate {
  name?: string | null
}
/**
 * Result of terminal.create.
 */
export interface TerminalCreated {
  name: string
  [k: string]: unknown
}
/**
 * End a terminal.
 */
export interface TerminalDelete {
  name: string
  server?: string | null
}
/**
 * Cell id → its newest run.
 */
export interface DocumentRuns {
  [k: string]: MarkedRun
}
/**
 * A cell's newest run and its marks.
 */
export interface MarkedRun {
  /**
   * Run id.
   */
  run: string
  kernel: string
  state?: 'requested' | 'sent' | 'running' | 'ok' | 'error' | 'aborted' | 'lost'
  /**
   * The run whose outputs the cell shows: while the newest waits, another.
   */
  shown?: string
  /**
   * The entry of the kernel's log that asked for it.
   */
  at?: string | null
  user?: string
  /**
   * The user's name for people.
   */
  name?: string
  /**
   * SHA-256 of the source that ran.
   */
  sha?: string
  requested?: number
  started?: number
  ended?: number
  /**
   * Which start of the kernel it ran in.
   */
  generation?: string
  /**
   * Its order in the kernel's queue.
   */
  seq?: string
  /**
   * execution_count.
   */
  count?: string
  /**
   * Why it was aborted or lost.
   */
  why?: string
  marks?: CellMarks | null
}
/**
 * The room of an opened document is ``<format>:<type>:<fileId>``.
 */
export interface DocumentSession {
  format: string
  type: string
  fileId: string
  /**
   * To be given in the query of the room's websocket; another one means another history.
   */
  sessionId: string
}
/**
 * What somebody asked the server to do, and what became of it.
 */
export interface LiveAction {
  id: string
  action: string
  /**
   * As `ACTIONS` has them for the action; of contents.upload `bytes` and `sha256` of the content
   * instead of it.
   */
  params: {
    [k: string]: unknown
  }
  /**
   * Which right it takes, ``resource:action``: who has its resource's may see it.
   */
  right: string
  /**
   * Username of who asked; stamped by the server.
   */
  user: string
  /**
   * Their name for people.
   */
  name: string
  /**
   * The process of the Jupyter server that does it; '' while none does.
   */
  by: string
  /**
   * lost: whoever did it died, and nobody knows what became of it.
   */
  state: 'requested' | 'in progress' | 'ok' | 'error' | 'lost'
  requested: number
  began: number | null
  ended: number | null
  /**
   * As `RESULTS` has it for the action; null while it is not ok.
   */
  result: {
    [k: string]: unknown
  }
  error: ActionFailure | null
}
/**
 * Why an action failed, as the REST call that it stands for would say it.
 */
export interface ActionFailure {
  status: number
  message: string
}
/**
 * An entry of a directory.
 */
export interface LiveContents {
  name: string
  path: string
  type: 'file' | 'directory' | 'notebook'
  /**
   * In bytes.
   */
  size: number | null
  mimetype: string | null
  writable: boolean
  created: string
  last_modified: string
  /**
   * Once somebody has opened it together with others.
   */
  file_id: string | null
}
/**
 * The directory itself; there once all that is in it is.
 */
export interface LiveDirectory {
  path: string
  /**
   * In rooms always ok: a socket to another one is closed with 4404 or 4403.
   */
  state: 'ok' | 'missing' | 'refused'
  /**
   * Why it is not ok.
   */
  why?: string
}
/**
 * A running kernel.
 */
export interface LiveKernel {
  id: string
  /**
   * Of its kernelspec.
   */
  name: string
  /**
   * starting, idle, busy, restarting, ending, dead, …
   */
  state: string
  connections: number
  last_activity: string
  /**
   * 1: it was never restarted.
   */
  starts: number
  /**
   * Its session's; '' if it has none.
   */
  path: string
  /**
   * Whose it is, where each user has one of their own; else ''.
   */
  user: string
  /**
   * What it is at, if that is a run of a cell.
   */
  run: LiveRun | null
  /**
   * Runs that are not over.
   */
  waiting: number
}
/**
 * The run that a kernel is at.
 */
export interface LiveRun {
  id: string
  document: string
  cell: string
  user: string
  name: string
}
/**
 * A kernel that can be started.
 */
export interface LiveKernelspec {
  name: string
  is_default: boolean
  /**
   * kernel.json: argv, display_name, language, env, metadata, …
   */
  spec: {
    [k: string]: unknown
  }
  /**
   * Name → URL: logos, kernel.js, kernel.css.
   */
  resources: {
    [k: string]: string
  }
}
/**
 * All of a room; it replaces whatever was known.
 */
export interface LiveSnapshot {
  type: 'snapshot'
  room: string
  version: number
  tables: ServerTables | DirectoryTables
}
/**
 * The tables of ``server:<S>``; one is missing if the user may not read it.
 */
export interface ServerTables {
  kernelspecs?: {
    [k: string]: LiveKernelspec
  } | null
  kernels?: {
    [k: string]: LiveKernel
  } | null
  sessions?: {
    [k: string]: LiveSession
  } | null
  terminals?: {
    [k: string]: LiveTerminal
  } | null
  status?: {
    [k: string]: LiveStatus
  } | null
  actions?: {
    [k: string]: LiveAction
  } | null
}
/**
 * Which kernel belongs to which document.
 */
export interface LiveSession {
  id: string
  path: string
  name: string
  /**
   * notebook, console, file, …
   */
  type: string
  /**
   * null while it has none.
   */
  kernel_id: string | null
  /**
   * Whose it is, where each user has one of their own: nobody else sees it; else ''.
   */
  user?: string
}
/**
 * An open terminal.
 */
export interface LiveTerminal {
  name: string
  /**
   * Which Jupyter server of this contents root has it: it ends with that.
   */
  server: string
  last_activity: string
}
/**
 * How the Jupyter server does; of several on one contents root one speaks for all.
 */
export interface LiveStatus {
  /**
   * Which one this is; when it ends another says how that does.
   */
  server: string
  started: string
  last_activity: string
  connections: number
  kernels: number
  /**
   * Whether it was heard lately.
   */
  is_up: boolean
}
/**
 * The tables of ``dir:<S>:<path>``.
 */
export interface DirectoryTables {
  contents: {
    [k: string]: LiveContents
  }
  directory: {
    [k: string]: LiveDirectory
  }
}
/**
 * What changed from the version before to this one.
 */
export interface LiveChanges {
  type: 'changes'
  version: number
  changes: LiveChange[]
}
/**
 * One record, whole, or that it is gone.
 */
export interface LiveChange {
  table: string
  id: string
  /**
   * As the table's records are; null: removed.
   */
  record: {
    [k: string]: unknown
  } | null
}
/**
 * The action as it was taken; its table says how it goes on.
 */
export interface ActionAnswer {
  type: 'action'
  record: LiveAction
}
/**
 * What was sent was refused.
 */
export interface LiveError {
  type: 'error'
  message: string
  /**
   * Of the request that is meant, if it had one.
   */
  id?: string | null
}
/**
 * Which server this is, and who the client is to it.
 */
export interface ServerIdentity {
  /**
   * Of the room ``server:<id>``.
   */
  id: string
  /**
   * Of rtstore.
   */
  version: string
  user: UserInfo
}
/**
 * A person. Stamped by the server wherever it stands: nobody says who they are themselves.
 */
export interface UserInfo {
  username: string
  name?: string
  display_name?: string
  initials?: string | null
  avatar_url?: string | null
  /**
   * A CSS colour. This and initials are the browser's where the server has none.
   */
  color?: string | null
}
