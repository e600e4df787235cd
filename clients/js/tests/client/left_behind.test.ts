// What was typed without a server in a file that is deleted for good: told, taken, dropped.

import 'fake-indexeddb/auto'

import type { RtDocument, RtStore, SocketClass } from '@rtstore/client'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'

import { kept } from '../support/browser.js'
import { line } from '../support/line.js'
import { lab, notebookFile, storeAt, textFile, until } from '../support/server.js'

const sockets: string[] = []

class Noted extends WebSocket {
  constructor(url: string) {
    sockets.push(url)
    super(url)
  }
}

async function closed(page: RtDocument): Promise<void> {
  page.release()
  await until(() => page.isDestroyed, 'the page is closed')
}

/** Edited without a connection, closed, deleted; whoever opens it then is connected. */
async function deletedMeanwhile(
  path: string,
  open: (store: RtStore) => RtDocument,
  edit: (page: RtDocument) => void
): Promise<{ store: () => RtStore; session: string }> {
  const cable = await line(lab.workers[0]!.url)
  const store = (): RtStore =>
    storeAt(0, { baseUrl: cable.url, offline: true, WebSocket: Noted as unknown as SocketClass })
  const first = open(store())
  await first.ready
  await first.flush()
  await closed(first)
  cable.cut()
  const second = open(store())
  await second.ready
  edit(second)
  await closed(second)
  cable.mend()
  await remove(path, second)
  return { store, session: second.session!.sessionId }
}

/** Delete the file that a page had open: when this is done, the store has heard of it. */
async function remove(path: string, page: RtDocument): Promise<void> {
  const headers = { Authorization: `token ${lab.token}` }
  const deleted = await fetch(`${lab.url}api/contents/${path}`, { method: 'DELETE', headers })
  expect(deleted.status).toBe(204)
  const where = `${lab.url}api/fileid/path?id=${page.session!.fileId}`
  const look = async (): Promise<number> => (await fetch(where, { headers })).status
  await expect.poll(look, { timeout: 30_000 }).toBe(404)
}

/** How often a history was asked for since the last time. */
function asked(session: string): number {
  return sockets.splice(0).filter((url) => url.includes(encodeURIComponent(session))).length
}

test('what was typed in a file that is gone is told of, asked for once, and can be taken', async () => {
  const path = textFile('on disk')
  const text = (page: RtDocument) => page.ydoc.getText('source')
  const { store, session } = await deletedMeanwhile(
    path,
    (one) => one.text(path),
    (page) => text(page).insert(0, 'only here, ')
  )
  sockets.length = 0
  const page = store().text(path)
  await until(() => page.hasLeftBehind, 'the page is told')
  await until(() => page.status === 'closed', 'it is closed')
  expect(page.closedWhy).toMatchObject({ kept: false, reloadable: false })
  expect(asked(session)).toBe(1)
  await closed(page)

  const again = store().text(path)
  await until(() => again.hasLeftBehind, 'the next page is told, too')
  await until(() => again.status === 'closed', 'it is closed, too')
  expect(asked(session)).toBe(0)
  await closed(again)

  const now = store()
  const found = (await now.leftBehind()).filter((one) => one.path === path)
  expect(found).toMatchObject([{ path, format: 'text', type: 'file' }])
  expect(found[0]!.reason).not.toBe('')
  expect(await found[0]!.text()).toBe('only here, on disk')
  await found[0]!.drop()
  expect((await now.leftBehind()).filter((one) => one.path === path)).toEqual([])
  expect((await kept()).some((name) => name.endsWith(session))).toBe(false)
})

test('a page that is open with it is told, and keeps showing it', async () => {
  const path = textFile('on disk')
  const cable = await line(lab.workers[0]!.url)
  const options = { baseUrl: cable.url, offline: true }
  const first = storeAt(0, options).text(path)
  await first.ready
  await closed(first)
  cable.cut()
  const store = storeAt(0, options)
  const page = store.text(path)
  await page.ready
  page.ydoc.getText('source').insert(0, 'only here, ')
  await remove(path, page)
  cable.mend()
  await until(() => page.status === 'closed', 'it is closed')
  expect(page.closedWhy).toMatchObject({ code: 4404, kept: false })
  expect([page.hasLeftBehind, page.hasLocalChanges]).toEqual([true, true])
  expect(page.ydoc.getText('source').toString()).toBe('only here, on disk')
  const left = async () => (await store.leftBehind()).filter((one) => one.path === path)
  await expect.poll(left, { timeout: 30_000 }).toHaveLength(1)
})

test('of a notebook it is the notebook', async () => {
  const path = notebookFile('1')
  const { store } = await deletedMeanwhile(
    path,
    (one) => one.notebook(path),
    (page) => {
      const cell = page.ydoc.getArray('cells').get(0) as import('yjs').Map<import('yjs').Text>
      cell.get('source')!.insert(1, ' + 1')
    }
  )
  const page = store().notebook(path)
  await until(() => page.hasLeftBehind, 'the page is told')
  const [left] = (await store().leftBehind()).filter((one) => one.path === path)
  expect(JSON.parse(await left!.text())).toMatchObject({ cells: [{ id: 'cell-0', source: '1 + 1' }], nbformat: 4 })
  expect((await left!.read()).getArray('cells').length).toBe(1)
})
