// Whether a cell waits, runs or ran, and how long that took.

import { type Cell, useDocumentState } from '@rtstore/react'
import { type ReactNode, useEffect, useState } from 'react'

import { useKernelOf } from './kernels.js'
import { useNotebookPage } from './notebook.js'

const TICK_MS = 100

export function RunState({ cell }: { cell: Cell }): ReactNode {
  const { clock } = useNotebookPage()
  const state = useRunState(cell)
  const took = clock.took(cell.id)
  return (
    <div className="run-state" data-run={state} role="status">
      {state === 'idle' && cell.executionCount !== null && <span>[{cell.executionCount}]</span>}
      {state === 'waiting' && <span title="Waits for the kernel">waiting</span>}
      {state === 'running' && <Running since={clock.since(cell.id)} />}
      {state === 'idle' && took !== undefined && <span className="took">{duration(took)}</span>}
    </div>
  )
}

/** The document says that the cell is not over; the kernel's record, whether it is its turn. */
function useRunState(cell: Cell): 'idle' | 'waiting' | 'running' {
  const path = useDocumentState((one) => one.path)
  const { kernel } = useKernelOf(path)
  if (cell.executionState !== 'running') return 'idle'
  return kernel?.run?.cell === cell.id ? 'running' : 'waiting'
}

function Running({ since }: { since: number | undefined }): ReactNode {
  const [now, setNow] = useState(() => performance.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), TICK_MS)
    return () => clearInterval(timer)
  }, [])
  const ms = now - (since ?? now)
  return (
    <>
      <span className="spinner" aria-label="Running" />
      {ms >= 1000 && <span className="took">{duration(Math.floor(ms / 100) * 100)}</span>}
    </>
  )
}

function duration(ms: number): string {
  if (ms < 100) return `${Math.max(1, Math.round(ms))} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const minutes = Math.floor(ms / 60_000)
  return `${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`
}
