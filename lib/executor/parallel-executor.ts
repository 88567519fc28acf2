import { EventEmitter } from 'node:events'
import { booleanOption, checkFunction, checkOptions, checkSignal, checkString, integerOption } from '../arguments.ts'
import { emitSafely } from '../emit.ts'
import type { RateLimit } from '../limiter/types.ts'
import { streamConfig as checkedStreamConfig, EXECUTOR_DEFAULTS } from '../stream/config.ts'
import type { StreamConfig } from '../stream/types.ts'
import { Events } from './events.ts'
import { Gate } from './gate.ts'
import { Results } from './results.ts'
import { Run } from './run.ts'
import { changedSettings, initialSettings, type Settings } from './settings.ts'
import { ArraySink, type Sink, TakenSink } from './sink.ts'
import { ListSource, StreamSource, type TaskSource } from './task-source.ts'
import type {
  AdaptiveDecision,
  DetailedExecutionMetrics,
  ExecutionResult,
  ExecutionTask,
  ExecutorFunction,
  RunOptions,
  WorkerConfig,
} from './types.ts'

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
 * - Expected are, where `runnerConfig` says `maxTokens`, that many and a quarter of the input's characters, or what
 *   `estimateTokens` says; with the default `guarantee`, only what nearly all tasks turned out to use, once that is known.
 *   Where no most is known: as many as the most expensive of the last 50 to 100 tasks used; before any task has ended,
 *   `tokensPerMinute / concurrency`, so that a first wave can start at once.
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
 * - `'start'` `{ run, totalTasks?, concurrency, maxWorkers }` (`totalTasks` where it is known)
 * - `'taskStart'` `{ taskId, task, index }` before the first attempt
 * - `'taskComplete'` `{ taskId, task, index, result, executionTime }`; also `fromJournal: true` where the result was
 *   recorded by an earlier run and the task did not start
 * - `'taskError'` `{ taskId, task, index, error, executionTime }` where there is to be no other attempt
 * - `'retry'` `{ taskId, task, index, attempt, delay, error, key }` where there is: after which attempt, and how many
 *   milliseconds before the next
 * - `'progress'` {@link ProgressEvent} after a task has ended, at most ten times a second, and once more before the end if
 *   more have ended since
 * - `'throttle'` `{ run, reason, waitTime, limit, current, key, until, taskId, task }` once for each wait, however often
 *   the limits change meanwhile. `reason` is a {@link WaitReason}; `waitTime` in milliseconds, if no other task ends and
 *   nothing changes before, `until` the same as milliseconds since 1970; both `Infinity` for `concurrency`, which is that
 *   of a `limiter`. `key` is `undefined` without keys
 * - `'adapt'` {@link AdaptiveDecision}
 * - `'complete'` `{ run, totalTasks, failed, results, metrics }` before the run's promise resolves; `results` is empty for
 *   `run`, whose results are taken one by one. A run that fails has none
 * - `'end'` `{ run }` once for each `'start'`: after `'complete'`, and without it where the run fails or is stopped
 *
 * `run` says which of the executor's runs it is, from 1 on: runs may overlap.
 */
export class ParallelExecutor extends EventEmitter {
  #settings: Settings
  #lastReset = Date.now()
  #runs = 0
  readonly #gate: Gate

