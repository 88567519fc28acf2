import type { TakenSink } from './sink.ts'
import type { ExecutionResult } from './types.ts'

/** What the results of a run need of it. */
export interface Taken {
  begin(): void
  /** One more result was taken. */
  taken(): void
  /** No more are wanted. */
  close(): Promise<void>
}

/** The results of a run, one by one. The run begins when the first is asked for. */
export class Results implements AsyncIterableIterator<ExecutionResult, undefined> {
  readonly #sink: TakenSink
  readonly #run: Taken
  #hasBegun = false

  constructor(sink: TakenSink, run: Taken) {
    this.#sink = sink
    this.#run = run
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<ExecutionResult, undefined>> {
    if (!this.#hasBegun) {
      this.#hasBegun = true
      this.#run.begin()
    }
    const value = this.#sink.take()
    if (value === undefined) return this.#sink.wait()
    this.#run.taken()
    return Promise.resolve({ value, done: false })
  }

  /** Stops the run: tasks in flight are given up, what was not taken is dropped, the source is closed. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    const hasBegun = this.#hasBegun
    this.#hasBegun = true
    this.#sink.drop()
    if (hasBegun) await this.#run.close()
    return { value: undefined, done: true }
  }

  async throw(failure?: unknown): Promise<IteratorReturnResult<undefined>> {
    await this.return()
    throw failure
  }
}
