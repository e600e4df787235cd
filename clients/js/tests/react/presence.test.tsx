// Who is here, on React pages.

import { useCursors, useMyPresence, useOthers, useReady, useSelf, useText } from '@rtstore/react'
import type { ReactElement } from 'react'
import { expect, test } from 'vitest'

import { page } from '../support/page.js'
import { textFile, two, until } from '../support/server.js'

let counted = 0

function Count({ path }: { path: string }): ReactElement {
  const document = useReady(useText(path))
  const here = useOthers((others) => others.length, document)
  counted += 1
  return <b>{`${here} others`}</b>
}

function People({ path, mood }: { path: string; mood: string }): ReactElement {
  const document = useReady(useText(path))
  const self = useSelf(document)
  const others = useOthers(undefined, document)
  const [mine, say] = useMyPresence<{ mood: string }>(document)
  const text = document.ydoc.getText('source')
  const [cursors, setCursor] = useCursors(text, document)
  return (
    <div>
      {`I am ${self.user?.username ? 'known' : 'unknown'}, ${mine.mood ?? 'quiet'}; `}
      {others.map(({ clientId, user, presence }) => (
        <i key={clientId}>{`${user?.username ? 'somebody' : 'nobody'} is ${presence['mood']}`}</i>
      ))}
      {cursors.map((cursor) => (
        <u key={cursor.clientId}>{` from ${cursor.anchor} to ${cursor.head}`}</u>
      ))}
      <button onClick={() => say({ mood })}>say</button>
      <button onClick={() => setCursor(2, 4)}>select</button>
      <button onClick={() => setCursor(null)}>deselect</button>
      <button onClick={() => text.insert(0, '__')}>type</button>
    </div>
  )
}

test('who is here, what they say, and where their cursors are', async () => {
  const [ann, bob] = two()
  const path = textFile('abcdef')
  const here = page(ann, [<People key="p" path={path} mood="glad" />, <Count key="c" path={path} />])
  const there = page(bob, <People path={path} mood="busy" />)
  await here.shows('1 others')
  await here.shows('I am known, quiet')
  await there.shows('I am known, quiet')
  there.click('say')
  await here.shows('somebody is busy')
  await there.shows('I am known, busy')

  const before = counted
  there.click('select')
  await here.shows('from 2 to 4')
  here.click('type')
  await here.shows('from 4 to 6') // it stays with its text
  there.click('deselect')
  await until(() => !here.text.includes('from'), 'the cursor is gone')
  expect(counted).toBe(before)

  there.leave()
  await here.shows('0 others')
})
