// Runs of one executor at a time: what one of them does must not keep another waiting.

import { type ExecutionTask, ParallelExecutor, RateLimiter } from '@aah/ai-evals-performance'
import { expect, test, vi } from 'vitest'
import { ByHand, settled, task, tasks, UNLIMITED, useFakeTimers } from './helpers/tasks.ts'

const HOUR = 3_600_000

useFakeTimers()

const failing = async () => {
  throw Object.assign(new Error('later'), { status: 500 })
}

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

test('tasks that wait behind the retries of another run start when that is stopped', async () => {
  const executor = new ParallelExecutor({ concurrency: 1, rateLimit: UNLIMITED, retry: { baseDelay: HOUR } })
  const controller = new AbortController()
  const stopped = executor.run(tasks(1), failing, { signal: controller.signal }).next()
  await settled()
  const second = executor.executeTasks(tasks(2), async () => ({}))
  expect(await isSettled(second)).toBe(false)
  controller.abort()
  await expect(stopped).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  expect(await isSettled(second)).toBe(true)
})

test('tasks that wait behind retries start when more may be in flight', async () => {
  const executor = new ParallelExecutor({ concurrency: 1, rateLimit: UNLIMITED, retry: { baseDelay: HOUR } })
  const controller = new AbortController()
  const stopped = executor.run(tasks(1), failing, { signal: controller.signal }).next()
  await settled()
  const second = executor.executeTasks(tasks(2), async () => ({}))
  await settled()
  executor.updateConfig({ concurrency: 2 })
  expect(await isSettled(second)).toBe(true)
  controller.abort()
  await expect(stopped).rejects.toMatchObject({ code: 'ERR_ABORTED' })
})

test('a run that is left before it began ends no other', async () => {
  const limiter = new RateLimiter({ requestsPerMinute: 100, concurrency: 1 })
  const permit = await limiter.acquire()
  const executor = new ParallelExecutor({ limiter })
  const waiting = executor.executeTasks(tasks(1), async () => ({}))
  await executor.run(tasks(1), async () => ({})).return?.()
  const before = executor.getMetrics().totalExecutionTime
  vi.advanceTimersByTime(1_000)
  expect(executor.getMetrics().totalExecutionTime).toBe(before + 1_000)
  vi.useRealTimers()
  permit.release()
  expect((await waiting).length).toBe(1)
  vi.useFakeTimers()
})

test('retries of one run let another look for tasks of another key', async () => {
  const key = ({ testCase }: ExecutionTask) => testCase.input
  const executor = new ParallelExecutor({ concurrency: 1, rateLimit: UNLIMITED, retry: { baseDelay: HOUR }, key })
  const hand = new ByHand()
  const controller = new AbortController()
  const of = (id: string, input: string) => task(id, { testCase: { id, input, expected: '' } })
  const first = executor.run([of('0', 'a')], hand.execute, { signal: controller.signal }).next()
  const second = executor.run([of('1', 'a'), of('2', 'b')], hand.execute, { ordered: false })
  const result = second.next()
  await settled()
  expect(hand.started).toEqual(['0'])
  await hand.fail('0', Object.assign(new Error('later'), { status: 500 }))
  expect(hand.started).toEqual(['0', '2'])
  await hand.finish('2')
  expect((await result).value?.task.id).toBe('2')
  controller.abort()
  await expect(first).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  await second.return?.()
})
