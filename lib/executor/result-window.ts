import type { ExecutionResult } from './types.ts'

/**
 * Results by their place, until those before them have been taken: a ring that is as large as the distance between the
 * next one and the last one that came.
 */
export class ResultWindow {
  #slots: (ExecutionResult | undefined)[] = new Array(16).fill(undefined)
  #next = 0
  /** One behind the last place that came. */
  #end = 0

  put(place: number, result: ExecutionResult): void {
    while (place - this.#next >= this.#slots.length) this.#grow()
    this.#slots[place & (this.#slots.length - 1)] = result
    if (place >= this.#end) this.#end = place + 1
  }

  /** Removes the next one, if it is there. */
  take(): ExecutionResult | undefined {
    const slot = this.#next & (this.#slots.length - 1)
    const result = this.#slots[slot]
    if (result === undefined) return undefined
    this.#slots[slot] = undefined
    this.#next++
    return result
  }

  /** Removes all there are, in order. */
  drain(): ExecutionResult[] {
    const drained: ExecutionResult[] = []
    for (; this.#next < this.#end; this.#next++) {
      const result = this.#slots[this.#next & (this.#slots.length - 1)]
      if (result !== undefined) drained.push(result)
    }
    this.#slots.fill(undefined)
    return drained
  }

  #grow(): void {
    const old = this.#slots
    this.#slots = new Array(2 * old.length).fill(undefined)
    for (let place = this.#next; place < this.#end; place++) {
      this.#slots[place & (this.#slots.length - 1)] = old[place & (old.length - 1)]
    }
  }
}
