// CodeMirror on a shared text.

import { useReady } from '@rtstore/react'
import type { RtDocument } from '@rtstore/client'
import { autocompletion, closeBrackets, closeBracketsKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, indentWithTab } from '@codemirror/commands'
import { python } from '@codemirror/lang-python'
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language'
import { EditorState, type Extension, Prec } from '@codemirror/state'
import { drawSelection, EditorView, keymap } from '@codemirror/view'
import { classHighlighter } from '@lezer/highlight'
import { type ReactNode, useEffect, useRef } from 'react'
import { ySync, YSyncConfig, ySyncFacet } from 'y-codemirror.next'
import type * as Y from 'yjs'

import { type Notebook, useNotebookPage } from '../notebook.js'
import { kernelCompletions } from './completions.js'
import { remoteCursors } from './cursors.js'
import { markdown } from './markdown.js'

/** What keys do outside of the text. */
export interface CellKeys {
  run(): void
  advance(): void
  insert(): void
  step(by: number): void
}

interface Props {
  text: Y.Text
  language: 'python' | 'markdown' | 'none'
  label: string
  keys: CellKeys
  /** Put the keyboard there at once. */
  isFocused?: boolean
}

export function Editor({ text, language, label, keys, isFocused }: Props): ReactNode {
  const element = useRef<HTMLDivElement>(null)
  const notebook = useNotebookPage()
  const document = useReady<RtDocument>()
  const now = useRef({ keys, notebook, isFocused })
  now.current = { keys, notebook, isFocused }
  useEffect(() => {
    const shared = new YSyncConfig(text, null)
    const { origins } = now.current.notebook
    origins.add(shared) // what is typed here can be undone
    const view = new EditorView({
      parent: element.current!,
      state: EditorState.create({
        doc: text.toString(),
        extensions: [
          Prec.highest(keymap.of(cellKeys(() => now.current))),
          ySyncFacet.of(shared),
          ySync,
          remoteCursors(document, text),
          language === 'python' ? code(() => now.current.notebook) : [],
          language === 'markdown' ? markdown() : [],
          common,
          EditorView.contentAttributes.of({ 'aria-label': label })
        ]
      })
    })
    if (now.current.isFocused) view.focus()
    return () => {
      origins.delete(shared)
      view.destroy()
    }
  }, [text, language, document])
  useEffect(() => {
    element.current!.querySelector('.cm-content')?.setAttribute('aria-label', label)
  }, [label])
  return <div className="editor" ref={element} />
}

const common: Extension = [
  drawSelection(),
  EditorView.lineWrapping,
  bracketMatching(),
  indentOnInput(),
  indentUnit.of('    '),
  syntaxHighlighting(classHighlighter),
  keymap.of([...closeBracketsKeymap, ...defaultKeymap, indentWithTab])
]

function code(notebook: () => Notebook): Extension {
  return [
    python(),
    closeBrackets(),
    autocompletion({ override: [kernelCompletions(notebook)], activateOnTyping: false })
  ]
}

function cellKeys(now: () => { keys: CellKeys; notebook: Notebook }) {
  const does = (act: () => void) => () => {
    act()
    return true
  }
  const leaves = (by: 1 | -1) => (view: EditorView) => {
    const { doc, selection } = view.state
    const line = doc.lineAt(selection.main.head)
    const isAtEdge = line.number === (by > 0 ? doc.lines : 1)
    if (!selection.main.empty || !isAtEdge || !isAtVisualEdge(view, by)) return false
    now().keys.step(by)
    return true
  }
  return [
    { key: 'Shift-Enter', run: does(() => now().keys.advance()) },
    { key: 'Mod-Enter', run: does(() => now().keys.run()) },
    { key: 'Alt-Enter', run: does(() => now().keys.insert()) },
    { key: 'Mod-z', run: does(() => now().notebook.undo.undo()) },
    { key: 'Mod-Shift-z', run: does(() => now().notebook.undo.redo()) },
    { key: 'Mod-y', run: does(() => now().notebook.undo.redo()) },
    { key: 'ArrowUp', run: leaves(-1) },
    { key: 'ArrowDown', run: leaves(1) }
  ]
}

/** A long line is several rows: only the outermost one leads out. */
function isAtVisualEdge(view: EditorView, by: 1 | -1): boolean {
  const moved = view.moveVertically(view.state.selection.main, by > 0)
  const before = view.coordsAtPos(view.state.selection.main.head)
  const after = view.coordsAtPos(moved.head)
  return !before || !after || Math.abs(before.top - after.top) < 4
}
