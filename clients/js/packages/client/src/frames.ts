// Messages of the y-websocket protocol, with Jupyter's RAW (2) and rtstore's "stored" (8).

import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'

const SYNC = 0
const AWARENESS = 1
const RAW = 2
const QUERY_AWARENESS = 3
const STORED = 8

/** "Who is here?" */
export const WHO_IS_HERE = Uint8Array.of(QUERY_AWARENESS)

export type Frame =
  | { type: 'step1' | 'step2' | 'update' | 'awareness'; data: Uint8Array }
  | { type: 'raw'; told: Record<string, unknown> }
  | { type: 'query' }
  | { type: 'stored'; count: number }
  | { type: 'unknown' }

const STEPS = ['step1', 'step2', 'update'] as const

/** Parse one message. Throws if it is cut short. */
export function decode(message: Uint8Array): Frame {
  const from = decoding.createDecoder(message)
  switch (decoding.readVarUint(from)) {
    case SYNC: {
      const type = STEPS[decoding.readVarUint(from)]
      return type ? { type, data: decoding.readVarUint8Array(from) } : { type: 'unknown' }
    }
    case AWARENESS:
      return { type: 'awareness', data: decoding.readVarUint8Array(from) }
    case RAW:
      return { type: 'raw', told: JSON.parse(decoding.readVarString(from)) }
    case QUERY_AWARENESS:
      return { type: 'query' }
    case STORED:
      return { type: 'stored', count: decoding.readVarUint(from) }
    default:
      return { type: 'unknown' }
  }
}

export function sync(type: (typeof STEPS)[number], data: Uint8Array): Uint8Array {
  return encoding.encode((to) => {
    encoding.writeVarUint(to, SYNC)
    encoding.writeVarUint(to, STEPS.indexOf(type))
    encoding.writeVarUint8Array(to, data)
  })
}

export function awareness(data: Uint8Array): Uint8Array {
  return encoding.encode((to) => {
    encoding.writeVarUint(to, AWARENESS)
    encoding.writeVarUint8Array(to, data)
  })
}

/** "Write the file now, and tell me under this number." */
export function save(number: number): Uint8Array {
  return encoding.encode((to) => {
    encoding.writeVarUint(to, RAW)
    encoding.writeVarString(to, 'save')
    encoding.writeVarUint(to, number)
  })
}

/** What an awareness update says of one client; undefined if nothing, null if it is gone. */
export function stateOf(update: Uint8Array, client: number): unknown {
  const from = decoding.createDecoder(update)
  let found: unknown
  for (let left = decoding.readVarUint(from); left > 0; left -= 1) {
    const told = decoding.readVarUint(from)
    decoding.readVarUint(from) // its clock
    const state = decoding.readVarString(from)
    if (told === client) found = JSON.parse(state)
  }
  return found
}
