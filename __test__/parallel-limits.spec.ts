import { type ExecutionTask, ParallelExecutor } from '@aah/ai-evals-performance'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { ByHand, settled, task, tasks, useFakeTimers } from './helpers/tasks.ts'

const MINUTE = 60_000
const METHODS = ['executeTasks', 'executeTasksStreaming'] as const

useFakeTimers()

/** A task that takes `latency` milliseconds and `tokens` tokens, which its `maxTokens` announces exactly. */
function costly(id: number, latency: number, tokens: number): ExecutionTask {
  return task(`${id}`, { runnerConfig: { maxTokens: tokens, latency } })
}

/** Runs costly tasks and notes when each starts. */
class Recorder {
  readonly starts: { at: number; tokens: number }[] = []
  inFlight = 0
  mostInFlight = 0

  readonly execute = async ({ runnerConfig }: ExecutionTask) => {
    const { latency, maxTokens } = runnerConfig
    this.starts.push({ at: performance.now(), tokens: maxTokens })
    this.mostInFlight = Math.max(this.mostInFlight, ++this.inFlight)
    await new Promise((resolve) => setTimeout(resolve, latency))
    this.inFlight--
    return { metadata: { tokenUsage: { total: maxTokens } } }
  }

  /** The most requests and tokens in any 60 s, where `tokens` are counted of all tasks. */
  busiestMinute(): { requests: number; tokens: number } {
    const windows = this.starts.map((first) => {
      const inside = this.starts.filter(({ at }) => first.at <= at && at < first.at + MINUTE)
      return { requests: inside.length, tokens: inside.reduce((sum, { tokens }) => sum + tokens, 0) }
    })
    return {
      requests: Math.max(0, ...windows.map(({ requests }) => requests)),
      tokens: Math.max(0, ...windows.map(({ tokens }) => tokens)),
    }
  }
}

describe.each(METHODS)('%s', (method) => {
  test('keeps every minute within both limits, whatever tasks take', async () => {
    const costs = fc.array(fc.tuple(fc.integer({ min: 0, max: 90_000 }), fc.integer({ min: 1, max: 100 })), {
      maxLength: 60,
    })
    const limit = fc.record({
      requestsPerMinute: fc.integer({ min: 1, max: 20 }),
      tokensPerMinute: fc.integer({ min: 100, max: 600 }),
    })
    const property = async (costs: [number, number][], rateLimit: any, concurrency: number) => {
      const executor = new ParallelExecutor({ concurrency, rateLimit })
      const recorder = new Recorder()
      const given = costs.map(([latency, tokens], id) => costly(id, latency, tokens))
      const run = executor[method](given, recorder.execute)
      await vi.runAllTimersAsync()
      expect((await run).length).toBe(costs.length)
      expect(recorder.starts.length).toBe(costs.length)
      const busiest = recorder.busiestMinute()
      expect(busiest.requests).toBeLessThanOrEqual(rateLimit.requestsPerMinute)
      expect(busiest.tokens).toBeLessThanOrEqual(rateLimit.tokensPerMinute)
      expect(recorder.mostInFlight).toBeLessThanOrEqual(concurrency)
      expect(vi.getTimerCount()).toBe(0)
    }
    await fc.assert(fc.asyncProperty(costs, limit, fc.integer({ min: 1, max: 12 }), property), { numRuns: 60 })
  }, 120_000)

  test('starts exactly as many tasks a minute as allowed when there are enough', async () => {
    const executor = new ParallelExecutor({ concurrency: 50, rateLimit: { requestsPerMinute: 10 } })
    const recorder = new Recorder()
    const given = Array.from({ length: 35 }, (_, id) => costly(id, 100, 1))
    const begun = performance.now()
    const run = executor[method](given, recorder.execute)
    await vi.runAllTimersAsync()
    await run
    const minutes = recorder.starts.map(({ at }) => (at - begun) / MINUTE)
    expect(minutes).toEqual([0, 1, 2, 3].flatMap((minute) => Array(minute === 3 ? 5 : 10).fill(minute)))
  })
})

describe('requests', () => {
  test('that did not end in their minute still count only for it', async () => {
    const executor = new ParallelExecutor({ concurrency: 9, rateLimit: { requestsPerMinute: 1 } })
    const hand = new ByHand()
    const run = executor.executeTasks(tasks(2), hand.execute)
    await vi.advanceTimersByTimeAsync(MINUTE - 1)
    expect(hand.inFlight).toEqual(['0'])
    await vi.advanceTimersByTimeAsync(1)
    expect(hand.inFlight).toEqual(['0', '1'])
    await hand.finishAll()
    await run
  })

  test('of two runs count together', async () => {
    const executor = new ParallelExecutor({ rateLimit: { requestsPerMinute: 3 } })
    const recorder = new Recorder()
    const given = Array.from({ length: 4 }, (_, id) => costly(id, 5, 1))
    const both = [
      executor.executeTasks(given, recorder.execute),
      executor.executeTasksStreaming(given, recorder.execute),
    ]
    await vi.runAllTimersAsync()
    expect((await Promise.all(both)).map(({ length }) => length)).toEqual([4, 4])
    expect(recorder.busiestMinute().requests).toBe(3)
  })
})

