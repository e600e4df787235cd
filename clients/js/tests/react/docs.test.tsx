// The programs in docs/javascript.md, as they stand there.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { ComponentType } from 'react'
import { createRoot } from 'react-dom/client'
import { afterAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'

import { lab, read, until, write } from '../support/server.js'

const here = import.meta.dirname
const work = mkdtempSync(join(here, 'snippet-'))
afterAll(() => rmSync(work, { recursive: true }))
Object.assign(globalThis, { WebSocket })

const docs = readFileSync(join(here, '../../../../docs/javascript.md'), 'utf8')
const snippets = [...docs.matchAll(/<!-- run -->\n```(jsx?)\n(.*?)```/gs)]

/** Run the `number`th snippet on our lab, and on files of these names. */
async function run(number: number): Promise<{ default?: ComponentType }> {
  const [, kind, code] = snippets[number]!
  const path = join(work, `snippet-${number}.${kind}`)
  const told = { 'http://127.0.0.1:8888/': lab.workers[0]!.url, 'secret-of-mine': lab.token }
  let text = code!
  for (const [said, is] of Object.entries(told)) {
    expect(text).toContain(said)
    text = text.replaceAll(said, is)
  }
  writeFileSync(path, text)
  return import(/* @vite-ignore */ path)
}

test('the first program', async () => {
  const cell = { cell_type: 'code', execution_count: null, id: 'a', metadata: {}, outputs: [], source: '' }
  const kernelspec = { name: 'python3', display_name: 'Python 3' }
  const notebook = { cells: [cell], metadata: { kernelspec }, nbformat: 4, nbformat_minor: 5 }
  write('plan.ipynb', JSON.stringify(notebook))
  await run(0)
  const saved = JSON.parse(read('plan.ipynb'))
  expect(saved.cells[1].source.join('')).toBe('print(6 * 7)')
  expect(JSON.stringify(saved.cells[1].outputs)).toContain('42')
})

test('the first page', async () => {
  write('notes.txt', 'to be read')
  const { default: App } = await run(1)
  const element = document.body.appendChild(document.createElement('div'))
  const root = createRoot(element)
  root.render(App ? <App /> : null)
  await until(() => element.querySelector('textarea')?.value === 'to be read', 'the text is shown')
  await until(() => /0 others, \d+ kernels/.test(element.textContent ?? ''), 'the rest is shown')
  root.unmount()
})

test('all hooks are in its table, and in the tests that it names', async () => {
  const hooks = Object.keys(await import('@rtstore/react')).filter((name) => name.startsWith('use'))
  const rows = docs.split('\n').filter((line) => line.startsWith('| `use'))
  const missing = hooks.filter((hook) => !rows.some((row) => row.includes(`\`${hook}`)))
  expect(missing).toEqual(['useDocumentState'])
  for (const row of rows) {
    const [, said, , names] = row.split('|')
    if (names!.trim() === 'all') continue
    const files = names!.split(',').map((name) => readFileSync(join(here, `${name.trim()}.test.tsx`), 'utf8'))
    for (const [, hook] of said!.matchAll(/`(use\w+)/g)) {
      expect(files.some((file) => new RegExp(`\\b${hook}[(<]`).test(file)), hook).toBe(true)
    }
  }
})
