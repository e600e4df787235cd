// Write packages/client/src/generated/records.ts from schema.json, which `rtstore schema` gives:
//   make schema && cd clients/js && npm run generate
// With --check it only says, by its status, whether that is what is there.

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { compile } from 'json-schema-to-typescript'

/** What a client meets, besides the actions' parameters and results. */
const WANTED = [
  'DocumentRuns',
  'DocumentSession',
  'LiveAction',
  'LiveContents',
  'LiveDirectory',
  'LiveKernel',
  'LiveKernelspec',
  'LiveMessage',
  'LiveSession',
  'LiveStatus',
  'LiveTerminal',
  'ServerIdentity'
]

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))
const { $defs: known, 'x-actions': actions } = JSON.parse(readFileSync(at('schema.json'), 'utf8'))

/** A schema without what types can't say. */
function plain(schema) {
  if (Array.isArray(schema)) return schema.map(plain)
  if (typeof schema !== 'object' || schema === null) return schema
  const { propertyNames, discriminator, ...told } = schema
  return Object.fromEntries(Object.entries(told).map(([name, one]) => [name, plain(one)]))
}

const shaped = Object.entries(actions).map(([name, { params, result }]) => [
  name,
  { type: 'object', additionalProperties: false, required: ['params', 'result'], properties: { params, result } }
])
const root = {
  title: 'Actions',
  description: 'What the server can be asked to do: what each action takes, and gives.',
  type: 'object',
  additionalProperties: false,
  required: shaped.map(([name]) => name),
  properties: plain(Object.fromEntries(shaped)),
  definitions: {}
}

/** Have it and all that it refers to. */
function take(name) {
  if (name in root.definitions) return
  root.definitions[name] = plain(known[name])
  refer(known[name])
}

function refer(schema) {
  for (const [, name] of JSON.stringify(schema).matchAll(/"#\/\$defs\/(\w+)"/g)) take(name)
}

WANTED.forEach(take)
refer(shaped)
const text = JSON.stringify(root).replaceAll('#/$defs/', '#/definitions/')
const written = await compile(JSON.parse(text), 'Actions', {
  bannerComment:
    "// Written from the server's JSON Schema by `npm run generate`. Don't edit.",
  unreachableDefinitions: true,
  ignoreMinAndMaxItems: true,
  style: { semi: false, singleQuote: true, printWidth: 99 }
})
const tidy = written
  .replace(/ \*\n \* This (?:interface|type) was referenced by[^]*?\n \*\//g, ' */')
  .replace(/\/\*\*\n \* This (?:interface|type) was referenced by[^]*?\n \*\/\n/g, '')
const file = at('packages/client/src/generated/records.ts')
if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== tidy) throw new Error('records.ts is stale: npm run generate')
} else {
  writeFileSync(file, tidy)
}
