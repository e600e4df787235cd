// What the examples have in common: how they are built, and how their pages reach Jupyter.
//
// An application of your own installs @rtstore/client and @rtstore/react, and has neither `alias`
// nor `dedupe`; here both are taken from this repository's sources.

import { join } from 'node:path'

import { defineConfig } from 'vite'

const here = import.meta.dirname
const packages = join(here, '../clients/js/packages')

/** The Jupyter server to which the page's own origin leads. */
export function server() {
  return new URL(process.env.RTSTORE_SERVER || 'http://127.0.0.1:8888/')
}

export function example(root) {
  return defineConfig({
    root,
    base: './',
    resolve: {
      alias: {
        '@rtstore/client': join(packages, 'client/src/index.ts'),
        '@rtstore/react': join(packages, 'react/src/index.ts'),
        '@examples': join(here, 'shared')
      },
      dedupe: ['lib0', 'react', 'y-indexeddb', 'y-protocols', 'yjs']
    },
    server: { host: '127.0.0.1', proxy: proxy(), fs: { allow: [here, packages] } },
    preview: { host: '127.0.0.1', proxy: proxy() },
    build: { target: 'es2022', chunkSizeWarningLimit: 800, reportCompressedSize: true }
  })
}

/** Requests and sockets for Jupyter go on to it. The Host header stays the page's, so that
 *  Jupyter sees one origin: its cookie counts, and nothing has to be allowed there. */
function proxy() {
  const { origin, pathname } = server()
  const rewrite = (path) => pathname.replace(/\/$/, '') + path
  const onward = { target: origin, changeOrigin: false, ws: true, rewrite }
  return { '/api/': onward, '/rtstore/': onward }
}
