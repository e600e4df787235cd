// How both packages are built: one ES module; nothing of anybody else's in it.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export function library(directory) {
  const told = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
  const outside = [...Object.keys(told.dependencies ?? {}), ...Object.keys(told.peerDependencies)]
  return {
    build: {
      target: 'es2022',
      minify: false,
      sourcemap: true,
      emptyOutDir: false, // tsc puts its declarations there too
      lib: { entry: join(directory, 'src/index.ts'), formats: ['es'], fileName: 'index' },
      rollupOptions: {
        external: (id) => outside.some((name) => id === name || id.startsWith(`${name}/`))
      }
    }
  }
}
