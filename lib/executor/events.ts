import type { EventEmitter } from 'node:events'
import { emitSafely, isHeard } from '../emit.ts'
import type { Milliseconds } from '../units.ts'
import type { Throttle } from './gate.ts'
import type { Job } from './job.ts'
import type { Settings } from './settings.ts'
// biome-ignore lint/suspicious/noShadowRestrictedNames: the documented name of the type
import type { DetailedExecutionMetrics, EvalError, ExecutionResult } from './types.ts'

/** How far a run has come. */
export interface ProgressEvent {
  /** Which of the executor's runs, from 1 on. */
  run: number
  /** Tasks that have ended, with a result or an error. */
  completed: number
  /** The same as `completed`. */
  done: number
  /** Those of them that failed. */
  failed: number
  inFlight: number
  /** Tasks that were read and have not started, or wait for another attempt; of a list, all that are left. */
  waiting: number
  /** How many there are, once that is known. */
  total: number | undefined
  /** Ends a second, of late. */
  rate: number
  /** Milliseconds until the last one ends, at that rate; `undefined` where `total` or the rate is not known. */
  eta: Milliseconds | undefined
  /** How much of the fullest limit is used. 0..1 */
  limitUtilization: number
}

type Counts = Pick<ProgressEvent, 'completed' | 'failed' | 'inFlight' | 'waiting' | 'total'>
export type Figures = Pick<ProgressEvent, 'rate' | 'limitUtilization'> & { readonly eta: number }

/** What a run tells. An event that nobody listens to is not made. */
export class Events {
  readonly #emitter: EventEmitter
  /** Which of the executor's runs this is. */
  readonly #run: number
  readonly #isKeyed: boolean

  constructor(emitter: EventEmitter, run: number, isKeyed: boolean) {
    this.#emitter = emitter
    this.#run = run
    this.#isKeyed = isKeyed
  }

  hears(event: string): boolean {
    return isHeard(this.#emitter, event)
  }

  start(totalTasks: number | undefined, { concurrency, maxWorkers }: Settings): void {
    this.#emit('start', { run: this.#run, totalTasks, concurrency, maxWorkers })
  }

  taskStart({ task, index }: Job): void {
    this.#emit('taskStart', { taskId: task.id, task, index })
  }

  /** Whether anybody heard of it. */
  taskEnd(index: number, outcome: ExecutionResult, fromJournal: boolean): boolean {
    const { task, result, error, executionTime } = outcome
    const event = error === undefined ? 'taskComplete' : 'taskError'
    if (!this.hears(event)) return false
    const ended = { taskId: task.id, task, index, executionTime }
    if (error !== undefined) this.#emit(event, { ...ended, error })
    else this.#emit(event, { ...ended, result, ...(fromJournal && { fromJournal }) })
    return true
  }

  throttle({ task, queue }: Job, throttle: Throttle): void {
    if (!this.hears('throttle')) return
    const until = Date.now() + throttle.waitTime
    const key = this.#keyOf(queue.lane.key)
    this.#emit('throttle', { run: this.#run, ...throttle, key, until, taskId: task.id, task })
  }

  retry({ task, index, attempt, queue }: Job, delay: Milliseconds, error: EvalError): void {
    this.#emit('retry', { taskId: task.id, task, index, attempt, delay, error, key: this.#keyOf(queue.lane.key) })
  }

  progress(counts: Counts, { rate, eta, limitUtilization }: Figures): void {
    const { completed, failed, inFlight, waiting, total } = counts
    const known = { run: this.#run, completed, done: completed, failed, inFlight, waiting, total, rate }
    const progress: ProgressEvent = { ...known, eta: Number.isFinite(eta) ? eta : undefined, limitUtilization }
    this.#emit('progress', progress)
  }

  complete(
    totalTasks: number,
    failed: number,
    results: ExecutionResult[],
    metrics: () => DetailedExecutionMetrics,
  ): void {
    if (!this.hears('complete')) return
    this.#emit('complete', { run: this.#run, totalTasks, failed, results, metrics: metrics() })
  }

  end(): void {
    this.#emit('end', { run: this.#run })
  }

  #keyOf(key: string): string | undefined {
    return this.#isKeyed ? key : undefined
  }

  #emit(event: string, payload: object): void {
    emitSafely(this.#emitter, event, payload)
  }
}
