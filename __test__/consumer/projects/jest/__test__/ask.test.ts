import { cacheManager, performanceMonitor } from '@aah/ai-evals/performance'
import { ask } from '../src/ask'

beforeEach(() => {
  cacheManager.clearAll()
  performanceMonitor.reset()
})

afterEach(() => {
  jest.useRealTimers()
})

test('asks the model once for the same question', async () => {
  const complete = jest.fn(async (prompt: string) => ({ text: prompt.toUpperCase(), tokens: 7 }))
  const first = await ask({ complete }, 'what is eligibility?')
  const second = await ask({ complete }, 'what is eligibility?')
  expect(complete).toHaveBeenCalledTimes(1)
  expect(second).toBe(first)
  expect(cacheManager.getAllStats().response).toMatchObject({ hits: 1, misses: 1, hitRate: 0.5, entries: 1 })
  expect(performanceMonitor.getComponentTiming('model')?.totalCalls).toBe(1)
})

test('asks again when the answer is two hours old', async () => {
  jest.useFakeTimers()
  const complete = jest.fn(async (prompt: string) => ({ text: prompt, tokens: 7 }))
  await ask({ complete }, 'how long?')
  jest.advanceTimersByTime(2 * 60 * 60 * 1_000 - 1)
  await ask({ complete }, 'how long?')
  expect(complete).toHaveBeenCalledTimes(1)
  jest.advanceTimersByTime(2)
  await ask({ complete }, 'how long?')
  expect(complete).toHaveBeenCalledTimes(2)
})

test('passes on what the model throws, and stores nothing', async () => {
  const failure = new Error('429 Too Many Requests')
  const failing = { complete: jest.fn().mockRejectedValue(failure) }
  await expect(ask(failing, 'anybody there?')).rejects.toBe(failure)
  expect(cacheManager.responseCache.getStats().entries).toBe(0)
})

test('durations follow the fake clock', () => {
  jest.useFakeTimers()
  performanceMonitor.start('thinking')
  jest.advanceTimersByTime(1_234.5)
  expect(performanceMonitor.end('thinking')).toBeCloseTo(1_234.5, 6)
})
