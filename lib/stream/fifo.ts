/** A first-in, first-out list: adding and removing take constant time on average, whatever the length. */
export class Fifo<T> {
  #slots: (T | undefined)[] = []
  #start = 0

  get length(): number {
    return this.#slots.length - this.#start
  }

  push(item: T): void {
    this.#slots.push(item)
  }

  pushAll(items: T[]): void {
    for (const item of items) this.#slots.push(item)
  }

  /** The first `count` items, or all where there are fewer, as a new array. */
  first(count: number): T[] {
    return this.#slots.slice(this.#start, this.#start + count) as T[]
  }

  /** Removes the first `count` items. */
  drop(count: number): void {
    const end = Math.min(this.#start + count, this.#slots.length)
    // Emptied slots hold no item back from the garbage collector while they wait to be cut off.
    this.#slots.fill(undefined, this.#start, end)
    this.#start = end
    if (this.#start * 2 >= this.#slots.length) {
      this.#slots = this.#slots.slice(this.#start)
      this.#start = 0
    }
  }
}
