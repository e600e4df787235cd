// What was typed offline in a file that is gone, on a page that lists it and lets it go.

import 'fake-indexeddb/auto'

import type { RtStore } from '@rtstore/client'
import { useLeftBehind } from '@rtstore/react'
import { type ReactElement, useState } from 'react'
import { expect, test } from 'vitest'

import { line } from '../support/line.js'
import { page } from '../support/page.js'
import { lab, storeAt, textFile, until } from '../support/server.js'

function Left({ path }: { path: string }): ReactElement {
  const mine = useLeftBehind().filter((one) => one.path === path)
  const [text, setText] = useState('')
  return (
    <div>
      {mine.length} left {text}
      {mine.map((one) => (
        <div key={one.path}>
          <button onClick={() => void one.text().then(setText)}>read</button>
          <button onClick={() => void one.drop()}>drop</button>
        </div>
      ))}
    </div>
  )
}

async function typedOffline(path: string): Promise<{ store: RtStore; mend: () => void }> {
  const cable = await line(lab.workers[0]!.url)
  const store = storeAt(0, { baseUrl: cable.url, offline: true })
  const document = store.text(path)
  await document.ready
  await document.flush()
  cable.cut()
  await until(() => document.status === 'disconnected', 'it is cut off')
  document.ydoc.getText('source').insert(0, 'only here, ')
  return { store, mend: () => cable.mend() }
}

test('a page shows what is left behind as soon as it is, and no more when it is dropped', async () => {
  const path = textFile('on disk')
  const { store, mend } = await typedOffline(path)
  const shown = page(store, <Left path={path} />)
  await shown.shows('0 left')
  const headers = { Authorization: `token ${lab.token}` }
  const deleted = await fetch(`${lab.url}api/contents/${path}`, { method: 'DELETE', headers })
  expect(deleted.status).toBe(204)
  mend()
  await shown.shows('1 left')
  shown.click('read')
  await shown.shows('only here, on disk')
  const later = page(store, <Left path={path} />)
  await later.shows('1 left')
  later.click('drop')
  await later.shows('0 left')
  await shown.shows('0 left')
})

test('where a browser keeps nothing there is nothing', async () => {
  const { open } = indexedDB
  indexedDB.open = () => {
    throw new Error('a private window')
  }
  try {
    const shown = page(storeAt(0), <Left path="any.txt" />)
    await shown.shows('0 left')
  } finally {
    indexedDB.open = open
  }
})
