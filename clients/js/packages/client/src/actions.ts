// Actions: asked for under an id of their own, so that asking again is harmless.

import type { Connection } from './connection.js'
import { RtActionError, RtHttpError } from './errors.js'
import type { LiveRoom } from './live_room.js'
import type { Action, ActionParams, ServerTables } from './records.js'

const ENDED = new Set(['ok', 'error', 'lost'])
const WAIT_S = 25
const TRY_FOR_MS = 30_000
const RETRY_MS = 300
/** Of the requests that a browser makes of one host at a time, so many may wait for an end. */
const POLLS_MAX = 2

export class Actions {
  readonly #connection: Connection
  readonly #room: () => LiveRoom<ServerTables>
  #polls = 0

  /** `room` gives the server's live room, held: it tells of ends without a request for each. */
  constructor(connection: Connection, room: () => LiveRoom<ServerTables>) {
    this.#connection = connection
    this.#room = room
  }

  /** Ask for it; its record once it has ended well. Throws RtActionError. */
  async request<A extends string>(
    action: A,
    params: ActionParams<A>,
    id: string = newId()
  ): Promise<Action<A>> {
    let record: Action
    try {
      record = await this.#post({ id, action, params })
      if (!hasEnded(record)) record = await this.#end(id)
    } catch (error) {
      if (!(error instanceof RtHttpError)) throw error
      throw new RtActionError(`${action}: ${error.message}`, error.status, null)
    }
    if (record.state === 'ok') return record as Action<A>
    const { error } = record
    const why = error?.message ?? 'nobody knows how it ended'
    throw new RtActionError(`${action}: ${why}`, error?.status ?? 500, record)
  }

  async #post(body: object): Promise<Action> {
    return this.#retried(() => this.#connection.json('POST', 'rtstore/actions', body))
  }

  /** Again after what may pass: no answer, or a server that is being restarted. */
  async #retried<T>(ask: () => Promise<T>): Promise<T> {
    const until = Date.now() + TRY_FOR_MS
    for (;;) {
      try {
        return await ask()
      } catch (error) {
        const mayPass = error instanceof RtHttpError && (!error.status || error.status > 500)
        if (!mayPass || Date.now() > until) throw error
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
  }

  async #end(id: string): Promise<Action> {
    if (this.#polls >= POLLS_MAX) {
      const told = await this.#toldByRoom(id)
      if (told) return told
    }
    this.#polls += 1
    try {
      for (;;) {
        const path = `rtstore/actions/${id}?wait=${WAIT_S}`
        const record = await this.#retried(() =>
          this.#connection.json<Action>('GET', path, undefined, (WAIT_S + 10) * 1000)
        )
        if (hasEnded(record)) return record
      }
    } finally {
      this.#polls -= 1
    }
  }

  /** Its end as the live room tells it; null if that does not tell. */
  async #toldByRoom(id: string): Promise<Action | null> {
    const room = this.#room()
    try {
      await room.ready
      if (!room.tables.actions) return null
      return await new Promise<Action | null>((resolve) => {
        const look = (): void => {
          const record = room.get('actions', id)
          const isSilent = room.status === 'closed'
          if (isSilent || (record && hasEnded(record))) {
            stop()
            resolve(isSilent ? null : (record ?? null))
          }
        }
        const stop = room.subscribe(look)
        look()
      })
    } catch {
      return null
    } finally {
      room.release()
    }
  }
}

function hasEnded(record: Action): boolean {
  return ENDED.has(record.state)
}

function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
