// The lab as tests use it: stores of its two workers, files, waiting.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { RtStore, type RtStoreOptions, type SocketClass } from '@rtstore/client'
import { inject, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'

export interface Lab {
  url: string
  token: string
  workers: { url: string; pid: number }[]
  /** The server's folder of files. */
  notes: string
}

export const lab = inject('lab')

let names = 0

/** A file name that no other test has. */
export function fresh(suffix: string): string {
  names += 1
  return `js-${process.pid}-${Date.now().toString(36)}-${names}${suffix}`
}

/** A store of the Jupyter server; with a number, of that worker. Ends with the test. */
export function storeAt(worker?: number, options: Partial<RtStoreOptions> = {}): RtStore {
  const baseUrl = worker === undefined ? lab.url : lab.workers[worker]!.url
  const store = new RtStore({
    baseUrl,
    token: lab.token,
    WebSocket: WebSocket as unknown as SocketClass,
    ...options
  })
  onTestFinished(() => store.destroy())
  return store
}

/** Two people on two workers. */
export function two(): [RtStore, RtStore] {
  return [storeAt(0), storeAt(1)]
}

export function write(path: string, content: string): void {
  mkdirSync(dirname(join(lab.notes, path)), { recursive: true })
  writeFileSync(join(lab.notes, path), content)
}

export function read(path: string): string {
  return readFileSync(join(lab.notes, path), 'utf8')
}

/** The name of the draft beside a file of the root, if there is one. */
export function draftOf(path: string): string | undefined {
  const [stem] = path.split('.')
  return readdirSync(lab.notes).find((name) => name !== path && name.startsWith(`${stem}`))
}

/** A new text file; its path. */
export function textFile(content: string): string {
  const path = fresh('.txt')
  write(path, content)
  return path
}

/** A new notebook of code cells `cell-0`, `cell-1`, …; its path. */
export function notebookFile(...sources: string[]): string {
  const path = fresh('.ipynb')
  const cells = sources.map((source, number) => ({
    cell_type: 'code',
    execution_count: null,
    id: `cell-${number}`,
    metadata: {},
    outputs: [],
    source
  }))
  const kernelspec = { name: 'python3', display_name: 'Python 3' }
  const notebook = { cells, metadata: { kernelspec }, nbformat: 4, nbformat_minor: 5 }
  write(path, JSON.stringify(notebook))
  return path
}

/** Wait until it is so; then what it gave. */
export async function until<T>(look: () => T, what: string, withinMs = 30_000): Promise<T> {
  const end = performance.now() + withinMs
  for (;;) {
    const found = look()
    if (found) return found
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