  /**
   * Options left out or `undefined` take their defaults.
   *
   * @throws TypeError, RangeError for a setting that makes no sense, such as a limit of 0
   */
  constructor(config?: WorkerConfig) {
    super()
    this.#settings = initialSettings(config)
    this.#gate = new Gate(this.#settings, (decisions) => {
      for (const decision of decisions) emitSafely(this, 'adapt', decision)
    })
  }

  /**
   * Runs all tasks, those with the highest `priority` first. One result per task, in the order of `tasks`: a task whose
   * executor throws, rejects, or resolves to nothing has an `error` and disturbs no other.
   *
   * @throws TypeError, RangeError (as a rejection, before anything starts) for something that is no task
   * @throws {@link RunStoppedError} (as a rejection) where `signal` aborts or `maxErrors` is reached, with the results of
   * the tasks that had ended
   * @throws PerformanceError (as a rejection, before anything starts) for a journal that cannot be used, with its code
   */
  async executeTasks<TInput = any, TOutput = any>(
    tasks: ExecutionTask<TInput, TOutput>[],
    executor: ExecutorFunction<TInput, TOutput>,
  ): Promise<ExecutionResult<TOutput>[]> {
    checkFunction('executor', executor)
    return this.#collect(new ListSource(tasks), executor, 1)
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
    executor: ExecutorFunction<TInput, TOutput>,
    streamConfig?: StreamConfig,
  ): Promise<ExecutionResult<TOutput>[]> {
    checkFunction('executor', executor)
    const { bufferSize } = checkedStreamConfig('streamConfig', streamConfig, EXECUTOR_DEFAULTS)
    return this.#collect(new StreamSource(tasks), executor, bufferSize)
  }

  /**
   * The same with the results one by one, in the order of the tasks or as they finish, and no more memory than `window`
   * of them take. Nothing begins before the first is asked for; then as many tasks are read and started as the limits and
   * `window` allow. Who stops taking them (`break`, `return()`) stops the run without an error: tasks in flight are given
   * up, their signals aborted, and the source is closed.
   *
   * ```ts
   * const executor = new ParallelExecutor()
   * const results = executor.run(tasks, async (task) => ({ actual: await ask(task.testCase.input) }), { ordered: false })
   * for await (const { task, result, error } of results) {
   *   console.log(task.id, result?.actual ?? error?.message)
   * }
   * ```
   *
   * Of an array, too, `bufferSize` tasks are read ahead, and the highest `priority` of those starts first.
   *
   * The iterator's `next()` rejects, once, with
   * - {@link SourceError} where the source fails, after the results of all tasks that it gave;
   * - {@link RunStoppedError} where `signal` aborts or `maxErrors` is reached, at once.
   *
   * @throws TypeError, RangeError for an argument that makes no sense
   */
  run<TInput = any, TOutput = any>(
    tasks: Iterable<ExecutionTask<TInput, TOutput>> | AsyncIterable<ExecutionTask<TInput, TOutput>>,
    executor: ExecutorFunction<TInput, TOutput>,
    options?: RunOptions,
  ): AsyncIterableIterator<ExecutionResult<TOutput>, undefined> {
    checkFunction('executor', executor)
    checkOptions('options', options)
    checkSignal('signal', options?.signal)
    const window = integerOption('window', options?.window, 1_000)
    const bufferSize = integerOption('bufferSize', options?.bufferSize, EXECUTOR_DEFAULTS.bufferSize)
    const sink = new TakenSink(booleanOption('ordered', options?.ordered, true))
    const run = this.#prepare(new StreamSource(tasks), sink, executor, bufferSize, window, options?.signal)
    return new Results(sink, run)
  }

  /**
   * Changes what is named and leaves the rest, at once: a wait that the new limits make shorter ends earlier. To lift a
   * limit, set it to `Infinity`. `signal`, `adaptive`, `key`, `limiter` and `journal` stay as they were constructed.
   *
   * @throws TypeError, RangeError for a setting that makes no sense, or cannot change; then nothing has changed
   */
  updateConfig(config: Partial<WorkerConfig>): void {
    this.#settings = changedSettings(this.#settings, config)
    this.#gate.setLimits(this.#settings)
  }

  /** What `adaptive` did, the oldest first: the last 1,000 decisions. Empty where it is off. */
  getAdaptiveLog(): AdaptiveDecision[] {
    return this.#gate.decisions()
  }

  getMetrics(): DetailedExecutionMetrics {
    return this.#gate.metrics()
  }

  /**
   * The limits, the starts and the tokens that count towards them now, and when the window was last forgotten
   * (milliseconds since 1970; the time of construction where it never was). Starts and tokens are those of `key`, or of all
   * keys together; where there is a `limiter`, those of all who share it.
   */
  getRateLimiterState(key?: string): RateLimit & { currentRequests: number; currentTokens: number; lastReset: number } {
    if (key !== undefined) checkString('key', key)
    const { requests, tokens } = this.#gate.usage(key)
    return { ...this.#settings.rateLimit, currentRequests: requests, currentTokens: tokens, lastReset: this.#lastReset }
  }

  /** Forgets the last 60 seconds, so that waits for a rate limit end. Tasks in flight still count as in flight. */
  resetRateLimiter(): void {
    this.#lastReset = Date.now()
    this.#gate.reset()
  }

  #collect(source: TaskSource, executor: ExecutorFunction, readAhead: number): Promise<ExecutionResult[]> {
    const sink = new ArraySink()
    this.#prepare(source, sink, executor, readAhead, Number.POSITIVE_INFINITY).begin()
    return sink.outcome
  }

  #prepare(
    source: TaskSource,
    sink: Sink,
    executor: ExecutorFunction,
    readAhead: number,
    window: number,
    signal?: AbortSignal,
  ): Run {
    const settings = () => this.#settings
    const { key, signal: ownSignal } = this.#settings
    const signals = [ownSignal, signal].filter((signal) => signal !== undefined)
    const events = new Events(this, ++this.#runs, key !== undefined)
    return new Run({ gate: this.#gate, source, sink, executor, events, settings, readAhead, window, signals })
  }
}
