// `npm start` in an example: its page, and a Jupyter server with rtstore behind it.
//
//   RTSTORE_SERVER   the URL of a server that runs, with ?token=…; without it one is started
//   RTSTORE_COMMAND  how rtstore is called (found in .venv/bin and on the PATH)
//   --built          serve what `npm run build` made, not the sources
//   --port <number>  of the page

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'

import { createServer, preview } from 'vite'

const root = process.cwd()
const repository = join(import.meta.dirname, '..')
const { values } = parseArgs({
  options: { built: { type: 'boolean' }, port: { type: 'string', default: '5173' } }
})

let lab
if (!process.env.RTSTORE_SERVER) {
  const told = await startLab()
  process.env.RTSTORE_SERVER = `${told.url}?token=${told.token}`
}
const token = new URL(process.env.RTSTORE_SERVER).searchParams.get('token')
const page = await serve({ port: Number(values.port) })
console.log(`Open ${page}${token ? `?token=${token}` : ''}`)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => end(0))

async function serve(where) {
  if (values.built) {
    const built = await preview({ root, preview: where, logLevel: 'warn' })
    return built.resolvedUrls.local[0]
  }
  const developed = await createServer({ root, server: where, logLevel: 'warn' })
  await developed.listen()
  return developed.resolvedUrls.local[0]
}

/** A lab on the folder `lab`, as `make lab` has it. Ends with us. */
async function startLab() {
  const own = join(repository, '.venv/bin/rtstore')
  const command = process.env.RTSTORE_COMMAND || (existsSync(own) ? own : 'rtstore')
  const folder = join(repository, 'lab')
  mkdirSync(folder, { recursive: true })
  lab = spawn(command, ['lab', folder, '--no-browser', '--port', '0', '--ready-json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true // Ctrl+C is for us: we end it
  })
  lab.once('error', () => {
    console.error(`${command} can't be started: run \`make lab\` once, or set RTSTORE_COMMAND`)
    process.exit(1)
  })
  lab.once('exit', () => end(1))
  for await (const line of createInterface({ input: lab.stdout })) return JSON.parse(line)
  throw new Error('the lab did not start')
}

function end(status) {
  if (!lab || lab.exitCode !== null) process.exit(status)
  lab.removeAllListeners('exit')
  lab.once('exit', () => process.exit(status))
  lab.kill('SIGINT')
}
