import { fileURLToPath } from 'node:url'

import { defineConfig } from 'vitest/config'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

const ours = {
  '@rtstore/client': at('packages/client/src/index.ts'),
  '@rtstore/react': at('packages/react/src/index.ts')
}
const older = {
  'react-dom': at('tests/react18/node_modules/react-dom'),
  react: at('tests/react18/node_modules/react')
}

export default defineConfig({
  test: {
    globalSetup: './tests/lab.ts',
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 1, // one lab, and few cores: they would only wait for each other
    projects: [
      {
        extends: true,
        resolve: { alias: ours },
        test: { name: 'client', include: ['tests/client/*.test.ts'], environment: 'node' }
      },
      {
        extends: true,
        resolve: { alias: ours },
        test: { name: 'react', include: ['tests/react/*.test.tsx'], environment: 'jsdom' }
      },
      {
        extends: true,
        resolve: { alias: { ...ours, ...older } },
        test: {
          name: 'react-18',
          include: ['tests/react/waiting.test.tsx', 'tests/react/documents.test.tsx'],
          environment: 'jsdom'
        }
      }
    ]
  }
})
