// Shared Jupyter documents, presence, server state and actions.

export type { ConnectionOptions, SocketClass, SocketLike, Token } from './connection.js'
export { RtDocument } from './document.js'
export {
  type Closed,
  RtActionError,
  RtClosedError,
  RtError,
  RtHttpError,
  RtNotSavedError,
  RtNotSentError
} from './errors.js'
export { LiveRoom, type Table, type Tables } from './live_room.js'
export {
  type CellType,
  type NewCell,
  NotebookView,
  notebookView,
  type Output,
  type SharedCell
} from './notebook.js'
export type { LeftBehind } from './offline.js'
export type { User } from './presence.js'
export type * as schema from './generated/records.js'
export type * from './records.js'
export type { Asked, Session } from './session.js'
export type { Status as ConnectionStatus } from './socket.js'
export {
  APP,
  type AppOptions,
  type DocumentKind,
  NOTEBOOK,
  type Opener,
  RtStore,
  type RtStoreOptions,
  TEXT
} from './store.js'
export { changeTo, difference } from './text.js'
