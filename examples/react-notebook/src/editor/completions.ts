// What the kernel would write here (Ctrl+Space).

import type { CompletionContext, CompletionResult, CompletionSource } from '@codemirror/autocomplete'

import { kernelOf } from '../kernels.js'
import type { Notebook } from '../notebook.js'

interface Reply {
  matches?: string[]
  cursor_start?: number
  cursor_end?: number
}

export function kernelCompletions(notebook: () => Notebook): CompletionSource {
  return async ({ state, pos }: CompletionContext): Promise<CompletionResult | null> => {
    const { store, document } = notebook()
    const kernel = kernelOf(store.peekServer(), document.path)
    if (!kernel) return null
    const source = state.doc.toString()
    const params = { kernel_id: kernel.id, code: source, cursor_pos: points(source, pos) }
    const { result } = await store.request('kernel.complete', params)
    const { matches = [], cursor_start = 0, cursor_end } = result as Reply
    return {
      from: units(source, cursor_start),
      to: cursor_end === undefined ? pos : units(source, cursor_end),
      options: matches.map((label) => ({ label }))
    }
  }
}

/** Kernels count characters, JavaScript counts halves of some. */
function points(text: string, units: number): number {
  return [...text.slice(0, units)].length
}

function units(text: string, points: number): number {
  return [...text].slice(0, points).join('').length
}
