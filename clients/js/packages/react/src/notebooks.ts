// Notebooks as React values. All take the nearest document's notebook, or the one given.

import {
  type Action,
  type CellType,
  notebookView,
  type NotebookView,
  type Output,
  type RtDocument
} from '@rtstore/client'
import { useCallback, useMemo } from 'react'
import type * as Y from 'yjs'

import { useStore, useThisDocument } from './context.js'
import { type Doing, useDoing } from './server.js'
import { useSnapshot } from './snapshot.js'

/** What adds, moves and deletes cells. */
export function useNotebookView(given?: RtDocument): NotebookView {
  return notebookView(useThisDocument(given).ydoc)
}

/** Ids and types of the cells, in order: renders again only when cells come, go or move. */
export function useCells(given?: RtDocument): { id: string; type: CellType }[] {
  const view = useNotebookView(given)
  const subscribe = useCallback(
    (call: () => void) => {
      view.cells.observe(call)
      return () => view.cells.unobserve(call)
    },
    [view]
  )
  return useSnapshot(subscribe, () =>
    view.ids.map((id) => ({ id, type: view.cellType(id) ?? 'code' }))
  )
}

/** A cell without its outputs. */
export interface Cell {
  id: string
  type: CellType
  source: string
  /** For editors that bind to shared text. */
  text: Y.Text
  /** The number in its prompt. */
  executionCount: number | null
  /** `idle`, `running`, …; undefined for cells that can't run. */
  executionState: string | undefined
  setSource(source: string): void
}

/** Undefined once somebody deleted it. Outputs do not render it again. */
export function useCell(id: string, given?: RtDocument): Cell | undefined {
  const view = useNotebookView(given)
  const seen = useSnapshot(useFollowed(view, id), () => {
    const text = view.source(id)
    return text && [view.cellType(id), text.toString(), view.executionCount(id), view.executionState(id)]
  }) as [CellType, string, number | null, string | undefined] | undefined
  const text = view.source(id)
  return useMemo(() => {
    if (!seen || !text) return undefined
    const [type, source, executionCount, executionState] = seen
    const setSource = (to: string): void => view.setSource(id, to)
    return { id, type, source, text, executionCount, executionState, setSource }
  }, [seen, text, view, id])
}

/** What a cell shows, as nbformat has it. */
export function useOutputs(cellId: string, given?: RtDocument): Output[] {
  const view = useNotebookView(given)
  return useSnapshot(useFollowed(view, cellId), () => view.outputs(cellId))
}

/** Run cells of the notebook on the server: `run('<id>')` or `run(['<id>', …])`.
 *  What was edited here is sent first. */
export function useRunCell(given?: RtDocument): Doing<string | string[], 'cell.run'> {
  const store = useStore()
  const document = useThisDocument(given)
  const ask = useCallback(
    async (cells: string | string[]): Promise<Action<'cell.run'>> => {
      await document.flush()
      return store.request('cell.run', { path: document.path, cells: [cells].flat() })
    },
    [store, document]
  )
  return useDoing(ask)
}

/** Changes of a cell, wherever it moves. */
function useFollowed(view: NotebookView, id: string): (call: () => void) => () => void {
  return useCallback(
    (call) => {
      let cell = view.cell(id)
      const own = (): void => call()
      const look = (): void => {
        const now = view.cell(id)
        if (now !== cell) {
          cell?.unobserveDeep(own)
          now?.observeDeep(own)
          cell = now
        }
        own()
      }
      cell?.observeDeep(own)
      view.cells.observe(look)
      return () => {
        cell?.unobserveDeep(own)
        view.cells.unobserve(look)
      }
    },
    [view, id]
  )
}
