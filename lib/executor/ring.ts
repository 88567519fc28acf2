/**
 * A first-in, first-out list that keeps its room when it is emptied: lists that hold one item most of the time, and are
 * emptied for each task, would otherwise make garbage for each task.
 */
export class Ring<T> implements Iterable<T> {
  #slots: (T | undefined)[] = new Array(8).fill(undefined)
  #start = 0
  length = 0

  get first(): T | undefined {
    return this.#slots[this.#start]
  }

  push(item: T): void {
    if (this.length === this.#slots.length) this.#grow()
    this.#slots[(this.#start + this.length) & (this.#slots.length - 1)] = item
    this.length++
  }

  shift(): T | undefined {
    const item = this.#slots[this.#start]
    if (this.length === 0) return undefined
    this.#slots[this.#start] = undefined
    this.#start = (this.#start + 1) & (this.#slots.length - 1)
    this.length--
    return item
  }

  /** Takes `item` out, wherever it is; the others keep their order. */
  remove(item: T): void {
    const others = [...this].filter((other) => other !== item)
    this.clear()
    for (const other of others) this.push(other)
  }

  clear(): void {
    this.#slots.fill(undefined)
    this.#start = 0
    this.length = 0
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let place = 0; place < this.length; place++) {
      yield this.#slots[(this.#start + place) & (this.#slots.length - 1)] as T
    }
  }

  #grow(): void {
    const items = [...this]
    this.#slots = items.concat(new Array(items.length).fill(undefined))
    this.#start = 0
  }
}
