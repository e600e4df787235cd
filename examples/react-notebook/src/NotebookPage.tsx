// One notebook: its bar, and its cells.

import { ConnectionBadge } from '@examples/ConnectionBadge.js'
import { People } from '@examples/People.js'
import {
  RtDocumentProvider,
  useCells,
  useDocumentState,
  useNotebook,
  useReady,
  useReopen,
  useClosedWhy
} from '@rtstore/react'
import { Fragment, type ReactNode, useEffect } from 'react'

import { CellView } from './CellView.js'
import { IconButton } from './Icon.js'
import { KernelMenu } from './KernelMenu.js'
import { NotebookContext, useMadeNotebook, useNotebookPage } from './notebook.js'

export function NotebookPage({ path, onFiles }: { path: string; onFiles(): void }): ReactNode {
  const document = useNotebook(path)
  useReady(document)
  return (
    <RtDocumentProvider document={document}>
      <Shown onFiles={onFiles} />
    </RtDocumentProvider>
  )
}

function Shown({ onFiles }: { onFiles(): void }): ReactNode {
  const notebook = useMadeNotebook()
  useUndoKeys()
  return (
    <NotebookContext value={notebook}>
      <Bar onFiles={onFiles} />
      <Closed />
      <Cells />
    </NotebookContext>
  )

  function useUndoKeys(): void {
    const { undo } = notebook
    useEffect(() => {
      const press = (event: KeyboardEvent): void => {
        if (event.defaultPrevented || !(event.ctrlKey || event.metaKey)) return
        const key = event.key.toLowerCase()
        const isRedo = key === 'y' || (key === 'z' && event.shiftKey)
        if ((key !== 'z' && key !== 'y') || event.target instanceof HTMLInputElement) return
        event.preventDefault()
        if (isRedo) undo.redo()
        else undo.undo()
      }
      addEventListener('keydown', press)
      return () => removeEventListener('keydown', press)
    }, [undo])
  }
}

function Bar({ onFiles }: { onFiles(): void }): ReactNode {
  const { undo, view, run } = useNotebookPage()
  const path = useDocumentState((one) => one.path)
  const cut = path.lastIndexOf('/') + 1
  const name = path.slice(cut).replace(/\.ipynb$/, '')
  useEffect(() => {
    document.title = name
  }, [name])
  return (
    <header className="bar">
      <span className="narrow-only">
        <IconButton icon="menu" name="Files" onClick={onFiles} />
      </span>
      <h1 title={path}>
        {cut > 0 && <span className="quiet">{path.slice(0, cut)}</span>}
        {name}
      </h1>
      <ConnectionBadge />
      <span className="space" />
      <div className="tools">
        <IconButton icon="undo" name="Undo" onClick={undo.undo} isDisabled={!undo.canUndo} />
        <IconButton icon="redo" name="Redo" onClick={undo.redo} isDisabled={!undo.canRedo} />
        <button className="plain" onClick={() => run(view.ids)}>
          Run all
        </button>
        <KernelMenu />
      </div>
      <People />
    </header>
  )
}

/** The server closed it for good: what is here can be read, and opened again. */
function Closed(): ReactNode {
  const why = useClosedWhy()
  const reopen = useReopen()
  if (!why) return null
  return (
    <p className="closed" role="alert">
      {why.reason} <button onClick={reopen}>Open it again</button>
    </p>
  )
}

function Cells(): ReactNode {
  const cells = useCells()
  return (
    <div className="cells">
      <Between at={0} />
      {cells.map(({ id, type }, at) => (
        <Fragment key={id}>
          <CellView id={id} type={type} at={at} isLast={at === cells.length - 1} />
          <Between at={at + 1} isLast={at === cells.length - 1} />
        </Fragment>
      ))}
    </div>
  )
}

/** Where a cell can be added. */
function Between({ at, isLast }: { at: number; isLast?: boolean }): ReactNode {
  const { add } = useNotebookPage()
  return (
    <div className={isLast ? 'between last' : 'between'}>
      <button onClick={() => add('code', at)} aria-label={`Add a code cell at place ${at + 1}`}>
        + Code
      </button>
      <button onClick={() => add('markdown', at)} aria-label={`Add text at place ${at + 1}`}>
        + Text
      </button>
    </div>
  )
}
