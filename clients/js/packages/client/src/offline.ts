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

/** Where a browser keeps nothing, as in some private windows, all the rest works. */
export async function tried(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    console.warn('rtstore: nothing can be kept in this browser', error)
  }
}

/** A session, and those before it whose edits nobody has taken yet. */
type Remembered = Session & { earlier?: Session[] }

/** The session in which a document was open here last. */
export function recall(base: string, asked: Asked): Promise<Session | undefined> {
  return inSessions('readonly', async (store) => {
    const found = await read(store, key(base, asked))
    return found && plain(found)
  })
}

/** It is open in this one now. Gives the earlier ones that may have edits nobody has taken yet. */
export function remember(base: string, asked: Asked, session: Session): Promise<Session[]> {
  return inSessions('readwrite', async (store) => {
    const last = await read(store, key(base, asked))
    const before = last ? [...(last.earlier ?? []), plain(last)] : []
    const earlier = before.filter((one) => !isSame(one, session))
    await idb.put(store, { ...session, earlier } as never, key(base, asked))
    return earlier
  })
}

/** Nothing is left here of this earlier session. */
export function forget(base: string, asked: Asked, session: Session): Promise<void> {
  return inSessions('readwrite', async (store) => {
    const last = await read(store, key(base, asked))
    const earlier = last?.earlier?.filter((one) => !isSame(one, session))
    if (last) await idb.put(store, { ...last, earlier } as never, key(base, asked))
  })
}

async function inSessions<T>(
  mode: 'readonly' | 'readwrite',
  use: (store: IDBObjectStore) => Promise<T>
): Promise<T> {
  const db = await idb.openDB(SESSIONS, (fresh) => idb.createStores(fresh, [[SESSIONS]]))
  try {
    return await use(idb.transact(db, [SESSIONS], mode)[0]!)
  } finally {
    db.close()
  }
}

async function read(store: IDBObjectStore, name: string): Promise<Remembered | undefined> {
  return ((await idb.get(store, name)) as unknown as Remembered | undefined) ?? undefined
}

function plain({ format, type, fileId, sessionId }: Session): Session {
  return { format, type, fileId, sessionId }
}

function isSame(one: Session, other: Session): boolean {
  return one.fileId === other.fileId && one.sessionId === other.sessionId
}

function key(base: string, { format, type, path }: Asked): string {
  return `${base} ${format}:${type}:${path}`
}
