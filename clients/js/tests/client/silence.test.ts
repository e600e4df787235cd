// Connections that hang: nothing is heard, and nobody closes them. And some that are only quiet.

import { afterEach, expect, test, vi } from 'vitest'

import { line } from '../support/line.js'
import { fresh, lab, storeAt, textFile, until, write } from '../support/server.js'

const real = Date.now

afterEach(() => void vi.restoreAllMocks())

/** The page's clock goes on by so much at once. */
function later(ms: number): void {
  vi.spyOn(Date, 'now').mockImplementation(() => real() + ms)
}

/** What was on its way is here: later it would count as heard by the new clock. */
function heard(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 300))
}

test('after 30 s of silence another connection is made', async () => {
  const path = textFile('x')
  const cable = await line(lab.workers[0]!.url)
  const document = storeAt(0, { baseUrl: cable.url }).text(path)
  await document.ready
  const states: string[] = []
  document.subscribe(() => states.push(document.status))
  cable.hang()
  await heard()
  document.ydoc.getText('source').insert(0, 'said into the void, ')
  later(31_000)
  await until(() => states.includes('disconnected'), 'it gave up')
  await document.flush(30_000)
  const other = storeAt(1).text(path)
  await other.ready
  expect(other.ydoc.getText('source').toString()).toBe('said into the void, x')
})

test('a quiet document and a quiet room are asked for a word, and stay', async () => {
  const name = fresh('')
  write(`${name}/a`, '')
  const cable = await line(lab.workers[0]!.url)
  const store = storeAt(0, { baseUrl: cable.url })
  const [document, room] = [store.text(textFile('x')), store.directory(name)]
  await Promise.all([document.ready, room.ready])
  const states: string[] = []
  document.subscribe(() => states.push(document.status))
  room.subscribe(() => states.push(room.status))
  await heard()
  // The server says a word of its own now and then: on time, and that would be enough.
  let answered = cable.hush()
  later(26_000)
  await until(() => answered() === 2, 'both are asked, and have an answer')
  await heard()
  answered = cable.hush()
  later(57_000)
  await until(() => answered() === 2, 'and again')
  expect(states.filter((state) => state !== 'connected')).toEqual([])
})
