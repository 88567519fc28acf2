import { type ExecutionTask, ParallelExecutor, RateLimiter } from '@aah/ai-evals-performance'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ByHand, settled, tasks, UNLIMITED } from './helpers/tasks.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.restoreAllMocks()
  vi.useRealTimers()
})

function failure(status: number, more: object = {}): Error {
  return Object.assign(new Error(`status ${status}`), { status, ...more })
}

/** Fails with these, one after the other, and then succeeds; notes when each attempt begins. */
function failing(...failures: unknown[]) {
  const begun = performance.now()
  const starts: [at: number, id: string, attempt: number][] = []
  const execute = vi.fn(async ({ id }: ExecutionTask, { attempt }: { attempt: number }) => {
    starts.push([performance.now() - begun, id, attempt])
    if (attempt <= failures.length) throw failures[attempt - 1]
    return { actual: id }
  })
  return { execute, starts }
}

test('without `retry` nothing is run twice, and no failure delays the next task', async () => {
  const executor = new ParallelExecutor({ concurrency: 1 })
  const { execute, starts } = failing(failure(429, { headers: { 'retry-after': '30' } }))
  const results = await executor.executeTasks(tasks(2), execute)
  expect(results.map(({ error }) => error?.message)).toEqual(['status 429', 'status 429'])
  expect(starts.map(([at]) => at)).toEqual([0, 0])
})

test('a retryable failure is tried again after a random part of a doubling delay', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5)
  const executor = new ParallelExecutor({ retry: true })
  const told: unknown[] = []
  executor.on('retry', (event) => told.push(event))
  const failures = [failure(500), failure(503), failure(502)]
  const { execute, starts } = failing(...failures)
  const run = executor.executeTasks(tasks(1), execute)
  await vi.runAllTimersAsync()
  const [{ task, result, executionTime }] = (await run) as any
  expect([result, executionTime]).toEqual([{ actual: '0' }, 0])
  expect(starts).toEqual([
    [0, '0', 1],
    [500, '0', 2],
    [1_500, '0', 3],
    [3_500, '0', 4],
  ])
  expect(told).toEqual(
    [500, 1_000, 2_000].map((delay, index) => ({
      taskId: '0',
      task,
      index: 0,
      attempt: index + 1,
      delay,
      error: expect.objectContaining({ cause: failures[index], retryable: true }),
      key: undefined,
    })),
  )
})

test('after `attempts` in all the last failure is the outcome, told once', async () => {
  const executor = new ParallelExecutor({ retry: { attempts: 3, baseDelay: 10, maxDelay: 20 } })
  const events: string[] = []
  for (const event of ['taskStart', 'retry', 'taskError', 'taskComplete', 'complete']) {
    executor.on(event, () => events.push(event))
  }
  const failures = [failure(500), failure(500), failure(500), failure(500)]
  const run = executor.executeTasks(tasks(1), failing(...failures).execute)
  await vi.runAllTimersAsync()
  expect((await run)[0]?.error?.cause).toBe(failures[2])
  expect(events).toEqual(['taskStart', 'retry', 'retry', 'taskError', 'complete'])
})

test('what is not retryable fails at once', async () => {
  const { execute } = failing(failure(400))
  const results = await new ParallelExecutor({ retry: {} }).executeTasks(tasks(1), execute)
  expect([results[0]?.error?.message, execute.mock.calls.length]).toEqual(['status 400', 1])
})

test('executionTime is the time of all attempts, without the waits between them', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(1)
  const executor = new ParallelExecutor({ retry: { attempts: 2 } })
  const run = executor.executeTasks(tasks(1), async (_, { attempt }) => {
    await new Promise((resolve) => setTimeout(resolve, 70))
    if (attempt === 1) throw failure(500)
    return {}
  })
  await vi.runAllTimersAsync()
  expect((await run)[0]?.executionTime).toBe(140)
})