describe('tokens', () => {
  const rateLimit = { requestsPerMinute: 1_000, tokensPerMinute: 1_000 }

  test('are shared out to a first wave, then reserved as tasks turn out to use them', async () => {
    const executor = new ParallelExecutor({ concurrency: 4, rateLimit })
    const hand = new ByHand()
    const run = executor.executeTasks(tasks(12), hand.execute)
    expect(executor.getRateLimiterState()).toMatchObject({ currentRequests: 4, currentTokens: 1_000 })
    const used = { metadata: { tokenUsage: { total: 100 } } }
    await hand.finish('0', used)
    expect(hand.inFlight).toEqual(['1', '2', '3', '4'])
    expect(executor.getRateLimiterState().currentTokens).toBe(100 + 3 * 250 + 100)
    for (const id of ['1', '2', '3', '4', '5', '6', '7', '8', '9']) await hand.finish(id, used)
    expect(hand.inFlight).toEqual([])
    expect(executor.getRateLimiterState()).toMatchObject({ currentRequests: 10, currentTokens: 1_000 })
    await vi.advanceTimersByTimeAsync(MINUTE)
    expect(hand.inFlight).toEqual(['10', '11'])
    await hand.finishAll()
    await run
  })

  test('that were overdrawn are paid back before the next task starts', async () => {
    const executor = new ParallelExecutor({ concurrency: 1, rateLimit })
    const hand = new ByHand()
    const run = executor.executeTasks(
      tasks(3).map((one) => ({ ...one, runnerConfig: { max_tokens: 10 } })),
      hand.execute,
    )
    await vi.advanceTimersByTimeAsync(1_000)
    await hand.finish('0', { metadata: { tokenUsage: { total: 5_000 } } })
    expect(executor.getRateLimiterState().currentTokens).toBe(5_000)
    await vi.advanceTimersByTimeAsync(MINUTE - 1)
    expect(hand.inFlight).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(hand.inFlight).toEqual(['1'])
    await hand.finishAll()
    await run
  })

  test('that nobody reports are estimated from the texts', async () => {
    const executor = new ParallelExecutor({ concurrency: 1, rateLimit })
    const given = task('0')
    given.testCase.input = 'x'.repeat(100)
    await executor.executeTasks([given], async () => ({ actual: 'y'.repeat(300) }))
    expect(executor.getRateLimiterState().currentTokens).toBe(100)
  })

  test.each([
    ['has a status', Object.assign(new Error(), { status: 429 }), 25],
    ['was never connected', new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } }), 25],
    ['says nothing of the provider', new SyntaxError('Unexpected token in JSON'), 125],
    ['timed out', new DOMException('late', 'TimeoutError'), 125],
  ])('of a failure that %s count as far as it may have been answered', async (_, failure, counted) => {
    const executor = new ParallelExecutor({ concurrency: 1, rateLimit })
    const given = task('0', { runnerConfig: { maxTokens: 100 } })
    given.testCase.input = 'x'.repeat(100)
    await executor.executeTasks([given], () => Promise.reject(failure))
    expect(executor.getRateLimiterState().currentTokens).toBe(counted)
  })

  test('of a failure for which nothing but a share was reserved are those of its question', async () => {
    const executor = new ParallelExecutor({ concurrency: 1, rateLimit })
    const given = task('0')
    given.testCase.input = 'x'.repeat(100)
    await executor.executeTasks([given], () => Promise.reject(new Error('a bug')))
    expect(executor.getRateLimiterState().currentTokens).toBe(25)
  })

  test.each([
    ['a negative number', -1],
    ['not a number', Number.NaN],
    ['a string', '12'],
    ['endless', Number.POSITIVE_INFINITY],
  ])('that are reported as %s count as not reported', async (_, total) => {
    const executor = new ParallelExecutor({ rateLimit })
    await executor.executeTasks([task('0')], async () => ({ actual: 'four', metadata: { tokenUsage: { total } } }))
    expect(executor.getRateLimiterState().currentTokens).toBe(1)
  })

  test('of one task above the whole limit are spent when no others count', async () => {
    const executor = new ParallelExecutor({ concurrency: 2, rateLimit })
    const recorder = new Recorder()
    const begun = performance.now()
    const run = executor.executeTasks([costly(0, 1, 10), costly(1, 1, 9_999), costly(2, 1, 10)], recorder.execute)
    await vi.runAllTimersAsync()
    await run
    expect(recorder.starts.map(({ at }) => (at - begun) / MINUTE)).toEqual([0, 1, 2])
  })
})

