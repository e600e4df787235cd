// One page with a text, as y-websocket makes it. Told what to do by lines of JSON on standard
// input; after each change says on standard output all that a person would see.
//   node page.js SERVER ROOM PARAMS

import { createInterface } from 'node:readline'
import * as decoding from 'lib0/decoding'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

const [server, room, params] = process.argv.slice(2)
const doc = new Y.Doc()
const text = doc.getText('source')
const provider = new WebsocketProvider(server, room, doc, {
  params: JSON.parse(params),
  disableBc: true
})
let closed = []
let sent = 0 // of this socket, what a store can have: sync step 2 and updates
let stored = null
provider.on('status', ({ status }) => {
  if (status !== 'connected') return
  const socket = provider.ws
  const send = socket.send.bind(socket)
  sent = 0
  socket.send = (message) => {
    if (message[0] === 0 && message[1] !== 0) sent += 1
    send(message)
  }
})
provider.messageHandlers[8] = (_, decoder) => {
  stored = decoding.readVarUint(decoder)
  say()
}

function say() {
  const people = []
  for (const [client, state] of provider.awareness.getStates()) {
    if (client !== doc.clientID) people.push(state)
  }
  const { synced } = provider
  console.log(JSON.stringify({ text: text.toString(), synced, people, closed, sent, stored }))
}

const deeds = {
  insert: (at, added) => text.insert(at, added),
  append: (added) => text.insert(text.length, added),
  delete: (at, length) => text.delete(at, length),
  present: (field, value) => provider.awareness.setLocalStateField(field, value),
  leave: () => provider.destroy()
}

text.observe(say)
provider.on('sync', say)
provider.awareness.on('change', say)
provider.on('connection-close', (event) => {
  closed = [...closed, event?.code ?? 0]
  say()
})
createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [deed, ...given] = JSON.parse(line)
    deeds[deed](...given)
  })
  .on('close', () => process.exit(0))
