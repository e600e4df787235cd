// A socket into one room, which comes back by itself.

import type { Connection, SocketLike } from './connection.js'
import { type Closed, forGood, RtClosedError, RtHttpError, whyClosed } from './errors.js'

/** `closed`: for good, or released. */
export type Status = 'connecting' | 'connected' | 'disconnected' | 'closed'

/** What speaks and listens in a room. */
export interface Peer {
  /** Where to connect, asked before each try. Throws RtClosedError to end it for good. */
  url(): Promise<string>
  /** A socket is open: `send` works. */
  joined(): void
  /** Throwing closes the socket, and another is opened. */
  heard(data: string | Uint8Array): void
  /** The socket is gone. */
  lost(): void
  /** `status` is another. */
  changed(): void
}

const FIRST_RETRY_MS = 100
const LONGEST_RETRY_MS = 10_000
const CONNECT_MS = 10_000
/** After so long a time without a word the server is asked for one. */
const PROBE_MS = 25_000
const SILENCE_MS = 30_000
/** A tab in the background may look at its clock once a minute only: an answer has its time. */
const ANSWER_MS = 3_000
const LOOK_MS = 4_000

export class RoomSocket {
  status: Status = 'connecting'
  /** Once `status` is `closed`, unless we closed it. */
  closedWhy: Closed | undefined
  readonly #connection: Connection
  readonly #peer: Peer
  readonly #probe: string | Uint8Array
  #socket: SocketLike | undefined
  #end: ((code: number, reason: string) => void) | undefined
  #wake: (() => void) | undefined
  #delay = FIRST_RETRY_MS
  #isSettled = false
  #heardAt = 0
  #probedAt = 0

  /** `probe` is something that the server answers, whatever it says. */
  constructor(connection: Connection, peer: Peer, probe: string | Uint8Array) {
    this.#connection = connection
    this.#peer = peer
    this.#probe = probe
  }

  /** Connect, and again after each loss, until it is closed. */
  start(): void {
    globalThis.addEventListener?.('online', this.#hurry)
    void this.#run()
  }

  /** Leave; there will be no other socket. */
  close(): void {
    if (this.status === 'closed') return
    this.#finish(undefined)
    this.#end?.(1000, '')
    this.#wake?.()
  }

  /** Send on the present socket; without one: drop it. */
  send(data: string | Uint8Array): void {
    if (this.status === 'connected') this.#socket?.send(data)
  }

  /** The server took us in: the next loss is followed by a quick try. */
  settled(): void {
    this.#isSettled = true
    this.#delay = FIRST_RETRY_MS
  }

  readonly #hurry = (): void => this.#wake?.()

  #finish(why: Closed | undefined): void {
    globalThis.removeEventListener?.('online', this.#hurry)
    this.closedWhy = why
    this.#become('closed')
  }

  #become(status: Status): void {
    if (this.status === status) return
    this.status = status
    this.#peer.changed()
  }

  async #run(): Promise<void> {
    while (!this.#isOver()) {
      this.#become('connecting')
      this.#isSettled = false
      let why: Closed | null = null
      try {
        const url = await this.#peer.url()
        if (this.#isOver()) return
        const [code, reason] = await this.#once(url)
        why = whyClosed(code, reason)
        const mayRenew = this.#connection.canRenewToken && this.#isSettled
        if (mayRenew && (why?.code === 4401 || why?.code === 4403)) why = null
      } catch (error) {
        why = refused(error)
      }
      if (this.#isOver()) return
      if (why) return this.#finish(why)
      this.#become('disconnected')
      await this.#pause(this.#delay * (0.5 + Math.random() / 2))
      this.#delay = Math.min(2 * this.#delay, LONGEST_RETRY_MS)
    }
  }

  #isOver(): boolean {
    return this.status === 'closed'
  }

  #pause(ms: number): Promise<void> {
    return new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    }).then(() => void (this.#wake = undefined))
  }

  /** One socket, from its opening to its end: with which code, and why. */
  #once(url: string): Promise<[number, string]> {
    return new Promise((resolve) => {
      const socket = this.#connection.socket(url)
      let isOpen = false
      const late = setTimeout(() => end(1006, 'no answer'), CONNECT_MS)
      const watch = setInterval(() => this.#watch(end), LOOK_MS)
      const end = (code: number, reason: string): void => {
        if (this.#end !== end) return
        this.#end = this.#socket = undefined
        clearTimeout(late)
        clearInterval(watch)
        socket.onopen = socket.onmessage = socket.onclose = null
        socket.onerror = () => {} // of one that is closed while it connects
        try {
          socket.close()
        } catch {
          // it never opened
        }
        if (isOpen) this.#peer.lost()
        resolve([code, reason])
      }
      this.#end = end
      this.#socket = socket
      socket.onopen = () => {
        clearTimeout(late)
        isOpen = true
        this.#heardAt = Date.now()
        this.status = 'connected'
        this.#peer.joined()
        this.#peer.changed()
      }
      socket.onmessage = (event) => {
        this.#heardAt = Date.now()
        const data: unknown = event.data
        try {
          this.#peer.heard(typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer))
        } catch (error) {
          console.error('rtstore: what the server sent could not be taken', error)
          end(1006, String(error))
        }
      }
      socket.onclose = (event) => end(Number(event.code) || 1006, String(event.reason ?? ''))
      socket.onerror = () => {} // a close follows
    })
  }

  #watch(end: (code: number, reason: string) => void): void {
    if (this.status !== 'connected') return
    const now = Date.now()
    const silent = now - this.#heardAt
    if (silent > PROBE_MS && this.#probedAt <= this.#heardAt) {
      this.#probedAt = now
      this.send(this.#probe)
    } else if (silent > SILENCE_MS && now - this.#probedAt > ANSWER_MS) {
      end(1006, 'nothing was heard')
    }
  }
}

/** Why there was no socket: null if it may be tried again. */
function refused(error: unknown): Closed | null {
  if (error instanceof RtClosedError) return error.why
  if (error instanceof URIError) return forGood(4400, String(error)) // no path is called so
  if (!(error instanceof RtHttpError)) {
    console.error('rtstore: no connection; it is tried again', error)
    return null
  }
  const codes: Record<number, number> = { 400: 4400, 401: 4401, 403: 4403, 404: 4404, 405: 4404 }
  const code = codes[error.status]
  return code ? forGood(code, error.message) : null
}
