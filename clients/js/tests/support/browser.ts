// What pages meet in a browser: no network, databases that are busy, a server with a past.

import type { SocketLike } from '@rtstore/client'

/** As the server would have answered in a history that is called so. */
export function historyCalled(name: string, part = /^.*$/): typeof fetch {
  return async (...asked) => {
    const answer = await fetch(...asked)
    const told = await answer.json()
    const sessionId = told.sessionId.replace(part, name)
    return Response.json({ ...told, sessionId }, { status: answer.status })
  }
}

/** As it would have answered before the history of the document was lost. */
export const earlierHistory = historyCalled('earlier', /[^.]*$/)

/** A socket of a browser without a network. */
export class Unreachable implements SocketLike {
  binaryType = ''
  onopen: SocketLike['onopen'] = null
  onmessage: SocketLike['onmessage'] = null
  onclose: SocketLike['onclose'] = null
  onerror: SocketLike['onerror'] = null
  constructor() {
    queueMicrotask(() => this.connect())
  }
  connect(): void {
    this.onclose?.({ code: 1006 })
  }
  send(_data: Uint8Array): void {}
  close(): void {}
}

/** The names of this browser's databases. */
export async function kept(): Promise<string[]> {
  return (await indexedDB.databases()).map(({ name }) => name ?? '')
}

/** Let nobody open a database that is there; returns what ends that. */
export async function hold(name: string): Promise<() => void> {
  const held = await opened(indexedDB.open(name))
  // A new version waits until the present one is closed, and all others wait for it.
  const newer = opened(indexedDB.open(name, held.version + 1))
  return () => {
    held.close()
    void newer.then((db) => db.close())
  }
}

function opened(request: IDBOpenDBRequest): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}
