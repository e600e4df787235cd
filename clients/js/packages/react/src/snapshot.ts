// How hooks read what changes outside of React: they render again only for another value.

import { equalityDeep } from 'lib0/function'
import { useCallback, useRef, useSyncExternalStore } from 'react'
import type { AbstractType } from 'yjs'

export type Subscribe = (listener: () => void) => () => void

/** What `read` gives, the same object for as long as it is deeply equal. Memoise `subscribe`. */
export function useSnapshot<T>(subscribe: Subscribe, read: () => T): T {
  const last = useRef<{ value: T } | null>(null)
  const look = (): T => {
    const value = read()
    if (last.current && equalityDeep(last.current.value, value)) return last.current.value
    last.current = { value }
    return value
  }
  return useSyncExternalStore(subscribe, look, look)
}

/** One JSON of a shared type for all who read it. */
class Observed {
  readonly #type: AbstractType<any>
  readonly #listeners = new Set<() => void>()
  #json: { value: unknown } | undefined

  constructor(type: AbstractType<any>) {
    this.#type = type
  }

  read(): unknown {
    if (this.#listeners.size === 0) return this.#type.toJSON() // nobody would say that it is old
    this.#json ??= { value: this.#type.toJSON() }
    return this.#json.value
  }

  subscribe(listener: () => void): () => void {
    const own = (): void => listener()
    if (this.#listeners.size === 0) {
      this.#json = undefined
      this.#type.observeDeep(this.#changed)
    }
    this.#listeners.add(own)
    return () => {
      this.#listeners.delete(own)
      if (this.#listeners.size === 0) this.#type.unobserveDeep(this.#changed)
    }
  }

  readonly #changed = (): void => {
    this.#json = undefined
    for (const listener of [...this.#listeners]) listener()
  }
}

const observed = new WeakMap<AbstractType<any>, Observed>()

/** `select` of the JSON of a shared type. */
export function useJson<J, T>(type: AbstractType<any>, select: (json: J) => T): T {
  let one = observed.get(type)
  if (!one) observed.set(type, (one = new Observed(type)))
  const shared = one
  const subscribe = useCallback((listener: () => void) => shared.subscribe(listener), [shared])
  return useSnapshot(subscribe, () => select(shared.read() as J))
}
