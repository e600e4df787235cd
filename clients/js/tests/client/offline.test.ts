// Documents that a browser keeps: IndexedDB is a fake one, the server is not.

import 'fake-indexeddb/auto'

import { expect, test } from 'vitest'

import { earlierHistory, Unreachable } from '../support/browser.js'
import { line } from '../support/line.js'
import { draftOf, lab, read, storeAt, textFile, until } from '../support/server.js'

test('a kept document opens without a server; what is typed then is sent by the next page', async () => {
  const path = textFile('kept')
  const cable = await line(lab.workers[0]!.url)
  const options = { baseUrl: cable.url, offline: true }
  const first = storeAt(0, options).text(path)
  await first.ready
  await first.flush()
  first.release()
  await until(() => first.isDestroyed, 'the page is closed')

  cable.cut()
  const second = storeAt(0, options).text(path)
  await second.ready
  const text = second.ydoc.getText('source')
  expect(text.toString()).toBe('kept')
  expect(second.isSynced).toBe(false)
  expect(second.hasLocalChanges).toBe(false)
  text.insert(4, ' here')
  expect(second.hasLocalChanges).toBe(true)
  second.release()
  await until(() => second.isDestroyed, 'that page is closed, too')

  const third = storeAt(0, options).text(path)
  await third.ready
  expect(third.ydoc.getText('source').toString()).toBe('kept here')
  expect(third.hasLocalChanges).toBe(true)
  cable.mend()
  await third.flush(20_000)
  const other = storeAt(1).text(path)
  await other.ready
  expect(other.ydoc.getText('source').toString()).toBe('kept here')
})

test('a history that is gone is not merged; what was typed in it becomes a draft', async () => {
  const path = textFile('as it is')
  const earlier = storeAt(0, { offline: true, fetch: earlierHistory, WebSocket: Unreachable }).text(path)
  await until(() => earlier.session, 'it has the session')
  earlier.ydoc.getText('source').insert(0, 'never sent')
  earlier.release()
  await until(() => earlier.isDestroyed, 'the page is closed')

  const now = storeAt(0, { offline: true }).text(path)
  await until(() => now.isSynced, 'it is here')
  expect(now.session?.sessionId).not.toBe(earlier.session?.sessionId)
  const draft = await until(() => draftOf(path), 'there is a draft beside the file')
  await until(() => read(draft!).includes('never sent'), 'it has what was typed')
  expect(now.ydoc.getText('source').toString()).toBe('as it is')
})

test('a page whose history is gone is told, keeps its copy, and opens it anew', async () => {
  const path = textFile('as it is')
  const store = storeAt(0, { fetch: earlierHistory })
  const earlier = store.text(path)
  earlier.ydoc.getText('source').insert(0, 'mine')
  await until(() => earlier.status === 'closed', 'it is closed')
  expect(earlier.closedWhy).toMatchObject({ code: 1003, reloadable: true, kept: true })
  expect(earlier.ydoc.getText('source').toString()).toBe('mine')
  await until(() => draftOf(path), 'there is a draft beside the file')
  expect(store.text(path)).not.toBe(earlier)
})
