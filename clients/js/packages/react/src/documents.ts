// Documents are opened by the first component that shows them, and closed after the last.

import {
  APP,
  type AppOptions,
  type Closed,
  type ConnectionStatus,
  type DocumentKind,
  type LeftBehind,
  NOTEBOOK,
  type Opener,
  RtClosedError,
  type RtDocument,
  TEXT
} from '@rtstore/client'
import * as React from 'react'
import { useCallback, useEffect, useMemo, useReducer, useState } from 'react'

import { useStore, useThisDocument } from './context.js'
import { useSnapshot } from './snapshot.js'

/** What can be held: documents and live rooms. */
interface Held {
  readonly isDestroyed: boolean
  readonly closedWhy?: Closed | undefined
  subscribe(listener: () => void): () => void
  retain(): unknown
  release(): void
}

/** Hold what `peek` gives while the component is there. `key` says when it is another. */
export function useHeld<H extends Held>(peek: () => H, ...key: unknown[]): H {
  const [turn, again] = useReducer((count: number) => count + 1, 0)
  const held = useMemo(peek, [...key, turn])
  useEffect(() => {
    if (held.isDestroyed) return again() // it was hidden for so long that it ended
    held.retain()
    const stop = held.subscribe(() => {
      if (held.isDestroyed && held.closedWhy) again() // see useReopen
    })
    return () => {
      stop()
      held.release()
    }
  }, [held])
  return held
}

function useOpened(asked: Opener): RtDocument {
  const store = useStore()
  return useHeld(() => store.peek(asked), store, asked.format, asked.type, asked.path)
}

export function useDocument(path: string, kind: DocumentKind): RtDocument {
  return useOpened({ path, ...kind })
}

export function useNotebook(path: string): RtDocument {
  return useOpened({ path, ...NOTEBOOK })
}

export function useText(path: string): RtDocument {
  return useOpened({ path, ...TEXT })
}

/** An application's own document. Its schema counts when it is opened first. */
export function useApp(name: string, { schema }: AppOptions = {}): RtDocument {
  return useOpened({ path: name, ...APP, schema })
}

/** What can be waited for: documents and live rooms. */
interface Waited {
  readonly isReady: boolean
  readonly closedWhy?: Closed | undefined
  readonly ready: Promise<void>
}

/** React 19's; read so that bundlers of React 18 do not miss it. */
const use = Reflect.get(React, 'use') as ((promise: Promise<void>) => void) | undefined

/** Suspend until the content is here. Throws RtClosedError, for an error boundary. */
export function useReady<D extends Waited = RtDocument>(given?: D): D {
  const found = useWaited(given)
  if (use) use(marked(found))
  else if (found.closedWhy && !found.isReady) throw new RtClosedError(found.closedWhy)
  else if (!found.isReady) throw found.ready
  return found
}

/** Its promise, marked as React marks those it has seen: what is known already suspends nobody. */
function marked({ isReady, closedWhy, ready }: Waited): Promise<void> {
  if (isReady) Object.assign(ready, { status: 'fulfilled', value: undefined })
  else if (closedWhy) {
    Object.assign(ready, { status: 'rejected', reason: new RtClosedError(closedWhy) })
  }
  return ready
}

function useWaited<D extends Waited>(given: D | undefined): D {
  return useThisDocument(given as unknown as RtDocument | undefined) as unknown as D
}

/** `select` of what a document says of itself. */
export function useDocumentState<T>(select: (document: RtDocument) => T, given?: RtDocument): T {
  const document = useThisDocument(given)
  const subscribe = useCallback((call: () => void) => document.subscribe(call), [document])
  return useSnapshot(subscribe, () => select(document))
}

/** `connecting`, `connected`, `disconnected` or, for good, `closed`. */
export function useStatus(document?: RtDocument): ConnectionStatus {
  return useDocumentState((one) => one.status, document)
}

/** Why the document is closed for good; undefined while it is not. */
export function useClosedWhy(document?: RtDocument): Closed | undefined {
  return useDocumentState((one) => one.closedWhy, document)
}

/** Open a document anew that was closed for good, for all who show it. */
export function useReopen(given?: RtDocument): () => void {
  const document = useThisDocument(given)
  return useCallback(() => {
    if (document.closedWhy) document.destroy()
  }, [document])
}

/** Whether something that was typed here is not in the store yet. */
export function useHasLocalChanges(document?: RtDocument): boolean {
  return useDocumentState((one) => one.hasLocalChanges, document)
}

/** What was edited offline in documents that are gone for good: see `RtStore.leftBehind`. Empty
 *  until it is known, and where the browser keeps nothing. */
export function useLeftBehind(): LeftBehind[] {
  const store = useStore()
  const [found, setFound] = useState<LeftBehind[]>([])
  useEffect(() => {
    let isHere = true
    let turn = 0
    const look = (): void => {
      const mine = ++turn
      const told = (all: LeftBehind[]): void => {
        if (isHere && mine === turn) setFound(all)
      }
      store.leftBehind().then(told, () => told([]))
    }
    look()
    const stop = store.watchLeftBehind(look)
    return () => {
      isHere = false
      stop()
    }
  }, [store])
  return found
}

/** Make several edits one: `const transact = useTransaction(); transact(() => { … })`. */
export function useTransaction(given?: RtDocument): <T>(edits: () => T) => T {
  const { ydoc } = useThisDocument(given)
  return useCallback((edits) => ydoc.transact(edits), [ydoc])
}
