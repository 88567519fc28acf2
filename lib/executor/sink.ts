import { ResultWindow } from './result-window.ts'
import { Ring } from './ring.ts'
import type { ExecutionResult } from './types.ts'

/** Makes the error of a run of the results that nobody has been given. */
export type Failure = (results: ExecutionResult[]) => unknown

/** Where the outcomes of a run go. */
export interface Sink {
  /** All outcomes so far, for listeners of the end; none where they are not kept. */
  readonly results: ExecutionResult[]
  /** The outcome of the task at `index`; returns how many were taken meanwhile. */
  add(index: number, outcome: ExecutionResult): number
  /** There are no more. */
  end(): void
  /** There are no more, because the run failed: at once, or when those before have been taken. */
  fail(failure: Failure, atOnce: boolean): void
}

/** Keeps them all, in the order of their tasks. */
export class ArraySink implements Sink {
  readonly results: ExecutionResult[] = []
  readonly outcome: Promise<ExecutionResult[]>
  #resolve!: (results: ExecutionResult[]) => void
  #reject!: (failure: unknown) => void

  constructor() {
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  add(index: number, outcome: ExecutionResult): number {
    this.results[index] = outcome
    return 0
  }

  end(): void {
    this.#resolve(this.results)
  }

  fail(failure: Failure): void {
    // Tasks that did not end leave no holes.
    this.#reject(failure(this.results.filter(() => true)))
  }
}

interface Taker {
  resolve(step: IteratorResult<ExecutionResult, undefined>): void
  reject(failure: unknown): void
}

const DONE: IteratorReturnResult<undefined> = Object.freeze({ value: undefined, done: true as const })

/** Keeps them until they are taken, one by one. */
export class TakenSink implements Sink {
  readonly results: ExecutionResult[] = []
  readonly #window = new ResultWindow()
  readonly #isOrdered: boolean
  readonly #takers = new Ring<Taker>()
  #arrived = 0
  #hasEnded = false
  #failure: Failure | undefined

  constructor(isOrdered: boolean) {
    this.#isOrdered = isOrdered
  }

  add(index: number, outcome: ExecutionResult): number {
    this.#window.put(this.#isOrdered ? index : this.#arrived++, outcome)
    let taken = 0
    while (this.#takers.length > 0) {
      const value = this.#window.take()
      if (value === undefined) break
      this.#takers.shift()?.resolve({ value, done: false })
      taken++
    }
    return taken
  }

  /** The next one, if it is there. */
  take(): ExecutionResult | undefined {
    return this.#window.take()
  }

  /** The next one when it comes, or how it ends. */
  wait(): Promise<IteratorResult<ExecutionResult, undefined>> {
    if (this.#hasEnded) return this.#outcome()
    return new Promise((resolve, reject) => this.#takers.push({ resolve, reject }))
  }

  end(): void {
    this.#hasEnded = true
    for (let taker = this.#takers.shift(); taker !== undefined; taker = this.#takers.shift()) {
      this.#outcome().then(taker.resolve, taker.reject)
    }
  }

  fail(failure: Failure, atOnce: boolean): void {
    if (this.#hasEnded) return
    // The error is made here, where its stack tells of the run, unless results come before it.
    const error = failure(atOnce ? this.#window.drain() : [])
    this.#failure = () => error
    this.end()
  }

  /** Whoever takes has enough: what is left is dropped. */
  drop(): void {
    this.#window.drain()
    this.#failure = undefined
    this.end()
  }

  /** The failure once, then the end. */
  #outcome(): Promise<IteratorResult<ExecutionResult, undefined>> {
    const failure = this.#failure
    this.#failure = undefined
    return failure === undefined ? Promise.resolve(DONE) : Promise.reject(failure([]))
  }
}
