// React hooks for rtstore.

export { RtDocumentProvider, RtStoreProvider, useStore } from './context.js'
export {
  useApp,
  useClosedWhy,
  useDocument,
  useDocumentState,
  useHasLocalChanges,
  useLeftBehind,
  useNotebook,
  useReady,
  useReopen,
  useStatus,
  useText,
  useTransaction
} from './documents.js'
export {
  type Cell,
  useCell,
  useCells,
  useNotebookView,
  useOutputs,
  useRunCell
} from './notebooks.js'
export {
  type Cursor,
  type Person,
  useCursors,
  useMyPresence,
  useOthers,
  useSelf
} from './presence.js'
export {
  type Doing,
  type Loaded,
  useAction,
  useContents,
  useDirectory,
  useKernels,
  useRecord,
  useServer,
  useServerTable,
  useSessions
} from './server.js'
export {
  type ArrayEdits,
  type ArrayRef,
  type MapEdits,
  type MapRef,
  type TextRef,
  useArray,
  useMap,
  useTextValue,
  useY
} from './types.js'
export { type Undo, type UndoOptions, useUndo } from './undo.js'
