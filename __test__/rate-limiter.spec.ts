import { ParallelExecutor, type Permit, RateLimiter, type Refusal } from '@aah/ai-evals-performance'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { settled } from './helpers/tasks.ts'

const MINUTE = 60_000

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

function granted(answer: Permit | Refusal): Permit {
  if ('waitTime' in answer) throw new Error(`refused: ${answer.reason}, ${answer.waitTime} ms`)
  return answer
}

/** Notes who got a permit, in order. */
class Acquirers {
  readonly served: string[] = []
  readonly permits = new Map<string, Permit>()
  readonly #limiter: RateLimiter

  constructor(limiter: RateLimiter) {
    this.#limiter = limiter
  }

  async acquire(name: string, request?: Parameters<RateLimiter['acquire']>[0]): Promise<void> {
    const permit = await this.#limiter.acquire(request)
    this.served.push(name)
    this.permits.set(name, permit)
  }

  async release(name: string): Promise<void> {
    this.permits.get(name)?.release()
    await settled()
  }
}

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
