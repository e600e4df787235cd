// A line between a store and a worker, which can be cut: what is lost then is really lost.

import { createServer, connect as open, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'

import { onTestFinished } from 'vitest'

export interface Line {
  /** Base URL that leads through it. */
  url: string
  /** End all connections, and let none be made. */
  cut(): void
  mend(): void
  /** Pass nothing on over what is there now, and close nothing. */
  hang(): void
  /** Hold back what comes from the store over each connection that is there now, until the page says
   *  something on it; returns what tells over how many of them something came since. */
  hush(): () => number
}

export async function line(to: string): Promise<Line> {
  const target = new URL(to)
  const sockets = new Set<Socket>()
  const ends = new Map<Socket, Socket>()
  let isCut = false
  const server = createServer((near) => {
    if (isCut) return void near.destroy()
    const far = open(Number(target.port), target.hostname)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    ends.set(near, far)
    near.on('close', () => ends.delete(near))
    near.pipe(far)
    far.pipe(near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = (): void => {
    isCut = true
    for (const socket of sockets) socket.destroy()
  }
  onTestFinished(() => {
    cut()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const url = new URL(to)
  url.port = String(port)
  const hang = (): void => {
    for (const socket of sockets) socket.unpipe().pause()
  }
  const hush = (): (() => number) => {
    let answered = 0
    for (const [near, far] of ends) {
      far.unpipe(near).pause()
      near.once('data', () => {
        far.once('data', () => (answered += 1))
        far.pipe(near)
      })
    }
    return () => answered
  }
  return { url: url.href, cut, mend: () => void (isCut = false), hang, hush }
}
