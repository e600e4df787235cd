// Documents of two people on two workers of a real server.

import { changeTo, notebookView, RtClosedError, RtNotSentError } from '@rtstore/client'
import { expect, test } from 'vitest'

import { line } from '../support/line.js'
import { fresh, lab, notebookFile, read, storeAt, textFile, two, until } from '../support/server.js'

const source = (document: { ydoc: import('yjs').Doc }): import('yjs').Text =>
  document.ydoc.getText('source')

test('what one types the other sees, and the file has it after save()', async () => {
  const [ann, bob] = two()
  const path = textFile('hello')
  const [one, other] = [ann.text(path), bob.text(path)]
  await Promise.all([one.ready, other.ready])
  expect(source(one).toString()).toBe('hello')

  source(one).insert(5, ' añ🎉')
  expect(one.hasLocalChanges).toBe(true)
  await until(() => source(other).toString() === 'hello añ🎉', 'bob sees it')
  await one.flush()
  expect(one.hasLocalChanges).toBe(false)

  changeTo(source(other), 'hallo añ🎊')
  await until(() => source(one).toString() === 'hallo añ🎊', 'ann sees it')
  await other.save()
  expect(read(path)).toBe('hallo añ🎊')
})

test('a document is one for all who ask for it, and ends after the last has let go', async () => {
  const ann = storeAt()
  const path = textFile('x')
  const first = ann.text(path)
  expect(ann.text(path)).toBe(first)
  await first.ready
  first.release()
  first.release()
  expect(ann.text(path)).toBe(first) // taken again at once, as StrictMode does
  first.release()
  await until(() => first.isDestroyed, 'it ended')
  expect(first.status).toBe('closed')
  const next = ann.text(path)
  expect(next).not.toBe(first)
  await next.ready
})

test('cells are added, moved, typed in and deleted', async () => {
  const [ann, bob] = two()
  const path = notebookFile('x = 1', 'y = 2')
  const [one, other] = [ann.notebook(path), bob.notebook(path)]
  await Promise.all([one.ready, other.ready])
  const [mine, theirs] = [notebookView(one.ydoc), notebookView(other.ydoc)]
  expect(mine.ids).toEqual(['cell-0', 'cell-1'])

  const added = mine.addCell({ cell_type: 'markdown', source: '# Plan' }, 0)
  mine.setSource('cell-1', 'y = 22')
  mine.moveCell('cell-1', 1)
  mine.deleteCell('cell-0')
  await until(() => theirs.ids.join() === `${added},cell-1`, 'bob sees the cells')
  expect(theirs.source('cell-1')?.toString()).toBe('y = 22')
  expect(theirs.cellType(added)).toBe('markdown')
  expect(theirs.executionState('cell-1')).toBe('idle')
  expect(theirs.outputs('cell-1')).toEqual([])

  await one.save()
  const saved = JSON.parse(read(path))
  expect(saved.cells.map((cell: { id: string }) => cell.id)).toEqual([added, 'cell-1'])
})

test('who is here, under the name that the server gives, and at once gone', async () => {
  const [ann, bob] = two()
  const path = textFile('')
  const [one, other] = [ann.text(path), bob.text(path)]
  await Promise.all([one.ready, other.ready])
  one.awareness.setLocalStateField('mood', 'fine')
  const told = await until(() => {
    const state = other.awareness.getStates().get(one.ydoc.clientID)
    return state?.['mood'] === 'fine' ? state : undefined
  }, 'bob hears of ann')
  await until(() => one.user, 'the server says who ann is')
  expect(told?.['user'].username).toBe(one.user?.username)

  one.release()
  await until(() => !other.awareness.getStates().has(one.ydoc.clientID), 'ann is gone', 15_000) // else after 30 s
})

test('edits without a connection are kept and sent; who was here is asked anew', async () => {
  const path = textFile('shared')
  const cable = await line(lab.workers[0]!.url)
  const asked: number[] = []
  const ann = storeAt(0, {
    baseUrl: cable.url,
    token: async () => (asked.push(1), lab.token)
  })
  const [one, other] = [ann.text(path), storeAt(1).text(path)]
  await Promise.all([one.ready, other.ready])
  const before = asked.length
  const isSeen = (): boolean => other.awareness.getStates().has(one.ydoc.clientID)
  await until(isSeen, 'bob sees ann')

  cable.cut()
  await until(() => one.status !== 'connected', 'ann is cut off')
  source(one).insert(6, ' (offline)')
  source(other).insert(0, 'still ')
  expect(one.hasLocalChanges).toBe(true)
  expect(one.awareness.getStates().size).toBe(1)
  await expect(one.flush(200)).rejects.toThrow(RtNotSentError)
  await until(() => !isSeen(), 'bob sees that ann is gone')

  cable.mend()
  await one.flush(20_000)
  await until(() => source(other).toString() === 'still shared (offline)', 'bob has both')
  await until(() => source(one).toString() === 'still shared (offline)', 'ann has both')
  await until(isSeen, 'bob sees ann again')
  expect(asked.length).toBeGreaterThan(before + 1) // for the session, and for the socket
})

test('edits that could not be sent keep a released document until they are', async () => {
  const path = textFile('')
  const cable = await line(lab.workers[0]!.url)
  const one = storeAt(0, { baseUrl: cable.url }).text(path)
  await one.ready
  cable.cut()
  await until(() => one.status !== 'connected', 'ann is cut off')
  source(one).insert(0, 'late words')
  one.release()
  const other = storeAt(1).text(path)
  await other.ready
  expect(one.isDestroyed).toBe(false)
  cable.mend()
  await until(() => source(other).toString() === 'late words', 'bob has them', 20_000)
  await until(() => one.isDestroyed, 'then it ended')
})

test('a refusal is for good, and says why', async () => {
  const ann = storeAt(0)
  const missing = ann.text(fresh('.txt'))
  await expect(missing.ready).rejects.toThrow(RtClosedError)
  expect(missing.status).toBe('closed')
  expect(missing.closedWhy?.code).toBe(4404)

  const path = textFile('x')
  const text = ann.text(path)
  await text.ready
  const wrong = storeAt(0).notebook(path)
  await expect(wrong.ready).rejects.toThrow(/open as file/)
  expect(wrong.closedWhy?.code).toBe(4400)

  const stranger = storeAt(undefined, { token: 'wrong' }).text(path)
  await expect(stranger.ready).rejects.toThrow(RtClosedError)
  expect([4401, 4403]).toContain(stranger.closedWhy?.code)
})
