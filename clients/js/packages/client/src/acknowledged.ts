// Which of our edits the store has. The server counts the sync messages of one socket.

export class Acknowledged {
  #edits = 0
  #confirmed = 0
  #stored = 0
  #said: number[] = []

  /** Something was edited here. */
  edited(): void {
    this.#edits += 1
  }

  /** A message was sent that has, with those before it, all edits until now. */
  sent(): void {
    this.#said.push(this.#edits)
  }

  /** The store has so many of this socket's messages. */
  stored(count: number): void {
    const reach = this.#said.splice(0, count - this.#stored).at(-1)
    this.#stored = count
    this.#confirmed = Math.max(this.#confirmed, reach ?? 0)
  }

  /** The socket is gone: counts begin anew. */
  lost(): void {
    this.#said = []
    this.#stored = 0
  }

  /** How many edits there were. */
  get edits(): number {
    return this.#edits
  }

  /** Whether the store has the first so many. */
  has(edits: number): boolean {
    return this.#confirmed >= edits
  }

  get hasAll(): boolean {
    return this.has(this.#edits)
  }
}
