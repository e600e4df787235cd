// Undo of what was done here, and of nothing that others did.

import { useCallback, useEffect, useLayoutEffect, useMemo, useState } from 'react'
import * as Y from 'yjs'

import { useSnapshot } from './snapshot.js'

export interface UndoOptions {
  /** Edits within so many ms of each other are one step. */
  captureTimeout?: number
  /** Origins of the transactions to be undone; null: those that name none. */
  trackedOrigins?: Set<unknown>
}

export interface Undo {
  undo(): void
  redo(): void
  canUndo: boolean
  canRedo: boolean
  /** The next edit is a step of its own. */
  stopCapturing(): void
}

/** For one shared type, or always as many. `options` count at first. */
export function useUndo(
  scope: Y.AbstractType<any> | Y.AbstractType<any>[],
  options: UndoOptions = {}
): Undo {
  const [manager, setManager] = useState<Y.UndoManager | null>(null)
  const types = [scope].flat()
  useEffectAtOnce(() => {
    const made = new Y.UndoManager(types, {
      captureTimeout: options.captureTimeout ?? 500,
      trackedOrigins: options.trackedOrigins ?? new Set([null])
    })
    setManager(made)
    return () => {
      made.destroy()
      setManager(null)
    }
  }, types)
  const subscribe = useCallback(
    (call: () => void) => {
      for (const event of EVENTS) manager?.on(event, call)
      return () => EVENTS.forEach((event) => manager?.off(event, call))
    },
    [manager]
  )
  const [canUndo, canRedo] = useSnapshot(subscribe, () => [
    (manager?.undoStack.length ?? 0) > 0,
    (manager?.redoStack.length ?? 0) > 0
  ]) as [boolean, boolean]
  return useMemo(
    () => ({
      undo: () => void manager?.undo(),
      redo: () => void manager?.redo(),
      stopCapturing: () => manager?.stopCapturing(),
      canUndo,
      canRedo
    }),
    [manager, canUndo, canRedo]
  )
}

/** What is typed as soon as the page is there can be undone, too. Servers have no layout. */
const useEffectAtOnce = typeof document === 'undefined' ? useEffect : useLayoutEffect

const EVENTS = ['stack-item-added', 'stack-item-popped', 'stack-cleared'] as const
