// A notebook's shared types (jupyter_ydoc's schema) with types, and edits of its cells.

import * as Y from 'yjs'

import { changeTo } from './text.js'

export type CellType = 'code' | 'markdown' | 'raw'
/** One output, as nbformat has it; long ones are links: see "Running cells" in the docs. */
export type Output = { output_type: string; [more: string]: unknown }
export type SharedCell = Y.Map<unknown>

/** A cell to be added. */
export interface NewCell {
  cell_type?: CellType
  source?: string
  id?: string
  metadata?: Record<string, unknown>
}

/** Edits are shared at once, and merge with everybody else's. */
export class NotebookView {
  readonly cells: Y.Array<SharedCell>
  /** `nbformat`, `nbformat_minor` and the shared map `metadata`. */
  readonly meta: Y.Map<unknown>
  #index: Map<string, SharedCell> | undefined

  constructor(readonly ydoc: Y.Doc) {
    this.cells = ydoc.getArray('cells')
    this.meta = ydoc.getMap('meta')
    this.cells.observe(() => (this.#index = undefined))
  }

  /** The cells' ids, in order. */
  get ids(): string[] {
    return this.cells.map((cell) => String(cell.get('id')))
  }

  /** The cell of this id; undefined once somebody deleted it. */
  cell(id: string): SharedCell | undefined {
    this.#index ??= new Map(this.cells.map((cell) => [String(cell.get('id')), cell]))
    return this.#index.get(id)
  }

  /** Where the cell is now; -1 if it is not. */
  indexOf(id: string): number {
    return this.ids.indexOf(id)
  }

  cellType(id: string): CellType | undefined {
    return this.cell(id)?.get('cell_type') as CellType | undefined
  }

  source(id: string): Y.Text | undefined {
    return this.cell(id)?.get('source') as Y.Text | undefined
  }

  /** Make the source say this by the smallest edit. Throws RangeError if there is no such cell. */
  setSource(id: string, text: string): void {
    const source = this.source(id)
    if (!source) throw new RangeError(`no cell ${id}`)
    changeTo(source, text)
  }

  /** A copy; empty for cells that can't run. */
  outputs(id: string): Output[] {
    const outputs = this.cell(id)?.get('outputs')
    return outputs instanceof Y.Array ? (outputs.toJSON() as Output[]) : []
  }

  /** `idle`, `running`, …; undefined for cells that can't run. */
  executionState(id: string): string | undefined {
    return this.cell(id)?.get('execution_state') as string | undefined
  }

  /** The number in its prompt. */
  executionCount(id: string): number | null {
    const count = this.cell(id)?.get('execution_count')
    return count == null ? null : Number(count)
  }

  /** Insert a cell before place `at`, or at the end; returns its id. */
  addCell(cell: NewCell = {}, at = this.cells.length): string {
    const id = cell.id ?? crypto.randomUUID()
    const made = { ...cell, id, cell_type: cell.cell_type ?? 'code' }
    this.transact(() => this.cells.insert(at, [sharedCell(made)]))
    return id
  }

  deleteCell(id: string): void {
    const at = this.indexOf(id)
    if (at >= 0) this.transact(() => this.cells.delete(at))
  }

  /** Move it to place `to`. What somebody types in it in that instant may be lost. */
  moveCell(id: string, to: number): void {
    const from = this.indexOf(id)
    const cell = this.cell(id)
    if (!cell || from === to) return
    const copy = cell.clone()
    this.transact(() => {
      this.cells.delete(from)
      this.cells.insert(Math.max(0, Math.min(to, this.cells.length)), [copy])
    })
  }

  /** Several edits are one for the others. */
  transact<T>(edits: () => T): T {
    return this.ydoc.transact(edits)
  }
}

function sharedCell({ id, cell_type, source, metadata }: NewCell): SharedCell {
  const cell = new Y.Map<unknown>()
  cell.set('id', id)
  cell.set('cell_type', cell_type)
  cell.set('source', new Y.Text(source ?? ''))
  cell.set('metadata', new Y.Map(Object.entries(metadata ?? {})))
  if (cell_type === 'code') {
    cell.set('outputs', new Y.Array())
    cell.set('execution_count', null)
    cell.set('execution_state', 'idle')
  }
  return cell
}

const views = new WeakMap<Y.Doc, NotebookView>()

/** The view of a document; the same one each time. */
export function notebookView(ydoc: Y.Doc): NotebookView {
  let view = views.get(ydoc)
  if (!view) views.set(ydoc, (view = new NotebookView(ydoc)))
  return view
}
