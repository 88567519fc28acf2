/** What has a place among others. */
export interface Placed {
  readonly index: number
  readonly priority: number
}

/**
 * Tasks that may start: the highest priority first, of equal ones the earliest. A binary heap, so that a look-ahead of a
 * million tasks costs hardly more a task than one of ten.
 */
export class ReadyTasks<T extends Placed> {
  readonly #heap: T[] = []

  add(placed: T): void {
    const heap = this.#heap
    let place = heap.length
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (!startsBefore(placed, heap[parent] as T)) break
      heap[place] = heap[parent] as T
      place = parent
    }
    heap[place] = placed
  }

  /** Removes the task to start next; `undefined` where there is none. */
  take(): T | undefined {
    const first = this.#heap[0]
    const last = this.#heap.pop()
    if (last !== undefined && this.#heap.length > 0) this.#sink(last)
    return first
  }

  /** Fills the empty place at the top with `placed`, or with what starts before it. */
  #sink(placed: T): void {
    const heap = this.#heap
    let place = 0
    for (let child = 1; child < heap.length; child = 2 * place + 1) {
      if (child + 1 < heap.length && startsBefore(heap[child + 1] as T, heap[child] as T)) child++
      if (!startsBefore(heap[child] as T, placed)) break
      heap[place] = heap[child] as T
      place = child
    }
    heap[place] = placed
  }
}

/** Whether `one` starts before `other`. */
export function startsBefore(one: Placed, other: Placed): boolean {
  return one.priority === other.priority ? one.index < other.index : one.priority > other.priority
}
