import { type ExecutionTask, ParallelExecutor, RateLimiter } from '@aah/ai-evals-performance'
import { describe, expect, test, vi } from 'vitest'
import { ByHand, settled, task, tasks, useFakeTimers } from './helpers/tasks.ts'

const MINUTE = 60_000

useFakeTimers()

/** The first character names the key. */
const key = ({ id }: ExecutionTask) => id[0] as string

function named(...ids: string[]): ExecutionTask[] {
  return ids.map((id) => task(id))
}

describe('keys', () => {
  test('have the limits each for itself, and a throttled one holds up no other', async () => {
    const executor = new ParallelExecutor({ key, rateLimit: { requestsPerMinute: 2 } })
    const throttled: unknown[] = []
    executor.on('throttle', ({ key, reason, waitTime, taskId }) => throttled.push({ key, reason, waitTime, taskId }))
    const hand = new ByHand()
    const run = executor.executeTasks(named('a0', 'a1', 'a2', 'a3', 'b0', 'b1', 'b2'), hand.execute)
    await settled()
    expect(hand.started).toEqual(['a0', 'a1', 'b0', 'b1'])
    expect(throttled).toEqual([
      { key: 'a', reason: 'requests', waitTime: MINUTE, taskId: 'a2' },
      { key: 'b', reason: 'requests', waitTime: MINUTE, taskId: 'b2' },
    ])
    expect(executor.getRateLimiterState()).toMatchObject({ currentRequests: 4 })
    expect(executor.getRateLimiterState('a')).toMatchObject({ currentRequests: 2 })
    await vi.advanceTimersByTimeAsync(MINUTE)
    expect(hand.started.slice(4)).toEqual(['a2', 'b2', 'a3'])
    await hand.finishAll()
    expect((await run).map(({ task }) => task.id)).toEqual(['a0', 'a1', 'a2', 'a3', 'b0', 'b1', 'b2'])
  })

  test('take turns', async () => {
    const executor = new ParallelExecutor({ key, concurrency: 1 })
    const hand = new ByHand()
    const given = named('a0', 'a1', 'a2', 'a3', 'b0', 'b1', 'c0')
    const results = executor.run(given, hand.execute, { bufferSize: 10, ordered: false })
    const ids = (async () => {
      const ids: string[] = []
      for await (const { task } of results) ids.push(task.id)
      return ids
    })()
    await settled()
    while (hand.inFlight.length > 0) await hand.finish(hand.inFlight[0] as string)
    expect(hand.started).toEqual(['a0', 'a1', 'b0', 'c0', 'a2', 'b1', 'a3'])
    expect((await ids).length).toBe(7)
  })

  test('are looked for as far as 1,000 tasks ahead, and no further', async () => {
    let given = 0
    function* source() {
      for (;;) yield task(`a${given++}`)
    }
    const controller = new AbortController()
    const executor = new ParallelExecutor({ key, rateLimit: { requestsPerMinute: 1 } })
    const options = { signal: controller.signal, ordered: false, window: 5_000 }
    const results = executor.run(source(), async () => ({}), options)
    await results.next()
    const next = results.next()
    next.catch(() => {})
    await settled()
    expect(given).toBe(1_001)
    await vi.advanceTimersByTimeAsync(MINUTE)
    await next
    expect(given).toBe(1_002)
    controller.abort()
  })

  test('of another kind are found behind many of one that has to wait', async () => {
    const executor = new ParallelExecutor({ key, rateLimit: { requestsPerMinute: 1 } })
    const source = named(...Array.from({ length: 500 }, (_, index) => `a${index}`), 'b0')
    const controller = new AbortController()
    const hand = new ByHand()
    const next = executor.run(source, hand.execute, { signal: controller.signal }).next()
    await settled()
    expect(hand.started).toEqual(['a0', 'b0'])
    controller.abort()
    await next.catch(() => {})
  })

  test('are not looked for while all places are taken', async () => {
    let given = 0
    function* source() {
      for (; given < 50; ) yield task(`a${given++}`)
    }
    const executor = new ParallelExecutor({ key, concurrency: 2 })
    const hand = new ByHand()
    const run = executor.executeTasksStreaming(source(), hand.execute)
    await settled()
    expect(given).toBe(3)
    await hand.finishAll()
    await run
  })

  test('that fail, or are none, fail their tasks alone', async () => {
    const failure = new Error('no key')
    const bad = ({ id }: ExecutionTask): any => {
      if (id === '1') throw failure
      return id === '2' ? 7 : 'key'
    }
    const executor = new ParallelExecutor({ key: bad, retry: true })
    const execute = vi.fn(async () => ({}))
    const results = await executor.executeTasks(tasks(4), execute)
    expect(results.map(({ error }) => error?.cause)).toEqual([
      undefined,
      failure,
      new TypeError('Expected `key(task)` to be a string, got `7`'),
      undefined,
    ])
    expect(execute).toHaveBeenCalledTimes(2)
  })
})

