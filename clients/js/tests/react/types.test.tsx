// Shared types as React values; no server is needed for these.

import { RtStore } from '@rtstore/client'
import { useArray, useMap, useTextValue, useY } from '@rtstore/react'
import type { ReactElement } from 'react'
import { expect, test } from 'vitest'
import * as Y from 'yjs'

import { page } from '../support/page.js'

const nowhere = new RtStore({ baseUrl: 'http://127.0.0.1:1/' })

test('maps, arrays and texts are values with edits', async () => {
  const doc = new Y.Doc()
  const [map, array, text] = [doc.getMap('m'), doc.getArray('a'), doc.getText('t')]
  function Values(): ReactElement {
    const [settings, edits] = useMap<number>(map)
    const [items, list] = useArray<string>(array)
    const [value, setValue] = useTextValue(text)
    const all = (): void => {
      edits.set('size', 3)
      list.push('one', 'two')
      list.insert(0, 'zero')
      list.replace(1, 'ONE')
      setValue('word')
    }
    return (
      <div>
        {JSON.stringify([settings, items, value])}
        <button onClick={all}>edit</button>
        <button onClick={() => (edits.delete('size'), list.delete(0, 2))}>delete</button>
      </div>
    )
  }
  const here = page(nowhere, <Values />)
  await here.shows('[{},[],""]')
  here.click('edit')
  await here.shows('[{"size":3},["zero","ONE","two"],"word"]')
  here.click('delete')
  await here.shows('[{},["two"],"word"]')
})

test('a selector decides what renders again; all who read share one JSON', async () => {
  const map = new Y.Doc().getMap<unknown>('m')
  map.set('inner', new Y.Map([['a', 1]]))
  let renders = 0
  function Selected(): ReactElement {
    const a = useY<{ inner: { a: number } }, number[]>(map, (json) => [json.inner.a])
    renders += 1
    return <p>{`a is ${a[0]}`}</p>
  }
  let calls = 0
  const toJSON = map.toJSON.bind(map)
  map.toJSON = () => ((calls += 1), toJSON())
  const here = page(nowhere, [<Selected key="1" />, <Selected key="2" />, <Selected key="3" />])
  await here.shows('a is 1')
  const inner = map.get('inner') as Y.Map<number>
  inner.set('a', 2)
  await here.shows('a is 2') // now all listen
  const [before, read] = [renders, calls]
  map.set('b', 2)
  expect(renders).toBe(before)
  expect(calls).toBe(read + 1)
  inner.set('a', 5)
  await here.shows('a is 5')
})
