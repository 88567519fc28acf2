import { type Permit, RateLimiter } from '@aah/ai-evals-performance'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function acquireAll(limiter: RateLimiter): Permit[] {
  const permits: Permit[] = []
  for (;;) {
    const answer = limiter.tryAcquire()
    if ('waitTime' in answer) return permits
    permits.push(answer)
  }
}

it('lowers what is left until the reset, and not longer', () => {
  const limiter = new RateLimiter({ requestsPerMinute: 10 })
  limiter.observe({ remainingRequests: 2, requestsResetIn: 15_000 })
  expect(acquireAll(limiter)).toHaveLength(2)
  expect(limiter.tryAcquire()).toEqual({ waitTime: 15_000, reason: 'requests' })
  vi.advanceTimersByTime(15_000)
  expect(acquireAll(limiter)).toHaveLength(8)
})

it('lets those who wait already wait until the reset, and then serves them in their order', async () => {
  const limiter = new RateLimiter({ requestsPerMinute: 99, tokensPerMinute: 100 })
  await limiter.acquire({ tokens: 50 })
  const served: string[] = []
  const large = limiter.acquire({ tokens: 80 }).then(() => served.push('large'))
  const small = limiter.acquire({ tokens: 20 }).then(() => served.push('small'))
  await vi.advanceTimersByTimeAsync(30_000)
  limiter.observe({ remainingTokens: 20, tokensResetIn: 60_000 })
  await vi.advanceTimersByTimeAsync(59_999)
  expect(served).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  await Promise.all([large, small])
  expect(served).toEqual(['large', 'small'])
  expect(vi.getTimerCount()).toBe(0)
})

it('is seen by everybody who shares the limiter', () => {
  const limits = { requestsPerMinute: 5, name: 'observed by two' }
  const [one, other] = [new RateLimiter(limits), new RateLimiter(limits)]
  one.observe({ remainingRequests: 1, requestsResetIn: 10_000 })
  expect(acquireAll(other)).toHaveLength(1)
})

it('counts tokens of each kind, for a minute where no reset is told', () => {
  const limiter = new RateLimiter({
    requestsPerMinute: Number.POSITIVE_INFINITY,
    tokensPerMinute: 100,
    inputTokensPerMinute: 80,
    outputTokensPerMinute: 60,
  })
  limiter.observe({ remainingTokens: 70, remainingInputTokens: 10, remainingOutputTokens: 60, remainingRequests: 0 })
  expect(limiter.getState()).toMatchObject({ requests: 0, tokens: 30, inputTokens: 70, outputTokens: 0 })
  expect(limiter.tryAcquire({ inputTokens: 11, outputTokens: 1 })).toEqual({ waitTime: 60_000, reason: 'input-tokens' })
})

it('never raises what is left, whatever it is told', () => {
  const numbers = fc.record(
    {
      remainingRequests: fc.nat(20),
      requestsResetIn: fc.nat(90_000),
      remainingTokens: fc.nat(200),
      tokensResetIn: fc.nat(90_000),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(5_000), fc.nat(30), numbers), { maxLength: 30 }), (steps) => {
      const limiter = new RateLimiter({ requestsPerMinute: 10, tokensPerMinute: 100 })
      for (const [pause, tokens, observation] of steps) {
        vi.advanceTimersByTime(pause)
        limiter.tryAcquire({ tokens })
        const before = limiter.getState()
        limiter.observe(observation)
        const after = limiter.getState()
        expect(after.requests).toBeGreaterThanOrEqual(before.requests)
        expect(after.tokens).toBeGreaterThanOrEqual(before.tokens)
        expect(after.inFlight).toBe(before.inFlight)
        expect(after.requests).toBeLessThanOrEqual(10)
        expect(after.tokens).toBeLessThanOrEqual(100)
      }
    }),
  )
})

it('refuses what is no number of requests, tokens or milliseconds, and changes nothing then', () => {
  const limiter = new RateLimiter({ requestsPerMinute: 10 })
  const observe = (observation: unknown) => () => limiter.observe(observation as object)
  expect(observe(undefined)).toThrow(new TypeError('Expected `observation` to be an object, got `undefined`'))
  expect(observe({ remainingRequests: 0, requestsResetIn: '1s' })).toThrow(
    new TypeError('Expected `requestsResetIn` to be a finite number ≥ 0, got `"1s"`'),
  )
  expect(observe({ remainingRequests: 0, remainingTokens: -1 })).toThrow(
    new RangeError('Expected `remainingTokens` to be a finite number ≥ 0, got `-1`'),
  )
  expect(observe({ remainingRequests: Number.NaN })).toThrow(RangeError)
  expect(limiter.getState().requests).toBe(0)
})
