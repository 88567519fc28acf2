import type { RunResult, TestCase } from '../stream/types.ts'
import type { Milliseconds } from '../units.ts'

/** What a provider allows in any 60 seconds. */
export interface RateLimit {
  /** The most tasks started in any 60 seconds: an integer ≥ 1, or `Infinity`. */
  requestsPerMinute: number
  /** The most tokens of the tasks started in any 60 seconds: an integer ≥ 1, or `Infinity`. Left out: no limit. */
  tokensPerMinute?: number
  /** The same for the tokens of the questions alone. */
  inputTokensPerMinute?: number
  /** The same for the tokens of the answers alone. */
  outputTokensPerMinute?: number
  /**
   * How many tasks may start at once before starts are spread over the minute: an integer ≥ 1. 1 spreads them evenly, for
   * providers that also count seconds.
   *
   * @default `requestsPerMinute`: starts are not spread
   */
  burst?: number
  /**
   * What a task is expected to use, where its most is known: always that (`strict`: token limits are never exceeded), or,
   * once 30 tasks of a key have ended, what all but few of them used (`balanced`).
   *
   * @default 'balanced'
   */
  guarantee?: 'strict' | 'balanced'
}

export interface WorkerConfig {
  /**
   * Kept for frameworks that set it, checked, and told to listeners of `'start'`. It bounds nothing: tasks are closures,
   * which run on the calling thread; `concurrency` is what bounds them.
   *
   * @default 4
   */
  maxWorkers?: number
  /**
   * The most tasks in flight at a time, over all runs of one executor.
   *
   * @default 10
   */
  concurrency?: number
  /**
   * @default { requestsPerMinute: 60, tokensPerMinute: 150_000 }
   */
  rateLimit?: RateLimit
}

/** What a task can wait for. */
export type WaitReason = 'requests' | 'tokens' | 'input-tokens' | 'output-tokens' | 'concurrency' | 'provider'

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
  /** From the start of the task to its end; waiting for its turn is not counted. */
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
   * HTTP statuses 408, 409, 425, 429 and 5xx, also where such a failure is the `cause` of what was thrown. A status
   * decides over everything else that the error says.
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
