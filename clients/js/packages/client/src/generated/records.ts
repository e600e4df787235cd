// Written from the server's JSON Schema by `npm run generate`. Don't edit.

/**
 * The state of one Yjs client, in an awareness update; null: it is gone.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "AwarenessMessage".
 */
export type AwarenessMessage = AwarenessState | null
/**
 * What is to be known of a cell's newest run: edited since; ran in an earlier start of the
 * kernel; a cell above it ran later.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "CellMarks".
 */
export type CellMarks = ('edited' | 'earlier' | 'out of order')[]
/**
 * The newest data format that any writer used; an older rtstore refuses to start.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "DataFormat".
 */
export type DataFormat = string
/**
 * What a page holds whose document's history is gone, or where that is now (24 h).
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "DraftEntry".
 */
export type DraftEntry = DraftHead | DraftDone
/**
 * Id of a kernel that ended within 30 days: so long its runs can be found.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "EndedKernel".
 */
export type EndedKernel = string
/**
 * Why no more of a batch runs; for an hour.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "FailedBatch".
 */
export type FailedBatch = string
/**
 * ``aware <worker>.<connection>``, a newline, an awareness update.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "FeedAwareness".
 */
export type FeedAwareness = string
/**
 * A message between workers, after ``note ``. Nothing depends on it: who missed one looks
 * again after a while.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "FeedNotice".
 */
export type FeedNotice =
  | Opened
  | Indexed
  | KernelNews
  | OutNews
  | RunAsked
  | RunSettled
  | SaveAsked
  | SaveEnded
  | StructsMissing
  | Refusal
  | MarksNews
  | PathNews
  | Replaced
  | Deleted
  | DraftNews
  | SchemaNews
/**
 * A log entry as it is published: ``<id> <kind> <worker>.<seq>``, a newline, the update; or
 * with `` ref`` no update, as it is over 16 kB: it is in the log.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "FeedUpdate".
 */
export type FeedUpdate = string
/**
 * The id of the file at a path; it stays when the file is renamed.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "FileId".
 */
export type FileId = string
/**
 * Where the file with an id is: relative to the root directory, ``/``-separated.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "FilePath".
 */
export type FilePath = string
/**
 * When a cell of the document was last run in a kernel (ms).
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "FollowedKernel".
 */
export type FollowedKernel = string
/**
 * zlib of JSON lines: of each entry ``[id, kind, user, client, worker, seq, ts, update]``
 * (base64), or of a history that ended ``[gen, type, format, update]``.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "HistoryBlock".
 */
export type HistoryBlock = unknown[][]
/**
 * Whether a bridge that hears the kernel has heard all: it could take over then.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "KernelEar".
 */
export type KernelEar = 'synced' | 'listening'
/**
 * The host that a kernel runs on.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "KernelHost".
 */
export type KernelHost = string
/**
 * ``<owner> <token>``: who alone may do something now. Lives 3 s unless renewed; scripts
 * compare the whole text before they write.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "LeaseHolding".
 */
export type LeaseHolding = string
/**
 * What the server may say in a live room: JSON text frames.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "LiveMessage".
 */
export type LiveMessage = LiveSnapshot | LiveChanges | ActionAnswer | LiveError
/**
 * Id of a worker.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "LivingWorker".
 */
export type LivingWorker = string
/**
 * Id of a document that was open lately.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "OpenDocument".
 */
export type OpenDocument = string
/**
 * An output, or the rest of a stream, too large for a document: the cell has a link.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "OutputBlob".
 */
export type OutputBlob = string
/**
 * One thing that a kernel said, or that happened to one of its runs; dropped after a day.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "OutputEntry".
 */
export type OutputEntry = Said | RunState | Beginning | Gap | Act
/**
 * ``<worker>.<connection>`` of a PresenceEntry.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "PresenceExpiry".
 */
export type PresenceExpiry = string
/**
 * Id of a run that is not over.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "QueuedRun".
 */
export type QueuedRun = string
/**
 * How often a live room has changed.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "RoomVersion".
 */
export type RoomVersion = string
/**
 * A process of a Jupyter server, which kernels name in `instance`: host, pid, when it began
 * (unix time, in seconds). Lives 15 s unless renewed.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "ServerProcess".
 */
export type ServerProcess = string
/**
 * Username of who was heard in JupyterLab:globalAwareness a moment ago.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "SpokeUser".
 */
export type SpokeUser = string
/**
 * What contents.upload writes, until that is done: records are shown to people. 10 min.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "UploadContent".
 */
export type UploadContent =
  | string
  | {
      [k: string]: unknown
    }
/**
 * Id of an action that nobody has begun.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "WaitingAction".
 */
export type WaitingAction = string
/**
 * Path of a directory that somebody looks at.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "WatchedDirectory".
 */
export type WatchedDirectory = string

/**
 * What rtstore keeps and says. Written by `rtstore schema --json`.
 */
export interface Rtstore {}
/**
 * Somebody interrupted, restarted or ended the kernel.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "Act".
 */
export interface Act {
  /**
   * msg_id of the request that it belongs to: of a run of ours the run's id.
   */
  parent: string
  /**
   * Its own msg_id; '' for what is no message.
   */
  msg: string
  /**
   * Where the source has it; '' for what is no message.
   */
  at: string
  /**
   * When it was written here.
   */
  ts: string
  kind: 'act'
  /**
   * interrupt, restart or shutdown.
   */
  type: string
  /**
   * `by` (username) and `name`.
   */
  content: string
}
/**
 * The action as it was taken; its table says how it goes on.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "ActionAnswer".
 */
