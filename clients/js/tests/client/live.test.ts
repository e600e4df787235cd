// What the server has, live, and what it can be asked to do.

import {
  notebookView,
  type Question,
  RtActionError,
  RtClosedError,
  type SocketClass
} from '@rtstore/client'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'

import { line } from '../support/line.js'
import { fresh, lab, notebookFile, storeAt, two, until, write } from '../support/server.js'

test('a kernel is seen from its start to its end; what did not change stays the same', async () => {
  const [ann, bob] = two()
  const [one, other] = [ann.server(), bob.server()]
  await Promise.all([one.ready, other.ready])
  const { id, user } = await ann.whoami()
  expect(one.room).toBe(`server:${id}`)
  expect(user.username).toBeTruthy()
  for (const room of [one, other]) {
    await until(() => room.get('kernelspecs', 'python3')?.spec, 'the specs are here: the lab has just begun')
  }

  const started = await ann.request('kernel.start', { name: 'python3' })
  expect(started.state).toBe('ok')
  const kernel = started.result.kernel_id
  await until(() => other.get('kernels', kernel), 'bob sees it')
  const specs = other.tables.kernelspecs
  let seen = 0
  other.subscribe(() => (seen += 1), 'kernels', kernel)
  await bob.request('kernel.restart', { kernel_id: kernel })
  await until(() => one.get('kernels', kernel)?.starts === 2, 'ann sees the restart')
  await ann.interrupt(kernel)
  await ann.request('kernel.shutdown', { kernel_id: kernel })
  await until(() => !other.get('kernels', kernel), 'bob sees that it is gone')
  expect(seen).toBeGreaterThan(1)
  expect(other.tables.kernelspecs).toBe(specs)
})

test('an action under the same id is done once; what is wrong is said', async () => {
  const store = storeAt()
  const path = fresh('.txt')
  const asked = { path, content: 'x', format: 'text' as const }
  const id = `own-${Date.now()}`
  const [one, again] = await Promise.all([
    store.request('contents.upload', asked, { id }),
    store.request('contents.upload', asked, { id })
  ])
  expect(one.id).toBe(again.id)
  expect(one.requested).toBe(again.requested)

  // @ts-expect-error: what an action takes is known
  const bad = store.request('kernel.restart', { kernel: 'x' })
  await expect(bad).rejects.toMatchObject({ name: 'RtActionError', status: 400, record: null })
  const gone = store.request('kernel.restart', { kernel_id: 'none' })
  await expect(gone).rejects.toThrow(RtActionError)
  await expect(gone).rejects.toMatchObject({ status: 404, record: { state: 'error' } })
})

test('more actions at a time than a browser has connections', async () => {
  const store = storeAt(0)
  const paths = Array.from({ length: 12 }, () => notebookFile('1'))
  const created = paths.map((path) => store.request('checkpoint.create', { path }))
  for (const { state } of await Promise.all(created)) expect(state).toBe('ok')
})

test('a directory is seen as it changes, whoever changes it', async () => {
  const name = fresh('')
  write(`${name}/first.txt`, '12345')
  const room = storeAt(1).directory(`/${name}/`)
  await room.ready
  expect(room.get('directory', 'directory')).toMatchObject({ path: name, state: 'ok' })
  expect(room.get('contents', 'first.txt')).toMatchObject({ type: 'file', size: 5 })
  const first = room.get('contents', 'first.txt')
  write(`${name}/second.txt`, '')
  await until(() => room.get('contents', 'second.txt'), 'the second is seen')
  expect(room.get('contents', 'first.txt')).toBe(first)
})

test('a directory that does not exist is refused', async () => {
  const room = storeAt(0).directory(fresh(''))
  await expect(room.ready).rejects.toThrow(RtClosedError)
  expect(room.closedWhy?.code).toBe(4404)
})

test('after a lost connection a room has what it missed', async () => {
  const name = fresh('')
  write(`${name}/a`, '')
  const cable = await line(lab.workers[0]!.url)
  const room = storeAt(0, { baseUrl: cable.url }).directory(name)
  await room.ready
  const before = room.get('contents', 'a')
  cable.cut()
  await until(() => room.status !== 'connected', 'it is cut off')
  expect(room.get('contents', 'a')).toBe(before)
  write(`${name}/b`, '')
  cable.mend()
  await until(() => room.get('contents', 'b'), 'it has the new one', 20_000)
  expect(room.get('contents', 'a')).toBe(before)
})

