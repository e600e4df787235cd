// Tables that the server writes: kernels, sessions, files of a directory, …

import { equalityDeep } from 'lib0/function'

import type { Connection } from './connection.js'
import { Counted } from './counted.js'
import { type Closed, RtClosedError, RtError } from './errors.js'
import { RoomSocket, type Status } from './socket.js'

export type Table<R> = ReadonlyMap<string, R>
export type Tables<T> = { readonly [K in keyof T]?: Table<T[K]> }

type Rows = Record<string, Record<string, unknown>>
type Change = { table: string; id: string; record: unknown }
type Told =
  | { type: 'snapshot'; version: number; tables: Rows }
  | { type: 'changes'; version: number; changes: Change[] }
  | { type: 'action'; record: { id: string } }
  | { type: 'error'; message: string; id?: string }

interface Listener {
  call: () => void
  table: string | undefined
  id: string | undefined
}

/** A server answers this with an error, which shows that it is there. */
const PROBE = JSON.stringify({ type: 'ping' })

/** A table is missing if we may not read it, and all are before `ready`. */
export class LiveRoom<T extends object = Record<string, unknown>> extends Counted {
  /** Resolves with the first snapshot; rejects with RtClosedError. */
  readonly ready: Promise<void>
  readonly #socket: RoomSocket
  readonly #listeners = new Set<Listener>()
  #tables: Record<string, Table<unknown>> = {}
  #room = ''
  #version = 0
  #isReady = false
  #setReady: () => void = () => {}
  #setFailed: (error: Error) => void = () => {}

  /** `name` is asked before each connection; it throws RtHttpError where one is refused. */
  constructor(connection: Connection, name: () => Promise<string>) {
    super()
    this.ready = new Promise<void>((resolve, reject) => {
      this.#setReady = resolve
      this.#setFailed = reject
    })
    this.ready.catch(() => {})
    const peer = {
      url: async () => {
        this.#room = await name()
        return connection.socketUrl(this.#room)
      },
      joined: () => {},
      heard: (data: string | Uint8Array) => this.#heard(data),
      lost: () => {},
      changed: () => this.#changed()
    }
    this.#socket = new RoomSocket(connection, peer, PROBE)
    this.#socket.start()
  }

  /** Its name; empty before the first connection. */
  get room(): string {
    return this.#room
  }

  get status(): Status {
    return this.#socket.status
  }

  /** Why it is `closed`. */
  get closedWhy(): Closed | undefined {
    return this.#socket.closedWhy
  }

  /** Whether there was a snapshot. What is here is the newest known, connected or not. */
  get isReady(): boolean {
    return this.#isReady
  }

  /** Each table is a new map when something in it changed; records that did not stay the same. */
  get tables(): Tables<T> {
    return this.#tables as Tables<T>
  }

  get<K extends keyof T & string>(table: K, id: string): T[K] | undefined {
    return this.tables[table]?.get(id)
  }

  /** Call `listener` after changes of anything, of one table, or of one record. */
  subscribe(listener: () => void, table?: keyof T & string, id?: string): () => void {
    const one = { call: listener, table, id }
    this.#listeners.add(one)
    return () => void this.#listeners.delete(one)
  }

  protected override end(): void {
    this.#socket.close()
    this.#setFailed(new RtError(`${this.#room || 'the room'} was released`))
    this.#notify(() => false)
    this.#listeners.clear()
  }

  #changed(): void {
    const why = this.closedWhy
    if (why) {
      this.#setFailed(new RtClosedError(why))
      this.refused()
    }
    this.#notify(() => false)
  }

  #heard(data: string | Uint8Array): void {
    if (typeof data !== 'string') return
    const told = JSON.parse(data) as Told
    if (told.type === 'snapshot') this.#replace(told.version, told.tables)
    else if (told.type === 'changes') this.#apply(told.version, told.changes)
  }

  #replace(version: number, told: Rows): void {
    const touched = new Map<string, Set<string>>()
    const tables: Record<string, Table<unknown>> = {}
    for (const [table, rows] of Object.entries(told)) {
      const before = this.#tables[table]
      const now = new Map<string, unknown>()
      const ids = new Set(before?.keys())
      for (const [id, record] of Object.entries(rows)) {
        const known = before?.get(id)
        const isSame = before?.has(id) && equalityDeep(known, record)
        now.set(id, isSame ? known : record)
        if (isSame) ids.delete(id)
        else ids.add(id)
      }
      tables[table] = before && ids.size === 0 ? before : now
      if (!before || ids.size > 0) touched.set(table, ids)
    }
    for (const [table, before] of Object.entries(this.#tables)) {
      if (!(table in tables)) touched.set(table, new Set(before.keys()))
    }
    this.#tables = tables
    this.#version = version
    this.#isReady = true
    this.#socket.settled()
    this.#setReady()
    this.#notify((table, id) => isTouched(touched, table, id))
  }

  #apply(version: number, changes: Change[]): void {
    if (version <= this.#version) return // the snapshot had them
    this.#version = version
    const touched = new Map<string, Set<string>>()
    const tables = { ...this.#tables }
    for (const { table, id, record } of changes) {
      const ids = touched.get(table) ?? new Set()
      if (!touched.has(table)) tables[table] = new Map(tables[table])
      touched.set(table, ids.add(id))
      const rows = tables[table] as Map<string, unknown>
      if (record === null) rows.delete(id)
      else rows.set(id, record)
    }
    this.#tables = tables
    this.#notify((table, id) => isTouched(touched, table, id))
  }

  /** Tell who listens to everything, and those whose table and record were touched. */
  #notify(isIn: (table: string, id: string | undefined) => boolean): void {
    for (const { call, table, id } of [...this.#listeners]) {
      if (table === undefined || isIn(table, id)) call()
    }
  }
}

function isTouched(touched: Map<string, Set<string>>, table: string, id?: string): boolean {
  const ids = touched.get(table)
  return ids !== undefined && (id === undefined || ids.has(id))
}
