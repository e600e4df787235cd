// Waits until an open notebook shows what cells put out that are over.

import { notebookView } from './notebook.js'
import type { RtDocument } from './document.js'
import type { CellRun, Run } from './records.js'

/** The document comes another way than the word that a run is over, and may be behind it. */
const WITHIN_MS = 10_000

/** Resolves when the notebook shows these runs, or there are newer ones, or when that takes too long.
 *
 *  `newest`: each cell's newest run, as the server knows it. */
export async function untilShown(
  notebook: RtDocument,
  runs: CellRun['runs'],
  newest: Record<string, Run>
): Promise<void> {
  const view = notebookView(notebook.ydoc)
  const isShown = (): boolean =>
    runs.every(({ run, cell, state }) => {
      const told = newest[cell]
      if ((state !== 'ok' && state !== 'error') || told?.run !== run || !view.cell(cell)) return true
      const isIdle = (view.executionState(cell) ?? 'idle') === 'idle'
      return isIdle && (!told.count || view.executionCount(cell) === Number(told.count))
    })
  if (isShown() || notebook.isDestroyed) return
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      notebook.ydoc.off('update', look)
      unsubscribe()
      resolve()
    }
    const look = (): void => {
      if (isShown() || notebook.isDestroyed) done()
    }
    const timer = setTimeout(done, WITHIN_MS)
    const unsubscribe = notebook.subscribe(look)
    notebook.ydoc.on('update', look)
  })
}