test('a cell is run, and its outputs come with the document', async () => {
  const store = storeAt(0)
  const path = notebookFile('print(6 * 7)', '1 / 0')
  const notebook = storeAt(1).notebook(path)
  await notebook.ready
  const view = notebookView(notebook.ydoc)
  const { kernel_id, runs } = await store.runCell(path, 'cell-0')
  expect(runs).toMatchObject([{ cell: 'cell-0', state: 'ok' }])
  await until(() => JSON.stringify(view.outputs('cell-0')).includes('42'), 'the output is here')
  await until(() => view.executionState('cell-0') === 'idle', 'it is over')
  expect(view.executionCount('cell-0')).toBe(1)

  const own = store.notebook(path)
  await own.ready
  for (const count of [2, 3, 4]) {
    await store.runCell(path, 'cell-0')
    expect(notebookView(own.ydoc).executionCount('cell-0')).toBe(count)
    expect(JSON.stringify(notebookView(own.ydoc).outputs('cell-0'))).toContain('42')
  }

  const failed = await store.runCell(path, ['cell-1'])
  expect(failed.runs).toMatchObject([{ cell: 'cell-1', state: 'error' }])
  const all = await store.runs(path)
  expect(Object.values(all)).toEqual(
    expect.arrayContaining([expect.objectContaining({ kernel: kernel_id })])
  )
})

test.each([
  ['', (path: string) => path],
  [', under another way to say its path', (path: string) => `/${path}`],
  [', after it was renamed', (path: string) => `renamed-${path}`]
])('what was typed last is what runs, however late it arrives%s', async (_how, now) => {
  const held: (() => void)[] = []
  let isHeld = false
  class Slow extends WebSocket {
    override send(data: Uint8Array): void {
      if (isHeld) held.push(() => super.send(data))
      else super.send(data)
    }
  }
  const asked: string[] = []
  const store = storeAt(0, {
    WebSocket: Slow as unknown as SocketClass,
    fetch: (url, how) => {
      asked.push(String(url))
      return fetch(url, how)
    }
  })
  const path = notebookFile('print("old")')
  const notebook = store.notebook(path)
  await notebook.ready
  const view = notebookView(notebook.ydoc)
  const wanted = now(path)
  if (wanted.startsWith('renamed')) {
    await storeAt(1).request('contents.rename', { path, new_path: wanted })
    await until(() => notebook.path === wanted, 'it is known under its new name')
  }
  isHeld = true
  view.setSource('cell-0', 'print("new")')
  const run = store.runCell(wanted, 'cell-0')
  await until(() => held.length > 0, 'it is on its way')
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(asked.filter((url) => url.includes('actions'))).toEqual([])
  isHeld = false
  for (const send of held) send()
  await run
  await until(() => JSON.stringify(view.outputs('cell-0')).includes('new'), 'it ran')
})

test('a question of a cell is answered, and a run that waits is taken out', async () => {
  const store = storeAt(0)
  const path = notebookFile('name = input("who? "); print("hello", name)', 'print(2)')
  const room = store.server()
  await room.ready
  const asked = store.runCell(path, 'cell-0')
  const kernel = await until(
    () => [...(room.tables.kernels?.values() ?? [])].find((one) => one.path === path && one.run),
    'it runs',
    20_000
  )
  const queued = store.runCell(path, 'cell-1')
  const waits = await until2(async () =>
    Object.entries(await store.runs(path)).find(([cell]) => cell === 'cell-1')
  )
  const run = await until2(async () => {
    const told = await store.fetchJson<{ prompt?: string }>(
      'GET',
      `rtstore/runs/${kernel!.id}/${kernel!.run!.id}`
    )
    return told.prompt
  })
  expect(run).toContain('who?')
  await store.cancelRun(kernel!.id, waits![1].run)
  await store.answerInput(kernel!.id, kernel!.run!.id, 'Ada')
  expect((await asked).runs).toMatchObject([{ state: 'ok' }])
  expect((await queued).runs).toMatchObject([{ state: 'aborted' }])
})

test('an answer is for the question that was read, and for no later one', async () => {
  const store = storeAt(0)
  const path = notebookFile(
    'from getpass import getpass\nfirst = input("go on? ")\nsecond = getpass("delete all? ")'
  )
  const room = store.server()
  await room.ready
  const asked = store.runCell(path, 'cell-0')
  const { id, run } = await until2(async () =>
    [...(room.tables.kernels?.values() ?? [])].find((one) => one.path === path && one.run)
  )
  const next = (prompt: string): Promise<Question> =>
    until2(async () => {
      const question = await store.question(id, run!.id)
      return question.prompt === prompt ? question : undefined
    })
  const first = await next('go on? ')
  expect(first).toMatchObject({ waits: true, password: false })
  await store.answerInput(id, run!.id, 'yes', { promptId: first.prompt_id })
  const second = await next('delete all? ')
  expect(second).toMatchObject({ waits: true, password: true })
  const late = store.answerInput(id, run!.id, 'yes', { promptId: first.prompt_id })
  await expect(late).rejects.toMatchObject({ status: 409 })
  expect(await store.question(id, run!.id)).toEqual(second)
  await store.answerInput(id, run!.id, 'no', { promptId: second.prompt_id })
  expect((await asked).runs).toMatchObject([{ state: 'ok' }])
  expect(await store.question(id, run!.id)).toMatchObject({ waits: false, prompt_id: '' })
})

async function until2<T>(ask: () => Promise<T>): Promise<NonNullable<T>> {
  const end = Date.now() + 30_000
  for (;;) {
    const found = await ask()
    if (found) return found
    if (Date.now() > end) throw new Error('not in time')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
