// What was typed without a server in a history that is gone: it is in this browser, or in a draft.

import 'fake-indexeddb/auto'

import type { RtDocument, RtStoreOptions, SocketClass, SocketLike } from '@rtstore/client'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'

import { earlierHistory, historyCalled, hold, kept, Unreachable } from '../support/browser.js'
import { draftOf, lab, read, storeAt, textFile, until } from '../support/server.js'

const OURS = { offline: true, token: lab.token }

/** Typed on a page that never had a connection; the name of what the browser keeps of it. */
async function typedUnsent(path: string, history = earlierHistory): Promise<string> {
  const page = open(path, { fetch: history, WebSocket: Unreachable })
  await until(() => page.session, 'it has the session')
  page.ydoc.getText('source').insert(0, 'never sent')
  const name = await until2(async () => (await kept()).find((one) => isOf(one, page)))
  await closed(page)
  return name
}

function open(path: string, options: Partial<RtStoreOptions> = {}): RtDocument {
  return storeAt(0, { ...OURS, ...options }).text(path)
}

const isOf = (name: string, page: RtDocument): boolean => name.endsWith(page.session!.sessionId)

async function closed(page: RtDocument): Promise<void> {
  page.release()
  await until(() => page.isDestroyed, 'the page is closed')
}

/** It is opened by a page that hands it in; then the draft is there, and nothing is kept. */
async function becomesADraft(path: string, name: string): Promise<void> {
  const page = open(path)
  const draft = await until(() => draftOf(path), 'there is a draft beside the file')
  await until(() => read(draft!).includes('never sent'), 'it has what was typed')
  await until2(async () => !(await kept()).includes(name))
  await closed(page)
}

test('what can be handed in is forgotten here', async () => {
  const path = textFile('as it is')
  await becomesADraft(path, await typedUnsent(path))
})

test('who may not open it now keeps what was typed', async () => {
  const path = textFile('as it is')
  const name = await typedUnsent(path)
  const answers: number[] = []
  const now = open(path, {
    fetch: async (...asked) => {
      const answer = answers.length === 0 ? await fetch(...asked) : new Response('{}', { status: 403 })
      answers.push(answer.status)
      return answer
    }
  })
  await now.ready
  await until(() => answers.includes(403), 'handing it in is refused')
  await pause()
  expect(await kept()).toContain(name)
  await closed(now)
  await becomesADraft(path, name)
})

test('a server that kept no draft leaves it here, and is asked once by each page', async () => {
  const path = textFile('as it is')
  const name = await typedUnsent(path)
  for (const page of [1, 2]) {
    const sockets: string[] = []
    const now = open(path, { WebSocket: without(GONE, sockets) })
    await until(() => now.isSynced, 'it is here')
    await until(() => sockets.some((url) => url.endsWith('closed')), 'the earlier one was refused')
    await pause()
    expect(sockets.filter((url) => url.includes('earlier'))).toHaveLength(1)
    expect(await kept(), `page ${page}`).toContain(name)
    await closed(now)
  }
  await becomesADraft(path, name)
})

test('a page that is told so while it is open leaves it here, too', async () => {
  const path = textFile('as it is')
  const name = await typedUnsent(path)
  const earlier = open(path, { fetch: earlierHistory, WebSocket: without(GONE) })
  await until(() => earlier.status === 'closed', 'it is closed')
  expect(earlier.closedWhy).toMatchObject({ code: 1003, reloadable: true, kept: false })
  expect(earlier.hasLocalChanges).toBe(true)
  await pause()
  expect(await kept()).toContain(name)
  await closed(earlier)
  await becomesADraft(path, name)
})

test('a history that the server never had is asked for nothing, and stays here', async () => {
  const path = textFile('as it is')
  const strange = historyCalled('strange')
  const name = await typedUnsent(path, strange)
  const page = open(path, { fetch: strange })
  await until(() => page.status === 'closed', 'it is closed')
  expect(page.closedWhy).toMatchObject({ code: 1003, reloadable: true, kept: false })
  await closed(page)
  const now = open(path)
  await until(() => now.isSynced, 'it is here')
  await pause()
  expect(await kept()).toContain(name)
})

test('nothing is handed in before it is read', async () => {
  const path = textFile('as it is')
  const name = await typedUnsent(path)
  const goOn = await hold(name)
  const sockets: string[] = []
  const now = open(path, { WebSocket: without('', sockets) })
  await until(() => now.isSynced, 'it is here')
  await pause()
  goOn()
  await until(() => draftOf(path), 'there is a draft beside the file')
})

test('what is typed after the last words stays here', async () => {
  const path = textFile('as it is')
  const name = await typedUnsent(path)
  const page = open(path, { fetch: earlierHistory, WebSocket: Listening })
  Listening.heard = () => page.ydoc.getText('source').insert(0, 'more, ')
  await until(() => page.status === 'closed', 'it is closed')
  expect(page.closedWhy).toMatchObject({ code: 1003, kept: true })
  await pause()
  expect(await kept()).toContain(name)
  await closed(page)
})

const GONE = '{"reason":"unknown_session","reloadable":true}'

/** Sockets of which those into an earlier history are closed for this reason. */
function without(reason: string, opened: string[] = []): SocketClass {
  return class extends WebSocket {
    constructor(url: string) {
      super(url)
      opened.push(url)
      if (!reason || !url.includes('earlier')) return
      this.on('open', () => {
        opened.push('closed')
        const { onclose } = this as unknown as SocketLike
        onclose?.({ code: 1003, reason })
      })
    }
  } as unknown as SocketClass
}

/** The server's side of the last words. */
class Listening extends Unreachable {
  static heard = (): void => {}
  override onopen: SocketLike['onopen'] = null
  override onmessage: SocketLike['onmessage'] = null
  override connect(): void {
    this.onopen?.({})
    this.onmessage?.({ data: Uint8Array.of(0, 0, 1, 0).buffer }) // what do you have?
  }
  override send(data: Uint8Array): void {
    if (data[0] !== 0 || data[1] !== 1) return // only the answer counts
    Listening.heard()
    const reason = `${GONE.slice(0, -1)},"kept":true}`
    setTimeout(() => this.onclose?.({ code: 1003, reason }), 10)
  }
}

/** As long as what must not happen would take. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 300))
}

async function until2<T>(ask: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + 30_000
  for (;;) {
    const found = await ask()
    if (found) return found
    if (Date.now() > end) throw new Error('not in time')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
