// How long cells ran, as this page saw it: the document says when one was asked for and when it
// was over, the kernel's record when it was its turn.

import { type LiveRoom, notebookView, type RtDocument, type ServerTables } from '@rtstore/client'
import * as Y from 'yjs'

import { kernelOf } from './kernels.js'

export class RunClock {
  readonly #document: RtDocument
  readonly #server: LiveRoom<ServerTables>
  readonly #asked = new Map<string, number>()
  readonly #began = new Map<string, number>()
  readonly #took = new Map<string, number>()
  /** A cell that was not seen to begin, began then at the earliest. */
  #endedLast = 0

  constructor(document: RtDocument, server: LiveRoom<ServerTables>) {
    this.#document = document
    this.#server = server
  }

  /** Watch until what this returns is called. */
  start(): () => void {
    const { cells } = notebookView(this.#document.ydoc)
    const stop = this.#server.subscribe(() => this.#turned(), 'kernels')
    cells.observeDeep(this.#changed)
    return () => {
      stop()
      cells.unobserveDeep(this.#changed)
    }
  }

  /** Since when it is the cell's turn; undefined if it is not. On the clock of `performance`. */
  since(cell: string): number | undefined {
    return this.#began.get(cell)
  }

  /** How many ms its last run was; undefined if this page did not see that. */
  took(cell: string): number | undefined {
    return this.#took.get(cell)
  }

  #turned(): void {
    const cell = kernelOf(this.#server, this.#document.path)?.run?.cell
    if (cell && !this.#began.has(cell)) this.#began.set(cell, performance.now())
  }

  readonly #changed = (events: Y.YEvent<any>[]): void => {
    const now = performance.now()
    const ended = this.#endedLast
    for (const { target, keys } of events) {
      if (!(target instanceof Y.Map) || !keys.has('execution_state')) continue
      const cell = String(target.get('id'))
      if (target.get('execution_state') === 'running') {
        this.#asked.set(cell, this.#asked.get(cell) ?? now)
        this.#took.delete(cell)
      } else if (this.#asked.has(cell)) {
        const asked = this.#asked.get(cell)!
        this.#took.set(cell, now - (this.#began.get(cell) ?? Math.max(asked, ended)))
        this.#endedLast = now
        this.#asked.delete(cell)
        this.#began.delete(cell)
      }
    }
  }
}
