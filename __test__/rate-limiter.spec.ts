import { RateLimiter } from '@aah/ai-evals-performance'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Acquirers, granted } from './helpers/permits.ts'
import { settled } from './helpers/tasks.ts'

const MINUTE = 60_000

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

describe('tryAcquire', () => {
  test.each([
    ['requests', { requestsPerMinute: 1 }, {}, MINUTE],
    ['requests', { requestsPerMinute: 60, burst: 1 }, {}, 1_000],
    ['tokens', { requestsPerMinute: 9, tokensPerMinute: 100 }, { tokens: 60 }, MINUTE],
    ['tokens', { requestsPerMinute: 9, tokensPerMinute: 100 }, { inputTokens: 30, outputTokens: 30 }, MINUTE],
    ['input-tokens', { requestsPerMinute: 9, inputTokensPerMinute: 100 }, { inputTokens: 60, outputTokens: 1 }, MINUTE],
    ['input-tokens', { requestsPerMinute: 9, inputTokensPerMinute: 100 }, { tokens: 60 }, MINUTE],
    ['output-tokens', { requestsPerMinute: 9, outputTokensPerMinute: 100 }, { outputTokens: 60 }, MINUTE],
    ['concurrency', { requestsPerMinute: 9, concurrency: 1 }, {}, Number.POSITIVE_INFINITY],
  ] as const)('says that %s holds a request back under %j, and for how long', (reason, limits, request, waitTime) => {
    const limiter = new RateLimiter(limits)
    granted(limiter.tryAcquire(request))
    expect(limiter.tryAcquire(request)).toEqual({ reason, waitTime })
    expect(limiter.getState()).toMatchObject({ requests: 1, inFlight: 1 })
  })

  test('succeeds after the wait it was told, and not before', () => {
    const limiter = new RateLimiter({ requestsPerMinute: 1 })
    granted(limiter.tryAcquire()).release()
    vi.advanceTimersByTime(MINUTE - 1)
    expect(limiter.tryAcquire()).toEqual({ reason: 'requests', waitTime: 1 })
    vi.advanceTimersByTime(1)
    granted(limiter.tryAcquire())
  })

  test('never goes before those who wait', async () => {
    const limiter = new RateLimiter({ requestsPerMinute: 100, tokensPerMinute: 100 })
    granted(limiter.tryAcquire({ tokens: 60 }))
    const waiting = limiter.acquire({ tokens: 80 })
    await settled()
    expect(limiter.tryAcquire({ tokens: 1 })).toMatchObject({ reason: 'tokens' })
    await vi.advanceTimersByTimeAsync(MINUTE)
    await waiting
    granted(limiter.tryAcquire({ tokens: 1 }))
  })

  test('after a refusal keeps nobody back', () => {
    const limiter = new RateLimiter({ requestsPerMinute: 100, tokensPerMinute: 100, name: 'polled' })
    const other = new RateLimiter({ requestsPerMinute: 100, tokensPerMinute: 100, name: 'polled' })
    granted(limiter.tryAcquire({ tokens: 60 }))
    expect(other.tryAcquire({ tokens: 80 })).toMatchObject({ reason: 'tokens' })
    granted(limiter.tryAcquire({ tokens: 40 }))
  })
})