export interface ActionAnswer {
  type: 'action'
  record: LiveAction
}
/**
 * What somebody asked the server to do, and what became of it.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "LiveAction".
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
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "ActionFailure".
 */
export interface ActionFailure {
  status: number
  message: string
}
/**
 * What a client may send: the only thing. By POST it has no `type`.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "ActionRequest".
 */
export interface ActionRequest {
  type?: 'action'
  /**
   * The client's own: asked for again under it, the action is done once.
   */
  id?: string | null
  action: string
  params: {
    [k: string]: unknown
  }
}
/**
 * An application's document: root types of its own besides `state`. A schema may be given for
 * them: top-level ``"type": "object"`` is a Y.Map, ``"array"`` a Y.Array, ``"string"`` a Y.Text,
 * ``{"x-yjs": "xml"}`` a Y.XmlFragment.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "AppDocument".
 */
export interface AppDocument {
  state: DocumentState
  [k: string]: unknown
}
/**
 * The root map `state` of every document.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "DocumentState".
 */
export interface DocumentState {
  /**
   * Where the file is; changes when it is renamed. ``app:<name>`` for application documents.
   */
  path?: string
  /**
   * Whether it has what the file does not have yet.
   */
  dirty?: boolean | null
  /**
   * Of the file as last saved: a change says "the server saved".
   */
  hash?: string | null
  file_id?: string | null
  /**
   * Name of the room; written by the browser.
   */
  document_id?: string | null
  /**
   * Of an application document with a schema: ``<where>: <what>``; absent while it is valid.
   */
  invalid?: string[]
}
/**
 * The JSON Schema of an application's document; the newest that an opener gave.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "AppSchema".
 */
export interface AppSchema {
  [k: string]: unknown
}
/**
 * A run that the document's keeper has not queued yet: all it has are who, what and when.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "AskedRun".
 */
export interface AskedRun {
  /**
   * Also the msg_id of the request that the kernel gets.
   */
  id: string
  document?: string
  cell?: string
  /**
   * Username of who asked for it.
   */
  user?: string
  /**
   * Their name for people.
   */
  name?: string
  /**
   * A copy: what runs is what was there when it was asked for.
   */
  source?: string
  /**
   * Of the source.
   */
  sha?: string | ''
  kernel?: string
  state?: 'requested' | 'sent' | 'running' | 'ok' | 'error' | 'aborted' | 'lost'
  /**
   * Its order in the kernel's queue.
   */
  seq?: string | ''
  /**
   * Which start of the kernel it ran in.
   */
  generation?: string | ''
  requested?: string | ''
  sent?: string | ''
  started?: string | ''
  ended?: string | ''
  /**
   * execution_count.
   */
  count?: string
  /**
   * Why it was aborted or lost, or who interrupted it.
   */
  why?: string
  /**
   * Whether that was somebody else than who asked for the run.
   */
  by_other?: string
  /**
   * What was asked for together, as by Run All: an error of one aborts the rest.
   */
  batch?: string
  /**
   * Whether its error stops no other run: the cell is tagged ``raises-exception``.
   */
  may_fail?: string
  /**
   * Whether the cell's metadata is to hold its times.
   */
  records_timing?: string
  /**
   * Entry of the kernel's log after which its messages are.
   */
  sent_at?: string | ''
  /**
   * The signed request (base64): sent again, it is the same request to the kernel.
   */
  frames?: string | ''
  /**
   * Whether it is certain that the kernel did not get it.
   */
  unsent?: string
  /**
   * What it asks its user (``input()``).
   */
  prompt?: string
  /**
   * Whether the answer must not be shown.
   */
  password?: string
  /**
   * Which question: the input_request's msg_id; '' when nothing is asked.
   */
  prompt_id?: string
  /**
   * What was answered and the kernel was not told yet.
   */
  answer?: string
  /**
   * The question that was answered last.
   */
  answered?: string
  answered_by?: string
  /**
   * Whether the store had forgotten that it was sent, and was told again.
   */
  put_back?: string
  /**
   * The first run of the request that asked: all of a request's runs are queued, or none.
   */
  post: string
  /**
   * Hash of the source that the user saw: SHA-256, or murmur2.
   */
  saw?: string
  /**
   * What is to run instead of the cell's source.
   */
  code?: string
}
/**
 * Whose a Yjs client id is; decided by the first update on its own connection.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "Author".
 */
export interface Author {
  /**
   * Username.
   */
  user: string
  ts: number
}
/**
 * What one open page says of itself: any JSON besides these. JupyterLab adds `cursors`,
 * `current` (the open document), `autosave`; clients may add fields of their own.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "AwarenessState".
 */
export interface AwarenessState {
  user: UserInfo
  [k: string]: unknown
}
/**
 * Stamped by the server.
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
/**
 * A source of messages begins: the journal of one start, or a bridge's turn at the sockets.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "Beginning".
 */