describe('a wait', () => {
  /** An executor whose second task waits for the first one's minute to end. */
  async function waiting() {
    const executor = new ParallelExecutor({ concurrency: 2, rateLimit: { requestsPerMinute: 1 } })
    const throttled = vi.fn()
    executor.on('throttle', throttled)
    const hand = new ByHand()
    const given = tasks(2)
    const begun = Date.now()
    const run = executor.executeTasks(given, hand.execute)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(hand.inFlight).toEqual(['0'])
    return { begun, executor, throttled, hand, given, run }
  }

  test('is told once, with what it is for', async () => {
    const { begun, throttled, hand, given, run, executor } = await waiting()
    await hand.finish('0')
    executor.updateConfig({ concurrency: 5 })
    await vi.advanceTimersByTimeAsync(50_000)
    await hand.finish('1')
    await run
    const expected = {
      run: 1,
      reason: 'requests',
      waitTime: MINUTE,
      limit: 1,
      current: 1,
      key: undefined,
      until: begun + MINUTE,
      taskId: '1',
      task: given[1],
    }
    expect(throttled.mock.calls).toEqual([[expected]])
  })

  test('for tokens says so, and waiting for a place is no throttling', async () => {
    const executor = new ParallelExecutor({ concurrency: 1, rateLimit: { requestsPerMinute: 9, tokensPerMinute: 50 } })
    const throttled = vi.fn()
    executor.on('throttle', throttled)
    const run = executor.executeTasks([costly(0, 500, 30), costly(1, 500, 30)], new Recorder().execute)
    await vi.advanceTimersByTimeAsync(499)
    expect(throttled).not.toHaveBeenCalled()
    await vi.runAllTimersAsync()
    await run
    const expected = { reason: 'tokens', waitTime: MINUTE - 500, limit: 50, current: 30 }
    expect(throttled.mock.calls).toEqual([[expect.objectContaining(expected)]])
  })

  test('ends at once when the limit is raised', async () => {
    const { executor, hand, run } = await waiting()
    executor.updateConfig({ rateLimit: { requestsPerMinute: 2 } })
    expect(hand.inFlight).toEqual(['0', '1'])
    expect(vi.getTimerCount()).toBe(0)
    await hand.finishAll()
    await run
  })

  test('ends at once when its own listener raises the limit', async () => {
    const executor = new ParallelExecutor({ rateLimit: { requestsPerMinute: 1 } })
    executor.on('throttle', () => executor.updateConfig({ rateLimit: { requestsPerMinute: Number.POSITIVE_INFINITY } }))
    const results = await executor.executeTasks(tasks(30), async () => ({}))
    expect(results.length).toBe(30)
  })

  test('becomes longer when the limit is lowered', async () => {
    const executor = new ParallelExecutor({ rateLimit: { requestsPerMinute: 2 } })
    const hand = new ByHand()
    const first = executor.executeTasks([task('a')], hand.execute)
    await vi.advanceTimersByTimeAsync(30_000)
    const second = executor.executeTasks([task('b'), task('c')], hand.execute)
    await vi.advanceTimersByTimeAsync(10_000)
    executor.updateConfig({ rateLimit: { requestsPerMinute: 1 } })
    await vi.advanceTimersByTimeAsync(20_000)
    expect(hand.started).toEqual(['a', 'b'])
    await vi.advanceTimersByTimeAsync(30_000)
    expect(hand.started).toEqual(['a', 'b', 'c'])
    await hand.finishAll()
    await Promise.all([first, second])
  })

  test('ends at once when the limiter is reset, which forgets the minute and not the places', async () => {
    const { executor, hand, run } = await waiting()
    const third = executor.executeTasks([task('third')], hand.execute)
    executor.resetRateLimiter()
    expect(hand.inFlight).toEqual(['0', '1'])
    expect(executor.getRateLimiterState()).toMatchObject({ currentRequests: 1, lastReset: Date.now() })
    executor.resetRateLimiter()
    expect(hand.inFlight).toEqual(['0', '1'])
    await hand.finishAll()
    await Promise.all([run, third])
  })

  test.each([
    { toFake: ['setTimeout' as const] },
    { toFake: ['setTimeout' as const, 'clearTimeout' as const, 'Date' as const] },
  ])('ends when its timer does, also with %j, where performance.now() goes its own way', async (config) => {
    vi.useRealTimers()
    vi.useFakeTimers(config)
    const executor = new ParallelExecutor({ rateLimit: { requestsPerMinute: 2 } })
    const execute = vi.fn(async () => ({}))
    const run = executor.executeTasks(tasks(6), execute)
    for (const [passed, started] of [
      [1, 2],
      [58_000, 2],
      [2_000, 4],
      [58_000, 4],
      [2_000, 6],
    ] as const) {
      await vi.advanceTimersByTimeAsync(passed)
      expect(execute).toHaveBeenCalledTimes(started)
    }
    await run
  })

  test('survives a clock that is set back', async () => {
    vi.useRealTimers()
    vi.useFakeTimers({ now: 0 })
    const executor = new ParallelExecutor({ rateLimit: { requestsPerMinute: 1 } })
    await vi.advanceTimersByTimeAsync(10 * MINUTE)
    await executor.executeTasks([task('0')], async () => ({}))
    vi.useRealTimers()
    vi.useFakeTimers({ now: 0 })
    const hand = new ByHand()
    const run = executor.executeTasks([task('1')], hand.execute)
    await vi.advanceTimersByTimeAsync(MINUTE - 1)
    expect(hand.started).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(hand.started).toEqual(['1'])
    await hand.finishAll()
    await run
    await settled()
  })
})
