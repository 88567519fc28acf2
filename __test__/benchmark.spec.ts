import { Benchmark, type BenchmarkResult } from '@aah/ai-evals-performance'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { deferred, fakeClock } from './helpers/benchmarks.ts'
import { settled } from './helpers/tasks.ts'

let benchmark: Benchmark
beforeEach(() => {
  benchmark = new Benchmark()
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

/** A function whose calls take the given durations, one after the other, by a fake clock. */
function lasting(durations: number[]) {
  const clock = fakeClock()
  let call = 0
  return vi.fn(() => {
    clock.advance(durations[call++ % durations.length] as number)
  })
}

const FIGURES = {
  iterations: 4,
  totalDuration: 20,
  avgDuration: 5,
  minDuration: 2,
  maxDuration: 9,
  medianDuration: 4.5,
  p95Duration: 9,
  p99Duration: 9,
  stdDeviation: Math.sqrt(26 / 3),
  throughput: 200,
}

describe('the figures of a run', () => {
  test('are exact for calls that are timed one by one', async () => {
    const config = { name: 'scorer', description: 'scores', iterations: 4, warmupIterations: 0 }
    const fn = lasting([4, 9, 2, 5])
    const memoryUsage = { before: expect.any(Number), after: expect.any(Number), delta: expect.any(Number) }
    const expected = { name: 'scorer', description: 'scores', ...FIGURES, memoryUsage }
    expect(await benchmark.run(config, async () => fn())).toEqual(expected)
    expect(benchmark.runSync(config, fn)).toEqual(expected)
  })

  test('leave the warm-up out', () => {
    const fn = lasting([1000, 1000, 4, 9, 2, 5])
    const result = benchmark.runSync({ name: 'a', iterations: 4, warmupIterations: 2 }, fn)
    expect(result).toMatchObject(FIGURES)
    expect(result).not.toHaveProperty('description')
  })

  test('have no deviation for a single call', async () => {
    const fn = lasting([3])
    const result = await benchmark.run({ name: 'a', iterations: 1, warmupIterations: 0 }, async () => fn())
    expect(result).toMatchObject({ avgDuration: 3, medianDuration: 3, p99Duration: 3, stdDeviation: 0 })
  })

  test('follow fake timers', async () => {
    vi.useFakeTimers()
    const running = benchmark.run(
      { name: 'a', iterations: 3, warmupIterations: 1 },
      () => new Promise<void>((resolve) => setTimeout(resolve, 250)),
    )
    await vi.advanceTimersByTimeAsync(1000)
    expect(await running).toMatchObject({ avgDuration: 250, totalDuration: 750, throughput: 4 })
  })

  test('report the heap, and its growth as the difference', () => {
    const memory = benchmark.runSync({ name: 'a' }, () => ({})).memoryUsage
    expect(memory?.before).toBeGreaterThan(0)
    expect(memory?.delta).toBe((memory?.after as number) - (memory?.before as number))
  })
})

describe('the number of calls', () => {
  test('is 100 after 10 for run and 1,000 after 100 for runSync', async () => {
    const fn = vi.fn(async () => 1)
    expect((await benchmark.run({ name: 'a' }, fn)).iterations).toBe(100)
    expect(fn).toHaveBeenCalledTimes(110)
    let calls = 0
    expect(benchmark.runSync({ name: 'a' }, () => calls++).iterations).toBe(1000)
    expect(calls).toBe(1100)
  })

  test.each([1, 2, 7, 1000, 12_345, 200_000])('is exactly as asked for: %i', (iterations) => {
    let calls = 0
    const result = benchmark.runSync({ name: 'a', iterations, warmupIterations: 33 }, () => calls++)
    expect(calls).toBe(33 + iterations)
    expect(result.iterations).toBe(iterations)
  })
})

describe('functions that are shorter than the clock can tell', () => {
  test('are timed in batches, at the function’s own duration', () => {
    const clock = fakeClock(60e-6) // Each look at the clock takes 60 ns.
    const iterations = 100_000
    const result = benchmark.runSync({ name: 'two nanoseconds', iterations }, () => clock.advance(2e-6))
    expect(result.avgDuration).toBeGreaterThan(2e-6)
    expect(result.avgDuration).toBeLessThan(2.2e-6)
    expect(result.medianDuration).toBeLessThan(2.1e-6)
    expect(result.samples).toBeGreaterThan(40)
    expect(result.samples).toBeLessThan(80)
    expect(result.totalDuration).toBeCloseTo(result.avgDuration * iterations, 9)
    expect(result.throughput).toBeCloseTo(1000 / result.avgDuration, 0)
  })

  test('have sound figures by the real clock', () => {
    let calls = 0
    const result = benchmark.runSync({ name: 'increment', iterations: 200_000 }, () => calls++)
    const { minDuration, medianDuration, p95Duration, p99Duration, maxDuration } = result
    const ascending = [minDuration, medianDuration, p95Duration, p99Duration, maxDuration]
    expect(ascending).toEqual(ascending.toSorted((a, b) => a - b))
    expect(minDuration).toBeGreaterThan(0)
    expect(result.samples).toBeLessThan(result.iterations)
    expect(Number.isFinite(result.throughput)).toBe(true)
    expect(Number.isFinite(result.stdDeviation)).toBe(true)
  })

  test('have a finite throughput even when the clock stands still', async () => {
    fakeClock()
    const config = { name: 'frozen', iterations: 10, warmupIterations: 0 }
    for (const result of [
      benchmark.runSync(config, () => 1),
      await benchmark.run(config, async () => 1),
      await benchmark.run({ ...config, parallel: true }, async () => 1),
    ]) {
      expect(result).toMatchObject({ totalDuration: 0, avgDuration: 0, stdDeviation: 0 })
      expect(result.throughput).toBeCloseTo(10e9, -3)
    }
  })
})

describe('parallel', () => {
  test('keeps at most `concurrency` calls in flight and takes the time on the wall', async () => {
    const clock = fakeClock()
    const calls: ReturnType<typeof deferred>[] = []
    let [inFlight, most] = [0, 0]
    const running = benchmark.run(
      { name: 'a', iterations: 7, warmupIterations: 0, parallel: true, concurrency: 3 },
      async () => {
        most = Math.max(most, ++inFlight)
        calls.push(deferred())
        await calls.at(-1)?.promise
        inFlight--
      },
    )
    for (let ended = 0; ended < 7; ) {
      await settled()
      expect(inFlight).toBe(Math.min(3, 7 - ended))
      clock.advance(10)
      for (const call of calls.slice(ended)) call.resolve()
      ended = calls.length
    }
    expect(await running).toMatchObject({ iterations: 7, avgDuration: 10, totalDuration: 30, throughput: 7000 / 30 })
    expect(calls).toHaveLength(7)
    expect(most).toBe(3)
  })

  test('runs ten at a time where nothing else is said, and no more than there are', async () => {
    const gate = deferred()
    const fn = vi.fn(() => gate.promise)
    const many = benchmark.run({ name: 'a', warmupIterations: 0, parallel: true }, fn)
    const few = benchmark.run({ name: 'b', warmupIterations: 0, iterations: 2, parallel: true }, fn)
    await settled()
    expect(fn).toHaveBeenCalledTimes(12)
    gate.resolve()
    await Promise.all([many, few])
    expect(fn).toHaveBeenCalledTimes(102)
  })

  test('warms up with overlapping calls too', async () => {
    const gate = deferred()
    const fn = vi.fn(() => gate.promise)
    const running = benchmark.run({ name: 'a', iterations: 1, warmupIterations: 5, parallel: true }, fn)
    await settled()
    expect(fn).toHaveBeenCalledTimes(5)
    gate.resolve()
    await running
    expect(fn).toHaveBeenCalledTimes(6)
  })
})

describe('a function that fails', () => {
  test('has its own error passed on, ends the run, and leaves the history as it was', async () => {
    await benchmark.run({ name: 'a', iterations: 1 }, async () => 1)
    const failure = { not: 'even an error' }
    const fails = vi.fn(() => {
      if (fails.mock.calls.length === 15) throw failure
    })
    await expect(benchmark.run({ name: 'a' }, async () => fails())).rejects.toBe(failure)
    expect(fails).toHaveBeenCalledTimes(15)
    const throws = () => {
      throw failure
    }
    expect(() => benchmark.runSync({ name: 'a' }, throws)).toThrow(expect.toSatisfy((error) => error === failure))
    await expect(benchmark.run({ name: 'a' }, throws as any)).rejects.toBe(failure)
    expect(benchmark.getHistory('a')).toHaveLength(1)
  })

  test('in parallel starts no further call and waits for those in flight', async () => {
    const calls: ReturnType<typeof deferred>[] = []
    const ended = vi.fn()
    const running = benchmark
      .run({ name: 'a', iterations: 50, warmupIterations: 0, parallel: true, concurrency: 3 }, () => {
        calls.push(deferred())
        return (calls.at(-1) as ReturnType<typeof deferred>).promise
      })
      .finally(ended)
    await settled()
    const first = new Error('first')
    calls[1]?.reject(first)
    calls[0]?.resolve()
    await settled()
    expect(calls).toHaveLength(3)
    expect(ended).not.toHaveBeenCalled()
    calls[2]?.reject(new Error('second'))
    await expect(running).rejects.toBe(first)
    expect(benchmark.getHistory('a')).toEqual([])
  })
})

describe('the history', () => {
  test('has the results of a name in order, in an array of the caller’s own', () => {
    const first = benchmark.runSync({ name: 'a', iterations: 1 }, () => 1)
    benchmark.runSync({ name: 'b', iterations: 1 }, () => 1)
    const second = benchmark.runSync({ name: 'a', iterations: 1 }, () => 1)
    benchmark.getHistory('a').pop()
    expect(benchmark.getHistory('a')).toEqual([first, second])
    expect(benchmark.getHistory('toString')).toEqual([])
    benchmark.clear()
    expect(benchmark.getHistory('a')).toEqual([])
  })
})

describe('arguments that make no sense', () => {
  const good = { name: 'a' }
  test.each<[any, any, ErrorConstructor, string]>([
    [undefined, () => 1, TypeError, 'Expected `config` to be an object, got `undefined`'],
    [{}, () => 1, TypeError, 'Expected `name` to be a string, got `undefined`'],
    [{ ...good, description: 1 }, () => 1, TypeError, 'Expected `description` to be a string, got `1`'],
    [{ ...good, parallel: 'yes' }, () => 1, TypeError, 'Expected `parallel` to be a boolean, got `"yes"`'],
    [{ ...good, iterations: 0 }, () => 1, RangeError, 'Expected `iterations` to be an integer ≥ 1, got `0`'],
    [{ ...good, iterations: '9' }, () => 1, TypeError, 'Expected `iterations` to be an integer ≥ 1, got `"9"`'],
    [
      { ...good, warmupIterations: -1 },
      () => 1,
      RangeError,
      'Expected `warmupIterations` to be an integer ≥ 0, got `-1`',
    ],
    [{ ...good, concurrency: 0.5 }, () => 1, RangeError, 'Expected `concurrency` to be an integer ≥ 1, got `0.5`'],
    [good, 'fn', TypeError, 'Expected `fn` to be a function, got `"fn"`'],
  ])('are refused: %o', async (config, fn, type, message) => {
    expect(() => benchmark.runSync(config, fn)).toThrow(new type(message))
    const error = await benchmark.run(config, fn).catch((error) => error)
    expect(error).toBeInstanceOf(type)
    expect(error.message).toBe(message)
  })

  test('are refused by compare', () => {
    const result = benchmark.runSync({ name: 'a', iterations: 1 }, () => 1)
    expect(() => benchmark.compare(null as any, result)).toThrow(TypeError)
    expect(() => benchmark.compare(result, {} as BenchmarkResult)).toThrow(
      new TypeError('Expected `current.avgDuration` to be a number, got `undefined`'),
    )
  })
})
