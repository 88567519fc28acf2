import { LONGEST_TIMEOUT, wrongType } from '../arguments.ts'
import type { Milliseconds } from '../units.ts'
import { Context } from './context.ts'
import type { Job } from './job.ts'
import type { ExecutorFunction } from './types.ts'

/** Who is told how an attempt ended. Neither happens where it was given up before. */
export interface AttemptEnds {
  succeeded(job: Job, result: any): void
  failed(job: Job, thrown: unknown): void
}

/** Of promises, whatever a promise of the user's has instead. */
const { then } = Promise.prototype

/**
 * The attempts of one run. Who waits for an answer is used again for the next attempt, so that a task costs no closures.
 *
 * Invariant: a watch has one attempt until the answer to that has come, be it given up long before; then it is free.
 */
export class Attempts {
  readonly #executor: ExecutorFunction
  readonly #ends: AttemptEnds
  readonly #free: Watch[] = []

  constructor(executor: ExecutorFunction, ends: AttemptEnds) {
    this.#executor = executor
    this.#ends = ends
  }

  /** Calls the user's function for the attempt that `job.context` is, and tells what came of it, never at once. */
  make(job: Job, timeout: Milliseconds): void {
    const context = job.context as Context
    if (timeout <= LONGEST_TIMEOUT) {
      // Keeps the process alive, because somebody awaits the run and nothing else may.
      job.timer = globalThis.setTimeout(() => this.#timeOut(job, context, timeout), Math.ceil(timeout))
    }
    let answer: Promise<unknown>
    try {
      answer = Promise.resolve(this.#executor(job.task, context))
    } catch (thrown) {
      answer = Promise.reject(thrown)
    }
    const watch = this.#free.pop() ?? new Watch(this.#free, this.#ends)
    watch.job = job
    watch.context = context
    void Reflect.apply(then, answer, [watch.fulfilled, watch.rejected])
  }

  #timeOut(job: Job, context: Context, timeout: Milliseconds): void {
    const reason = new DOMException(`The attempt took longer than ${timeout} ms`, 'TimeoutError')
    job.timer = undefined
    this.#ends.failed(job, reason)
    Context.abandon(context, reason)
  }
}

/** Waits for the answer to one attempt after another. */
class Watch {
  job: Job | undefined = undefined
  context: Context | undefined = undefined
  readonly fulfilled: (result: unknown) => void
  readonly rejected: (thrown: unknown) => void

  constructor(free: Watch[], ends: AttemptEnds) {
    this.fulfilled = (result) => {
      const job = this.#leave(free)
      if (job === undefined) return
      if (result === undefined || result === null) ends.failed(job, wrongType('executor(task)', 'a result', result))
      else ends.succeeded(job, result)
    }
    this.rejected = (thrown) => {
      const job = this.#leave(free)
      if (job !== undefined) ends.failed(job, thrown)
    }
  }

  /** Whose answer it is; nobody's where the attempt was given up. */
  #leave(free: Watch[]): Job | undefined {
    const { job, context } = this
    this.job = undefined
    this.context = undefined
    free.push(this)
    return job?.context === context ? job : undefined
  }
}
