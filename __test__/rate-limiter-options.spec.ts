import { ParallelExecutor, RateLimiter } from '@aah/ai-evals-performance'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Acquirers, granted } from './helpers/permits.ts'

const MINUTE = 60_000

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

describe('guarantees', () => {
  /** What is reserved for one more request of each key, after thirty of `learned` used a tenth of what they might. */
  function reserved(guarantee: 'strict' | 'balanced' | undefined) {
    const limiter = new RateLimiter({ requestsPerMinute: 1_000, tokensPerMinute: 1_000_000, guarantee })
    for (let request = 0; request < 30; request++) {
      const permit = granted(limiter.tryAcquire({ tokens: 1_000, key: 'learned' }))
      permit.settle({ tokens: 100 })
      permit.release()
    }
    return ['learned', 'new'].map((key) => {
      limiter.reset()
      granted(limiter.tryAcquire({ tokens: 1_000, key })).release()
      return limiter.getState().tokens
    })
  }

  test('balanced, the default, reserves what requests of that key turned out to use', () => {
    expect(reserved('balanced')).toEqual([110, 1_000])
    expect(reserved(undefined)).toEqual([110, 1_000])
  })

  test('strict always reserves the maximum', () => {
    expect(reserved('strict')).toEqual([1_000, 1_000])
  })
})

describe('a request larger than a whole limit', () => {
  test.each([
    [{ tokensPerMinute: 100 }, { tokens: 101 }, '101 tokens', '`tokensPerMinute`', '100'],
    [{ inputTokensPerMinute: 50 }, { inputTokens: 60 }, '60 input tokens', '`inputTokensPerMinute`', '50'],
    [{ outputTokensPerMinute: 50 }, { outputTokens: 60.5 }, '61 output tokens', '`outputTokensPerMinute`', '50'],
  ])('of %j is an error that says so', async (limits, request, ...parts) => {
    const limiter = new RateLimiter({ requestsPerMinute: 9, ...limits })
    const message = expect.stringMatching(parts.join('.*'))
    expect(() => limiter.tryAcquire(request)).toThrow(
      expect.objectContaining({ code: 'ERR_REQUEST_TOO_LARGE', message }),
    )
    await expect(limiter.acquire(request)).rejects.toMatchObject({ code: 'ERR_REQUEST_TOO_LARGE', message })
    expect(limiter.getState()).toMatchObject({ requests: 0, inFlight: 0 })
  })

  test('is refused at once, also where others wait', async () => {
    const limiter = new RateLimiter({ requestsPerMinute: 9, tokensPerMinute: 100 })
    granted(limiter.tryAcquire({ tokens: 100 }))
    const waiting = limiter.acquire({ tokens: 1 })
    await expect(limiter.acquire({ tokens: 101 })).rejects.toMatchObject({ code: 'ERR_REQUEST_TOO_LARGE' })
    await vi.advanceTimersByTimeAsync(MINUTE)
    await waiting
  })

  test('starts alone where that is allowed', async () => {
    const limiter = new RateLimiter({ requestsPerMinute: 9, tokensPerMinute: 100, allowOversize: true })
    granted(limiter.tryAcquire({ tokens: 1 }))
    expect(limiter.tryAcquire({ tokens: 1_000 })).toEqual({ reason: 'tokens', waitTime: MINUTE })
    vi.advanceTimersByTime(MINUTE)
    granted(limiter.tryAcquire({ tokens: 1_000 }))
  })
})

describe('block', () => {
  test('holds everybody back for so long, and a later one never shortens it', async () => {
    const limiter = new RateLimiter({ requestsPerMinute: 100 })
    limiter.block(5_000)
    limiter.block(1_000)
    expect(limiter.tryAcquire()).toEqual({ reason: 'provider', waitTime: 5_000 })
    const waiting = limiter.acquire()
    const served = vi.fn()
    waiting.then(served)
    await vi.advanceTimersByTimeAsync(4_999)
    expect(served).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(served).toHaveBeenCalled()
  })

  test('ends with a reset', () => {
    const limiter = new RateLimiter({ requestsPerMinute: 100 })
    limiter.block(5_000)
    limiter.reset()
    granted(limiter.tryAcquire())
  })
})

