// Documents of an application's own, on React pages.

import { RtDocumentProvider, useApp, useArray, useMap, useReady } from '@rtstore/react'
import type { ReactElement } from 'react'
import { expect, test } from 'vitest'

import { page } from '../support/page.js'
import { fresh, storeAt, two, until } from '../support/server.js'

const schema = {
  type: 'object',
  properties: {
    todos: { type: 'array', items: { type: 'string' } },
    settings: { type: 'object', properties: { size: { type: 'number' } } }
  }
}

test('a list that two people edit; the server says where it breaks the schema', async () => {
  const [ann, bob] = two()
  const name = fresh('').replace(/\W/g, '.')
  function Todos({ mine }: { mine: string }): ReactElement {
    const [todos, { push }] = useArray<string>('todos')
    const [state] = useMap('state')
    const [, settings] = useMap<unknown>('settings')
    return (
      <div>
        [{todos.join()}] {state['path']} {state['invalid'] ? 'invalid' : 'valid'}
        <button onClick={() => push(mine)}>add</button>
        <button onClick={() => settings.set('size', 'big')}>break</button>
        <button onClick={() => settings.set('size', 3)}>mend</button>
      </div>
    )
  }
  function App(props: { mine: string }): ReactElement {
    const document = useReady(useApp(name, { schema }))
    return (
      <RtDocumentProvider document={document}>
        <Todos {...props} />
      </RtDocumentProvider>
    )
  }
  const here = page(ann, <App mine="tea" />)
  const there = page(bob, <App mine="milk" />)
  await here.shows(`[] app:${name} valid`)
  await there.shows(`[] app:${name} valid`)
  here.click('add')
  await there.shows('[tea]')
  there.click('add')
  await here.shows('[tea,milk]')
  here.click('break')
  await Promise.all([here.shows('invalid'), there.shows('invalid')])
  there.click('mend')
  await until(() => !here.text.includes('invalid'), 'it is valid again')
})

test('it is kept when nobody has it open; a bad name is refused', async () => {
  const store = storeAt(0)
  const name = fresh('').replace(/\W/g, '.')
  const first = store.app(name)
  await first.ready
  first.ydoc.getText('note').insert(0, 'kept')
  await first.flush()
  first.release()
  await until(() => first.isDestroyed, 'it is left')
  const again = storeAt(1).app(name)
  await again.ready
  expect(again.ydoc.getText('note').toString()).toBe('kept')

  const bad = store.app('no such/name?')
  await expect(bad.ready).rejects.toThrow()
  expect(bad.closedWhy?.code).toBe(4400)
})
