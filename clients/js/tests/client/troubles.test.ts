// What passes is tried again: tokens that nobody gives, half answers. What never will is said.

import 'fake-indexeddb/auto'

import type { SocketClass } from '@rtstore/client'
import { expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'

import { hold, kept } from '../support/browser.js'
import { line } from '../support/line.js'
import { fresh, lab, storeAt, textFile, until, write } from '../support/server.js'

/** A token function that throws so many times first, whenever `fail` was called. */
function failing(): { token: () => Promise<string>; fail(times: number): void; left(): number } {
  let left = 0
  const token = async (): Promise<string> => {
    if (left > 0) throw new Error(`not now, ${left--}`)
    return lab.token
  }
  return { token, fail: (times) => void (left = times), left: () => left }
}

test('a token function that fails for a while closes nothing, and nothing kept is lost', async () => {
  const path = textFile('x')
  const cable = await line(lab.workers[0]!.url)
  const { token, fail, left } = failing()
  const document = storeAt(0, { baseUrl: cable.url, token, offline: true }).text(path)
  await document.ready
  await document.flush()
  const isKept = async (): Promise<boolean> =>
    (await kept()).some((name) => name.endsWith(document.session!.sessionId))
  expect(await isKept()).toBe(true)
  fail(2)
  cable.cut()
  await until(() => left() === 0, 'the token was asked for twice')
  cable.mend()
  await until(() => document.isSynced, 'it is connected again')
  document.ydoc.getText('source').insert(0, 'still ')
  await document.flush()
  expect(await isKept()).toBe(true)
})

test('neither does it close a room, nor end a request', async () => {
  const name = fresh('')
  write(`${name}/a`, '')
  const { token, fail, left } = failing()
  fail(2)
  const store = storeAt(0, { token })
  const room = store.directory(name)
  await room.ready
  expect(left()).toBe(0)
  fail(1)
  await expect(store.whoami()).rejects.toMatchObject({ name: 'RtHttpError', status: 0 })
  fail(1)
  const { state } = await store.request('contents.upload', {
    path: `${name}/b`,
    content: 'x',
    format: 'text'
  })
  expect(state).toBe('ok')
})

test('half an answer is none', async () => {
  const path = textFile('x')
  const statuses = [200, 403]
  const store = storeAt(0, {
    fetch: async (...asked) => {
      const status = statuses.shift()
      return status ? new Response(half('{"format": "te'), { status }) : fetch(...asked)
    }
  })
  await store.text(path).ready
  expect(statuses).toEqual([])
})

test('what is not known is tried again', async () => {
  const logged = vi.spyOn(console, 'error').mockReturnValue()
  let isFirst = true
  class Odd extends WebSocket {
    constructor(url: string) {
      super(url)
      this.on('error', () => {})
      if (!isFirst) return
      isFirst = false
      throw new TypeError('odd')
    }
  }
  const document = storeAt(0, { WebSocket: Odd as unknown as SocketClass }).text(textFile('x'))
  await document.ready
  expect(logged).toHaveBeenCalledOnce()
  vi.restoreAllMocks()
})

test('what can never get better is for good', async () => {
  class Forbidden {
    constructor() {
      throw new DOMException('an insecure socket in a secure page', 'SecurityError')
    }
  }
  const options = { WebSocket: Forbidden as unknown as SocketClass }
  const insecure = storeAt(0, options).text(textFile('x'))
  await expect(insecure.ready).rejects.toThrow(/insecure/)
  expect(insecure.closedWhy).toMatchObject({ code: 4500, reloadable: false })

  const unnamed = storeAt(0).text('\ud800.txt')
  await expect(unnamed.ready).rejects.toMatchObject({ why: { code: 4400 } })

  vi.stubGlobal('WebSocket', undefined)
  const socketless = storeAt(0, { WebSocket: undefined }).text(textFile('x'))
  await expect(socketless.ready).rejects.toThrow(/give RtStore one/)
  vi.unstubAllGlobals()
})

test('the server answers while this browser looks for what it kept, and it kept nothing', async () => {
  const other = storeAt(0, { offline: true }).text(textFile('so that there is a database'))
  await until(() => other.isSynced, 'it is here')
  const goOn = await hold('rtstore sessions')
  const looked = vi.spyOn(indexedDB, 'open')
  const document = storeAt(0, {
    offline: true,
    fetch: async (...asked) => {
      const answer = await fetch(...asked)
      await until(() => looked.mock.calls.length > 0, 'it looks')
      setTimeout(goOn, 100)
      return answer
    }
  }).text(textFile('x'))
  await document.ready
  expect(document.ydoc.getText('source').toString()).toBe('x')
  expect(await kept()).toContainEqual(expect.stringContaining(document.session!.fileId))
  vi.restoreAllMocks()
})

/** A body of which no more comes. */
function half(text: string): ReadableStream {
  return new ReadableStream({
    start: (body) => {
      body.enqueue(new TextEncoder().encode(text))
      setTimeout(() => body.error(new TypeError('terminated')), 10)
    }
  })
}
