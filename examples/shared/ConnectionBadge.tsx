// Whether we are connected, and whether the store has what was typed here.

import { useClosedWhy, useHasLocalChanges, useStatus } from '@rtstore/react'
import { type ReactNode, useEffect, useState } from 'react'

type Shown = 'connecting' | 'offline' | 'saving' | 'saved' | 'closed'

const WORDS: Record<Shown, string> = {
  connecting: 'Connecting',
  offline: 'Offline',
  saving: 'Saving',
  saved: 'Saved',
  closed: 'Closed'
}
const TOLD: Record<Shown, string> = {
  connecting: 'Connecting to the server',
  offline: 'No connection. Go on: what you type is kept in this browser, and sent later',
  saving: 'The store has not confirmed your last edit yet',
  saved: 'The store has all that you typed',
  closed: 'The server closed this document'
}
/** Confirmations usually take less; a badge that flickers tells nobody anything. */
const CALM_MS = 150

/** Of the nearest document. */
export function ConnectionBadge(): ReactNode {
  const status = useStatus()
  const isUnsaved = useHasLocalChanges()
  const why = useClosedWhy()
  const [shown, setShown] = useState<Shown>('connecting')
  const now = state(status, isUnsaved)
  useEffect(() => {
    const timer = setTimeout(() => setShown(now), now === 'saved' ? 0 : CALM_MS)
    return () => clearTimeout(timer)
  }, [now])
  return (
    <span className="badge" data-state={shown} role="status" title={why?.reason ?? TOLD[shown]}>
      <span className="words">{WORDS[shown]}</span>
    </span>
  )
}

function state(status: ReturnType<typeof useStatus>, isUnsaved: boolean): Shown {
  if (status === 'connected') return isUnsaved ? 'saving' : 'saved'
  if (status === 'disconnected') return 'offline'
  return status
}