export interface Beginning {
  /**
   * msg_id of the request that it belongs to: of a run of ours the run's id.
   */
  parent: string
  /**
   * Its own msg_id; '' for what is no message.
   */
  msg: string
  /**
   * Where the source has it; '' for what is no message.
   */
  at: string
  /**
   * When it was written here.
   */
  ts: string
  kind: 'begin'
  /**
   * Name of the source: ``journal:<generation>``, ``ring:<token>``, ``ws:<token>``.
   */
  type: string
  /**
   * `capture`, and for a journal the `generation`.
   */
  content: string
}
/**
 * A binary file as a shared document.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "BlobDocument".
 */
export interface BlobDocument {
  state: DocumentState
  /**
   * A Y.Map; `bytes` holds all of it.
   */
  source: {
    [k: string]: unknown
  }
}
/**
 * What is to be known of a cell's outputs to put the next one there; what is 0 is left out.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "CellFold".
 */
export interface CellFold {
  run: string
  /**
   * Outputs that the cell had.
   */
  number?: number
  /**
   * display_id → places.
   */
  displays?: {
    [k: string]: number[]
  }
  /**
   * ``clear_output(wait=True)`` came.
   */
  clears_on_next?: boolean
  /**
   * Of the last stream; -1: not known.
   */
  chars?: number
  /**
   * Where its next text is written.
   */
  cursor?: number
  /**
   * Characters of all outputs, about.
   */
  held?: number
  /**
   * Outputs beyond the bound.
   */
  left_out?: number
  /**
   * Name of the last stream's rest.
   */
  spill?: string
  /**
   * Characters that went there.
   */
  spilled?: number
  /**
   * How many there were.
   */
  spills?: number
  /**
   * Characters more that did not fit.
   */
  cut?: number
}
/**
 * Run cells of a notebook in this order; its session is started if it has none.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "CellRun".
 */
export interface CellRun {
  path: string
  /**
   * @minItems 1
   * @maxItems 10000
   */
  cells: [string, ...string[]]
  kernel_name?: string | null
}
/**
 * Result of cell.run: all its runs are over.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "CellsRun".
 */
export interface CellsRun {
  kernel_id: string
  runs: StartedRun[]
}
/**
 * One cell that was run.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "StartedRun".
 */
export interface StartedRun {
  run: string
  cell: string
  state: 'requested' | 'sent' | 'running' | 'ok' | 'error' | 'aborted' | 'lost'
}
/**
 * A chat as a shared document.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "ChatDocument".
 */
export interface ChatDocument {
  state: DocumentState
  messages: {
    [k: string]: unknown
  }[]
  users: {
    [k: string]: {
      [k: string]: unknown
    }
  }
  attachments?: {
    [k: string]: unknown
  }
  metadata?: {
    [k: string]: unknown
  }
}
/**
 * Keep what a file holds now as a checkpoint.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "CheckpointCreate".
 */
export interface CheckpointCreate {
  path: string
}
/**
 * Delete a checkpoint.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "CheckpointDelete".
 */
export interface CheckpointDelete {
  path: string
  checkpoint_id: string
}
/**
 * List a file's checkpoints.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "CheckpointList".
 */
export interface CheckpointList {
  path: string
}
/**
 * Replace a file's content by a checkpoint's, also where it is open.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "CheckpointRestore".
 */
export interface CheckpointRestore {
  path: string
  checkpoint_id: string
}
/**
 * The reason that comes with close code 1003: the page gives up its copy.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "CloseReason".
 */
export interface CloseReason {
  reason: 'unknown_session' | 'version_mismatch' | 'initialization_error'
  reloadable: boolean
  sessionId?: string | null
  /**
   * Why, for people.
   */
  errorReason?: string | null
}
/**
 * Result of kernel.complete.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "CompleteReply".
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
 * Copy a file or notebook into the directory `to`, under a name that is free.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "ContentsCopy".
 */
export interface ContentsCopy {
  path: string
  to: string
}
/**
 * Make a new untitled notebook, file or directory in the directory `path`.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "ContentsCreate".
 */
export interface ContentsCreate {
  path: string
  type: 'notebook' | 'file' | 'directory'
  ext?: string | null
}
/**
 * Delete a file, notebook or directory.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "ContentsDelete".
 */
export interface ContentsDelete {
  path: string
}
/**
 * Rename or move.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "ContentsRename".
 */
export interface ContentsRename {
  path: string
  new_path: string
}
/**
 * Write a file or notebook; one that is there is replaced, also where it is open.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "ContentsUpload".
 */
export interface ContentsUpload {
  path: string
  content: unknown
  format: 'text' | 'base64' | 'json'
  type?: ('file' | 'notebook') | null
}
/**
 * The file was deleted.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "Deleted".
 */
export interface Deleted {
  type: 'deleted'
}
/**
 * The tables of ``dir:<S>:<path>``.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "DirectoryTables".
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
 * An entry of a directory.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "LiveContents".
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
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "LiveDirectory".
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
 * What is known of a document besides its content.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "DocumentMeta".
 */
