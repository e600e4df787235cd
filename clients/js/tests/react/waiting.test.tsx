// What is shown while a document is not here, and when it never comes.

import { useClosedWhy, useReady, useReopen, useStatus, useText, useTextValue } from '@rtstore/react'
import type { ReactElement } from 'react'
import { expect, test, vi } from 'vitest'

import { page } from '../support/page.js'
import { fresh, storeAt, textFile, until, write } from '../support/server.js'

function Waits({ path }: { path: string }): ReactElement {
  const document = useReady(useText(path))
  return <p>[{document.ydoc.getText('source').toString()}]</p>
}

function Looks({ path }: { path: string }): ReactElement {
  const document = useText(path)
  const status = useStatus(document)
  const [text] = useTextValue('source', document)
  return (
    <p>
      {status} {useClosedWhy(document)?.code} {text}
      <button onClick={useReopen(document)}>again</button>
    </p>
  )
}

test('a fallback is shown, then the document', async () => {
  const here = page(storeAt(0), <Waits path={textFile('there')} />)
  await here.shows('loading')
  await here.shows('[there]')
})

test('a document that does not exist is for the error boundary', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  const here = page(storeAt(0), <Waits path={fresh('.txt')} />)
  await here.shows('RtClosedError')
  vi.restoreAllMocks()
})

test('who does not wait is told the state, and may open it again', async () => {
  const path = fresh('.txt')
  const here = page(storeAt(0), [<Looks key="1" path={path} />, <Looks key="2" path={path} />])
  expect(here.text).toBe('')
  await here.shows('connecting')
  await here.shows('closed 4404')
  write(path, 'made meanwhile')
  here.click('again')
  await until(() => here.text.split('connected  made meanwhile').length === 3, 'both show it')
})
