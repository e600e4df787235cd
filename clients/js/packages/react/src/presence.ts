// Who is here, where their cursors are, and what we say of ourselves.

import type { RtDocument, User } from '@rtstore/client'
import { useCallback } from 'react'
import * as Y from 'yjs'

import { useThisDocument } from './context.js'
import { useSnapshot } from './snapshot.js'

/** One open copy of the document: two tabs of one user are two of these. */
export interface Person<P = Record<string, any>> {
  clientId: number
  /** The server's word. */
  user: User | undefined
  /** What they say of themselves. */
  presence: P
}

/** We ourselves; `user` is undefined until the server has said who we are. */
export function useSelf<P = Record<string, any>>(given?: RtDocument): Person<P> {
  const document = useThisDocument(given)
  return useSnapshot(usePeople(document), () => ({
    clientId: document.ydoc.clientID,
    user: document.user,
    presence: spoken<P>(document.awareness.getLocalState())
  }))
}

/** Everybody else; with `select` what is wanted of them: renders again only when that changes. */
export function useOthers<T = Person[]>(
  select?: (others: Person[]) => T,
  given?: RtDocument
): T {
  const document = useThisDocument(given)
  return useSnapshot(usePeople(document), () => {
    const people = others(document)
    return select ? select(people) : (people as T)
  })
}

/** What we say of ourselves, and what adds to it; undefined takes a field back. */
export function useMyPresence<P extends object = Record<string, any>>(
  given?: RtDocument
): readonly [Partial<P>, (fields: Partial<P>) => void] {
  const document = useThisDocument(given)
  const { awareness } = document
  const mine = useSnapshot(usePeople(document), () => spoken<Partial<P>>(awareness.getLocalState()))
  const add = useCallback(
    (fields: Partial<P>) => awareness.setLocalState({ ...awareness.getLocalState(), ...fields }),
    [awareness]
  )
  return [mine, add]
}

/** Somebody's selection in a text; `anchor` equals `head` where nothing is selected. */
export interface Cursor {
  clientId: number
  user: User | undefined
  anchor: number
  head: number
}

/** As JupyterLab says it: its cursors are seen here, and ours there. */
interface SaidCursor {
  anchor?: unknown
  head?: unknown
}

/** The others' cursors in `text`, which move with it, and what sets ours; null: we have none. */
export function useCursors(
  text: Y.Text,
  given?: RtDocument
): readonly [Cursor[], (anchor: number | null, head?: number) => void] {
  const document = useThisDocument(given)
  const people = usePeople(document)
  const subscribe = useCallback(
    (call: () => void) => {
      const stop = people(call)
      text.observe(call)
      return () => {
        stop()
        text.unobserve(call)
      }
    },
    [people, text]
  )
  const cursors = useSnapshot(subscribe, () => others(document).flatMap((one) => within(one, text)))
  const set = useCallback(
    (anchor: number | null, head = anchor ?? 0) => {
      const at = (index: number) => Y.createRelativePositionFromTypeIndex(text, index)
      const empty = anchor === head
      const said = { anchor: at(anchor ?? 0), head: at(head), primary: true, empty }
      document.awareness.setLocalStateField('cursors', anchor === null ? [] : [said])
    },
    [document, text]
  )
  return [cursors, set]
}

function within({ clientId, user, presence }: Person, text: Y.Text): Cursor[] {
  const said: unknown = presence['cursors']
  if (!Array.isArray(said) || !text.doc) return []
  return said.flatMap((cursor: SaidCursor) => {
    const [anchor, head] = [place(cursor.anchor, text), place(cursor.head, text)]
    return anchor === null || head === null ? [] : [{ clientId, user, anchor, head }]
  })
}

function place(said: unknown, text: Y.Text): number | null {
  if (!said || !text.doc) return null
  try {
    const at = Y.createRelativePositionFromJSON(said)
    const found = Y.createAbsolutePositionFromRelativePosition(at, text.doc)
    return found?.type === text ? found.index : null
  } catch {
    return null // somebody may say anything
  }
}

function usePeople(document: RtDocument): (call: () => void) => () => void {
  return useCallback(
    (call) => {
      document.awareness.on('change', call)
      const stop = document.subscribe(call)
      return () => {
        document.awareness.off('change', call)
        stop()
      }
    },
    [document]
  )
}

function others(document: RtDocument): Person[] {
  return [...document.awareness.getStates()]
    .filter(([clientId]) => clientId !== document.ydoc.clientID)
    .sort(([one], [other]) => one - other)
    .map(([clientId, state]) => ({
      clientId,
      user: state['user'] as User | undefined,
      presence: spoken(state)
    }))
}

function spoken<P>(state: Record<string, any> | null): P {
  const { user: _, ...presence } = state ?? {}
  return presence as P
}
