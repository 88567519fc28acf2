import { EventEmitter } from 'node:events'
import { checkFunction } from '../arguments.ts'
import { emitSafely } from '../emit.ts'
import { streamConfig as checkedStreamConfig, EXECUTOR_DEFAULTS } from '../stream/config.ts'
import type { RunResult, StreamConfig } from '../stream/types.ts'
import { Gate } from './gate.ts'
import { type ExecutorFunction, Run } from './run.ts'
import { changedSettings, initialSettings, type Settings } from './settings.ts'
import { ListSource, StreamSource, type TaskSource } from './task-source.ts'
import type { ExecutionMetrics, ExecutionResult, ExecutionTask, RateLimit, WorkerConfig } from './types.ts'

/**
 * Runs tasks as fast as their limits allow, and never faster: at most `concurrency` at a time, and in **any** 60 seconds
 * at most `requestsPerMinute` starts and `tokensPerMinute` tokens. All runs of one executor share these limits and take
 * turns.
 *
 * ```ts
 * const executor = new ParallelExecutor({ concurrency: 20, rateLimit: { requestsPerMinute: 500 } })
 * const results = await executor.executeTasks(tasks, async (task) => ({ actual: await ask(task.testCase.input) }))
 * ```
 *
 * **Requests.** A task counts for the 60 seconds after its start. The next one starts as soon as a place is free and the
 * limits allow it: there are no batches to wait for.
 *
 * **Tokens.** A task counts for the same 60 seconds, from its start with the tokens it is expected to use, from its end
 * with those it did use.
 * - Expected are, where `runnerConfig` says `maxTokens`, that many and a quarter of the input's characters; else as many
 *   as the most expensive of the last 100 tasks used; before any task has ended, `tokensPerMinute / concurrency`, so that
 *   a first wave can start at once.
 * - Used are the `metadata.tokenUsage.total` of the result; where it says nothing, a quarter of the characters of input
 *   and `actual`. A task that failed may have been answered before: it counts as expected. Where its error tells that it
 *   was not answered (an HTTP status, no connection), or nothing was known to expect, it is a quarter of its input's.
 * - Whoever used less than expected makes room at once. Whoever used more makes the next ones wait: the limit holds
 *   where expectations are not too low.
 * - A task expected to use more than `tokensPerMinute` starts when no other task's tokens count.
 *
 * An input that is no text counts with its estimated bytes.
 *
 * **Time.** Waits use `setTimeout` and `performance.now()`, looked up at each use, so that fake timers drive them, also
 * those that fake `setTimeout` alone. A wait keeps the process alive; nothing else does, and nothing is left behind when
 * a run ends. A task that awaits another run of the same executor keeps its own place meanwhile; with `concurrency: 1`
 * that never ends.
 *
 * **Events**, each with one object. A listener that throws disturbs nothing; its error goes to `'error'` where somebody
 * listens to that.
 * - `'start'` `{ totalTasks?, concurrency, maxWorkers }` (`totalTasks` where it is known)
 * - `'taskStart'` `{ taskId, task, index }`
 * - `'taskComplete'` `{ taskId, task, index, result, executionTime }`
 * - `'taskError'` `{ taskId, task, index, error, executionTime }`
 * - `'progress'` `{ completed, failed, total? }` after each task; `completed` includes the failed ones
 * - `'throttle'` `{ reason: 'requests' | 'tokens', waitTime, limit, current, taskId, task }` once for each wait, however
 *   often the limits change meanwhile; `waitTime` in milliseconds, if no other task ends and nothing changes before
 * - `'complete'` `{ totalTasks, failed, results, metrics }` before the run's promise resolves
 */
export class ParallelExecutor extends EventEmitter {
  #settings: Settings
  #lastReset = Date.now()
  readonly #gate: Gate

  /**
   * Options left out or `undefined` take their defaults.
   *
   * @throws TypeError, RangeError for a setting that makes no sense, such as a limit of 0
   */
  constructor(config?: WorkerConfig) {
    super()
    this.#settings = initialSettings(config)
    this.#gate = new Gate(this.#settings)
  }

  /**
   * Runs all tasks, those with the highest `priority` first. One result per task, in the order of `tasks`: a task whose
   * executor throws, rejects, or resolves to nothing has an `error` and disturbs no other.
   *
   * @throws TypeError, RangeError (as a rejection, before anything starts) for something that is no task
   */
  async executeTasks<TInput = any, TOutput = any>(
    tasks: ExecutionTask<TInput, TOutput>[],
    executor: (task: ExecutionTask<TInput, TOutput>) => Promise<RunResult<TOutput>>,
  ): Promise<ExecutionResult<TOutput>[]> {
    checkFunction('executor', executor)
    return this.#run(new ListSource(tasks), executor as ExecutorFunction)
  }

  /**
   * The same for tasks that are read as they are needed: from a file, a database, a generator. One result per task, in
   * the order in which they were given.
   *
   * `bufferSize` is how many tasks are read ahead of their start; of those the highest `priority` starts first. Other
   * than in the stream classes it is 1 by default, so that nothing is read before it is needed; a source that is slow in
   * bursts wants more. `batchSize` and `maxMemory` are checked and have no effect: tasks start one by one, and no more
   * than `bufferSize` of them wait.
   *
   * @throws {@link SourceError} (as a rejection) where the source throws or gives something that is no task, once every
   * task given before has ended; they are in its `results`
   */
  async executeTasksStreaming<TInput = any, TOutput = any>(
    tasks: Iterable<ExecutionTask<TInput, TOutput>> | AsyncIterable<ExecutionTask<TInput, TOutput>>,
    executor: (task: ExecutionTask<TInput, TOutput>) => Promise<RunResult<TOutput>>,
    streamConfig?: StreamConfig,
  ): Promise<ExecutionResult<TOutput>[]> {
    checkFunction('executor', executor)
    const { bufferSize } = checkedStreamConfig('streamConfig', streamConfig, EXECUTOR_DEFAULTS)
    return this.#run(new StreamSource(tasks, bufferSize), executor as ExecutorFunction)
  }

  /**
   * Changes what is named and leaves the rest, at once: a wait that the new limits make shorter ends earlier. To lift a
   * limit, set it to `Infinity`.
   *
   * @throws TypeError, RangeError for a setting that makes no sense; then nothing has changed
   */
  updateConfig(config: Partial<WorkerConfig>): void {
    this.#settings = changedSettings(this.#settings, config)
    this.#gate.setLimits(this.#settings)
  }

  getMetrics(): ExecutionMetrics {
    return this.#gate.metrics()
  }

  /**
   * The limits, the starts and the tokens that count towards them now, and when the window was last forgotten
   * (milliseconds since 1970; the time of construction where it never was).
   */
  getRateLimiterState(): RateLimit & { currentRequests: number; currentTokens: number; lastReset: number } {
    const { requests, tokens } = this.#gate.usage()
    return { ...this.#settings.rateLimit, currentRequests: requests, currentTokens: tokens, lastReset: this.#lastReset }
  }

  /** Forgets the last 60 seconds, so that waits for a rate limit end. Tasks in flight still count as in flight. */
  resetRateLimiter(): void {
    this.#lastReset = Date.now()
    this.#gate.reset()
  }

  #run(source: TaskSource, executor: ExecutorFunction): Promise<ExecutionResult[]> {
    const { concurrency, maxWorkers } = this.#settings
    const run = new Run(this.#gate, source, executor, (event, payload) => emitSafely(this, event, payload))
    emitSafely(this, 'start', { totalTasks: source.total, concurrency, maxWorkers })
    run.begin()
    return run.outcome
  }
}