describe('Retry-After', () => {
  const date = () => new Date(Date.now() + 7_000).toUTCString()
  const places: [string, () => unknown][] = [
    ['a Headers object', () => failure(503, { headers: new Headers({ 'Retry-After': '7' }) })],
    ['a plain object in any case', () => failure(503, { headers: { 'Retry-After': '7' } })],
    [
      'milliseconds, which go before seconds',
      () => failure(503, { headers: { 'retry-after': '9', 'retry-after-ms': '7000' } }),
    ],
    ['a date', () => failure(503, { headers: { 'retry-after': date() } })],
    ['the response of axios', () => failure(503, { response: { headers: { 'retry-after': 7 } } })],
    ['the AI SDK', () => failure(503, { responseHeaders: { 'retry-after': '7' } })],
    ['the AWS SDK', () => Object.assign(new Error(), { $retryable: {}, retryAfterSeconds: 7 })],
    ['a property', () => failure(503, { retryAfter: 7 })],
    ['a cause', () => new Error('wrapped', { cause: failure(503, { headers: { 'retry-after': '7' } }) })],
    ['the last error of several', () => ({ lastError: failure(503, { headers: { 'retry-after': '7' } }) })],
  ]

  test.each(places)('is found in %s', async (_, thrown) => {
    vi.setSystemTime(1_700_000_000_000)
    const executor = new ParallelExecutor({ retry: true })
    const { execute, starts } = failing(thrown())
    const run = executor.executeTasks(tasks(1), execute)
    await vi.runAllTimersAsync()
    await run
    expect(starts.map(([at]) => at)).toEqual([0, 7_000])
  })

  test('is honoured up to two minutes', async () => {
    const executor = new ParallelExecutor({ retry: true })
    const { execute, starts } = failing(failure(503, { headers: { 'retry-after': '3600' } }))
    const run = executor.executeTasks(tasks(1), execute)
    await vi.runAllTimersAsync()
    await run
    expect(starts.map(([at]) => at)).toEqual([0, 120_000])
  })

  test.each([{ headers: { 'retry-after': 'soon' } }, { headers: 'none' }, { headers: null }, {}])(
    'that says nothing, as in %j, leaves the usual delay',
    async (more) => {
      vi.spyOn(Math, 'random').mockReturnValue(1)
      const { execute, starts } = failing(failure(503, more))
      const run = new ParallelExecutor({ retry: true }).executeTasks(tasks(1), execute)
      await vi.runAllTimersAsync()
      await run
      expect(starts.map(([at]) => at)).toEqual([0, 1_000])
    },
  )

  test('of a 429 holds every task of the key back, of another status only its own', async () => {
    for (const [status, expected] of [
      [429, 5_000],
      [503, 10],
    ] as const) {
      const executor = new ParallelExecutor({ concurrency: 2, retry: true, rateLimit: UNLIMITED })
      const throttled = vi.fn()
      executor.on('throttle', throttled)
      const begun = performance.now()
      const starts: number[] = []
      const run = executor.executeTasks(tasks(3), async ({ id }, { attempt }) => {
        starts.push(performance.now() - begun)
        if (id === '0' && attempt === 1) throw failure(status, { headers: { 'retry-after': '5' } })
        await new Promise((resolve) => setTimeout(resolve, 10))
        return {}
      })
      await vi.runAllTimersAsync()
      expect((await run).every(({ result }) => result !== undefined)).toBe(true)
      expect(starts[2]).toBe(status === 429 ? expected : 0)
      if (status === 429) expect(throttled.mock.calls[0]?.[0]).toMatchObject({ reason: 'provider', waitTime: 5_000 })
      else expect(throttled).not.toHaveBeenCalled()
    }
  })
})

test('a task that waits for another attempt gives its place to others, and goes before new ones', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(1)
  const executor = new ParallelExecutor({ concurrency: 1, rateLimit: UNLIMITED, retry: { baseDelay: 100 } })
  const hand = new ByHand()
  const run = executor.executeTasks(tasks(5), hand.execute)
  // One waiting task is as many as `concurrency`, so none starts before it.
  await hand.fail('0', failure(500))
  expect(hand.inFlight).toEqual([])
  await vi.advanceTimersByTimeAsync(100)
  expect(hand.inFlight).toEqual(['0'])
  executor.updateConfig({ concurrency: 2 })
  expect(hand.inFlight).toEqual(['0', '1'])
  await hand.fail('0', failure(500))
  expect(hand.inFlight).toEqual(['1', '2'])
  await vi.advanceTimersByTimeAsync(200)
  expect(hand.inFlight).toEqual(['1', '2'])
  await hand.finish('1')
  expect(hand.inFlight).toEqual(['2', '0'])
  await hand.finishAll()
  expect((await run).map(({ result }) => result?.actual)).toEqual(['0', '1', '2', '3', '4'])
})

test('while as many tasks as `concurrency` wait for another attempt, none is begun', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(1)
  const executor = new ParallelExecutor({ concurrency: 3, rateLimit: UNLIMITED, retry: { attempts: 2 } })
  const failed = new Set<string>()
  let most = 0
  executor.on('retry', ({ taskId }) => failed.add(taskId))
  const run = executor.executeTasks(tasks(30), async ({ id }, { attempt }) => {
    if (attempt === 1) most = Math.max(most, failed.size)
    failed.delete(id)
    if (attempt === 1) throw failure(500)
    return {}
  })
  await vi.runAllTimersAsync()
  expect((await run).every(({ result }) => result !== undefined)).toBe(true)
  expect(most).toBe(2)
})

test('each attempt counts towards the limits', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0)
  const executor = new ParallelExecutor({ rateLimit: { requestsPerMinute: 2 }, retry: true })
  const { execute, starts } = failing(failure(500), failure(500))
  const run = executor.executeTasks(tasks(1), execute)
  await vi.runAllTimersAsync()
  await run
  expect(starts.map(([at]) => at)).toEqual([0, 0, 60_000])
  expect(executor.getRateLimiterState().currentRequests).toBe(1)
})

