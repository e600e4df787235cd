// The room of a document: which one it is, and in which of its histories.

import type { Connection } from './connection.js'

/** How a document is asked for. */
export interface Asked {
  path: string
  /** `json`, `text`, `base64` or `app`. */
  format: string
  /** `notebook`, `file`, `app`, … */
  type: string
  /** JSON Schema of an app document. */
  schema?: object | undefined
}

/** What the server says. `sessionId` names one history: copies of two can't be merged. */
export interface Session {
  format: string
  type: string
  fileId: string
  sessionId: string
}

/** Ask for it; the server opens the document then. Throws RtHttpError. */
export function openSession(connection: Connection, asked: Asked): Promise<Session> {
  const { path, format, type, schema } = asked
  const body = schema ? { format, type, schema } : { format, type }
  const name = encodeURIComponent(withoutSlashes(path))
  return connection.json('PUT', `api/collaboration/session/${name}`, body)
}

/** As the server calls it. */
export function withoutSlashes(path: string): string {
  return path.replace(/^\/+|\/+$/g, '')
}

/** The socket's URL; asks to be told what is stored. */
export function roomUrl(connection: Connection, session: Session): Promise<string> {
  const { format, type, fileId, sessionId } = session
  const params = { sessionId, acknowledge: '1' }
  return connection.socketUrl(`${format}:${type}:${fileId}`, params)
}
