import { expect, test } from 'vitest'
import {
  type ExternalObject,
  executionAddLane,
  executionAddLaneOf,
  executionBeginRun,
  executionDecisions,
  executionEnd,
  executionEndRun,
  executionMetrics,
  executionNew,
  executionOnFreed,
  executionProgress,
  executionRefusal,
  executionReserved,
  executionRestore,
  executionTryStart,
  executionUsage,
  limiterNew,
  type NativeExecution,
  retryAfter,
  retryDelay,
} from '../lib/native.ts'

type Execution = ExternalObject<NativeExecution>

const NONE = Number.POSITIVE_INFINITY

function lane(execution: Execution, requests: number, adaptive = false): number {
  return executionAddLane(execution, requests, NONE, NONE, NONE, NONE, Number.NaN, false, adaptive)
}

function tryStart(execution: Execution, now: number, lane: number): number {
  return executionTryStart(execution, now, lane, 10, Number.NaN, Number.NaN, 40)
}

test('a task starts, waits for its lane and ends, in numbers', () => {
  const execution = executionNew(2)
  const first = lane(execution, 1)
  const permit = tryStart(execution, 0, first)
  expect(permit).toBeGreaterThanOrEqual(0)
  expect([...executionReserved(execution, permit)]).toEqual([1, 10, 10, 10])
  expect(tryStart(execution, 10_000, first)).toBe(-1)
  expect(executionRefusal(execution)).toEqual({
    lane: first,
    waitTime: 50_000,
    reason: 'requests',
    limit: 1,
    current: 1,
  })
  const second = lane(execution, 9)
  tryStart(execution, 10_000, second)
  expect(tryStart(execution, 10_000, second)).toBe(-1)
  expect(executionRefusal(execution)).toMatchObject({ lane: second, waitTime: NONE, reason: '' })
  executionEnd(execution, 11_000, permit, 0, 4, Number.NaN, Number.NaN, 0)
  executionEnd(execution, 11_000, permit, 0, 4, Number.NaN, Number.NaN, 0)
  expect(executionUsage(execution, 11_000, first)).toMatchObject({
    requests: 1,
    tokens: 4,
    inFlight: 0,
    utilization: 1,
  })
  expect([...executionReserved(execution, permit)]).toEqual([])
  expect(tryStart(execution, 11_000, second)).toBeGreaterThanOrEqual(0)
})

test('lanes of one limiter share it, and who waits is called when another gives a place back', async () => {
  const limiter = limiterNew(new Float64Array([NONE, NONE, NONE, NONE, 1, NONE, 0, 0]))
  const [one, other] = [executionNew(9), executionNew(9)]
  const [laneOfOne, laneOfOther] = [executionAddLaneOf(one, limiter, false), executionAddLaneOf(other, limiter, false)]
  const freed = new Promise<void>((resolve) => executionOnFreed(other, laneOfOther, resolve))
  const permit = tryStart(one, 0, laneOfOne)
  expect(tryStart(other, 0, laneOfOther)).toBe(-1)
  expect(executionRefusal(other)).toMatchObject({ reason: 'concurrency', waitTime: NONE, limit: 1, current: 1 })
  executionEnd(one, 1, permit, 0, 10, Number.NaN, Number.NaN, 0)
  await freed
  executionOnFreed(other, laneOfOther, null)
  expect(tryStart(other, 1, laneOfOther)).toBeGreaterThanOrEqual(0)
})

test('what is larger than a whole budget of a shared limiter is never started', () => {
  const limiter = limiterNew(new Float64Array([NONE, 9, NONE, NONE, NONE, NONE, 0, 0]))
  const execution = executionNew(9)
  const shared = executionAddLaneOf(execution, limiter, false)
  expect(tryStart(execution, 0, shared)).toBe(-2)
  expect(executionRefusal(execution)).toMatchObject({ reason: 'tokens', limit: 9, current: 10 })
})

test('an adaptive lane says what it decided', () => {
  const execution = executionNew(9)
  const adaptive = lane(execution, 600, true)
  const permit = tryStart(execution, 0, adaptive)
  executionEnd(execution, 20, permit, 3 + 8, Number.NaN, Number.NaN, Number.NaN, 40)
  expect(JSON.parse(executionDecisions(execution))).toEqual([
    {
      at: 20,
      lane: adaptive,
      action: 'cut',
      reason: 'refused',
      concurrency: 3,
      burst: null,
      requestsPerMinute: null,
      tokensPerMinute: null,
    },
  ])
  expect(tryStart(execution, 20, adaptive)).toBe(-1)
  expect(executionRefusal(execution)).toMatchObject({ reason: 'provider', waitTime: 500 })
})

test('time is divided by reason, and progress counts what is done', () => {
  const execution = executionNew(9)
  const only = lane(execution, 2)
  executionBeginRun(execution, 0)
  const permits = [tryStart(execution, 0, only), tryStart(execution, 0, only)]
  tryStart(execution, 0, only)
  executionEnd(execution, 2_000, permits[0]!, 0, 10, Number.NaN, Number.NaN, 0)
  executionEnd(execution, 2_000, permits[1]!, 2 + 8, Number.NaN, Number.NaN, Number.NaN, 0)
  expect(executionProgress(execution, 4_000, 3)).toEqual({ rate: 0.25, eta: 12_000, limitUtilization: 1 })
  expect(executionProgress(execution, 4_000, Number.NaN).eta).toBeNaN()
  executionEndRun(execution, 4_000)
  const metrics = executionMetrics(execution, 9_000)
  expect(metrics).toMatchObject({ totalMillis: 4_000, meanTaskMillis: 2_000, throttledMillis: 4_000 })
  expect(metrics.waitedMillis).toEqual([4_000, 0, 0, 0, 0, 0])
})

test('starts of an earlier process count', () => {
  const execution = executionNew(9)
  const only = lane(execution, 3)
  const of = (...numbers: number[]) => new Float64Array(numbers)
  executionRestore(execution, 0, only, of(50_000, 10_000), of(1, 1), of(5, 6), of(0, 0), of(0, 0))
  expect(executionUsage(execution, 0, only)).toMatchObject({ requests: 2, tokens: 11 })
})

test('a lane that does not exist is an error and not the end of the process', () => {
  expect(() => tryStart(executionNew(1), 0, 7)).toThrow('there is no lane 7')
})

test('delays of retries are full jitter, or what the provider asked for', () => {
  expect([1, 2, 9].map((attempt) => retryDelay(attempt, 1_000, 60_000, 0.5))).toEqual([500, 1_000, 30_000])
  expect(retryAfter('1.5', 'Retry-After', 0)).toBe(1_500)
  expect(retryAfter('250', 'retry-after-ms', 0)).toBe(250)
  expect(retryAfter(new Date(9_000).toUTCString(), 'retry-after', 4_000)).toBe(5_000)
  expect(retryAfter('99999', 'retry-after', 0)).toBe(120_000)
  expect(retryAfter('-1', 'retry-after', 0)).toBeNaN()
})
