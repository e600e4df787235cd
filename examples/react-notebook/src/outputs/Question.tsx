// What a running cell asks: input(), getpass().

import type { Output, Question as Told } from '@rtstore/client'
import { useStore } from '@rtstore/react'
import { type FormEvent, type ReactNode, useEffect, useState } from 'react'

import { useAttempt } from '../Notices.js'

const LOOK_MS = 1_000

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
  const told = useQuestion(kernelId, runId)
  return (
    <div className="question">
      <span>{prompt || 'The cell waits for input.'}</span>
      {told?.waits && <Answer key={told.prompt_id} kernelId={kernelId} runId={runId} told={told} />}
    </div>
  )
}

/** Two questions in the same words look the same in the notebook: the server knows which it is. */
function useQuestion(kernelId: string, runId: string): Told | undefined {
  const store = useStore()
  const [told, setTold] = useState<Told>()
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let isOver = false
    const look = async (): Promise<void> => {
      const now = await store.question(kernelId, runId).catch(() => undefined)
      if (isOver) return
      if (now) setTold(now)
      timer = setTimeout(look, LOOK_MS)
    }
    void look()
    return () => {
      isOver = true
      clearTimeout(timer)
    }
  }, [store, kernelId, runId])
  return told
}

function Answer(props: { kernelId: string; runId: string; told: Told }): ReactNode {
  const { kernelId, runId, told } = props
  const store = useStore()
  const attempt = useAttempt()
  // The field keeps it: of a value of ours React would make an attribute, passwords too.
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const answer = String(new FormData(event.currentTarget).get('answer'))
    attempt(() => store.answerInput(kernelId, runId, answer, { promptId: told.prompt_id }))
  }
  return (
    <form onSubmit={submit}>
      <input
        name="answer"
        aria-label={told.prompt || 'Answer'}
        type={told.password ? 'password' : 'text'}
        autoComplete="off"
        autoFocus
      />
      <button>Answer</button>
    </form>
  )
}
