// What a browser keeps of documents in IndexedDB, each history in a database of its own.

import * as idb from 'lib0/indexeddb'
import type { IndexeddbPersistence } from 'y-indexeddb'
import type { Doc } from 'yjs'

import type { Asked, Session } from './session.js'

const SESSIONS = 'rtstore sessions'
const UNSENT = 'unsent'

const ours = new WeakSet<object>()

/** Whether a transaction of this origin brought what was kept here. */
export function isKept(origin: unknown): boolean {
  return typeof origin === 'object' && origin !== null && ours.has(origin)
}

/** One history of one document, as it is kept here. */
export class Kept {
  #isUnsent: boolean | undefined
  private constructor(
    readonly session: Session,
    readonly persistence: IndexeddbPersistence
  ) {}

  /** Load it into `doc`, and keep it up to date from then on. */
  static async open(base: string, session: Session, doc: Doc): Promise<Kept> {
    const { IndexeddbPersistence } = await import('y-indexeddb')
    const name = `rtstore ${base} ${session.fileId} ${session.sessionId}`
    const persistence = new IndexeddbPersistence(name, doc)
    ours.add(persistence)
    await persistence.whenSynced
    const kept = new Kept(session, persistence)
    kept.#isUnsent = Boolean(await persistence.get(UNSENT))
    return kept
  }

  /** Whether it has edits that the server did not confirm. */
  get isUnsent(): boolean {
    return this.#isUnsent === true
  }

  set isUnsent(is: boolean) {
    if (this.#isUnsent === is) return
    this.#isUnsent = is
    void this.persistence.set(UNSENT, is ? 1 : 0).catch(() => {}) // closed meanwhile
  }

  /** Forget it. */
  clear(): Promise<void> {
    return this.persistence.clearData()
  }
}

/** The session in which a document was open here last. */
export async function recall(base: string, asked: Asked): Promise<Session | undefined> {
  const db = await open()
  try {
    const [store] = idb.transact(db, [SESSIONS], 'readonly')
    const found: unknown = store && (await idb.get(store, key(base, asked)))
    return (found as Session | undefined) ?? undefined
  } finally {
    db.close()
  }
}

export async function remember(base: string, asked: Asked, session: Session): Promise<void> {
  const db = await open()
  try {
    const [store] = idb.transact(db, [SESSIONS], 'readwrite')
    if (store) await idb.put(store, session as never, key(base, asked))
  } finally {
    db.close()
  }
}

function open(): Promise<IDBDatabase> {
  return idb.openDB(SESSIONS, (db) => idb.createStores(db, [[SESSIONS]]))
}

function key(base: string, { format, type, path }: Asked): string {
  return `${base} ${format}:${type}:${path}`
}
