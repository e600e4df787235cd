// A shared document: a copy of its own, kept equal to everybody else's.
//
// Edits apply here at once, connected or not. What the server does not have yet is sent when it
// asks with sync step 1, as it does on each new socket and after each trouble of its own.

import type { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'

import { Acknowledged } from './acknowledged.js'
import type { Connection } from './connection.js'
import { Counted } from './counted.js'
import { type Closed, isGone, RtClosedError, RtError, RtHttpError } from './errors.js'
import { RtNotSavedError, RtNotSentError } from './errors.js'
import * as frames from './frames.js'
import { forget, giveUp, isKept, Kept, type Known, recall, remember, tried } from './offline.js'
import { Presence, type User } from './presence.js'
import { type Asked, type Session, openSession, roomUrl } from './session.js'
import { type Peer, RoomSocket, type Status } from './socket.js'

export interface DocumentOptions {
  offline?: boolean | undefined
  /** Join in this history and no other. */
  session?: Session | undefined
}

const FLUSH_MS = 10_000
const SAVE_MS = 20_000
const LINGER_MS = 60_000
/** How long the server is waited for before what is kept here is shown. */
const LOCAL_AFTER_MS = 2_000

export class RtDocument extends Counted {
  readonly ydoc: Y.Doc
  /** Resolves when the content is here; rejects with RtClosedError. */
  readonly ready: Promise<void>
  /** As it was asked for. */
  readonly asked: Asked
  readonly #connection: Connection
  readonly #options: DocumentOptions
  readonly #socket: RoomSocket
  readonly #presence: Presence
  readonly #acknowledged = new Acknowledged()
  readonly #answers = new Map<number, (isSaved: boolean) => void>()
  #session: Session | undefined
  /** What this browser kept is on its way. */
  #adopting: Promise<void> | undefined
  #kept: Kept | undefined
  #isSynced = false
  /** How many edits there were when the server asked last for what it does not have. */
  #answered = -1
  /** Whether the server has asked on this socket: before, our updates may lack causes. */
  #maySend = false
  #pending: Uint8Array[] = []
  #isReady = false
  #hasLeftBehind = false
  #number = 0
  #stayUntil = 0
  #state = ''
  #setReady: () => void = () => {}
  #setFailed: (error: Error) => void = () => {}

  constructor(connection: Connection, asked: Asked, options: DocumentOptions = {}) {
    super()
    this.#connection = connection
    this.asked = asked
    this.#options = options
    this.#session = options.session
    this.ydoc = new Y.Doc()
    this.ready = new Promise<void>((resolve, reject) => {
      this.#setReady = () => {
        this.#isReady = true
        resolve()
      }
      this.#setFailed = reject
    })
    this.ready.catch(() => {}) // who waits for it is told
    this.ydoc.on('update', (update, origin) => this.#edited(update, origin))
    this.ydoc.getMap('state').observe(() => this.#news())
    if (options.session && options.offline) this.#adopting = this.#useKept(options.session)
    this.#socket = new RoomSocket(connection, this.#peer(), frames.WHO_IS_HERE)
    const send = (message: Uint8Array): void => this.#socket.send(message)
    this.#presence = new Presence(this.ydoc, send, () => this.tell())
    this.#socket.start()
  }

  // -- what it is ------------------------------------------------------------------------

  /** Where the file is now; follows renames. */
  get path(): string {
    const path = this.ydoc.getMap('state').get('path')
    return typeof path === 'string' && path ? path : this.asked.path
  }

  /** Who is here (y-protocols' Awareness); the server sees to everybody's `user`. */
  get awareness(): Awareness {
    return this.#presence.awareness
  }

  /** Who we are in this room; undefined until the server has said so. */
  get user(): User | undefined {
    return this.#presence.user
  }

  get status(): Status {
    return this.#socket.status
  }

  /** Why it is `closed`; undefined while it is not, or if it was released. */
  get closedWhy(): Closed | undefined {
    return this.#socket.closedWhy
  }

  /** Whether the content is here: the server's, or what this browser kept. */
  get isReady(): boolean {
    return this.#isReady
  }

  /** Whether this copy is up to date with the server now. */
  get isSynced(): boolean {
    return this.#isSynced
  }

  /** Whether something that was edited here is not in the store yet, as far as we know. */
  get hasLocalChanges(): boolean {
    return !this.#acknowledged.hasAll
  }

  /** Whether this browser has edits of this path that the server will never have, as their
   *  document is gone: see `RtStore.leftBehind`. */
  get hasLeftBehind(): boolean {
    return this.#hasLeftBehind
  }

  /** The file's id and the session; undefined before the server has answered. */
  get session(): Session | undefined {
    return this.#session
  }

  /** Called when anything of the above is another; the shared types tell of their own changes. */
  subscribe(listener: () => void): () => void {
    return this.listen(listener)
  }

  // -- what is waited for ----------------------------------------------------------------

  /** Resolves when the store has all that was edited here until now. Throws RtNotSentError. */
  async flush(withinMs = FLUSH_MS): Promise<void> {
    const wanted = this.#acknowledged.edits
    this.#sendPending()
    const isIn = (): boolean => this.#acknowledged.has(wanted)
    if (!(await this.#until(isIn, withinMs))) {
      throw new RtNotSentError(`${this.path}: not confirmed within ${withinMs / 1000} s`)
    }
  }

  /** Resolves when the file has all that was edited here. Throws RtNotSavedError, RtNotSentError. */
  async save(): Promise<void> {
    await this.flush()
    // Whoever keeps the file since a worker died did not hear the first request.
    if (!(await this.#save()) && !(await this.#save())) {
      throw new RtNotSavedError(`${this.path}: the server could not write it; its log says why`)
    }
  }

  async #save(): Promise<boolean> {
    const number = ++this.#number
    let answer: boolean | undefined
    this.#answers.set(number, (isSaved) => {
      answer = isSaved
      this.tell()
    })
    let isAsked = false
    const ask = (): boolean => {
      if (!this.#isSynced) isAsked = false // the answer would go to the old socket
      else if (!isAsked) {
        isAsked = true
        this.#socket.send(frames.save(number))
      }
      return answer !== undefined
    }
    try {
      if (await this.#until(ask, SAVE_MS)) return answer === true
      throw new RtNotSavedError(`${this.path}: no answer within ${SAVE_MS / 1000} s`)
    } finally {
      this.#answers.delete(number)
    }
  }

  /** Whether `met` within that time. Throws RtClosedError. */
  #until(met: () => boolean, withinMs: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const done = (end: () => void): void => {
        clearTimeout(timer)
        stop()
        end()
      }
      const look = (): void => {
        if (met()) done(() => resolve(true))
        else if (this.status === 'closed') done(() => reject(this.#over()))
      }
      const timer = setTimeout(() => done(() => resolve(false)), withinMs)
      const stop = this.listen(look)
      look()
    })
  }

  #over(): RtError {
    const { closedWhy } = this
    return closedWhy ? new RtClosedError(closedWhy) : new RtError(`${this.path} was released`)
  }

  // -- the end ---------------------------------------------------------------------------

  /** With edits that were not sent it stays a while: the connection may come back. */
  protected override mustStay(): boolean {
    if (!this.hasLocalChanges || this.#kept || this.status === 'closed') return false
    this.#stayUntil ||= Date.now() + LINGER_MS
    return Date.now() < this.#stayUntil
  }

  override retain(): this {
    this.#stayUntil = 0
    return super.retain()
  }

  protected override end(): void {
    this.#sendPending()
    this.ydoc.destroy() // and with it the awareness, which says that we go
    this.#socket.close()
    this.#setFailed(this.#over())
  }

  // -- edits -----------------------------------------------------------------------------

  #edited(update: Uint8Array, origin: unknown): void {
    if (origin === this || isKept(origin)) return
    this.#acknowledged.edited()
    if (this.#maySend) {
      this.#pending.push(update)
      // What is edited in one turn is one message.
      if (this.#pending.length === 1) queueMicrotask(() => this.#sendPending())
    }
    this.#news()
  }

  #sendPending(): void {
    const pending = this.#pending
    this.#pending = []
    if (pending.length === 0 || !this.#maySend) return
    this.#say('update', pending.length === 1 ? pending[0]! : Y.mergeUpdates(pending))
  }

  #say(type: 'step2' | 'update', data: Uint8Array): void {
    this.#acknowledged.sent()
    this.#socket.send(frames.sync(type, data))
  }

  // -- the room's side -------------------------------------------------------------------

  #peer(): Peer {
    return {
      url: () => this.#url(),
      joined: () => this.#joined(),
      heard: (data) => this.#heard(data),
      lost: () => this.#lost(),
      changed: () => this.#changed()
    }
  }

  async #url(): Promise<string> {
    const asking = openSession(this.#connection, this.asked)
    if (!this.#session && this.#options.offline) {
      const late = setTimeout(() => void this.#useRemembered(), LOCAL_AFTER_MS)
      await asking.catch(() => this.#useRemembered()).finally(() => clearTimeout(late))
    }
    const told = await asking.catch((error: unknown) => {
      // It was moved, or deleted: the room of the one that we have tells which.
      const isGone = error instanceof RtHttpError && [400, 404, 405].includes(error.status)
      if (!(isGone && this.#session)) throw error
    })
    await this.#adopting // before the server asks what we have
    if (told && !this.#session) await (this.#adopting = this.#adopt(told))
    return roomUrl(this.#connection, this.#session!)
  }

  /** The server said which history it is. What is kept here of earlier ones is handed in. */
  async #adopt(session: Session): Promise<void> {
    this.#session = session
    if (!this.#options.offline) return
    await tried(async () => {
      const earlier = await remember(this.#connection.base, this.asked, session)
      void tried(() => this.#handIn(earlier))
      await this.#useKept(session)
    })
  }

  async #useRemembered(): Promise<void> {
    await (this.#adopting ??= tried(async () => {
      const last = await recall(this.#connection.base, this.asked)
      if (last && !this.#session) await this.#useKept((this.#session = last))
    }))
    if (!this.#session) this.#adopting = undefined
  }

  async #useKept(session: Session): Promise<void> {
    const kept = await Kept.open(this.#connection.base, session, this.ydoc)
    this.#kept = kept
    if (this.isDestroyed) return
    if (kept.isUnsent) this.#acknowledged.edited()
    if (this.ydoc.store.clients.size > 0) this.#setReady()
    this.#news()
  }

  /** Histories that are gone: the server keeps what was typed in each as a draft beside the file.
   *  What it does not take stays here until the document is opened again. */
  async #handIn(earlier: Known[]): Promise<void> {
    for (const session of earlier) {
      if (session.gone !== undefined) {
        this.#leave()
        continue
      }
      const options = { offline: true, session }
      const last = new RtDocument(this.#connection, this.asked, options).retain()
      try {
        await last.#adopting
        await last.#until(() => last.#isHandedOver, LINGER_MS).catch(() => {}) // refused
        this.#hasLeftBehind ||= last.#hasLeftBehind
        this.#news()
        if (!last.#isHandedOver) continue
        await last.#kept?.clear()
        await forget(this.#connection.base, this.asked, session)
      } finally {
        last.destroy()
      }
    }
  }

  /** Whether all that was edited here is on the server: in the store, or in a draft. */
  get #isHandedOver(): boolean {
    const isInDraft = this.closedWhy?.kept && this.#answered === this.#acknowledged.edits
    return isInDraft || !this.hasLocalChanges
  }

  /** What was edited here stays here; `reason`: why, where that is news. */
  #leave(reason?: string): void {
    this.#hasLeftBehind = true
    this.#news()
    const { session } = this.#kept ?? {}
    if (reason === undefined || !session) return
    void tried(() => giveUp(this.#connection.base, this.asked, session, reason))
  }

  #joined(): void {
    this.#socket.send(frames.sync('step1', Y.encodeStateVector(this.ydoc)))
    this.#presence.joined()
  }

  #lost(): void {
    this.#isSynced = this.#maySend = false
    this.#pending = [] // the next sync brings it
    this.#acknowledged.lost()
    this.#presence.lost()
  }

  #changed(): void {
    const why = this.closedWhy
    if (why) {
      this.#setFailed(new RtClosedError(why))
      this.refused()
      if (this.#isHandedOver) void this.#kept?.clear().catch(() => {})
      else if (this.#kept && isGone(why)) this.#leave(why.reason)
    }
    this.#news()
  }

  #heard(message: string | Uint8Array): void {
    if (typeof message === 'string') return
    const frame = frames.decode(message)
    switch (frame.type) {
      case 'step1':
        return this.#asked(frame.data)
      case 'step2':
        Y.applyUpdate(this.ydoc, frame.data, this)
        this.#isSynced = true
        this.#socket.settled()
        this.#setReady()
        return this.#news()
      case 'update':
        return Y.applyUpdate(this.ydoc, frame.data, this)
      case 'awareness':
        return this.#presence.heard(frame.data)
      case 'query':
        return this.#presence.say()
      case 'stored':
        this.#acknowledged.stored(frame.count)
        return this.#news()
      case 'raw': {
        const { type, responseTo, status } = frame.told
        if (type === 'save') this.#answers.get(Number(responseTo))?.(status === 'success')
      }
    }
  }

  #asked(vector: Uint8Array): void {
    this.#pending = [] // it is in the answer
    this.#answered = this.#acknowledged.edits
    this.#say('step2', Y.encodeStateAsUpdate(this.ydoc, vector))
    this.#maySend = true
  }

  /** Tell the listeners if what they may see is another. */
  #news(): void {
    if (this.#kept) this.#kept.isUnsent = this.hasLocalChanges
    const { status, isReady, isSynced, hasLocalChanges, hasLeftBehind, path } = this
    const seen = [status, isReady, isSynced, hasLocalChanges, hasLeftBehind, path]
    const state = JSON.stringify(seen)
    if (state === this.#state) return
    this.#state = state
    this.tell()
  }
}
