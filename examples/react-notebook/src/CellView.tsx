// One cell: what is in it, who is in it, and what can be done with it.

import { colorOf, nameOf } from '@examples/People.js'
import type { CellType, User } from '@rtstore/client'
import { type Cell, useCell, useCursors } from '@rtstore/react'
import { type CSSProperties, memo, type ReactNode, useState } from 'react'
import type * as Y from 'yjs'

import { Editor } from './editor/Editor.js'
import { IconButton } from './Icon.js'
import { useNotebookPage } from './notebook.js'
import { Outputs } from './outputs/Outputs.js'
import { Markdown } from './outputs/Rich.js'
import { RunState } from './RunState.js'

interface Props {
  id: string
  type: CellType
  at: number
  isLast: boolean
}

export const CellView = memo(function CellView(props: Props): ReactNode {
  const cell = useCell(props.id)
  if (!cell) return null
  return (
    <section
      className="cell"
      data-cell={cell.id}
      data-type={cell.type}
      data-state={cell.executionState}
      aria-label={`Cell ${props.at + 1}, ${cell.type === 'markdown' ? 'text' : cell.type}`}
    >
      <Visitors text={cell.text} />
      {cell.type === 'code' ? <Code cell={cell} {...props} /> : <Text cell={cell} {...props} />}
    </section>
  )
})

function Code({ cell, ...props }: Props & { cell: Cell }): ReactNode {
  const { run, runAndAdvance, add, step } = useNotebookPage()
  const keys = {
    run: () => run([cell.id]),
    advance: () => runAndAdvance(cell.id),
    insert: () => {
      run([cell.id])
      add('code', props.at + 1)
    },
    step: (by: number) => step(cell.id, by)
  }
  return (
    <>
      <div className="gutter">
        <IconButton icon="run" name={`Run cell ${props.at + 1}`} onClick={keys.run} />
        <RunState cell={cell} />
      </div>
      <div className="content">
        <Editor
          text={cell.text}
          language="python"
          label={`Code of cell ${props.at + 1}`}
          keys={keys}
        />
        <Tools {...props} />
        <Outputs cellId={cell.id} />
      </div>
    </>
  )
}

function Text({ cell, ...props }: Props & { cell: Cell }): ReactNode {
  const { runAndAdvance, added, add, step } = useNotebookPage()
  const [isEdited, setEdited] = useState(() => cell.source === '' && added.has(cell.id))
  const show = (): void => setEdited(false)
  const keys = {
    run: show,
    advance: () => {
      show()
      runAndAdvance(cell.id)
    },
    insert: () => {
      show()
      add('code', props.at + 1)
    },
    step: (by: number) => step(cell.id, by)
  }
  const isMarkdown = cell.type === 'markdown'
  return (
    <>
      <div className="gutter">
        {isMarkdown && isEdited && (
          <IconButton icon="run" name={`Show text ${props.at + 1}`} onClick={show} />
        )}
      </div>
      <div className="content">
        {isEdited || !isMarkdown ? (
          <Editor
            text={cell.text}
            language={isMarkdown ? 'markdown' : 'none'}
            label={`Text of cell ${props.at + 1}`}
            keys={keys}
            isFocused={isMarkdown}
          />
        ) : (
          <div
            className="rendered"
            tabIndex={0}
            onDoubleClick={() => setEdited(true)}
            onKeyDown={(event) => {
              if (event.target !== event.currentTarget) return
              if (event.key === 'Enter' && !event.shiftKey) setEdited(true)
              else if (event.key === 'Enter') runAndAdvance(cell.id)
              else if (event.key === 'ArrowUp') step(cell.id, -1)
              else if (event.key === 'ArrowDown') step(cell.id, 1)
              else return
              event.preventDefault()
            }}
          >
            <Markdown source={cell.source || '*Empty: press Enter to write*'} />
          </div>
        )}
        <Tools {...props} onEdit={isMarkdown && !isEdited ? () => setEdited(true) : undefined} />
      </div>
    </>
  )
}

function Tools(props: Props & { onEdit?: (() => void) | undefined }): ReactNode {
  const { id, at, isLast, onEdit } = props
  const { view, undo } = useNotebookPage()
  const alone = (edit: () => void): void => {
    undo.stopCapturing()
    edit()
    undo.stopCapturing()
  }
  const moveTo = (place: number) => () => alone(() => view.moveCell(id, place))
  return (
    <div className="cell-tools" role="toolbar" aria-label={`Cell ${at + 1}`}>
      {onEdit && <IconButton icon="edit" name="Edit" onClick={onEdit} />}
      <IconButton icon="up" name="Move up" onClick={moveTo(at - 1)} isDisabled={at === 0} />
      <IconButton icon="down" name="Move down" onClick={moveTo(at + 1)} isDisabled={isLast} />
      <IconButton icon="bin" name="Delete" onClick={() => alone(() => view.deleteCell(id))} />
    </div>
  )
}

/** Whose cursors are in the cell, at its edge. */
function Visitors({ text }: { text: Y.Text }): ReactNode {
  const [cursors] = useCursors(text)
  const users = new Map<string, User>()
  for (const { user } of cursors) if (user) users.set(user.username, user)
  if (users.size === 0) return null
  return (
    <ul className="visitors" aria-label="In this cell">
      {[...users.values()].map((user) => (
        <li key={user.username} style={{ '--color': colorOf(user) } as CSSProperties}>
          <span className="unseen">{nameOf(user)}</span>
        </li>
      ))}
    </ul>
  )
}