describe('acquire', () => {
  test('serves first come first served, however small the later ones are', async () => {
    const limiter = new RateLimiter({ requestsPerMinute: 100, tokensPerMinute: 100 })
    const acquirers = new Acquirers(limiter)
    for (const [name, tokens] of Object.entries({ a: 60, b: 90, c: 10, d: 5 })) acquirers.acquire(name, { tokens })
    await settled()
    expect(acquirers.served).toEqual(['a'])
    expect(limiter.getState()).toMatchObject({ waiting: 3, tokens: 60, utilization: 0.6 })
    await vi.advanceTimersByTimeAsync(MINUTE)
    expect(acquirers.served).toEqual(['a', 'b', 'c'])
    await vi.advanceTimersByTimeAsync(MINUTE)
    expect(acquirers.served).toEqual(['a', 'b', 'c', 'd'])
    expect(limiter.getState().waiting).toBe(0)
  })

  test('waits for a release where all places are taken, and no longer', async () => {
    const acquirers = new Acquirers(new RateLimiter({ requestsPerMinute: 100, concurrency: 2 }))
    for (const name of 'abcd') acquirers.acquire(name)
    await settled()
    expect(acquirers.served).toEqual(['a', 'b'])
    await acquirers.release('b')
    expect(acquirers.served).toEqual(['a', 'b', 'c'])
    await acquirers.release('b')
    expect(acquirers.served).toEqual(['a', 'b', 'c'])
    await acquirers.release('a')
    expect(acquirers.served).toEqual(['a', 'b', 'c', 'd'])
  })

  test('ends early when tokens come back, and when the limiter is reset', async () => {
    const limiter = new RateLimiter({ requestsPerMinute: 100, tokensPerMinute: 100 })
    const acquirers = new Acquirers(limiter)
    for (const name of 'abc') acquirers.acquire(name, { tokens: 80 })
    await settled()
    acquirers.permits.get('a')?.settle({ tokens: 20 })
    await settled()
    expect(acquirers.served).toEqual(['a', 'b'])
    limiter.reset()
    await settled()
    expect(acquirers.served).toEqual(['a', 'b', 'c'])
  })

  test('keeps every minute within all limits, whatever requests take and use', async () => {
    const request = fc.record({
      arrives: fc.integer({ min: 0, max: 90_000 }),
      takes: fc.integer({ min: 0, max: 30_000 }),
      inputTokens: fc.integer({ min: 0, max: 50 }),
      outputTokens: fc.integer({ min: 0, max: 50 }),
      used: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    const limits = fc.record({
      requestsPerMinute: fc.integer({ min: 1, max: 15 }),
      tokensPerMinute: fc.integer({ min: 100, max: 300 }),
      outputTokensPerMinute: fc.integer({ min: 50, max: 200 }),
      concurrency: fc.integer({ min: 1, max: 6 }),
    })
    const property = async (options: any, requests: any[]) => {
      const limiter = new RateLimiter({ ...options, guarantee: 'strict' })
      const starts: { at: number; end: number; output: number; total: number }[] = []
      const all = requests.map(async ({ arrives, takes, inputTokens, outputTokens, used }) => {
        await new Promise((resolve) => setTimeout(resolve, arrives))
        const permit = await limiter.acquire({ inputTokens, outputTokens })
        const output = Math.floor(outputTokens * used)
        const at = performance.now()
        starts.push({ at, end: at + takes, output, total: inputTokens + output })
        await new Promise((resolve) => setTimeout(resolve, takes))
        permit.settle({ inputTokens, outputTokens: output })
        permit.release()
      })
      await vi.runAllTimersAsync()
      await Promise.all(all)
      expect(starts.length).toBe(requests.length)
      for (const first of starts) {
        const inside = starts.filter(({ at }) => first.at <= at && at < first.at + MINUTE)
        const sum = (of: 'output' | 'total') => inside.reduce((sum, start) => sum + start[of], 0)
        expect(inside.length).toBeLessThanOrEqual(options.requestsPerMinute)
        expect(sum('total')).toBeLessThanOrEqual(options.tokensPerMinute)
        expect(sum('output')).toBeLessThanOrEqual(options.outputTokensPerMinute)
        const inFlight = starts.filter(({ at, end }) => at <= first.at && first.at < end).length
        expect(inFlight).toBeLessThanOrEqual(options.concurrency)
      }
      expect(limiter.getState()).toMatchObject({ inFlight: 0, waiting: 0 })
    }
    await fc.assert(fc.asyncProperty(limits, fc.array(request, { maxLength: 40 }), property), { numRuns: 40 })
  }, 120_000)

  test('serves a hundred thousand waiting requests in no more than a moment each', async () => {
    const limiter = new RateLimiter({ requestsPerMinute: Number.POSITIVE_INFINITY, concurrency: 1 })
    let served = 0
    const all = Array.from({ length: 100_000 }, async () => {
      const permit = await limiter.acquire()
      served++
      permit.release()
    })
    await Promise.all(all)
    expect(served).toBe(100_000)
  }, 120_000)
})

describe('a signal', () => {
  test('that is aborted already rejects with its reason, and nothing is taken', async () => {
    const limiter = new RateLimiter({ requestsPerMinute: 1 })
    const reason = { mine: true }
    await expect(limiter.acquire({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(limiter.getState().requests).toBe(0)
  })

  test('ends a wait with its reason at once, and those behind move up', async () => {
    const limiter = new RateLimiter({ requestsPerMinute: 100, tokensPerMinute: 100 })
    const controller = new AbortController()
    granted(limiter.tryAcquire({ tokens: 60 }))
    const large = limiter.acquire({ tokens: 80, signal: controller.signal })
    const small = limiter.acquire({ tokens: 40 })
    await settled()
    expect(limiter.getState().waiting).toBe(2)
    const reason = new Error('changed my mind')
    controller.abort(reason)
    await expect(large).rejects.toBe(reason)
    await small
    expect(limiter.getState()).toMatchObject({ waiting: 0, tokens: 100 })
  })

  test('takes those out who stand in the middle and at the end', async () => {
    const limiter = new RateLimiter({ requestsPerMinute: 100, concurrency: 1 })
    const acquirers = new Acquirers(limiter)
    const [middle, last] = [new AbortController(), new AbortController()]
    acquirers.acquire('a')
    acquirers.acquire('b')
    const left = [limiter.acquire({ signal: middle.signal }), acquirers.acquire('c')]
    const leaving = limiter.acquire({ signal: last.signal })
    await settled()
    middle.abort('middle')
    last.abort('last')
    await expect(left[0]).rejects.toBe('middle')
    await expect(leaving).rejects.toBe('last')
    acquirers.acquire('d')
    for (const name of 'abc') await acquirers.release(name)
    expect(acquirers.served).toEqual(['a', 'b', 'c', 'd'])
  })

  test('has no listener left after a permit, a rejection or an abort', async () => {
    const limiter = new RateLimiter({ requestsPerMinute: 100, tokensPerMinute: 100 })
    const controller = new AbortController()
    const add = vi.spyOn(controller.signal, 'addEventListener')
    const remove = vi.spyOn(controller.signal, 'removeEventListener')
    const { signal } = controller
    await limiter.acquire({ tokens: 60, signal })
    expect(add).not.toHaveBeenCalled()
    const waiting = limiter.acquire({ tokens: 60, signal })
    await vi.advanceTimersByTimeAsync(MINUTE)
    await waiting
    expect(add).toHaveBeenCalledTimes(1)
    expect(remove.mock.calls[0]?.[1]).toBe(add.mock.calls[0]?.[1])
    await expect(limiter.acquire({ tokens: 101, signal })).rejects.toMatchObject({ code: 'ERR_REQUEST_TOO_LARGE' })
    expect(add).toHaveBeenCalledTimes(1)
  })
})

describe('a permit', () => {
  test('released twice gives back one place', () => {
    const limiter = new RateLimiter({ requestsPerMinute: 100, concurrency: 2 })
    const [first] = [granted(limiter.tryAcquire()), granted(limiter.tryAcquire())]
    first.release()
    first.release()
    expect(limiter.getState().inFlight).toBe(1)
    granted(limiter.tryAcquire())
    first.release()
    expect(limiter.getState().inFlight).toBe(2)
  })

  test('is released by `using`', () => {
    const limiter = new RateLimiter({ requestsPerMinute: 100 })
    const dispose: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for('Symbol.dispose')
    const permit = granted(limiter.tryAcquire())
    expect(limiter.getState().inFlight).toBe(1)
    permit[dispose]()
    expect(limiter.getState().inFlight).toBe(0)
  })

  test('settled with less frees the rest at once; with more it counts for another minute', async () => {
    const limiter = new RateLimiter({ requestsPerMinute: 100, tokensPerMinute: 100 })
    const frugal = granted(limiter.tryAcquire({ tokens: 60 }))
    frugal.settle({ tokens: 10 })
    expect(limiter.getState().tokens).toBe(10)
    const greedy = granted(limiter.tryAcquire({ tokens: 40 }))
    await vi.advanceTimersByTimeAsync(30_000)
    greedy.settle({ tokens: 70 })
    expect(limiter.getState()).toMatchObject({ tokens: 80, utilization: 0.8 })
    await vi.advanceTimersByTimeAsync(30_000)
    expect(limiter.getState().tokens).toBe(30)
    await vi.advanceTimersByTimeAsync(30_000)
    expect(limiter.getState().tokens).toBe(0)
  })

  test('settled with what is not known stays as it was reserved', () => {
    const limiter = new RateLimiter({ requestsPerMinute: 9, inputTokensPerMinute: 100, outputTokensPerMinute: 100 })
    const permit = granted(limiter.tryAcquire({ inputTokens: 30, outputTokens: 50 }))
    permit.settle({})
    expect(limiter.getState()).toMatchObject({ inputTokens: 30, outputTokens: 50 })
    permit.settle({ outputTokens: 5 })
    expect(limiter.getState()).toMatchObject({ inputTokens: 30, outputTokens: 5 })
  })
})

test.each([{ toFake: ['setTimeout' as const] }, { toFake: ['setTimeout' as const, 'Date' as const] }])(
  'a wait ends when its timer does, also with %j, where performance.now() goes its own way',
  async (config) => {
    vi.useRealTimers()
    vi.useFakeTimers(config)
    const limiter = new RateLimiter({ requestsPerMinute: 2 })
    const served = vi.fn()
    for (let request = 0; request < 4; request++) limiter.acquire().then(served)
    await vi.advanceTimersByTimeAsync(58_000)
    expect(served).toHaveBeenCalledTimes(2)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(served).toHaveBeenCalledTimes(4)
  },
)
