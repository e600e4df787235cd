// A list that several people edit: an app document with one shared array of maps.

import { ConnectionBadge } from '@examples/ConnectionBadge.js'
import { People } from '@examples/People.js'
import { RtDocumentProvider, useApp, useArray, useMap, useReady, useUndo } from '@rtstore/react'
import { type FormEvent, type ReactNode, useState } from 'react'
import * as Y from 'yjs'

import { schema, type Todo } from './schema.js'

export function TodoList({ name }: { name: string }): ReactNode {
  const document = useReady(useApp(name, { schema }))
  return (
    <RtDocumentProvider document={document}>
      <main className="list">
        <header>
          <h1>{name}</h1>
          <ConnectionBadge />
          <span className="space" />
          <People />
        </header>
        <Problems />
        <Todos />
      </main>
    </RtDocumentProvider>
  )
}

function Todos(): ReactNode {
  const [todos, { type }] = useArray<Todo>('todos')
  const undo = useUndo(type, { captureTimeout: 0 })
  const left = todos.filter((todo) => !todo.isDone).length
  return (
    <>
      <Add onAdd={(text) => type.push([shared({ id: crypto.randomUUID(), text, isDone: false })])} />
      <ul className="todos">
        {todos.map((todo, at) => (
          <Item
            key={todo.id}
            todo={todo}
            onToggle={() => (type.get(at) as Y.Map<unknown>).set('isDone', !todo.isDone)}
            onDelete={() => type.delete(at)}
          />
        ))}
      </ul>
      <footer>
        <span role="status">{todos.length === 0 ? 'Nothing to do' : `${left} to do`}</span>
        <span className="space" />
        <button className="plain" onClick={undo.undo} disabled={!undo.canUndo}>
          Undo
        </button>
        <button className="plain" onClick={undo.redo} disabled={!undo.canRedo}>
          Redo
        </button>
      </footer>
    </>
  )
}

function Item(props: { todo: Todo; onToggle(): void; onDelete(): void }): ReactNode {
  const { todo, onToggle, onDelete } = props
  return (
    <li className={todo.isDone ? 'done' : ''}>
      <label>
        <input type="checkbox" checked={todo.isDone} onChange={onToggle} />
        <span>{todo.text}</span>
      </label>
      <button className="plain" aria-label={`Delete ${todo.text}`} onClick={onDelete}>
        ×
      </button>
    </li>
  )
}

function Add({ onAdd }: { onAdd(text: string): void }): ReactNode {
  const [text, setText] = useState('')
  const add = (event: FormEvent): void => {
    event.preventDefault()
    if (text.trim()) onAdd(text.trim())
    setText('')
  }
  return (
    <form className="add" onSubmit={add}>
      <input
        aria-label="What is to be done"
        placeholder="What is to be done?"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <button className="primary">Add</button>
    </form>
  )
}

/** Where the list is not what the schema says, whoever made it so. */
function Problems(): ReactNode {
  const [{ invalid }] = useMap('state')
  if (!Array.isArray(invalid)) return null // a page may write anything there
  return (
    <ul className="problems" role="alert">
      {invalid.map(String).map((problem) => (
        <li key={problem}>{problem}</li>
      ))}
    </ul>
  )
}

/** Two people may change two fields of one todo at once. */
function shared(todo: Todo): Y.Map<unknown> {
  return new Y.Map(Object.entries(todo))
}
