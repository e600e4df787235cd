// The page: files at the side, the notebook that is open in the middle.

import { Failures } from '@examples/Failures.js'
import { type ReactNode, Suspense, useCallback, useEffect, useState } from 'react'

import { Files } from './Files.js'
import { Notices } from './Notices.js'
import { NotebookPage } from './NotebookPage.js'

export function App(): ReactNode {
  const [path, setPath] = useAddress()
  const [areFilesOpen, setFilesOpen] = useState(false)
  const open = useCallback(
    (to: string) => {
      setPath(to)
      setFilesOpen(false)
    },
    [setPath]
  )
  const showFiles = (): void => setFilesOpen(true)
  return (
    <Notices>
      <div className={areFilesOpen ? 'page files-open' : 'page'}>
        <Files openPath={path} onOpen={open} onClose={() => setFilesOpen(false)} />
        <main className="main">
          <Failures key={path} again="Back to the files" onAgain={() => open('')}>
            <Suspense fallback={<p className="wait">Opening…</p>}>
              {path ? (
                <NotebookPage path={path} onFiles={showFiles} />
              ) : (
                <Nothing onFiles={showFiles} />
              )}
            </Suspense>
          </Failures>
        </main>
      </div>
    </Notices>
  )
}

function Nothing({ onFiles }: { onFiles(): void }): ReactNode {
  return (
    <div className="failure">
      <h2>No notebook is open</h2>
      <p>Choose one of the files, or make a new one.</p>
      <button className="narrow-only" onClick={onFiles}>
        Files
      </button>
    </div>
  )
}

/** `?path=` of the address, and what changes it. */
function useAddress(): [string, (path: string) => void] {
  const read = (): string => new URLSearchParams(location.search).get('path') ?? ''
  const [path, setPath] = useState(read)
  useEffect(() => {
    const follow = (): void => setPath(read())
    addEventListener('popstate', follow)
    return () => removeEventListener('popstate', follow)
  }, [])
  const go = useCallback((to: string) => {
    const address = new URL(location.href)
    if (to) address.searchParams.set('path', to)
    else address.searchParams.delete('path')
    history.pushState(null, '', address)
    setPath(to)
  }, [])
  return [path, go]
}
