// Whether a cell waits, runs or ran, and how long that took.

import { type Cell, useDocumentState, useServerTable } from '@rtstore/react'
import { type ReactNode, useEffect, useRef, useState } from 'react'

type State = 'idle' | 'waiting' | 'running'

const TICK_MS = 100

export function RunState({ cell }: { cell: Cell }): ReactNode {
  const state = useRunState(cell)
  const { since, took } = useTimes(state)
  const prompt = cell.executionCount === null ? '' : String(cell.executionCount)
  return (
    <div className="run-state" data-run={state} role="status">
      {state === 'idle' && prompt && <span title={`Run number ${prompt}`}>[{prompt}]</span>}
      {state === 'waiting' && <span title="Waits for the kernel">waiting</span>}
      {state === 'running' && <Running since={since} />}
      {state === 'idle' && took !== null && <span className="took">{duration(took)}</span>}
    </div>
  )
}

/** The document says that the cell is not over; the kernel's record, whether it is its turn. */
function useRunState(cell: Cell): State {
  const isAsked = cell.executionState === 'running'
  const path = useDocumentState((one) => one.path)
  const { data: isOn } = useServerTable('kernels', (kernels) =>
    [...kernels.values()].some((one) => one.path === path && one.run?.cell === cell.id)
  )
  if (!isAsked) return 'idle'
  return isOn ? 'running' : 'waiting'
}

/** When a cell of the page ended last: one that was not seen to begin, began then at the earliest. */
let endedLast = 0

/** As this page saw it: when it began, and how long the last run was. */
function useTimes(state: State): { since: number; took: number | null } {
  const asked = useRef<number | null>(null)
  const began = useRef<number | null>(null)
  const [took, setTook] = useState<number | null>(null)
  useEffect(() => {
    const now = performance.now()
    if (state !== 'idle') {
      setTook(null)
      asked.current ??= now
      if (state === 'running') began.current ??= now
    } else if (asked.current !== null) {
      setTook(now - (began.current ?? Math.max(asked.current, endedLast)))
      endedLast = now
      asked.current = began.current = null
    }
  }, [state])
  return { since: began.current ?? performance.now(), took }
}

function Running({ since }: { since: number }): ReactNode {
  const [first] = useState(since)
  const [now, setNow] = useState(() => performance.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), TICK_MS)
    return () => clearInterval(timer)
  }, [])
  const ms = now - first
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
