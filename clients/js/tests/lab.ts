// The server that all tests use: a whole lab with two workers. RTSTORE_TEST_SERVER has its JSON
// (as tests/clients_js/serve.py prints it); without that one is started.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import type { TestProject } from 'vitest/node'

import type { Lab } from './support/server.js'

declare module 'vitest' {
  export interface ProvidedContext {
    lab: Lab
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['RTSTORE_TEST_SERVER']
  if (given) {
    project.provide('lab', JSON.parse(given))
    return async () => {}
  }
  const root = fileURLToPath(new URL('../../..', import.meta.url))
  const python = process.env['RTSTORE_TEST_PYTHON'] ?? `${root}/.venv/bin/python`
  const lab = spawn(python, ['-m', 'tests.clients_js.serve'], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit']
  })
  const ended = new Promise<void>((resolve) => lab.once('close', () => resolve()))
  for await (const line of createInterface({ input: lab.stdout })) {
    project.provide('lab', JSON.parse(line))
    return async () => {
      lab.stdin.end() // it ends with us
      await ended
    }
  }
  throw new Error(`${python} -m tests.clients_js.serve did not start a lab`)
}