describe('estimateTokens', () => {
  const rateLimit = { requestsPerMinute: 1_000, tokensPerMinute: 100, guarantee: 'strict' as const }

  test('says what is reserved', async () => {
    const executor = new ParallelExecutor({ rateLimit, estimateTokens: () => ({ inputTokens: 10, outputTokens: 30 }) })
    const hand = new ByHand()
    const run = executor.executeTasks(tasks(3), hand.execute)
    expect(hand.inFlight).toEqual(['0', '1'])
    expect(executor.getRateLimiterState().currentTokens).toBe(80)
    await hand.finish('0', { metadata: { tokenUsage: { total: 20 } } })
    expect(hand.inFlight).toEqual(['1', '2'])
    await hand.finishAll()
    await run
  })

  test('fails a task alone where it fails or makes no sense, and may know nothing', async () => {
    const failure = new Error('no estimate')
    const estimates: any[] = [
      () => {
        throw failure
      },
      () => -1,
      () => 'many',
      () => ({ outputTokens: Number.POSITIVE_INFINITY }),
      () => ({ inputTokens: Number.NaN }),
      () => undefined,
      () => ({}),
      () => 0,
    ]
    const executor = new ParallelExecutor({ rateLimit, estimateTokens: ({ id }) => estimates[Number(id)]() })
    const results = await executor.executeTasks(tasks(estimates.length), async () => ({ actual: '' }))
    expect(results.map(({ error }) => (error?.cause as Error)?.message)).toEqual([
      'no estimate',
      'Expected `estimateTokens(task)` to be a number ≥ 0, got `-1`',
      'Expected `estimateTokens(task)` to be a number or an object, got `"many"`',
      'Expected `estimateTokens(task).outputTokens` to be a number ≥ 0, got `Infinity`',
      'Expected `estimateTokens(task).inputTokens` to be a number ≥ 0, got `NaN`',
      undefined,
      undefined,
      undefined,
    ])
    expect(results[0]?.error?.cause).toBe(failure)
  })

  test('is the limit of input and output tokens too', async () => {
    const executor = new ParallelExecutor({
      rateLimit: { requestsPerMinute: 1_000, outputTokensPerMinute: 100, inputTokensPerMinute: 10_000 },
      estimateTokens: () => ({ inputTokens: 100, outputTokens: 60 }),
    })
    const throttled = vi.fn()
    executor.on('throttle', throttled)
    const used = { metadata: { tokenUsage: { input: 100, output: 60 } } }
    const run = executor.executeTasks(tasks(2), async () => used)
    await vi.runAllTimersAsync()
    await run
    expect(throttled.mock.calls).toEqual([
      [expect.objectContaining({ reason: 'output-tokens', waitTime: MINUTE, limit: 100, current: 60 })],
    ])
    expect(executor.getMetrics().waitTime).toMatchObject({ 'output-tokens': MINUTE, requests: 0 })
  })
})