export interface DocumentMeta {
  /**
   * Version of the data format.
   */
  schema: string
  /**
   * Names the history; another one: browsers must load the document anew.
   */
  gen: string
  /**
   * The contents root.
   */
  server: string
  /**
   * The file, relative to the root directory.
   */
  path: string
  /**
   * What it is opened as.
   */
  type: string
  /**
   * `format` of the contents model: json, text or base64; app for application documents.
   */
  format: string
  created: string
  /**
   * Number of the rules of rights; 0: there are none.
   */
  rules: string
  /**
   * First part of the ids that are appended now.
   */
  epoch: string
  /**
   * Which store wrote it: another one (restart, failover) begins a new epoch.
   */
  srv: string
  epoch_ts: string
  /**
   * The worker that began the epoch.
   */
  epoch_by: string
  /**
   * The log was made; on another server; the server lost entries; opened as another type.
   */
  epoch_why: 'create' | 'server' | 'regressed' | 'retype'
  /**
   * The worker that keeps the file.
   */
  owner?: string
  /**
   * The newest token of a lease.
   */
  fence?: string
  /**
   * Up to this entry the file has everything.
   */
  saved_id?: string | null
  saved_ts?: string | null
  /**
   * The worker that saved.
   */
  saved_by?: string
  /**
   * The file's hash as Jupyter computes it.
   */
  saved_hash?: string
  /**
   * The file's inode.
   */
  saved_ino?: string | null
  /**
   * When the file was written, in nanoseconds.
   */
  saved_mtime?: string | null
  /**
   * Whether all have one kernel, or each user one of their own.
   */
  kernels?: 'shared' | 'per-user'
  /**
   * Why the file can't be read: a close code and words.
   */
  error?: string
  /**
   * How often its log was compacted.
   */
  compactions?: string
  /**
   * The worker that will put back what the store lost.
   */
  held?: string
}
/**
 * Cell id → its newest run.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "DocumentRuns".
 */
export interface DocumentRuns {
  [k: string]: MarkedRun
}
/**
 * A cell's newest run and its marks.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "MarkedRun".
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
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "DocumentSession".
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
 * What a client wants to open a path as.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "DocumentSessionRequest".
 */
export interface DocumentSessionRequest {
  /**
   * json, text or base64; app for an application document, whose path is its name.
   */
  format: string
  /**
   * notebook, file, chat, … or app.
   */
  type: string
  /**
   * JSON Schema of an application document; the newest given wins.
   */
  schema?: {
    [k: string]: unknown
  } | null
}
/**
 * A live document, at most 2 s old; rtstore never reads it.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "DocumentView".
 */
export interface DocumentView {
  path: string
  /**
   * The entry of the log that it shows.
   */
  at: string
  type: string
  /**
   * Of a document that is no notebook.
   */
  text?: string
  /**
   * Username of who edited that last.
   */
  editor?: string
  cells?: string | null
  /**
   * How many cells are not shown, as the notebook is too long.
   */
  left_out?: string
}
/**
 * It is in a file beside.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "DraftDone".
 */
export interface DraftDone {
  /**
   * '' if it said nothing of its own.
   */
  path: string
  ts: number
}
/**
 * It waits for a keeper. A newline and the page's whole state (a Yjs update) follow.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "DraftHead".
 */
export interface DraftHead {
  user: string
  type: string
  format: string
  ts: number
}
/**
 * A page whose document's history is gone left a draft.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "DraftNews".
 */
export interface DraftNews {
  type: 'draft'
}
/**
 * Somebody opens a document: whoever keeps documents may keep it.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "Opened".
 */
export interface Opened {
  type: 'opened'
  document: string
}
/**
 * These file ids stand for other paths now, or for none.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "Indexed".
 */
export interface Indexed {
  type: 'indexed'
  ids: string[]
}
/**
 * There is news of a kernel.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "KernelNews".
 */
export interface KernelNews {
  type: 'kernel'
  kernel: string
}
/**
 * Something was added to a kernel's log.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "OutNews".
 */
export interface OutNews {
  type: 'out'
}
/**
 * Somebody asked for a run.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "RunAsked".
 */
export interface RunAsked {
  type: 'run asked'
  run: string
}
/**
 * A run was queued (200), or refused.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "RunSettled".
 */
export interface RunSettled {
  type: 'run settled'
  run: string
  status: number
  why: string
  cell: string
}
/**
 * Somebody wants the file to be saved now.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "SaveAsked".
 */
export interface SaveAsked {
  type: 'save'
  by: string
  id: number
  /**
   * Somebody is about to read it: save only what is not saved.
   */
  to_read?: boolean
}
/**
 * What was asked for by SaveAsked was done, or failed.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "SaveEnded".
 */
export interface SaveEnded {
  type: 'saved'
  by: string | null
  id: number | null
  status: 'success' | 'failed'
  why: string
}
/**
 * Updates wait for others that never came: rooms ask their members for them.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "StructsMissing".
 */
export interface StructsMissing {
  type: 'ask'
}
/**
 * The document can't be opened: sockets are closed with this code.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "Refusal".
 */
export interface Refusal {
  type: 'refused'
  code: number
  reason: string
}
/**
 * Marks of cells changed.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "MarksNews".
 */
export interface MarksNews {
  type: 'marks'
}
/**
 * The file is at another path now.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "PathNews".
 */
export interface PathNews {
  type: 'path'
  path: string
}
/**
 * Somebody wrote the file through Jupyter's contents API.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "Replaced".
 */
export interface Replaced {
  type: 'replaced'
}
/**
 * An application's document has another schema.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "SchemaNews".
 */
export interface SchemaNews {
  type: 'schema'
}
/**
 * How far a document has followed a kernel; written with what that changed, in one step.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "FoldCursor".
 */
export interface FoldCursor {
  /**
   * The last entry of the kernel's log that the document has.
   */
  cursor: string
  state: string
}
/**
 * What a keeper needs to know to go on.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "FoldState".
 */
