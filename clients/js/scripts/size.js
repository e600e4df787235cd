// What the built packages weigh in an application, and that what is not used is left out.
// Run after `npm run build`; fails if React comes along uninvited.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

import { build } from 'vite'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const work = mkdtempSync(join(root, 'node_modules', '.size-'))

/** The code of an application that is this, with all that it needs but `outside`. */
async function bundle(code, outside = []) {
  const entry = join(work, 'entry.js')
  writeFileSync(entry, code)
  const built = await build({
    root: work,
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"' },
    build: {
      write: false,
      minify: 'oxc',
      modulePreload: false,
      rollupOptions: {
        input: entry,
        preserveEntrySignatures: 'strict',
        external: (id) => outside.some((one) => id === one || id.startsWith(`${one}/`))
      }
    }
  })
  const chunks = new Map(built.output.flatMap((one) => (one.type === 'chunk' ? [[one.fileName, one]] : [])))
  const loaded = [[...chunks.values()].find((one) => one.isEntry)]
  for (const chunk of loaded) {
    for (const name of chunk.imports) {
      const next = chunks.get(name)
      if (next && !loaded.includes(next)) loaded.push(next)
    }
  }
  const modules = loaded.flatMap((one) => Object.keys(one.modules))
  const text = loaded.map((one) => one.code).join('')
  return { text, modules, size: `${kB(text.length)} kB, ${kB(gzipSync(text).length)} kB gzipped` }
}

const kB = (bytes) => (bytes / 1024).toFixed(1)
const hasReact = ({ modules, text }) =>
  modules.some((id) => /node_modules\/(react|react-dom)\//.test(id)) ||
  /from ?"react"/.test(text) ||
  text.includes('useSyncExternalStore')

try {
  const store = `export { RtStore } from '@rtstore/client'`
  const [client, clientAlone, hooks, text, unused] = [
    await bundle(store),
    await bundle(store, ['yjs', 'lib0', 'y-protocols', 'y-indexeddb']),
    await bundle(`export * from '@rtstore/react'`, ['yjs', 'lib0', 'y-protocols', 'react', '@rtstore/client']),
    await bundle(`export { changeTo } from '@rtstore/client'`),
    await bundle(`import { useStore } from '@rtstore/react'\n${store}`)
  ]
  console.log(`measured: RtStore with yjs ${client.size}`)
  console.log(`measured: RtStore without yjs ${clientAlone.size}`)
  console.log(`measured: all hooks, without RtStore, yjs and React ${hooks.size}`)
  console.log(`measured: changeTo alone ${text.size}`)
  if (hasReact(client) || hasReact(unused)) throw new Error('React is in a bundle that uses RtStore only')
  if (unused.text !== client.text) throw new Error('an unused import of @rtstore/react leaves something')
  if (text.text.length > 2048) throw new Error('changeTo alone brings more than itself')
} finally {
  rmSync(work, { recursive: true })
}
