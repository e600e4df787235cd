// The server's files, live: what anybody makes, moves or deletes is seen at once.

import type { Content } from '@rtstore/client'
import { useContents, useStore } from '@rtstore/react'
import { type ReactNode, useState } from 'react'

import { Icon, IconButton } from './Icon.js'
import { useAttempt } from './Notices.js'

interface Place {
  openPath: string
  onOpen(path: string): void
}

export function Files(props: Place & { onClose(): void }): ReactNode {
  const { openPath, onOpen, onClose } = props
  return (
    <nav className="files" aria-label="Files">
      <header>
        <h2>Files</h2>
        <NewNotebook folder="" onOpen={onOpen} />
        <span className="narrow-only">
          <IconButton icon="cross" name="Close files" onClick={onClose} />
        </span>
      </header>
      <Folder path="" openPath={openPath} onOpen={onOpen} />
    </nav>
  )
}

function NewNotebook({ folder, onOpen }: { folder: string; onOpen(path: string): void }): ReactNode {
  const store = useStore()
  const attempt = useAttempt()
  const make = (): void =>
    attempt(async () => {
      const made = await store.request('contents.create', { path: folder, type: 'notebook' })
      onOpen(String(made.result?.['path']))
    })
  return <IconButton icon="plus" name={`New notebook${folder && ` in ${folder}`}`} onClick={make} />
}

function Folder({ path, openPath, onOpen }: Place & { path: string }): ReactNode {
  const { data, error } = useContents(path)
  if (error) return <p className="quiet">{error.message}</p>
  if (!data) return <p className="quiet">…</p>
  if (data.length === 0) return <p className="quiet">Empty</p>
  return (
    <ul className="folder">
      {data.toSorted(inOrder).map((entry) =>
        entry.type === 'directory' ? (
          <Directory key={entry.name} entry={entry} openPath={openPath} onOpen={onOpen} />
        ) : (
          <File key={entry.name} entry={entry} openPath={openPath} onOpen={onOpen} />
        )
      )}
    </ul>
  )
}

function Directory({ entry, openPath, onOpen }: Place & { entry: Content }): ReactNode {
  const [isOpen, setOpen] = useState(openPath.startsWith(`${entry.path}/`))
  return (
    <li>
      <div className="entry">
        <button
          className="plain name"
          aria-expanded={isOpen}
          onClick={() => setOpen((before) => !before)}
        >
          <span className="turn">
            <Icon name="right" />
          </span>
          <span>{entry.name}</span>
        </button>
        <NewNotebook folder={entry.path} onOpen={onOpen} />
      </div>
      {isOpen && <Folder path={entry.path} openPath={openPath} onOpen={onOpen} />}
    </li>
  )
}

function File({ entry, openPath, onOpen }: Place & { entry: Content }): ReactNode {
  const isNotebook = entry.type === 'notebook'
  return (
    <li>
      <div className="entry">
        <button
          className="plain name"
          aria-current={entry.path === openPath ? 'page' : undefined}
          disabled={!isNotebook}
          onClick={() => onOpen(entry.path)}
        >
          <Icon name={isNotebook ? 'book' : 'file'} />
          <span>{entry.name}</span>
        </button>
      </div>
    </li>
  )
}

function inOrder(one: Content, other: Content): number {
  const isFolder = (entry: Content): number => (entry.type === 'directory' ? 0 : 1)
  return isFolder(one) - isFolder(other) || one.name.localeCompare(other.name)
}
