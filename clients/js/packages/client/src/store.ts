// RtStore: one Jupyter server with rtstore, as a page uses it.

import { Actions } from './actions.js'
import { Connection, type ConnectionOptions } from './connection.js'
import type { Counted } from './counted.js'
import { RtDocument } from './document.js'
import { LiveRoom } from './live_room.js'
import { type LeftBehind, leftBehind, watchLeftBehind } from './offline.js'
import type {
  Action,
  ActionParams,
  CellRun,
  DirectoryTables,
  Question,
  Run,
  ServerTables,
  Whoami
} from './records.js'
import { type Asked, openSession, withoutSlashes } from './session.js'
import { untilShown } from './shown.js'

export interface RtStoreOptions extends ConnectionOptions {
  /** Keep documents in this browser (IndexedDB): they open and can be edited without a server. */
  offline?: boolean | undefined
}

export interface DocumentKind {
  /** `json`, `text`, `base64` or `app`. */
  format: string
  /** `notebook`, `file`, … */
  type: string
}

export interface AppOptions {
  /** JSON Schema; the server says in `state.invalid` where the document breaks it. */
  schema?: object | undefined
}

/** What `document` and its like give, before somebody holds it. */
export type Opener = { path: string } & DocumentKind & AppOptions

/** One document or room is shared by all who ask for it; each calls `release` once. */
export class RtStore {
  readonly #connection: Connection
  readonly #isOffline: boolean
  readonly #actions: Actions
  readonly #open = new Map<string, Shared>()

  /** Nothing is asked of the server yet. */
  constructor(options: RtStoreOptions) {
    this.#connection = new Connection(options)
    this.#isOffline = options.offline ?? false
    this.#actions = new Actions(this.#connection, () => this.server())
  }

  /** Ends with a slash. */
  get baseUrl(): string {
    return this.#connection.base
  }

  // -- documents ---------------------------------------------------------------------------

  document(path: string, kind: DocumentKind): RtDocument {
    return this.#current(() => this.peek({ path, ...kind })).retain()
  }

  notebook(path: string): RtDocument {
    return this.document(path, NOTEBOOK)
  }

  text(path: string): RtDocument {
    return this.document(path, TEXT)
  }

  /** A document of an application's own: its root types are what the application says. */
  app(name: string, { schema }: AppOptions = {}): RtDocument {
    return this.#current(() => this.peek({ path: name, ...APP, schema })).retain()
  }

