// What the cells of one page share: running, undo, and where the keyboard is.

import { notebookView, type NotebookView, type RtDocument, type RtStore } from '@rtstore/client'
import { type Undo, useReady, useServer, useStore, useUndo } from '@rtstore/react'
import { createContext, useContext, useEffect, useMemo, useRef } from 'react'

import { useAttempt } from './Notices.js'
import { RunClock } from './runClock.js'

export interface Notebook {
  store: RtStore
  document: RtDocument
  view: NotebookView
  undo: Undo
  /** Transactions of these origins can be undone; editors add their own. */
  origins: Set<unknown>
  clock: RunClock
  run(cells: string[]): void
  /** Run it and go to the next one, which is made if there is none. */
  runAndAdvance(cell: string): void
  /** Cells that were added here: who adds a text writes it. */
  added: ReadonlySet<string>
  /** Add an empty cell and go there. */
  add(type: 'code' | 'markdown', at: number): void
  /** Put the keyboard into the cell so many places further. */
  step(cell: string, by: number): void
}

export const NotebookContext = createContext<Notebook | null>(null)

export function useNotebookPage(): Notebook {
  const found = useContext(NotebookContext)
  if (!found) throw new Error('no notebook above')
  return found
}

/** Of the nearest document. */
export function useMadeNotebook(): Notebook {
  const store = useStore()
  const document = useReady<RtDocument>()
  const attempt = useAttempt()
  const view = notebookView(document.ydoc)
  const { current: origins } = useRef(new Set<unknown>([null]))
  const { current: added } = useRef(new Set<string>())
  const server = useServer()
  const clock = useMemo(() => new RunClock(document, server), [document, server])
  useEffect(() => clock.start(), [clock])
  const undo = useUndo(view.cells, { trackedOrigins: origins })
  return useMemo(() => {
    const run = (cells: string[]): void => {
      const isCode = (id: string): boolean => view.cellType(id) === 'code'
      const code = cells.filter(isCode)
      if (code.length > 0) attempt(() => store.runCell(document.path, code))
    }
    const add = (type: 'code' | 'markdown', at: number): void => {
      undo.stopCapturing()
      const id = crypto.randomUUID()
      added.add(id)
      enterCell(view.addCell({ id, cell_type: type }, at))
      undo.stopCapturing()
    }
    const step = (cell: string, by: number): void => {
      const next = view.ids[view.indexOf(cell) + by]
      if (next) enterCell(next)
    }
    const runAndAdvance = (cell: string): void => {
      run([cell])
      const at = view.indexOf(cell)
      if (at + 1 < view.cells.length) step(cell, 1)
      else add('code', at + 1)
    }
    return { store, document, view, undo, origins, clock, run, runAndAdvance, added, add, step }
  }, [store, document, view, undo, origins, clock, added, attempt])
}

/** Put the keyboard there, perhaps in a moment: React may not have shown the cell yet. */
function enterCell(id: string): void {
  requestAnimationFrame(() => {
    const cell = document.querySelector(`[data-cell="${CSS.escape(id)}"]`)
    cell?.querySelector<HTMLElement>('.cm-content, .rendered')?.focus()
    cell?.scrollIntoView({ block: 'nearest' })
  })
}
