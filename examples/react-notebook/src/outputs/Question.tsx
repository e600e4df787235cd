// What a running cell asks: input().

import type { Output } from '@rtstore/client'
import { useStore } from '@rtstore/react'
import { type FormEvent, type ReactNode, useState } from 'react'

import { useAttempt } from '../Notices.js'

interface Asked {
  prompt: string
  kernelId: string
  runId: string
}

/** The question that an output stands for; null for all others. */
export function questionOf(output: Output): Asked | null {
  const { rtstore } = (output['metadata'] ?? {}) as { rtstore?: { input?: unknown } }
  if (!rtstore?.input) return null
  const text = String((output['data'] as Record<string, unknown>)['text/plain'] ?? '')
  const found = /^(.*) \(answer at \S*?rtstore\/input\/([^/\s]+)\/([^/\s)]+)\)$/s.exec(text)
  return found && { prompt: found[1]!, kernelId: found[2]!, runId: found[3]! }
}

/** Whoever may run cells may answer; the first one counts. */
export function Question({ prompt, kernelId, runId }: Asked): ReactNode {
  const store = useStore()
  const attempt = useAttempt()
  const [answer, setAnswer] = useState('')
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    attempt(() => store.answerInput(kernelId, runId, answer))
  }
  return (
    <form className="question" onSubmit={submit}>
      <label>
        <span>{prompt || 'The cell waits for input.'}</span>
        <input value={answer} onChange={(event) => setAnswer(event.target.value)} autoFocus />
      </label>
      <button>Answer</button>
    </form>
  )
}
