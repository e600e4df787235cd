// What the server knows, as React values, and what it can be asked to do.

import {
  type Action,
  type ActionParams,
  type Content,
  type DirectoryTables,
  type JupyterSession,
  type Kernel,
  type LiveRoom,
  RtActionError,
  RtClosedError,
  type ServerTables,
  type Table
} from '@rtstore/client'
import { useCallback, useMemo, useRef, useState } from 'react'

import { useStore } from './context.js'
import { useHeld } from './documents.js'
import { useSnapshot } from './snapshot.js'

/** `data` stays undefined while it loads, and where `error` says why it can't be had. */
export interface Loaded<T> {
  data: T | undefined
  isLoading: boolean
  error: RtClosedError | undefined
}

/** The live room of the server; for `useReady`, and for what has no hook of its own. */
export function useServer(): LiveRoom<ServerTables> {
  const store = useStore()
  return useHeld(() => store.peekServer(), store)
}

/** The live room of a directory. */
export function useDirectory(path: string): LiveRoom<DirectoryTables> {
  const store = useStore()
  return useHeld(() => store.peekDirectory(path), store, path)
}

/** One table of the server, or `select` of it. Undefined also where we may not read it. */
export function useServerTable<
  K extends keyof ServerTables,
  T = Table<ServerTables[K]>
>(table: K, select?: (rows: Table<ServerTables[K]>) => T): Loaded<T> {
  return useTable(useServer(), table, select)
}

export function useKernels(): Loaded<Kernel[]> {
  return useServerTable('kernels', values)
}

export function useSessions(): Loaded<JupyterSession[]> {
  return useServerTable('sessions', values)
}

/** What is in a directory, by name. */
export function useContents(path: string): Loaded<Content[]> {
  return useTable(useDirectory(path), 'contents', byName)
}

/** One record; undefined if there is none (or not yet). Other records do not render it again. */
export function useRecord<K extends keyof ServerTables>(
  table: K,
  id: string
): ServerTables[K] | undefined {
  const room = useServer()
  const subscribe = useCallback(
    (call: () => void) => room.subscribe(call, table, id),
    [room, table, id]
  )
  return useSnapshot(subscribe, () => room.get(table, id))
}

function useTable<Ts extends object, K extends keyof Ts & string, T>(
  room: LiveRoom<Ts>,
  table: K,
  select?: (rows: Table<Ts[K]>) => T
): Loaded<T> {
  const subscribe = useCallback((call: () => void) => room.subscribe(call), [room])
  const look = (): [T | undefined, boolean, boolean] => {
    const rows = room.tables[table]
    const data = rows && (select ? select(rows) : (rows as T))
    return [data, !room.isReady && !room.closedWhy, room.closedWhy !== undefined]
  }
  const [data, isLoading, isRefused] = useSnapshot(subscribe, look)
  return useMemo(() => {
    const error = isRefused && room.closedWhy ? new RtClosedError(room.closedWhy) : undefined
    return { data, isLoading, error }
  }, [data, isLoading, isRefused, room])
}

function values<R>(rows: Table<R>): R[] {
  return [...rows.values()]
}

function byName(rows: Table<Content>): Content[] {
  return values(rows).sort((one, other) => one.name.localeCompare(other.name))
}

/** How the newest `run` of a hook goes. */
export interface Doing<P, A extends string = string> {
  /** Ask for it. Resolves when it has ended: with null if it failed, see `error`. */
  run(params: P): Promise<Action<A> | null>
  state: 'idle' | 'running' | 'ok' | 'error'
  record: Action<A> | null
  error: RtActionError | null
}

/** Have the server do something, such as `kernel.restart`. */
export function useAction<A extends string>(name: A): Doing<ActionParams<A>, A> {
  const store = useStore()
  const ask = (params: ActionParams<A>): Promise<Action<A>> => store.request(name, params)
  return useDoing(useCallback(ask, [store, name]))
}

/** The state of what `ask` asks for; of several at a time that of the newest. */
export function useDoing<P, A extends string>(
  ask: (params: P) => Promise<Action<A>>
): Doing<P, A> {
  type Now = Omit<Doing<P, A>, 'run'>
  const [now, setNow] = useState<Now>({ state: 'idle', record: null, error: null })
  const newest = useRef(0)
  const run = useCallback(
    async (params: P): Promise<Action<A> | null> => {
      const mine = (newest.current += 1)
      const say = (said: Now): void => {
        if (newest.current === mine) setNow(said)
      }
      say({ state: 'running', record: null, error: null })
      try {
        const record = await ask(params)
        say({ state: 'ok', record, error: null })
        return record
      } catch (error) {
        const told =
          error instanceof RtActionError ? error : new RtActionError(String(error), 500, null)
        say({ state: 'error', record: told.record as Action<A> | null, error: told })
        return null
      }
    },
    [ask]
  )
  return useMemo(() => ({ run, ...now }), [run, now])
}
