// What several parts of a page hold together: ended a moment after the last has let go.

/** React's StrictMode lets go and takes again at once. */
export const RELEASE_MS = 200
/** What was made for a page that never showed it. */
export const UNUSED_MS = 30_000
/** What was closed for good before anybody held it: whoever waits for it is told why. */
export const REFUSED_MS = 3_000

export abstract class Counted {
  #holders = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #isDestroyed = false
  readonly #listeners = new Set<() => void>()

  constructor() {
    this.#endAfter(UNUSED_MS)
  }

  /** Whether it ended: it stays readable, and changes no more. */
  get isDestroyed(): boolean {
    return this.#isDestroyed
  }

  /** Hold it: whoever does calls `release` once. */
  retain(): this {
    this.#holders += 1
    clearTimeout(this.#timer)
    return this
  }

  /** Somebody looks at it without holding it: it stays for a while. */
  touch(): this {
    if (this.#holders === 0) this.#endAfter(UNUSED_MS)
    return this
  }

  /** It was closed for good: without holders it ends soon. */
  protected refused(): void {
    if (this.#holders === 0) this.#endAfter(REFUSED_MS)
  }

  /** Let go. It ends soon after the last holder has. */
  release(): void {
    if (this.#holders === 0 || --this.#holders > 0) return
    this.#endAfter(RELEASE_MS)
  }

  /** Call `listener` after changes; returns what ends that. */
  protected listen(listener: () => void): () => void {
    const own = (): void => listener() // the same function may listen twice
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  protected tell(): void {
    for (const listener of [...this.#listeners]) listener()
  }

  /** Whether it may not end yet. */
  protected mustStay(): boolean {
    return false
  }

  protected abstract end(): void

  #endAfter(ms: number): void {
    clearTimeout(this.#timer)
    if (this.#isDestroyed) return
    this.#timer = setTimeout(() => {
      if (this.mustStay()) return this.#endAfter(RELEASE_MS)
      this.destroy()
    }, ms)
    unref(this.#timer)
  }

  /** End it now, whoever holds it. */
  destroy(): void {
    if (this.#isDestroyed) return
    clearTimeout(this.#timer)
    this.#isDestroyed = true
    this.end()
    this.tell()
  }
}

/** In node: don't keep the process for it. */
function unref(timer: unknown): void {
  ;(timer as { unref?: () => void }).unref?.()
}
