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
    const ended: string[] = []
    for (const { target, keys } of events) {
      if (!(target instanceof Y.Map) || !keys.has('execution_state')) continue
      const cell = String(target.get('id'))
      if (target.get('execution_state') !== 'running') {
        if (this.#asked.has(cell)) ended.push(cell)
        continue
      }
      this.#asked.set(cell, this.#asked.get(cell) ?? now)
      this.#took.delete(cell)
    }
    // Quick ones are told of together with the one before: of those nobody here knows how long.
    ended.sort((one, other) => Number(this.#began.has(other)) - Number(this.#began.has(one)))
    for (const cell of ended) this.#end(cell, now)
  }

  #end(cell: string, now: number): void {
    const since = this.#began.get(cell) ?? Math.max(this.#asked.get(cell)!, this.#endedLast)
    if (since < now) this.#took.set(cell, now - since)
    this.#endedLast = now
    this.#asked.delete(cell)
    this.#began.delete(cell)
  }
}