export interface FoldState {
  /**
   * Run → cell, of those that did not begin.
   */
  waiting: {
    [k: string]: string
  }
  /**
   * Run → cell, of those that are not over.
   */
  unfinished: {
    [k: string]: string
  }
  /**
   * Which start of the kernel is heard.
   */
  generation: number | null
  /**
   * Cells that were not in the document when something was said to them.
   */
  missed: string[]
  /**
   * Run → its times, where they are wanted.
   */
  timed: {
    [k: string]: {
      [k: string]: string
    }
  }
  /**
   * Request → the Output widgets that take what is said to it.
   */
  captures: {
    [k: string]: string[]
  }
  cells: {
    [k: string]: CellFold
  }
}
/**
 * Something is missing here.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "Gap".
 */
export interface Gap {
  /**
   * msg_id of the request that it belongs to: of a run of ours the run's id.
   */
  parent: string
  /**
   * Its own msg_id; '' for what is no message.
   */
  msg: string
  /**
   * Where the source has it; '' for what is no message.
   */
  at: string
  /**
   * When it was written here.
   */
  ts: string
  kind: 'gap'
  /**
   * Why in a word.
   */
  type: string
  /**
   * `why` for people; `lost` messages, where that is known.
   */
  content: string
}
/**
 * Result of kernel.history.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "HistoryReply".
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
 * Result of kernel.inspect.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "InspectReply".
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
 * Result of kernel.is_complete.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "IsCompleteReply".
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
 * Where the Jupyter server of this contents root is.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "JupyterServer".
 */
export interface JupyterServer {
  /**
   * For workers: a listener of their own.
   */
  url: string
  public_url: string
  pid: string
  host: string
  /**
   * For people.
   */
  name: string
  /**
   * The root directory.
   */
  root: string
  /**
   * Of rtstore there.
   */
  version: string
  /**
   * Unix time, in seconds.
   */
  started: string
  /**
   * When it was last heard.
   */
  beat: string
}
/**
 * Ask a kernel how the code may go on at `cursor_pos` (a code point's index).
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "KernelComplete".
 */
export interface KernelComplete {
  kernel_id: string
  code: string
  cursor_pos: number
}
/**
 * Ask a kernel what it ran; which fields count depends on `hist_access_type`.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "KernelHistory".
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
 * Ask a kernel what stands at `cursor_pos` (a code point's index).
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "KernelInspect".
 */
export interface KernelInspect {
  kernel_id: string
  code: string
  cursor_pos: number
  detail_level?: 0 | 1
}
/**
 * Interrupt what a kernel runs.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "KernelInterrupt".
 */
export interface KernelInterrupt {
  kernel_id: string
}
/**
 * Ask a kernel whether the code can be run as it is.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "KernelIsComplete".
 */
export interface KernelIsComplete {
  kernel_id: string
  code: string
}
/**
 * What workers know of a kernel; goes a week after its end.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "KernelMeta".
 */
export interface KernelMeta {
  kernel_id?: string
  /**
   * The contents root.
   */
  server?: string
  /**
   * Of its kernelspec.
   */
  name?: string
  /**
   * Its session's.
   */
  path?: string
  /**
   * Whose it is, where each user has one of their own.
   */
  user?: string
  /**
   * ``execution_state``, and restarting, ending, dead.
   */
  state?: string
  /**
   * Who restarts or ends it.
   */
  by?: string
  /**
   * Why it ended.
   */
  why?: string
  /**
   * Which start of it this is.
   */
  generation?: string | null
  host?: string
  /**
   * The process of the Jupyter server whose kernel it is.
   */
  instance?: string
  jupyter_url?: string
  pid?: string
  connection_file?: string
  /**
   * How what it says is captured: it writes it down; bridges listen; its server is asked.
   */
  capture?: 'journal' | 'ring' | 'ws' | ''
  /**
   * Why it is not its journal.
   */
  capture_why?: string
  /**
   * The journal's file.
   */
  journal?: string
  /**
   * The start that is served as "ws" for want of a bridge.
   */
  afar?: string
  /**
   * The bridge that serves it.
   */
  owner?: string
  /**
   * The newest token of its lease.
   */
  fence?: string
  /**
   * The newest of its log.
   */
  epoch?: string | null
  /**
   * How many runs were queued.
   */
  seq?: string
  /**
   * Bytes of its log, about.
   */
  held?: string
  /**
   * The newest entry that was dropped from its log.
   */
  dropped?: string | null
  /**
   * the epoch under which a source of its messages is written
   *
   * This interface was referenced by `KernelMeta`'s JSON-Schema definition
   * via the `patternProperty` "^epoch:.+$".
   *
   * where what can still be read of a source begins
   *
   * This interface was referenced by `KernelMeta`'s JSON-Schema definition
   * via the `patternProperty` "^given:.+$".
   */
  [k: string]: string | null | 'journal' | 'ring' | 'ws' | '' | undefined
}
/**
 * Restart a kernel: same id, nothing of its memory.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "KernelRestart".
 */
export interface KernelRestart {
  kernel_id: string
}
/**
 * End a kernel and forget it.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "KernelShutdown".
 */
export interface KernelShutdown {
  kernel_id: string
}
/**
 * Start a kernel; `path` is the directory or document whose directory it starts in.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "KernelStart".
 */
