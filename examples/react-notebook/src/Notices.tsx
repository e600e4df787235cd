// What went wrong, said once at the foot of the page.

import { createContext, type ReactNode, useCallback, useContext, useState } from 'react'

const STAYS_MS = 8_000

const Tell = createContext<(text: string) => void>(() => {})

interface Notice {
  id: number
  text: string
}

let ids = 0

export function Notices({ children }: { children: ReactNode }): ReactNode {
  const [notices, setNotices] = useState<Notice[]>([])
  const drop = useCallback((id: number) => {
    setNotices((before) => before.filter((one) => one.id !== id))
  }, [])
  const tell = useCallback(
    (text: string) => {
      const id = (ids += 1)
      setNotices((before) => [...before, { id, text }])
      setTimeout(() => drop(id), STAYS_MS)
    },
    [drop]
  )
  return (
    <Tell.Provider value={tell}>
      {children}
      <div className="notices" role="status" aria-live="polite">
        {notices.map(({ id, text }) => (
          <p key={id}>
            {text}
            <button className="plain" aria-label="Dismiss" onClick={() => drop(id)}>
              ×
            </button>
          </p>
        ))}
      </div>
    </Tell.Provider>
  )
}

/** Do it, and say so if it fails. */
export function useAttempt(): (doing: () => Promise<unknown>) => void {
  const tell = useContext(Tell)
  return useCallback(
    (doing) => void doing().catch((error: Error) => tell(error.message)),
    [tell]
  )
}
