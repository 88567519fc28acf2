import type { JournalOptions } from '../journal/journal.ts'
import type { RateLimiter } from '../limiter/rate-limiter.ts'
import type { RateLimit, WaitReason } from '../limiter/types.ts'
import type { RunResult, TestCase } from '../stream/types.ts'
import type { Milliseconds } from '../units.ts'

export interface WorkerConfig {
  /**
   * Kept for frameworks that set it, checked, and told to listeners of `'start'`. It bounds nothing: tasks are closures,
   * which run on the calling thread; `concurrency` is what bounds them.
   *
   * @default 4
   */
  maxWorkers?: number
  /**
   * The most tasks in flight at a time, over all runs and keys of one executor.
   *
   * @default 10
   */
  concurrency?: number
  /**
   * With `key`, each key has these limits for itself. Not heeded where there is a `limiter`.
   *
   * @default { requestsPerMinute: 60, tokensPerMinute: 150_000 }
   */
  rateLimit?: RateLimit
  /**
   * Whether a task that failed is run again: where the failure is {@link EvalError.retryable}, after a wait, until it
   * has had `attempts` in all. `true` is `{}`. Each attempt asks the limits anew and counts towards them. While a task
   * waits for its next attempt it has no place; it goes before the tasks of its key that have not started. While as many
   * tasks of a key as `concurrency` wait in this way, no other task of that key starts.
   *
   * Left out, no task is run twice; `{ attempts: 1 }` switches an earlier setting off.
   */
  retry?: RetryOptions | true
  /**
   * The longest that one attempt may take. Then its task goes on without it: the attempt's `signal` is aborted, its error
   * has a `DOMException` named `TimeoutError` as `cause`, which is retryable, and whatever it still answers is ignored.
   *
   * @default Infinity
   */
  timeout?: Milliseconds
  /**
   * Stops every run of this executor, as {@link RunOptions.signal} does one. Taken by the constructor alone.
   */
  signal?: AbortSignal
  /**
   * The most tokens that a task will use: in all, or of question and answer. Where it gives `undefined`, or leaves one
   * out, the usual rules apply. It is called once for each task. If it throws, or gives something else, that task fails
   * with this error and does not start.
   */
  estimateTokens?: (task: ExecutionTask) => number | TokenEstimate | undefined
  /**
   * Finds out how much the provider takes: each key begins with one place, gets more while it uses those it has, up to
   * `concurrency`, and gives a fifth of them back when a rate limit (429) comes. Where 429s come although the minute has
   * room, starts are spread. Taken by the constructor alone.
   *
   * @default false
   */
  adaptive?: boolean
  /**
   * The run fails with `ERR_TOO_MANY_ERRORS` when that many of its tasks have failed for good: an integer ≥ 1, or
   * `Infinity`.
   *
   * @default Infinity
   */
  maxErrors?: number
  /**
   * Which limits a task is under: a provider's or a model's name, say. Keys take turns, and one that has to wait holds up
   * no other: up to 1,000 tasks (more where `bufferSize` is larger) are read ahead to find some of another key. What an
   * executor knows of a key it keeps, so there should be hundreds of them at most. If it throws, or gives no string, that
   * task fails with this error and does not start. Taken by the constructor alone.
   */
  key?: (task: ExecutionTask) => string
  /**
   * Limits that others share: other executors and worker threads, or requests that no executor makes. Replaces
   * `rateLimit`. A function is called once for each key (`''` where there is no `key`); if it throws, each task of that
   * key fails with its error. Taken by the constructor alone.
   *
   * A task that needs more tokens than such a limiter allows in a minute fails with the limiter's error, and does not
   * start.
   */
  limiter?: RateLimiter | ((key: string) => RateLimiter)
  /**
   * A file in which every outcome is recorded before it is delivered, so that a run can be repeated after a crash: what
   * ended well comes from the file, everything else is run. One run at a time can use it. Taken by the constructor alone.
   */
  journal?: string | JournalOptions
}

/** How often and when a task is run again. */
export interface RetryOptions {
  /**
   * The most attempts in all: an integer ≥ 1.
   *
   * @default 6
   */
  attempts?: number
  /**
   * The wait after the n-th attempt is a random part of `baseDelay` × 2ⁿ⁻¹ ("full jitter"). Where the error says how long
   * to wait (`Retry-After`, also where the clients of providers put it), that is waited, up to 120 seconds; after a 429
   * by every task of that key.
   *
   * @default 1_000
   */
  baseDelay?: Milliseconds
  /**
   * The longest that such a random wait can be.
   *
   * @default 60_000
   */
  maxDelay?: Milliseconds
}

/** Tokens that a task uses at most; what is left out is unknown. */
export interface TokenEstimate {
  inputTokens?: number
  outputTokens?: number
}