export interface KernelStart {
  name?: string | null
  path?: string | null
}
/**
 * Result of kernel.start.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "KernelStarted".
 */
export interface KernelStarted {
  kernel_id: string
}
/**
 * What a kernel's Output widgets took, up to an entry of its log.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "KernelWidgets".
 */
export interface KernelWidgets {
  at: string
  /**
   * Request → the widgets that take what is said to it, the last first.
   */
  captures: string
  /**
   * what the widget of this comm shows
   *
   * This interface was referenced by `KernelWidgets`'s JSON-Schema definition
   * via the `patternProperty` "^widget:.+$".
   */
  [k: string]: string
}
/**
 * The tokens of a lease that belongs to nothing with a `meta`: of starting a kernel.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "LeaseTokens".
 */
export interface LeaseTokens {
  /**
   * The newest token.
   */
  fence: string
  /**
   * Who had it last.
   */
  owner: string
}
/**
 * One record, whole, or that it is gone.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "LiveChange".
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
 * What changed from the version before to this one.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "LiveChanges".
 */
export interface LiveChanges {
  type: 'changes'
  version: number
  changes: LiveChange[]
}
/**
 * What was sent was refused.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "LiveError".
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
 * A running kernel.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "LiveKernel".
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
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "LiveRun".
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
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "LiveKernelspec".
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
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "LiveSnapshot".
 */
export interface LiveSnapshot {
  type: 'snapshot'
  room: string
  version: number
  tables: ServerTables | DirectoryTables
}
/**
 * The tables of ``server:<S>``; one is missing if the user may not read it.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "ServerTables".
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
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "LiveSession".
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
}
/**
 * An open terminal.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "LiveTerminal".
 */
export interface LiveTerminal {
  name: string
  last_activity: string
}
/**
 * How the Jupyter server does.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "LiveStatus".
 */
