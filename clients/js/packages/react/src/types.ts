// Shared types as React values.

import { changeTo, type RtDocument } from '@rtstore/client'
import { useCallback, useMemo } from 'react'
import * as Y from 'yjs'

import { existing, useAnyDocument } from './context.js'
import { useJson } from './snapshot.js'

/** `select` of a shared type's JSON: renders again only when that is deeply another. */
export function useY<J = any, T = J>(type: Y.AbstractType<any>, select?: (json: J) => T): T {
  return useJson<J, T>(type, select ?? same)
}

function same(json: any): any {
  return json
}

/** A root type is named, of the nearest document; others are given. */
export type TextRef = Y.Text | string
export type MapRef = Y.Map<any> | string
export type ArrayRef = Y.Array<any> | string

/** The text, and what sets it by the smallest edit: what others type meanwhile stays. */
export function useTextValue(
  given: TextRef,
  document?: RtDocument
): readonly [string, (value: string | ((before: string) => string)) => void] {
  const text = useRoot(given, (doc, name) => doc.getText(name), document)
  const value = useJson<string, string>(text, same)
  const set = useCallback(
    (to: string | ((before: string) => string)) =>
      changeTo(text, typeof to === 'function' ? to(text.toString()) : to),
    [text]
  )
  return [value, set]
}

export interface MapEdits<V> {
  set(key: string, value: V): void
  delete(key: string): void
  /** The shared map itself. */
  type: Y.Map<any>
}

/** The map as an object, and what changes it. */
export function useMap<V = any>(
  given: MapRef,
  document?: RtDocument
): readonly [Record<string, V>, MapEdits<V>] {
  const type = useRoot<Y.Map<any>>(given, (doc, name) => doc.getMap(name), document)
  const value = useJson<Record<string, V>, Record<string, V>>(type, same)
  const edits = useMemo<MapEdits<V>>(
    () => ({
      set: (key, to) => void type.set(key, to),
      delete: (key) => type.delete(key),
      type
    }),
    [type]
  )
  return [value, edits]
}

export interface ArrayEdits<V> {
  push(...values: V[]): void
  insert(at: number, ...values: V[]): void
  delete(at: number, count?: number): void
  /** Put another value in its place. */
  replace(at: number, value: V): void
  /** The shared array itself. */
  type: Y.Array<any>
}

/** The array, and what changes it. */
export function useArray<V = any>(
  given: ArrayRef,
  document?: RtDocument
): readonly [V[], ArrayEdits<V>] {
  const type = useRoot<Y.Array<any>>(given, (doc, name) => doc.getArray(name), document)
  const value = useJson<V[], V[]>(type, same)
  const edits = useMemo<ArrayEdits<V>>(() => {
    const replace = (at: number, to: V): void => {
      type.delete(at)
      type.insert(at, [to])
    }
    return {
      push: (...values) => type.push(values),
      insert: (at, ...values) => type.insert(at, values),
      delete: (at, count = 1) => type.delete(at, count),
      replace: (at, to) => (type.doc ? type.doc.transact(() => replace(at, to)) : replace(at, to)),
      type
    }
  }, [type])
  return [value, edits]
}

function useRoot<T extends Y.AbstractType<any>>(
  given: T | string,
  root: (doc: Y.Doc, name: string) => T,
  document?: RtDocument
): T {
  const found = useAnyDocument(document)
  return typeof given === 'string' ? root(existing(found).ydoc, given) : given
}