  /** As `document`, but not held: it ends in 30 s unless somebody calls `retain`.
   *  One that was closed for good is given as long as it is held. */
  peek(asked: Opener): RtDocument {
    return this.#shared(keyOf(asked), () => {
      return new RtDocument(this.#connection, asked satisfies Asked, { offline: this.#isOffline })
    })
  }

  /** What was edited in this browser, with `offline`, in documents that are gone for good. */
  leftBehind(): Promise<LeftBehind[]> {
    return leftBehind(this.#connection.base)
  }

  /** Told when this page has left something behind, or dropped it. Returns what ends that. */
  watchLeftBehind(listener: () => void): () => void {
    return watchLeftBehind(listener)
  }

  // -- what the server knows -----------------------------------------------------------------

  /** Kernels, sessions, terminals, kernelspecs, actions and the status of the server. */
  server(): LiveRoom<ServerTables> {
    return this.#current(() => this.peekServer()).retain()
  }

  /** The files of one directory; '' is the root. */
  directory(path: string): LiveRoom<DirectoryTables> {
    return this.#current(() => this.peekDirectory(path)).retain()
  }

  /** As `server`, but not held. */
  peekServer(): LiveRoom<ServerTables> {
    return this.#shared('server', () => {
      return new LiveRoom(this.#connection, async () => `server:${(await this.whoami()).id}`)
    })
  }

  /** As `directory`, but not held. */
  peekDirectory(path: string): LiveRoom<DirectoryTables> {
    const clean = withoutSlashes(path)
    return this.#shared(`dir:${clean}`, () => {
      const name = async (): Promise<string> => `dir:${(await this.whoami()).id}:${clean}`
      return new LiveRoom(this.#connection, name)
    })
  }

  /** Which server this is, and who we are. Throws RtHttpError. */
  whoami(): Promise<Whoami> {
    return this.#connection.json('GET', 'rtstore/server')
  }

  // -- what the server does ------------------------------------------------------------------

  /** Have something done; the record once it has ended well. Throws RtActionError. */
  request<A extends string>(
    action: A,
    params: ActionParams<A>,
    options: { id?: string } = {}
  ): Promise<Action<A>> {
    return this.#actions.request(action, params, options.id)
  }

  /** Run a cell, or several; resolves when they are over, and this store's open notebook shows what
   *  they put out. What was edited in it is sent first. Throws RtActionError; RtNotSentError, and then nothing was run. */
  async runCell(path: string, cells: string | string[], kernelName?: string): Promise<CellRun> {
    await Promise.all(this.#notebooksAt(path).map((open) => open.flush()))
    const params = { path, cells: [cells].flat(), kernel_name: kernelName ?? null }
    const result = (await this.request('cell.run', params)).result
    await this.#untilShown(path, result)
    return result
  }

  /** Each cell's newest run. Throws RtHttpError. */
  async runs(path: string): Promise<Record<string, Run>> {
    const { fileId } = await openSession(this.#connection, { path, ...NOTEBOOK })
    return this.#connection.json('GET', `rtstore/runs?document=${encodeURIComponent(fileId)}`)
  }

  async interrupt(kernelId: string): Promise<void> {
    await this.request('kernel.interrupt', { kernel_id: kernelId })
  }

  /** Take a run out of the queue. Throws RtHttpError with 409 once it began. */
  async cancelRun(kernelId: string, runId: string): Promise<void> {
    await this.#connection.json('DELETE', `rtstore/runs/${kernelId}/${runId}`)
  }

  /** What a run asks now. Throws RtHttpError. */
  question(kernelId: string, runId: string): Promise<Question> {
    return this.#connection.json('GET', `rtstore/input/${kernelId}/${runId}`)
  }

  /** Answer what a cell asks: with `promptId` this question and no later one, else whatever it asks
   *  now. Throws RtHttpError with 409 when somebody was first, or it asks something else. */
  async answerInput(
    kernelId: string,
    runId: string,
    value: string,
    { promptId }: { promptId?: string | undefined } = {}
  ): Promise<void> {
    const body = { value, prompt_id: promptId }
    await this.#connection.json('POST', `rtstore/input/${kernelId}/${runId}`, body)
  }

  /** Any other request of the server: path below the base URL, JSON in and out. */
  fetchJson<T>(method: string, path: string, body?: unknown): Promise<T> {
    return this.#connection.json(method, path, body)
  }

  /** End all documents and rooms, whoever holds them. What was not sent is lost. */
  destroy(): void {
    for (const one of [...this.#open.values()]) one.destroy()
    this.#open.clear()
  }

  async #untilShown(path: string, { runs }: CellRun): Promise<void> {
    const open = this.#notebooksAt(path)
    if (!open.length) return
    // Over is over: who may not ask, or can't, is told so by what they do next.
    const newest = await this.runs(path).catch(() => ({}))
    await Promise.all(open.map((notebook) => untilShown(notebook, runs, newest)))
  }

  /** The notebooks that are open and are here, or were when they were opened. */
  #notebooksAt(path: string): RtDocument[] {
    const isIt = (other: string): boolean => withoutSlashes(other) === withoutSlashes(path)
    return [...this.#open.values()].filter((one): one is RtDocument => {
      if (!(one instanceof RtDocument) || one.isDestroyed) return false
      const { asked } = one
      return asked.type === NOTEBOOK.type && (isIt(one.path) || isIt(asked.path))
    })
  }

  /** The one under this key, unless it has ended. */
  #shared<C extends Shared>(key: string, make: () => C): C {
    const found = this.#open.get(key) as C | undefined
    if (found && !found.isDestroyed) return found.closedWhy ? found : found.touch()
    const made = make()
    this.#open.set(key, made)
    return made
  }

  /** What `peek` gives; another if that was closed for good. */
  #current<C extends Shared>(peek: () => C): C {
    const found = peek()
    if (!found.closedWhy) return found
    for (const [key, one] of this.#open) if (one === found) this.#open.delete(key)
    return peek()
  }
}

function keyOf({ path, format, type }: { path: string } & DocumentKind): string {
  return `${format}:${type}:${path}`
}

type Shared = Counted & { closedWhy?: unknown }

export const NOTEBOOK: DocumentKind = { format: 'json', type: 'notebook' }
export const TEXT: DocumentKind = { format: 'text', type: 'file' }
export const APP: DocumentKind = { format: 'app', type: 'app' }
