// Who else is in a document, and what we say of ourselves.

import * as protocol from 'y-protocols/awareness'
import type { Doc } from 'yjs'

import * as frames from './frames.js'

/** Who somebody is, as the server knows them. */
export interface User {
  username: string
  name: string
  display_name: string
  initials?: string | null
  avatar_url?: string | null
  color?: string | null
}

interface Change {
  added: number[]
  updated: number[]
  removed: number[]
}

export class Presence {
  readonly awareness: protocol.Awareness
  /** Who we are; undefined until the server has said so. */
  user: User | undefined
  readonly #client: number
  readonly #send: (message: Uint8Array) => void
  readonly #changed: () => void

  /** `changed` is called when `user` is another. */
  constructor(doc: Doc, send: (message: Uint8Array) => void, changed: () => void) {
    this.#client = doc.clientID
    this.#send = send
    this.#changed = changed
    this.awareness = new protocol.Awareness(doc)
    this.awareness.on('update', ({ added, updated, removed }: Change, origin: unknown) => {
      const isOurs = [...added, ...updated, ...removed].includes(this.#client)
      if (isOurs && origin !== this) this.say() // others speak for themselves
    })
  }

  /** Tell the others what we say of ourselves. */
  say(): void {
    this.#send(frames.awareness(protocol.encodeAwarenessUpdate(this.awareness, [this.#client])))
  }

  /** A new socket: others were told that we left. */
  joined(): void {
    const mine = this.awareness.getLocalState()
    if (mine) this.awareness.setLocalState(mine)
  }

  /** Without a socket nobody is here. */
  lost(): void {
    const others = [...this.awareness.getStates().keys()].filter((id) => id !== this.#client)
    protocol.removeAwarenessStates(this.awareness, others, this)
  }

  heard(update: Uint8Array): void {
    protocol.applyAwarenessUpdate(this.awareness, update, this)
    const mine = frames.stateOf(update, this.#client) as { user?: User } | null | undefined
    if (mine === null) this.joined() // somebody took us for gone
    else if (mine?.user && JSON.stringify(mine.user) !== JSON.stringify(this.user)) {
      this.user = mine.user
      this.#changed()
    }
  }
}
