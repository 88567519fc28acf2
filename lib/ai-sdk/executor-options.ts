import { retryOptions } from '../executor/settings.ts'
import type { RetryOptions, WorkerConfig } from '../index.ts'

/** What to give to an executor, and what to each call of the SDK in its tasks. */
export interface ExecutorOptions {
  executor: Required<Pick<WorkerConfig, 'retry'>>
  call: { maxRetries: 0 }
}

/**
 * What to set so that retries do not multiply: the SDK tries each call three times by itself, unseen by the rate limits of
 * a `ParallelExecutor`, and the executor each task as often as it is told. With these the executor alone tries again. It
 * waits as long as the provider asks for, and leaves what the SDK knows to be final.
 *
 * Pass the attempt's `signal` on as `abortSignal`, so that a run that is stopped stops its calls.
 *
 * @param retry as {@link WorkerConfig.retry}: six attempts by default.
 * @throws TypeError or RangeError for an option of the wrong type or without sense.
 * @example
 * import { generateText } from 'ai'
 *
 * const { executor: settings, call } = executorOptions({ attempts: 4 })
 * const executor = new ParallelExecutor({ ...settings, concurrency: 20 })
 * const results = await executor.executeTasks(tasks, async (task, { signal }) => {
 *   const { text, usage } = await generateText({
 *     ...call,
 *     model: languageModel,
 *     prompt: task.testCase.input,
 *     abortSignal: signal,
 *   })
 *   return { actual: text, metadata: { tokenUsage: usage } }
 * })
 * results.every(({ error }) => error === undefined) // true
 */
export function executorOptions(retry?: RetryOptions): ExecutorOptions {
  return { executor: { retry: retryOptions(retry ?? true) }, call: { maxRetries: 0 } }
}
