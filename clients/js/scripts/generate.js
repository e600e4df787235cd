// Write packages/client/src/generated/records.ts from schema.json, which `rtstore schema` gives:
//   make schema && cd clients/js && npm run generate
// With --check it only says, by its status, whether that is what is there.

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { compile } from 'json-schema-to-typescript'

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))
const schema = JSON.parse(readFileSync(at('schema.json'), 'utf8'))
const bannerComment =
  "// Written from the server's JSON Schema by `npm run generate`. Don't edit."
// One root that has all definitions, so that each becomes an interface of its own.
const root = { ...schema, title: schema.title ?? 'Records', additionalProperties: false }
const written = await compile(root, root.title, {
  bannerComment,
  unreachableDefinitions: true,
  strictIndexSignatures: false,
  style: { semi: false, singleQuote: true, printWidth: 99 }
})
const file = at('packages/client/src/generated/records.ts')
if (!process.argv.includes('--check')) {
  writeFileSync(file, written)
} else if (readFileSync(file, 'utf8') !== written) {
  console.error('generated/records.ts is not what schema.json says: npm run generate')
  process.exit(1)
}