describe('a timeout', () => {
  test('ends an attempt, aborts its signal, and is retryable', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0)
    const executor = new ParallelExecutor({ timeout: 1_000, retry: { attempts: 2 } })
    const signals: AbortSignal[] = []
    const run = executor.executeTasks(tasks(1), (_, { signal }) => {
      signals.push(signal)
      return new Promise(() => {})
    })
    await vi.runAllTimersAsync()
    const [{ error, executionTime }] = (await run) as any
    expect(signals.length).toBe(2)
    expect(signals[1]?.reason).toBe(error.cause)
    expect(error).toMatchObject({ retryable: true, message: 'The attempt took longer than 1000 ms' })
    expect(error.cause).toBeInstanceOf(DOMException)
    expect([error.cause.name, executionTime]).toEqual(['TimeoutError', 2_000])
  })

  test('makes a late answer, or a late failure, of no account', async () => {
    const executor = new ParallelExecutor({ concurrency: 1, timeout: 100 })
    const hand = new ByHand()
    const rejections = vi.fn()
    process.on('unhandledRejection', rejections)
    const run = executor.executeTasks(tasks(3), hand.execute)
    await vi.advanceTimersByTimeAsync(100)
    expect(hand.inFlight).toEqual(['0', '1'])
    await hand.finish('0', { actual: 'late' })
    await vi.advanceTimersByTimeAsync(100)
    await hand.fail('1', new Error('late'))
    expect(hand.inFlight).toEqual(['2'])
    await hand.finish('2')
    const results = await run
    expect(results.map(({ error, result }) => error?.cause ?? result)).toEqual([
      expect.objectContaining({ name: 'TimeoutError' }),
      expect.objectContaining({ name: 'TimeoutError' }),
      { actual: '2' },
    ])
    vi.useRealTimers()
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', rejections)
    expect(rejections).not.toHaveBeenCalled()
    vi.useFakeTimers()
  })

  test('does not touch the signal of an attempt that ended in time', async () => {
    const executor = new ParallelExecutor({ timeout: 100 })
    let signal: AbortSignal | undefined
    await executor.executeTasks(tasks(1), async (_, context) => {
      signal = context.signal
      return {}
    })
    await vi.advanceTimersByTimeAsync(1_000)
    expect(signal?.aborted).toBe(false)
  })
})

test('a signal first read after the attempt was given up has aborted already', async () => {
  const executor = new ParallelExecutor({ timeout: 100 })
  let context: { readonly signal: AbortSignal } | undefined
  const run = executor.executeTasks(tasks(1), async (_, given) => {
    context = given
    return new Promise<never>(() => {})
  })
  await vi.advanceTimersByTimeAsync(100)
  await run
  expect(context?.signal.reason).toMatchObject({ name: 'TimeoutError' })
})

test('adaptive executors tell and log what they decide', async () => {
  const executor = new ParallelExecutor({
    concurrency: 8,
    rateLimit: UNLIMITED,
    adaptive: true,
    retry: { baseDelay: 1 },
  })
  const told: unknown[] = []
  executor.on('adapt', (decision) => told.push(decision))
  let inFlight = 0
  const run = executor.executeTasks(tasks(200), async () => {
    if (++inFlight > 3) {
      inFlight--
      throw failure(429)
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
    inFlight--
    return {}
  })
  await vi.runAllTimersAsync()
  expect((await run).filter(({ result }) => result !== undefined).length).toBeGreaterThan(150)
  expect(told.length).toBeGreaterThan(1)
  expect(executor.getAdaptiveLog()).toEqual(told)
  expect(new Set(told.map(({ action }: any) => action))).toContain('cut')
  expect(new ParallelExecutor().getAdaptiveLog()).toEqual([])
})

test('a task that a limiter can never admit fails with its error, and holds nobody up', async () => {
  const limiter = new RateLimiter({ requestsPerMinute: 100, tokensPerMinute: 1_000 })
  const executor = new ParallelExecutor({ limiter, estimateTokens: ({ id }) => (id === '1' ? 5_000 : 10) })
  const results = await executor.executeTasks(tasks(3), async () => ({ metadata: { tokenUsage: { total: 10 } } }))
  await settled()
  expect(results.map(({ error }) => (error?.cause as any)?.code)).toEqual([
    undefined,
    'ERR_REQUEST_TOO_LARGE',
    undefined,
  ])
  expect(limiter.getState()).toMatchObject({ requests: 2, tokens: 20, inFlight: 0 })
})

test('what a failure calls a time, and cannot be read, says nothing', async () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  const unreadable = [proxy, new Proxy(new Date(), {}), new Date(Number.NaN)]
  const executor = new ParallelExecutor({ rateLimit: UNLIMITED, retry: { baseDelay: 0 } })
  const results = await Promise.all([
    executor.executeTasks(tasks(unreadable.length), async ({ id }, { attempt }) => {
      if (attempt === 1) throw failure(503, { retryAfter: unreadable[Number(id)] })
      return { actual: id }
    }),
    vi.runAllTimersAsync(),
  ])
  expect(results[0].map(({ result }) => result?.actual)).toEqual(['0', '1', '2'])
})
