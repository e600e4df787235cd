// Documents that a browser keeps: IndexedDB is a fake one, the server is not.

import 'fake-indexeddb/auto'

import { readdirSync } from 'node:fs'

import { notebookView, RtStore } from '@rtstore/client'
import { expect, test } from 'vitest'

import { line } from '../support/line.js'
import { lab, notebookFile, storeAt, textFile, until } from '../support/server.js'

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
  const path = notebookFile('x = 1')
  const cable = await line(lab.workers[0]!.url)
  const options = { baseUrl: cable.url, offline: true }
  const first = storeAt(0, options).notebook(path)
  await first.ready
  await first.flush()
  cable.cut()
  await until(() => first.status !== 'connected', 'it is cut off')
  notebookView(first.ydoc).setSource('cell-0', 'never sent')
  first.release()
  await until(() => first.isDestroyed, 'the page is closed')

  await retype(storeAt(1), path)
  cable.mend()
  const second = storeAt(0, options).notebook(path)
  await second.ready
  const cells = notebookView(second.ydoc)
  await until(() => second.isSynced, 'it is here')
  expect(second.session?.sessionId).not.toBe(first.session?.sessionId)
  expect(cells.ids).toEqual(['cell-0'])
  expect(cells.source('cell-0')?.toString()).toBe('x = 1')
  const drafts = (): string[] => readdirSync(lab.notes).filter((name) => name !== path && name.startsWith(path.slice(0, -6)))
  await until(() => drafts().length > 0, 'there is a draft beside the file')
  await second.flush()
  expect(cells.source('cell-0')?.toString()).toBe('x = 1')
})

test('a page that is open while its history goes is told, and keeps its copy', async () => {
  const path = notebookFile('y = 1')
  const cable = await line(lab.workers[0]!.url)
  const open = storeAt(0, { baseUrl: cable.url }).notebook(path)
  await open.ready
  await open.flush()
  cable.cut()
  await until(() => open.status !== 'connected', 'it is cut off')
  notebookView(open.ydoc).setSource('cell-0', 'mine')
  await retype(storeAt(1), path)
  cable.mend()
  await until(() => open.status === 'closed', 'it is closed', 20_000)
  expect(open.closedWhy).toMatchObject({ code: 1003, reloadable: true })
  expect(notebookView(open.ydoc).source('cell-0')?.toString()).toBe('mine')
})

/** End the document's history: it is opened as a text, and as a notebook again. */
async function retype(store: RtStore, path: string): Promise<void> {
  for (const open of [store.text(path), store.notebook(path)]) {
    // It can only be had once nobody else has it and it is saved: it is closed until then.
    await open.ready.catch(() => {})
    open.release()
    await until(() => open.isDestroyed, 'it is left')
  }
}
