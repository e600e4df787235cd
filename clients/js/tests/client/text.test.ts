// The smallest edit between two texts.

import { changeTo, difference } from '@rtstore/client'
import { expect, test } from 'vitest'
import * as Y from 'yjs'

test.each([
  ['', '', 0, 0, ''],
  ['abc', 'abc', 3, 3, ''],
  ['abc', 'aXc', 1, 2, 'X'],
  ['aaa', 'aa', 2, 3, ''],
  ['aa', 'aaa', 2, 2, 'a'],
  ['a🎉b', 'a🎊b', 1, 3, '🎊'],
  ['🎉', '🎉🎉', 2, 2, '🎉'],
  ['x🐉', 'x🐊', 1, 3, '🐊'],
  ['\u{1F389}', '\u{1F789}', 0, 2, '\u{1F789}']
])('%j to %j', (before, after, start, end, added) => {
  expect(difference(before, after)).toEqual({ start, end, added })
})

test('any text becomes any other, and never a half character', () => {
  const letters = ['a', 'b', '🎉', '🎊', 'é', '\n', '\u{1F789}']
  const any = (): string =>
    Array.from({ length: Math.floor(Math.random() * 8) }, () => letters[Math.floor(Math.random() * letters.length)]).join('')
  const text = new Y.Doc().getText('t')
  for (let turn = 0; turn < 500; turn += 1) {
    const [before, wanted] = [text.toString(), any()]
    changeTo(text, wanted)
    expect(text.toString(), `from ${JSON.stringify(before)}`).toBe(wanted)
  }
})

test('what others type meanwhile stays', () => {
  const [one, other] = [new Y.Doc(), new Y.Doc()]
  changeTo(one.getText('t'), 'the colour of the sky')
  Y.applyUpdate(other, Y.encodeStateAsUpdate(one))
  changeTo(one.getText('t'), 'the color of the sky')
  changeTo(other.getText('t'), 'the colour of the sea')
  Y.applyUpdate(one, Y.encodeStateAsUpdate(other))
  expect(one.getText('t').toString()).toBe('the color of the sea')
})
