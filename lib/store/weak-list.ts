/** Objects in the order they were added in, none of which is kept alive by being in the list. */
export class WeakList<T extends object> implements Iterable<T> {
  #members: WeakRef<T>[] = []
  #sweepAt = 16

  add(member: T): void {
    if (this.#members.length >= this.#sweepAt) this.#sweep()
    this.#members.push(new WeakRef(member))
  }

  delete(member: T): void {
    this.#members = this.#members.filter((reference) => reference.deref() !== member)
  }

  get isEmpty(): boolean {
    this.#sweep()
    return this.#members.length === 0
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (const reference of this.#members) {
      const member = reference.deref()
      if (member !== undefined) yield member
    }
  }

  /** Only when the list has doubled, so that adding stays cheap. */
  #sweep(): void {
    this.#members = this.#members.filter((reference) => reference.deref() !== undefined)
    this.#sweepAt = Math.max(16, 2 * this.#members.length)
  }
}