export interface LiveStatus {
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
 * What changed in a live room, between workers; or that somebody wants a directory.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "LiveNews".
 */
export interface LiveNews {
  /**
   * ``server`` or ``dir:<path>``.
   */
  room: string
  version?: number | null
  changes?: LiveChange[]
  wanted?: boolean
}
/**
 * One update of a document. Its id is ``<epoch>-<revision>``, revisions are dense.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "LogEntry".
 */
export interface LogEntry {
  /**
   * An edit; a change of the file; what the keeper notes after a save; content put back after
   * a store lost it; a new epoch; an entry that is skipped as it can't be applied.
   */
  kind: 'u' | 'x' | 's' | 'h' | 'e' | 'q'
  /**
   * Who wrote it, as the server knows them; '' for rtstore itself.
   */
  user: string
  /**
   * The Yjs client id that it begins with; for 'e' the generation of the history.
   */
  client: string
  /**
   * Who appended it.
   */
  worker: string
  /**
   * The worker's own count: `worker` and `seq` together are never used twice.
   */
  seq: string
  /**
   * Information only: clocks of workers differ.
   */
  ts: string
  /**
   * For 'e' the entry before, for 'q' the entry that is skipped.
   */
  update: string
}
/**
 * A cell's newest run.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "NewestRun".
 */
export interface NewestRun {
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
}
/**
 * A notebook as a shared document: its root types, as JSON.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "NotebookDocument".
 */
export interface NotebookDocument {
  state: DocumentState
  meta: NotebookMeta
  /**
   * A Y.Array.
   */
  cells: SharedCell[]
}
/**
 * The root map `meta`.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "NotebookMeta".
 */
export interface NotebookMeta {
  nbformat: number
  nbformat_minor: number
  /**
   * A Y.Map.
   */
  metadata: {
    [k: string]: unknown
  }
}
/**
 * A cell: a Y.Map.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "SharedCell".
 */
export interface SharedCell {
  /**
   * Unique in the notebook, and stays.
   */
  id: string
  cell_type: 'code' | 'markdown' | 'raw'
  /**
   * A Y.Text.
   */
  source: string
  /**
   * A Y.Map. `trusted`, `execution` (times) and `rtstore` (``{"status", "why"}`` of a run that
   * was lost) are written by the server.
   */
  metadata: {
    [k: string]: unknown
  }
  attachments?: {
    [k: string]: unknown
  } | null
  /**
   * Of a code cell. A Y.Array of Y.Maps as nbformat has them; the text of a stream is a Y.Text.
   * Written by the server.
   */
  outputs?: {
    [k: string]: unknown
  }[]
  /**
   * Written by the server.
   */
  execution_count?: number | null
  /**
   * Written by the server.
   */
  execution_state?: 'idle' | 'running'
}
/**
 * The content of an entry that is long (over 64 KiB).
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "OutputBody".
 */
export interface OutputBody {
  [k: string]: unknown
}
/**
 * A message of the kernel's: on iopub, or a reply (shell, control, stdin).
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "Said".
 */
export interface Said {
  /**
   * msg_id of the request that it belongs to: of a run of ours the run's id.
   */
  parent: string
  /**
   * Its own msg_id; '' for what is no message.
   */
  msg: string
  /**
   * Where the source has it; '' for what is no message.
   */
  at: string
  /**
   * When it was written here.
   */
  ts: string
  kind: 'iopub' | 'reply'
  /**
   * msg_type.
   */
  type: string
  /**
   * The message's content, and its header's ``date``; ``@body``: it is kept beside.
   */
  content: string | '@body'
}
/**
 * A run has another state, or asks its user, or was answered.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "RunState".
 */
export interface RunState {
  /**
   * msg_id of the request that it belongs to: of a run of ours the run's id.
   */
  parent: string
  /**
   * Its own msg_id; '' for what is no message.
   */
  msg: string
  /**
   * Where the source has it; '' for what is no message.
   */
  at: string
  /**
   * When it was written here.
   */
  ts: string
  kind: 'run'
  type:
    | ('requested' | 'sent' | 'running' | 'ok' | 'error' | 'aborted' | 'lost')
    | ('asks' | 'answered')
  content: string
}
/**
 * The newest state of one Yjs client id.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "PresenceClient".
 */
export interface PresenceClient {
  /**
   * A newer one replaces it.
   */
  clock: number
  /**
   * null: it is gone.
   */
  state: AwarenessState | null
}
/**
 * One connection that is here. Expires 20 s after the last sign of life.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "PresenceEntry".
 */
export interface PresenceEntry {
  /**
   * Username.
   */
  user: string
  name: string
  since: number
  /**
   * What its pages say of saving by itself; null: nothing.
   */
  autosave: {
    [k: string]: unknown
  }
  /**
   * Yjs client id → what it says.
   */
  clients: {
    [k: string]: PresenceClient
  }
}
/**
 * A checkpoint: result of checkpoint.create.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "RestCheckpoint".
 */
export interface RestCheckpoint {
  id: string
  last_modified: string
  [k: string]: unknown
}
/**
 * A contents model without content: result of contents.create, upload, rename and copy.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "RestContents".
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
 * A kernel as the REST API has it.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "RestKernel".
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
 * A session as the REST API has it: result of session.create and session.change.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "RestSession".
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
 * One execution of one cell; kept for 30 days after its end.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "RunRecord".
 */
export interface RunRecord {
  /**
   * Also the msg_id of the request that the kernel gets.
   */
  id: string
  document?: string
  cell?: string
  /**
   * Username of who asked for it.
   */
  user?: string
  /**
   * Their name for people.
   */
  name?: string
  /**
   * A copy: what runs is what was there when it was asked for.
   */
  source?: string
  /**
   * Of the source.
   */
  sha?: string | ''
  kernel?: string
  state?: 'requested' | 'sent' | 'running' | 'ok' | 'error' | 'aborted' | 'lost'
  /**
   * Its order in the kernel's queue.
   */
  seq?: string | ''
  /**
   * Which start of the kernel it ran in.
   */
  generation?: string | ''
  requested?: string | ''
  sent?: string | ''
  started?: string | ''
  ended?: string | ''
  /**
   * execution_count.
   */
  count?: string
  /**
   * Why it was aborted or lost, or who interrupted it.
   */
  why?: string
  /**
   * Whether that was somebody else than who asked for the run.
   */
  by_other?: string
  /**
   * What was asked for together, as by Run All: an error of one aborts the rest.
   */
  batch?: string
  /**
   * Whether its error stops no other run: the cell is tagged ``raises-exception``.
   */
  may_fail?: string
  /**
   * Whether the cell's metadata is to hold its times.
   */
  records_timing?: string
  /**
   * Entry of the kernel's log after which its messages are.
   */
  sent_at?: string | ''
  /**
   * The signed request (base64): sent again, it is the same request to the kernel.
   */
  frames?: string | ''
  /**
   * Whether it is certain that the kernel did not get it.
   */
  unsent?: string
  /**
   * What it asks its user (``input()``).
   */
  prompt?: string
  /**
   * Whether the answer must not be shown.
   */
  password?: string
  /**
   * Which question: the input_request's msg_id; '' when nothing is asked.
   */
  prompt_id?: string
  /**
   * What was answered and the kernel was not told yet.
   */
  answer?: string
  /**
   * The question that was answered last.
   */
  answered?: string
  answered_by?: string
  /**
   * Whether the store had forgotten that it was sent, and was told again.
   */
  put_back?: string
}
/**
 * One run and its outputs, without what is the server's own. Fields that are '' are absent.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "RunShown".
 */
export interface RunShown {
  /**
   * Also the msg_id of the request that the kernel gets.
   */
  id: string
  document?: string
  cell?: string
  /**
   * Username of who asked for it.
   */
  user?: string
  /**
   * Their name for people.
   */
  name?: string
  /**
   * A copy: what runs is what was there when it was asked for.
   */
  source?: string
  /**
   * Of the source.
   */
  sha?: string | ''
  kernel?: string
  state?: 'requested' | 'sent' | 'running' | 'ok' | 'error' | 'aborted' | 'lost'
  /**
   * Its order in the kernel's queue.
   */
  seq?: string | ''
  /**
   * Which start of the kernel it ran in.
   */
  generation?: string | ''
  requested?: string | ''
  sent?: string | ''
  started?: string | ''
  ended?: string | ''
  /**
   * execution_count.
   */
  count?: string
  /**
   * Why it was aborted or lost, or who interrupted it.
   */
  why?: string
  /**
   * Whether that was somebody else than who asked for the run.
   */
  by_other?: string
  /**
   * What was asked for together, as by Run All: an error of one aborts the rest.
   */
  batch?: string
  /**
   * Whether its error stops no other run: the cell is tagged ``raises-exception``.
   */
  may_fail?: string
  /**
   * Whether the cell's metadata is to hold its times.
   */
  records_timing?: string
  /**
   * Entry of the kernel's log after which its messages are.
   */
  sent_at?: string | ''
  /**
   * The signed request (base64): sent again, it is the same request to the kernel.
   */
  frames?: string | ''
  /**
   * Whether it is certain that the kernel did not get it.
   */
  unsent?: string
  /**
   * What it asks its user (``input()``).
   */
  prompt?: string
  /**
   * Whether the answer must not be shown.
   */
  password?: string
  /**
   * Which question: the input_request's msg_id; '' when nothing is asked.
   */
  prompt_id?: string
  /**
   * What was answered and the kernel was not told yet.
   */
  answer?: string
  /**
   * The question that was answered last.
   */
  answered?: string
  answered_by?: string
  /**
   * Whether the store had forgotten that it was sent, and was told again.
   */
  put_back?: string
  outputs: {
    [k: string]: unknown
  }[]
}
/**
 * What is said of a run with a state; other fields of the run may come with it.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "RunStory".
 */
export interface RunStory {
  document?: string
  cell?: string
  user?: string
  name?: string
  sha?: string
  requested?: number | null
  records_timing?: boolean | null
  why?: string
  count?: string
  generation?: string
  seq?: string
  [k: string]: unknown
}
/**
 * The answer to RAW ``save`` (message type 2).
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "SaveAnswer".
 */
export interface SaveAnswer {
  type: 'save'
  responseTo: number
  status: 'success' | 'skipped' | 'failed'
}
/**
 * What was last in a document and in its file alike: outside changes are merged against it.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "SavedContent".
 */
export interface SavedContent {
  /**
   * Digests of saves that were never answered, with spaces between.
   */
  pending?: string
  /**
   * The entry that said that it is saved.
   */
  id?: string | null
  /**
   * The file's hash.
   */
  sha?: string
  /**
   * Of the content, whatever form its file has.
   */
  digest?: string
  /**
   * zlib of JSON: a list that holds the content; bytes as ``{"base64"}``.
   */
  data?: string
}
/**
 * Which server this is, and who the client is to it.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "ServerIdentity".
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
  user: UserInfo1
}
/**
 * A person. Stamped by the server wherever it stands: nobody says who they are themselves.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "UserInfo".
 */
export interface UserInfo1 {
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
/**
 * Change what is given; a kernel by its id, or a new one by its kernelspec's name.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "SessionChange".
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
 * Give a document a kernel: a new one, or `kernel_id`.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "SessionCreate".
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
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "SessionDelete".
 */
export interface SessionDelete {
  session_id: string
}
/**
 * One update that says all entries of a log up to `id`.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "Snapshot".
 */
export interface Snapshot {
  /**
   * The last entry that it holds.
   */
  id: string
  ts: string
  /**
   * The worker that compacted.
   */
  by: string
  /**
   * Length of `data`.
   */
  bytes: string
  /**
   * Of `data`.
   */
  sha: string
  /**
   * The generation of the history that it is of.
   */
  gen?: string
  data: string
}
/**
 * Open a terminal.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "TerminalCreate".
 */
export interface TerminalCreate {
  name?: string | null
}
/**
 * Result of terminal.create.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "TerminalCreated".
 */
export interface TerminalCreated {
  name: string
  [k: string]: unknown
}
/**
 * End a terminal.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "TerminalDelete".
 */
export interface TerminalDelete {
  name: string
}
/**
 * A text file as a shared document: its root types, as JSON.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "TextDocument".
 */
export interface TextDocument {
  state: DocumentState
  /**
   * A Y.Text.
   */
  source: string
}
/**
 * A document that a keeper looked at, and that nobody has opened yet.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "UnopenedDocument".
 */
export interface UnopenedDocument {
  /**
   * The newest token of a lease.
   */
  fence: string
  /**
   * The worker that keeps the file, or did.
   */
  owner: string
}
/**
 * A cell in short; `invalid` alone where what the document holds is no cell.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "ViewCell".
 */
export interface ViewCell {
  id?: string
  type?: string | null
  /**
   * The first 2 kB; less in a long notebook.
   */
  source?: string
  /**
   * execution_count.
   */
  count?: {
    [k: string]: unknown
  }
  /**
   * execution_state.
   */
  state?: string
  /**
   * Each in a few words.
   */
  outputs?: string[]
  /**
   * Username of who edited it last.
   */
  editor?: string
  invalid?: string
}
/**
 * What one Output widget shows.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "WidgetShown".
 */
export interface WidgetShown {
  /**
   * As nbformat has them.
   */
  outputs: {
    [k: string]: unknown
  }[]
  clears_on_next: boolean
  /**
   * Where the next text of the last stream is written.
   */
  cursor: number
  chars: number
  /**
   * Outputs beyond the bound.
   */
  left_out: number
  /**
   * Whether the kernel has them.
   */
  is_told: boolean
}
/**
 * A worker. Lives 15 s unless renewed.
 *
 * This interface was referenced by `Rtstore`'s JSON-Schema
 * via the `definition` "WorkerRecord".
 */
export interface WorkerRecord {
  until: string
  host: string
  version: string
  /**
   * gateway, keeper, bridge; with commas between.
   */
  roles: string
  /**
   * The contents root that it serves.
   */
  contents: string
}
