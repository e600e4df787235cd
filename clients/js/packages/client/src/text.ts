// Edits of shared text that leave alone what others type.

import type * as Y from 'yjs'

/** Make `text` say `wanted` by one insertion and one deletion, the smallest that lead there. */
export function changeTo(text: Y.Text, wanted: string): void {
  const now = text.toString()
  const { start, end, added } = difference(now, wanted)
  if (start === end && !added) return
  const change = (): void => {
    if (end > start) text.delete(start, end - start)
    if (added) text.insert(start, added)
  }
  if (text.doc) text.doc.transact(change)
  else change()
}

/** What of `before` (from `start` to `end`) is replaced by `added`; never half a character. */
export function difference(
  before: string,
  after: string
): { start: number; end: number; added: string } {
  const shorter = Math.min(before.length, after.length)
  let start = 0
  while (start < shorter && before[start] === after[start]) start += 1
  if (start > 0 && isHighSurrogate(before, start - 1)) start -= 1
  let tail = 0
  while (tail < shorter - start && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1
  if (tail > 0 && isLowSurrogate(before, before.length - tail)) tail -= 1
  return { start, end: before.length - tail, added: after.slice(start, after.length - tail) }
}

function isHighSurrogate(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xd800
}

function isLowSurrogate(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xdc00
}
