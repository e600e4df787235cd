// What a browser keeps of documents in IndexedDB, each history in a database of its own.

import * as idb from 'lib0/indexeddb'
import type { IndexeddbPersistence } from 'y-indexeddb'
import { Doc } from 'yjs'

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
    const name = databaseOf(base, session)
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

function databaseOf(base: string, { fileId, sessionId }: Session): string {
  return `rtstore ${base} ${fileId} ${sessionId}`
}

/** Where a browser keeps nothing, as in some private windows, all the rest works. */
export async function tried(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    console.warn('rtstore: nothing can be kept in this browser', error)
  }
}

/** `gone`: why the server will never have what was edited in it; then it is not asked again. */
export type Known = Session & { gone?: string }
/** A session, and those before it whose edits nobody has taken yet. */
type Remembered = Known & { earlier?: Known[] }

/** The session in which a document was open here last. */
export function recall(base: string, asked: Asked): Promise<Known | undefined> {
  return inSessions('readonly', async (store) => {
    const found = await read(store, key(base, asked))
    return found && plain(found)
  })
}

/** It is open in this one now. Gives the earlier ones that may have edits nobody has taken yet. */
export function remember(base: string, asked: Asked, session: Session): Promise<Known[]> {
  return inSessions('readwrite', async (store) => {
    const last = await read(store, key(base, asked))
    const before = last ? [...(last.earlier ?? []), plain(last)] : []
    const earlier = before.filter((one) => !isSame(one, session))
    await idb.put(store, { ...session, earlier } as never, key(base, asked))
    return earlier
  })
}

/** Nothing is left here of this session. */
export function forget(base: string, asked: Asked, session: Session): Promise<void> {
  return inSessions('readwrite', async (store) => {
    const last = await read(store, key(base, asked))
    if (!last) return
    const earlier = last.earlier?.filter((one) => !isSame(one, session)) ?? []
    if (!isSame(last, session)) {
      await idb.put(store, { ...last, earlier } as never, key(base, asked))
    } else if (earlier.length > 0) {
      const newest = { ...earlier.pop(), earlier }
      await idb.put(store, newest as never, key(base, asked))
    } else {
      await idb.del(store, key(base, asked))
    }
  })
}

/** The server said that the document of this session is gone for good. */
export function giveUp(base: string, asked: Asked, session: Session, why: string): Promise<void> {
  return inSessions('readwrite', async (store) => {
    const last = await read(store, key(base, asked))
    if (!last) return
    const marked = <S extends Session>(one: S): S => (isSame(one, session) ? { ...one, gone: why } : one)
    const now = { ...marked(last), earlier: last.earlier?.map(marked) ?? [] }
    await idb.put(store, now as never, key(base, asked))
  }).then(tellLeft)
}

const leftListeners = new Set<() => void>()

function tellLeft(): void {
  for (const listener of [...leftListeners]) listener()
}

/** Told when this page has left something behind, or dropped it. Returns what ends that. */
export function watchLeftBehind(listener: () => void): () => void {
  const own = (): void => listener()
  leftListeners.add(own)
  return () => leftListeners.delete(own)
}

/** What was edited here in a document that is gone for good. The server does not have it, and it
 *  is not tried again: it stays in this browser until it is dropped. */
export interface LeftBehind {
  /** As it was asked for when it was edited. */
  path: string
  format: string
  type: string
  /** What the server said. */
  reason: string
  /** A copy of it. */
  read(): Promise<Doc>
  /** As a file would have it: of a notebook JSON. Of a document of your own shape use `read`. */
  text(): Promise<string>
  /** Forget it, for ever. */
  drop(): Promise<void>
}

export async function leftBehind(base: string): Promise<LeftBehind[]> {
  const all = await inSessions('readonly', (store) => idb.getAllKeysValues(store))
  return (all as unknown as { k: string; v: Remembered }[]).flatMap(({ k, v }) => {
    const [, format, type, path] = /^(.*?):(.*?):(.*)$/s.exec(k.slice(base.length + 1)) ?? []
    if (!k.startsWith(`${base} `) || !format || !type || !path) return []
    const gone = [v, ...(v.earlier ?? [])].filter((one) => one.gone !== undefined)
    return gone.map((one) => left(base, { path, format, type }, one))
  })
}

function left(base: string, { path, format, type }: Asked, session: Known): LeftBehind {
  const read = async (): Promise<Doc> => {
    const { IndexeddbPersistence } = await import('y-indexeddb')
    const doc = new Doc()
    const persistence = new IndexeddbPersistence(databaseOf(base, session), doc)
    await persistence.whenSynced
    await persistence.destroy()
    return doc
  }
  const text = async (): Promise<string> => {
    const doc = await read()
    if (type !== 'notebook') return doc.getText('source').toString()
    const notebook = { cells: doc.getArray('cells').toJSON(), ...doc.getMap('meta').toJSON() }
    return JSON.stringify(notebook, null, 1)
  }
  const drop = async (): Promise<void> => {
    await (await import('y-indexeddb')).clearDocument(databaseOf(base, session))
    await forget(base, { path, format, type }, session)
    tellLeft()
  }
  return { path, format, type, reason: session.gone ?? '', read, text, drop }
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

function plain({ format, type, fileId, sessionId, gone }: Known): Known {
  const session = { format, type, fileId, sessionId }
  return gone === undefined ? session : { ...session, gone }
}

function isSame(one: Session, other: Session): boolean {
  return one.fileId === other.fileId && one.sessionId === other.sessionId
}

function key(base: string, { format, type, path }: Asked): string {
  return `${base} ${format}:${type}:${path}`
}