describe('a limiter', () => {
  test('is shared by executors, by keys, and with requests that no executor makes', async () => {
    const limiter = new RateLimiter({ requestsPerMinute: 5 })
    const [one, other] = [new ParallelExecutor({ limiter }), new ParallelExecutor({ limiter, key })]
    const permit = await limiter.acquire()
    permit.release()
    const starts: number[] = []
    const begun = performance.now()
    const execute = async () => {
      starts.push((performance.now() - begun) / MINUTE)
      return {}
    }
    const runs = [one.executeTasks(tasks(6), execute), other.executeTasks(named('a0', 'a1', 'b0', 'b1'), execute)]
    await vi.runAllTimersAsync()
    await Promise.all(runs)
    // One that is passed because it did not come in turn asks again a moment later.
    expect(starts.map(Math.floor)).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 1, 2])
  })

  test('of each key is asked for once', async () => {
    const limiters = { a: new RateLimiter({ requestsPerMinute: 1 }), b: new RateLimiter({ requestsPerMinute: 100 }) }
    const limiterOf = vi.fn((key: string) => limiters[key as 'a' | 'b'])
    const executor = new ParallelExecutor({ key, limiter: limiterOf })
    const hand = new ByHand()
    const run = executor.executeTasks(named('a0', 'a1', 'b0', 'b1', 'b2'), hand.execute)
    await settled()
    expect(hand.started).toEqual(['a0', 'b0', 'b1', 'b2'])
    expect(limiterOf.mock.calls).toEqual([['a'], ['b']])
    await hand.finishAll()
    await vi.advanceTimersByTimeAsync(MINUTE)
    await hand.finishAll()
    await run
  })

  test('that its function cannot give fails the tasks of that key alone', async () => {
    const failure = new Error('no limiter')
    const limiter = new RateLimiter({ requestsPerMinute: 100 })
    const limiterOf = (key: string): any => {
      if (key === 'a') throw failure
      return key === 'b' ? {} : limiter
    }
    const executor = new ParallelExecutor({ key, limiter: limiterOf })
    const results = await executor.executeTasks(named('a0', 'a1', 'b0', 'c0'), async () => ({}))
    expect(results.map(({ error }) => error?.cause)).toEqual([
      failure,
      failure,
      new TypeError('Expected `limiter(key)` to be a RateLimiter, got `an object`'),
      undefined,
    ])
  })

  test('whose places others hold is waited for without a timer, and told of', async () => {
    const limiter = new RateLimiter({ requestsPerMinute: 100, concurrency: 1 })
    const permit = await limiter.acquire()
    const executor = new ParallelExecutor({ limiter })
    const throttled = vi.fn()
    executor.on('throttle', throttled)
    const run = executor.executeTasks(tasks(2), async () => ({}))
    expect(throttled.mock.calls).toEqual([
      [expect.objectContaining({ reason: 'concurrency', waitTime: Number.POSITIVE_INFINITY })],
    ])
    vi.useRealTimers()
    permit.release()
    expect((await run).length).toBe(2)
    vi.useFakeTimers()
  })
})

test('a pause that a provider asks one key for holds up no other', async () => {
  const executor = new ParallelExecutor({ key, retry: true })
  const starts: [string, number][] = []
  const begun = performance.now()
  const run = executor.executeTasks(named('a0', 'a1', 'b0', 'b1'), async ({ id }, { attempt }) => {
    starts.push([id, performance.now() - begun])
    if (id === 'a0' && attempt === 1) throw Object.assign(new Error(), { status: 429, headers: { 'retry-after': '9' } })
    return {}
  })
  await vi.runAllTimersAsync()
  await run
  expect(starts.filter(([, at]) => at === 0).map(([id]) => id)).toEqual(expect.arrayContaining(['a0', 'b0', 'b1']))
  expect(starts.at(-1)).toEqual(['a0', 9_000])
})

test('starts of keys that share a limiter are counted once', async () => {
  const limiter = new RateLimiter({ requestsPerMinute: 100 })
  const executor = new ParallelExecutor({ key, limiter })
  await executor.executeTasks(named('a0', 'a1', 'b0'), async () => ({}))
  expect(executor.getRateLimiterState().currentRequests).toBe(3)
  expect(executor.getRateLimiterState('a').currentRequests).toBe(3)
})

test.each(['key', 'estimateTokens'] as const)('a promise is no answer of `%s`, and disturbs nobody', async (name) => {
  const unhandled = vi.fn()
  process.on('unhandledRejection', unhandled)
  const later: any = async () => {
    throw new Error('nobody hears of this')
  }
  const [result] = await new ParallelExecutor({ [name]: later }).executeTasks(tasks(1), async () => ({}))
  vi.useRealTimers()
  await new Promise((resolve) => setImmediate(resolve))
  vi.useFakeTimers()
  process.off('unhandledRejection', unhandled)
  expect(result?.error?.cause).toBeInstanceOf(TypeError)
  expect(result?.error?.message).toContain(name)
  expect(unhandled).not.toHaveBeenCalled()
})
