// Everybody's cursors and selections in one shared text, under the names that JupyterLab uses.

import { colorOf, nameOf } from '@examples/People.js'
import type { RtDocument, User } from '@rtstore/client'
import { Annotation, type Extension, type Range } from '@codemirror/state'
import {
  Decoration,
  type DecorationSet,
  EditorView,
  ViewPlugin,
  type ViewUpdate,
  WidgetType
} from '@codemirror/view'
import * as Y from 'yjs'

/** As it is in the awareness: our cursors are seen in JupyterLab, and theirs here. */
interface Said {
  anchor: unknown
  head: unknown
  primary?: boolean
  empty?: boolean
}

const moved = Annotation.define<true>()

export function remoteCursors(document: RtDocument, text: Y.Text): Extension {
  const plugin = ViewPlugin.define((view) => new Cursors(view, document, text), {
    decorations: (cursors) => cursors.decorations
  })
  return plugin
}

class Cursors {
  decorations: DecorationSet
  readonly #view: EditorView
  readonly #document: RtDocument
  readonly #text: Y.Text

  constructor(view: EditorView, document: RtDocument, text: Y.Text) {
    this.#view = view
    this.#document = document
    this.#text = text
    this.decorations = this.#drawn()
    document.awareness.on('change', this.#heard)
  }

  update(update: ViewUpdate): void {
    const isMoved = update.transactions.some((one) => one.annotation(moved))
    if (update.docChanged || isMoved) this.decorations = this.#drawn()
    if (update.focusChanged || update.selectionSet || update.docChanged) this.#say(update.view)
  }

  destroy(): void {
    this.#document.awareness.off('change', this.#heard)
    const { cursors } = this.#document.awareness.getLocalState() ?? {}
    if (cursors?.some?.((one: Said) => this.#place(one.head) !== null)) this.#tell([])
  }

  readonly #heard = ({ added, updated, removed }: Record<string, number[]>): void => {
    const others = [...added!, ...updated!, ...removed!].filter((id) => id !== this.#own)
    if (others.length > 0) this.#view.dispatch({ annotations: moved.of(true) })
  }

  get #own(): number {
    return this.#document.ydoc.clientID
  }

  /** Where we are; who leaves an editor keeps the place until another one has the keyboard. */
  #say(view: EditorView): void {
    if (!view.hasFocus) return
    const { ranges, mainIndex } = view.state.selection
    // As it is: JupyterLab takes no position whose empty fields are left out.
    const at = (index: number): Y.RelativePosition =>
      Y.createRelativePositionFromTypeIndex(this.#text, index)
    this.#tell(
      ranges.map(({ anchor, head, empty }, number) => ({
        anchor: at(anchor),
        head: at(head),
        primary: number === mainIndex,
        empty
      }))
    )
  }

  #tell(cursors: Said[]): void {
    const { awareness } = this.#document
    if (JSON.stringify(awareness.getLocalState()?.['cursors']) === JSON.stringify(cursors)) return
    awareness.setLocalStateField('cursors', cursors)
  }

  #drawn(): DecorationSet {
    const drawn: Range<Decoration>[] = []
    for (const [client, state] of this.#document.awareness.getStates()) {
      if (client === this.#own || !Array.isArray(state['cursors'])) continue
      for (const said of state['cursors'] as Said[]) this.#draw(drawn, client, state['user'], said)
    }
    return Decoration.set(drawn, true)
  }

  #draw(drawn: Range<Decoration>[], client: number, user: User | undefined, said: Said): void {
    const [anchor, head] = [this.#place(said.anchor), this.#place(said.head)]
    if (anchor === null || head === null) return
    const style = `--color: ${colorOf(user)}`
    if (anchor !== head) {
      const selection = Decoration.mark({ class: 'remote-selection', attributes: { style } })
      drawn.push(selection.range(Math.min(anchor, head), Math.max(anchor, head)))
    }
    const widget = new Caret(client, JSON.stringify(said.head), nameOf(user), style)
    drawn.push(Decoration.widget({ widget, side: head > anchor ? -1 : 1 }).range(head))
  }

  /** Null if it is in another text. */
  #place(said: unknown): number | null {
    if (!said) return null
    try {
      const at = Y.createRelativePositionFromJSON(said)
      const found = Y.createAbsolutePositionFromRelativePosition(at, this.#document.ydoc)
      if (found?.type !== this.#text) return null
      return Math.min(found.index, this.#view.state.doc.length)
    } catch {
      return null // somebody may say anything
    }
  }
}

/** Its name is seen while it moves: CSS fades what is not made anew. */
class Caret extends WidgetType {
  constructor(
    readonly client: number,
    /** Where they said that they are: it is not they who move when we type before them. */
    readonly at: string,
    readonly name: string,
    readonly style: string
  ) {
    super()
  }

  override eq(other: Caret): boolean {
    const isSame = other.client === this.client && other.at === this.at
    return isSame && other.name === this.name && other.style === this.style
  }

  override toDOM(): HTMLElement {
    const caret = document.createElement('span')
    caret.className = 'remote-cursor'
    caret.style.cssText = this.style
    const name = caret.appendChild(document.createElement('span'))
    name.className = 'name'
    name.textContent = this.name
    return caret
  }
}
