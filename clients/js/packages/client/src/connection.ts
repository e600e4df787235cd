// The server as requests and sockets reach it: its address, the token, the cookie's proof.

import { forGood, RtClosedError, RtHttpError } from './errors.js'

/** Jupyter's token, or what gives one; called anew for each request and each socket. What it
 *  throws is as a server that can't be reached. */
export type Token = string | (() => string | Promise<string>)

/** What is used of a websocket: browsers', node's, and those of the package `ws` fit. */
export interface SocketLike {
  binaryType: string
  onopen: ((event: any) => void) | null
  onmessage: ((event: any) => void) | null
  onclose: ((event: any) => void) | null
  onerror: ((event: any) => void) | null
  send(data: any): void
  close(code?: number, reason?: string): void
}

export type SocketClass = new (url: string) => SocketLike

export interface ConnectionOptions {
  /** Jupyter's base URL, or a worker's, such as `http://127.0.0.1:8888/`. */
  baseUrl: string
  /** None in a page of Jupyter's own: its cookie says who it is. */
  token?: Token | undefined
  /** Instead of the global one. */
  fetch?: typeof fetch | undefined
  /** Instead of the global one; node before 22 has none: give it that of `ws`. */
  WebSocket?: SocketClass | undefined
}

const ANSWER_MS = 20_000

export class Connection {
  /** Ends with a slash. */
  readonly base: string
  readonly #options: ConnectionOptions

  constructor(options: ConnectionOptions) {
    const { href, protocol } = new URL(options.baseUrl, globalThis.location?.href)
    if (!/^https?:$/.test(protocol)) throw new TypeError(`${options.baseUrl} is not http(s)`)
    this.base = href.replace(/[?#].*$/, '').replace(/\/*$/, '/')
    this.#options = options
  }

  /** Whether a refused token may be followed by a better one. */
  get canRenewToken(): boolean {
    return typeof this.#options.token === 'function'
  }

  /** The socket's URL for a room; the token is in it outside of Jupyter's own pages. */
  async socketUrl(room: string, params: Record<string, string> = {}): Promise<string> {
    const url = new URL(`${this.base}api/collaboration/room/${encodeURIComponent(room)}`)
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value)
    const token = await this.#token()
    if (token) url.searchParams.set('token', token)
    return url.href
  }

  /** A new socket. Throws RtClosedError where there never will be one. */
  socket(url: string): SocketLike {
    const Socket = this.#options.WebSocket ?? (globalThis.WebSocket as SocketClass | undefined)
    if (!Socket) throw new RtClosedError(forGood(4500, 'no WebSocket here: give RtStore one'))
    const socket = made(Socket, url)
    socket.binaryType = 'arraybuffer'
    return socket
  }

  /** The JSON of an answer with status 2xx. Throws RtHttpError. */
  async json<T>(method: string, path: string, body?: unknown, waitMs = ANSWER_MS): Promise<T> {
    const answer = await this.#ask(method, path, body, waitMs)
    const text = await answer.text().catch((error: unknown) => {
      throw new RtHttpError(`half an answer from ${this.base}: ${told(error)}`, 0)
    })
    let said: unknown = null
    try {
      said = text ? JSON.parse(text) : null
    } catch {
      if (answer.ok) throw new RtHttpError(`${this.base} did not answer with JSON`, 0)
    }
    if (!answer.ok) {
      const { message } = (said ?? {}) as { message?: string }
      throw new RtHttpError(message || answer.statusText || `${answer.status}`, answer.status)
    }
    return said as T
  }

  async #ask(method: string, path: string, body: unknown, waitMs: number): Promise<Response> {
    const token = await this.#token()
    const headers: Record<string, string> = { Accept: 'application/json' }
    if (body !== undefined) headers['Content-Type'] = 'application/json'
    if (token) headers['Authorization'] = `token ${token}`
    else if (xsrf()) headers['X-XSRFToken'] = xsrf()
    const ask = this.#options.fetch ?? globalThis.fetch
    const request: RequestInit = { method, headers, signal: AbortSignal.timeout(waitMs) }
    if (body !== undefined) request.body = JSON.stringify(body)
    request.credentials = token ? 'omit' : 'include'
    try {
      return await ask(this.base + path, request)
    } catch (error) {
      throw new RtHttpError(`can't reach ${this.base}: ${told(error)}`, 0)
    }
  }

  async #token(): Promise<string> {
    const { token } = this.#options
    if (typeof token !== 'function') return token ?? ''
    try {
      return (await token()) ?? ''
    } catch (error) {
      throw new RtHttpError(`no token: ${told(error)}`, 0) // as when nothing is reached
    }
  }
}

/** The address or the page does not allow it: that stays so. All else may pass. */
function made(Socket: SocketClass, url: string): SocketLike {
  try {
    return new Socket(url)
  } catch (error) {
    const isFinal = ['SyntaxError', 'SecurityError'].includes((error as Error | null)?.name ?? '')
    throw isFinal ? new RtClosedError(forGood(4500, String(error))) : error
  }
}

function told(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function xsrf(): string {
  const found = /(?:^|;\s*)_xsrf=([^;]*)/.exec(globalThis.document?.cookie ?? '')
  return found?.[1] ?? ''
}
