// Runs of one executor at a time: what one of them does must not keep another waiting.

import { ParallelExecutor, RateLimiter } from '@aah/ai-evals-performance'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ByHand, settled, tasks } from './helpers/tasks.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

/** Whether `promise` has settled, without any time passing. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const hasSettled = vi.fn()
  promise.then(hasSettled, hasSettled)
  await settled()
  return hasSettled.mock.calls.length > 0
}

test('a run ends also where the end of another run lets its last task be refused', async () => {
  const limiter = new RateLimiter({ requestsPerMinute: 100, tokensPerMinute: 10 })
  const executor = new ParallelExecutor({ concurrency: 1, limiter })
  const hand = new ByHand()
  const first = executor.executeTasks(tasks(1), hand.execute)
  const second = executor.executeTasks(tasks(1, { runnerConfig: { maxTokens: 1_000 } }), hand.execute)
  await settled()
  await hand.finish('0')
  expect(await isSettled(second)).toBe(true)
  expect((await second)[0]?.error?.cause).toMatchObject({ code: 'ERR_REQUEST_TOO_LARGE' })
  expect((await first).length).toBe(1)
})