/** What an executor function is told besides its task. */
export interface TaskContext {
  /** Aborts when nobody waits for this attempt any more: the run was stopped, or the attempt took too long. */
  readonly signal: AbortSignal
  /** 1 for the first attempt. */
  readonly attempt: number
}

/** What is asked of a model for one task, each time that it is tried. */
export type ExecutorFunction<TInput = any, TOutput = any> = (
  task: ExecutionTask<TInput, TOutput>,
  context: TaskContext,
) => Promise<RunResult<TOutput>>

export interface RunOptions {
  /**
   * Whether results come in the order of the tasks, or as they finish.
   *
   * @default true
   */
  ordered?: boolean
  /**
   * The most tasks that were read and whose results were not taken yet: an integer ≥ 1, and in effect at least
   * `concurrency`. This is what bounds the memory of a run whose results nobody takes, or, in order, whose first task
   * never ends.
   *
   * @default 1_000
   */
  window?: number
  /** Stops the run: it fails with `ERR_ABORTED`, whose `cause` is the signal's reason. */
  signal?: AbortSignal
  /**
   * How many tasks are read ahead of their start; of those the highest `priority` starts first.
   *
   * @default 1
   */
  bufferSize?: number
}

/** Something that `adaptive` did to a key, and what is in force since. `null`: not limited by what was learned. */
export interface AdaptiveDecision {
  /** When: milliseconds since 1970. */
  at: Milliseconds
  /** `undefined` where the executor has no `key`. */
  key: string | undefined
  /** More tasks at a time, fewer, starts spread out, or everything that was learned forgotten. */
  action: 'grow' | 'cut' | 'burst' | 'reset'
  /** Why, in words. */
  reason: string
  /** The most tasks in flight. */
  concurrency: number
  /** The most starts at once. */
  burst: number | null
  requestsPerMinute: number | null
  tokensPerMinute: number | null
}

/** One test case to run. Two tasks may have the same `id`. */
export interface ExecutionTask<TInput = any, TOutput = any> {
  id: string
  testCase: TestCase<TInput, TOutput>
  /** For the executor function. A `maxTokens` (or `max_tokens`, `maxOutputTokens`, …) here bounds the task's estimate. */
  runnerConfig?: any
  datasetId?: string
  /**
   * Tasks with a higher priority start first; of equal ones, the earlier.
   *
   * @default 0
   */
  priority?: number
}

/** How one task ended: with a `result` or with an `error`, never with both or neither. */
export interface ExecutionResult<TOutput = any> {
  task: ExecutionTask
  result?: RunResult<TOutput>
  error?: EvalError
  /**
   * From the start of the task to its end; of all its attempts together. Waiting for its turn, or for the next attempt, is
   * not counted. 0 where it did not start.
   */
  executionTime: Milliseconds
}

/** Why a task has no result. */
export interface EvalError {
  type: 'execution' | 'scoring' | 'system'
  severity: 'fatal' | 'error' | 'warning'
  message: string
  testCaseId?: string
  stack?: string
  /**
   * Whether the same task may succeed when it is run again: timeouts, aborts, rate limits, network failures and the
   * HTTP statuses 408, 409, 425, 429 and 5xx, also where such a failure is the `cause` of what was thrown. An
   * `isRetryable` of the error, as the AI SDK has it, decides over everything else that it says; then a status does.
   */
  retryable: boolean
  timestamp?: Date
  /** What was thrown, untouched. */
  cause?: unknown
}

/**
 * Where the time went. A busy period begins with a run on an idle executor and ends with its last run; runs that overlap
 * share it. The figures are those of the current period, up to now, or of the last one; 0 before the first.
 */
export interface ExecutionMetrics {
  /** Length of the busy period. */
  totalExecutionTime: Milliseconds
  /** Mean time from start to end of the tasks that have ended. */
  avgExecutionTime: Milliseconds
  /** Mean number of tasks in flight ÷ the most at once: 1 where no place that was ever used stood empty. 0..1 */
  parallelEfficiency: number
  /** Time during which a rate limit held the next task back. */
  throttleTime: Milliseconds
  /** Mean number of tasks in flight ÷ `concurrency`. 0..1 */
  workerUtilization: number
}

/** The same in more detail. */
export interface DetailedExecutionMetrics extends ExecutionMetrics {
  /**
   * `throttleTime` by what was waited for: a limit of ours by its name, `concurrency` of a `limiter`, `provider` where an
   * answer asked for a pause. Keys that wait at the same time count once each.
   */
  waitTime: Record<WaitReason, Milliseconds>
  /** How much of the fullest of all limits is used now. 0..1 */
  limitUtilization: number
}
