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
 * Runs tasks as fast as their limits allow: at most `concurrency` at a time, at most `requestsPerMinute` started and
 * `tokensPerMinute` spent in **any** 60 seconds. The limits hold over all runs of one executor, which take turns.
 *
 * **Requests** count when a task starts, for exactly 60 seconds. The next task starts as soon as one ends and the
 * limits allow it: there are no batches to wait for.
 *
 * **Tokens** are reserved when a task starts and corrected when it ends, to `result.metadata.tokenUsage.total`. The
 * reservation is the `maxTokens` of the task's `runnerConfig` plus a quarter of its input's characters (of an object, of its estimated bytes); without
 * `maxTokens`, the largest use of the last 100 tasks; before any has ended, `tokensPerMinute / concurrency`, so that a
 * first wave starts at once. What was reserved in excess is free at once; a debt counts until its task's 60 seconds are
 * over. A result that reports no usage counts a quarter of the characters of input and `actual`; a failed task a quarter
 * of those of its input. A task reserved above the whole limit starts when no other task's tokens count.
 *
 * Waiting uses `setTimeout` and `performance.now()`, looked up at each use, so that fake timers drive it. A wait keeps
 * the process alive; nothing else does, and nothing is left behind when a run ends. A task that awaits a run of the same
 * executor keeps its own place meanwhile; with too few places that never ends.
 *
 * Events, each with one object; a listener that throws disturbs nothing, and its error goes to `'error'` where somebody
 * listens to that:
 * - `'start'` `{ totalTasks?, concurrency, maxWorkers }` (`totalTasks` where it is known)
 * - `'taskStart'` `{ taskId, task, index }`
 * - `'taskComplete'` `{ taskId, task, index, result, executionTime }`
 * - `'taskError'` `{ taskId, task, index, error, executionTime }`
 * - `'progress'` `{ completed, failed, total? }` after each task; `completed` includes the failed ones
 * - `'throttle'` `{ reason: 'requests' | 'tokens', waitTime, limit, current, taskId, task }` once for each wait, however
 *   often the limits change meanwhile; `waitTime` in milliseconds, if no other task ends and nothing changes before
 * - `'complete'` `{ totalTasks, failed, results, metrics }` before the run's promise resolves
 *
 * @example
 * const executor = new ParallelExecutor({ concurrency: 20, rateLimit: { requestsPerMinute: 500 } })
 * const results = await executor.executeTasks(tasks, async (task) => ({ actual: await ask(task.testCase.input) }))
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
