// What the server has and does, on React pages.

import type { Action } from '@rtstore/client'
import {
  RtDocumentProvider,
  useAction,
  useCell,
  useContents,
  useDirectory,
  useKernels,
  useNotebook,
  useOutputs,
  useReady,
  useRecord,
  useRunCell,
  useServer,
  useServerTable,
  useSessions
} from '@rtstore/react'
import { memo, type ReactElement } from 'react'
import { expect, test } from 'vitest'

import { page } from '../support/page.js'
import { fresh, notebookFile, storeAt, two, until, write } from '../support/server.js'

test('kernels come and go on the page; a record renders for itself alone', async () => {
  const [ann, bob] = two()
  let renders = 0
  const records = new Set<unknown>()
  const Kernel = memo(function Kernel({ id }: { id: string }): ReactElement {
    const kernel = useRecord('kernels', id)
    renders += 1
    records.add(kernel)
    if (!kernel) return <p>kernel is gone</p>
    return <p>{`kernel was started ${kernel.starts} times and is ${kernel.state}`}</p>
  })
  function Kernels({ mine }: { mine: string }): ReactElement {
    const { data, isLoading } = useKernels()
    const specs = useServerTable('kernelspecs', (rows) => [...rows.keys()])
    const restart = useAction('kernel.restart')
    if (isLoading) return <p>loading kernels</p>
    const isThere = data?.some(({ id }) => id === mine)
    return (
      <div>
        {specs.data?.join()} {isThere ? 'listed' : 'not listed'} {restart.state}{' '}
        {restart.error?.status}
        <button onClick={() => void restart.run({ kernel_id: mine })}>restart</button>
        <Kernel id={mine} />
      </div>
    )
  }
  const started = await ann.request('kernel.start', {})
  const mine = started.result.kernel_id
  const here = page(bob, <Kernels mine={mine} />)
  await here.shows('python3 listed idle')
  await here.shows('kernel was started 1 times')
  here.click('restart')
  await here.shows('running')
  await here.shows('python3 listed ok')
  await here.shows('kernel was started 2 times and is idle')

  const [before, known] = [renders, records.size]
  const other = await ann.request('kernel.start', {})
  const room = bob.server()
  await until(() => room.get('kernels', kernelOf(other)), 'another one is there')
  await ann.request('kernel.shutdown', { kernel_id: kernelOf(other) })
  await until(() => !room.get('kernels', kernelOf(other)), 'the other one is gone')
  const news = records.size - known // its own activity, never the other's; StrictMode renders twice
  expect(renders).toBeLessThanOrEqual(before + 2 * news)

  await ann.request('kernel.shutdown', { kernel_id: mine })
  await here.shows('kernel is gone')
  here.click('restart')
  await here.shows('error 404')
})

function kernelOf({ result }: Action<'kernel.start'>): string {
  return result.kernel_id
}

test('a directory is shown by name, and why one is not', async () => {
  function Files({ path }: { path: string }): ReactElement {
    const { data, isLoading, error } = useContents(path)
    if (isLoading) return <p>loading files</p>
    return <p>{error ? `closed ${error.why.code}` : `[${data?.map((one) => one.name).join()}]`}</p>
  }
  const store = storeAt(0)
  const name = fresh('')
  write(`${name}/b.txt`, '')
  write(`${name}/a.txt`, '')
  const here = page(store, <Files path={name} />)
  await here.shows('loading files')
  await here.shows('[a.txt,b.txt]')
  await store.request('contents.delete', { path: `${name}/b.txt` })
  await here.shows('[a.txt]')
  function Count(): ReactElement {
    return <p>{`${useReady(useDirectory(name)).tables.contents?.size} files`}</p>
  }
  await page(store, <Count />).shows('1 files')
  const nowhere = page(store, <Files path={fresh('')} />)
  await nowhere.shows('closed 4404')
})

test('a cell is run from one page and seen on another', async () => {
  const [ann, bob] = two()
  const path = notebookFile('print(6 * 7)')
  function CellView(): ReactElement {
    const cell = useCell('cell-0')
    const outputs = useOutputs('cell-0')
    const { run, state } = useRunCell()
    const sessions = useSessions()
    const hasSession = sessions.data?.some((one) => one.path === path)
    return (
      <div>
        [{cell?.executionCount}] {cell?.executionState} {state}{' '}
        {String(outputs.map((one) => one['text']))} {hasSession ? 'has a session' : ''}
        <button onClick={() => void run('cell-0')}>run</button>
      </div>
    )
  }
  function Notebook(): ReactElement {
    useReady(useServer())
    const notebook = useReady(useNotebook(path))
    return (
      <RtDocumentProvider document={notebook}>
        <CellView />
      </RtDocumentProvider>
    )
  }
  const here = page(ann, <Notebook />)
  const there = page(bob, <Notebook />)
  await here.shows('[] idle')
  await there.shows('[] idle')
  here.click('run')
  await here.shows('running')
  await there.shows('42')
  await there.shows('[1] idle idle')
  await here.shows('[1] idle ok')
  await there.shows('has a session')
})
