import { retryDelay } from '../native.ts'
import type { Milliseconds } from '../units.ts'
import { retryAfterOf } from './retry-after.ts'
import type { RetryOptions } from './types.ts'

/**
 * How long the provider asks to wait. Heeded where the user asked for retries or adaptation: without either, a failure
 * delays nothing.
 */
export function pauseOf(
  thrown: unknown,
  { retry, adaptive }: { retry: RetryOptions | undefined; adaptive: boolean },
): Milliseconds | undefined {
  return retry === undefined && !adaptive ? undefined : retryAfterOf(thrown)
}

/** How long a task waits for its next attempt, after `attempt` of them; `undefined` where there is to be none. */
export function retryWait(
  retry: Required<RetryOptions> | undefined,
  attempt: number,
  pause: Milliseconds | undefined,
): Milliseconds | undefined {
  if (retry === undefined || attempt >= retry.attempts) return undefined
  return pause ?? retryDelay(attempt, retry.baseDelay, retry.maxDelay, Math.random())
}
