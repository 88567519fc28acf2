import { availableParallelism } from 'node:os'
import { checkFunction, integerOption } from '../arguments.ts'

/** A task that waits, and the one behind it. */
interface Waiting {
  begin: () => void
  next: Waiting | undefined
}

/**
 * Runs scoring tasks at most `maxWorkers` at a time, in the order they came.
 *
 * A task is a closure, and a closure runs on the calling thread: tasks overlap where they wait (for a model that judges,
 * for a file), but pure computation gets no faster by more workers. {@link scoreAll} scores pairs of texts or vectors on
 * threads, by scorers of its own.
 *
 * @example
 * const pool = new ScoringWorkerPool(4)
 * const scores = await Promise.all(answers.map((answer) => pool.execute(() => judge(answer))))
 */
export class ScoringWorkerPool {
  readonly #maxWorkers: number
  #active = 0
  #queued = 0
  #first: Waiting | undefined
  #last: Waiting | undefined

  /**
   * @param maxWorkers an integer ≥ 1; by default one less than the processors available, and at least 1
   */
  constructor(maxWorkers?: number) {
    this.#maxWorkers = integerOption('maxWorkers', maxWorkers, Math.max(1, availableParallelism() - 1))
  }

  /**
   * Starts `task`, on the calling thread, once a worker is free, and passes on what it resolves to or throws, untouched.
   *
   * @throws TypeError (as a rejection) where `task` is no function
   */
  async execute<T>(task: () => Promise<T>): Promise<T> {
    checkFunction('task', task)
    if (this.#active < this.#maxWorkers) this.#active++
    else await new Promise<void>((begin) => this.#enqueue(begin))
    try {
      return await task()
    } finally {
      this.#handOver()
    }
  }

  /** `utilization` is `activeWorkers / maxWorkers`. */
  getStats(): { maxWorkers: number; activeWorkers: number; queuedTasks: number; utilization: number } {
    return {
      maxWorkers: this.#maxWorkers,
      activeWorkers: this.#active,
      queuedTasks: this.#queued,
      utilization: this.#active / this.#maxWorkers,
    }
  }

  #enqueue(begin: () => void): void {
    const waiting: Waiting = { begin, next: undefined }
    if (this.#last === undefined) this.#first = waiting
    else this.#last.next = waiting
    this.#last = waiting
    this.#queued++
  }

  /** The worker goes straight to the task that has waited longest, so that no later one can come between. */
  #handOver(): void {
    const waiting = this.#first
    if (waiting === undefined) {
      this.#active--
      return
    }
    this.#first = waiting.next
    if (this.#first === undefined) this.#last = undefined
    this.#queued--
    waiting.begin()
  }
}