describe('a name', () => {
  test('stands for one limiter, whose users take turns', async () => {
    const options = { requestsPerMinute: 100, concurrency: 1, name: 'turns' }
    const [one, other] = [new Acquirers(new RateLimiter(options)), new Acquirers(new RateLimiter(options))]
    const served: string[] = []
    const enter = async (acquirers: Acquirers, name: string) => {
      await acquirers.acquire(name)
      served.push(name)
      await acquirers.release(name)
    }
    const all = ['a1', 'a2', 'a3'].map((name) => enter(one, name))
    all.push(...['b1', 'b2', 'b3'].map((name) => enter(other, name)))
    vi.useRealTimers() // Users call each other through the event loop.
    await Promise.all(all)
    vi.useFakeTimers()
    // The first user began to wait for its second request before the other came.
    expect(served).toEqual(['a1', 'a2', 'b1', 'a3', 'b2', 'b3'])
  })

  test('stands for one clock: fake timers move all users of a thread', () => {
    const options = { requestsPerMinute: 1, name: 'fake clock' }
    const [one, other] = [new RateLimiter(options), new RateLimiter(options)]
    granted(one.tryAcquire())
    expect(other.tryAcquire()).toEqual({ reason: 'requests', waitTime: MINUTE })
    vi.advanceTimersByTime(MINUTE)
    granted(other.tryAcquire())
    expect(one.tryAcquire()).toEqual({ reason: 'requests', waitTime: MINUTE })
  })

  test('keeps what is held and what was started when all its objects are garbage', async () => {
    const options = { requestsPerMinute: 3, concurrency: 2, name: 'garbage' }
    const collect = globalThis.gc
    if (collect === undefined) throw new Error('run with --expose-gc')
    const hold = () => granted(new RateLimiter(options).tryAcquire())
    hold().release()
    vi.useRealTimers() // What is freed by a collection is freed by the event loop.
    const { setImmediate: turn } = await import('node:timers/promises')
    const collectAll = async () => {
      for (let round = 0; round < 3; round++) {
        collect()
        await turn()
      }
    }
    await collectAll()
    expect(new RateLimiter(options).getState()).toMatchObject({ requests: 1, inFlight: 0 })
    hold()
    await collectAll()
    vi.useFakeTimers()
    expect(new RateLimiter(options).getState()).toMatchObject({ requests: 2, inFlight: 1 })
  })

  test('with other limits is an error that says which differ', () => {
    const options = { requestsPerMinute: 100, tokensPerMinute: 500, burst: 100, name: 'taken' }
    const first = new RateLimiter(options)
    expect(() => new RateLimiter({ ...options, burst: undefined, tokensPerMinute: 700, guarantee: 'strict' })).toThrow(
      expect.objectContaining({
        code: 'ERR_LIMITER_NAME',
        message:
          'This process has a limiter named "taken" with other limits: `tokensPerMinute` is 500, not 700, ' +
          "`guarantee` is 'balanced', not 'strict'",
      }),
    )
    expect(() => new RateLimiter({ ...options, concurrency: 3, allowOversize: true })).toThrow(
      '`concurrency` is Infinity, not 3, `allowOversize` is false, not true',
    )
    expect(new RateLimiter({ ...options, burst: undefined }).getState().requests).toBe(0)
    expect(first.getState().requests).toBe(0)
  })

  test('is not shared with limiters that have none, nor with executors', async () => {
    const limiter = new RateLimiter({ requestsPerMinute: 1, name: 'own' })
    granted(limiter.tryAcquire())
    granted(new RateLimiter({ requestsPerMinute: 1 }).tryAcquire())
    granted(new RateLimiter({ requestsPerMinute: 1, name: 'other' }).tryAcquire())
    const executor = new ParallelExecutor({ rateLimit: { requestsPerMinute: 1 } })
    expect(executor.getRateLimiterState().currentRequests).toBe(0)
  })
})
