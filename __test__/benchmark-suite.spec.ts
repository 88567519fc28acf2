import { Benchmark, BenchmarkSuite, benchmarkCache } from '@aah/ai-evals-performance'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { fakeClock } from './helpers/benchmarks.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

const once = { iterations: 1, warmupIterations: 0 }

describe('a suite', () => {
  test('runs its benchmarks one after the other, in order, and sums them up', async () => {
    const clock = fakeClock()
    const order: string[] = []
    const lasting = (name: string, duration: number) => async () => {
      order.push(`${name} begins`)
      await undefined
      clock.advance(duration)
      order.push(`${name} ends`)
    }
    const suite = new BenchmarkSuite()
    const chained = suite
      .add({ name: 'middle', ...once, iterations: 2 }, lasting('middle', 20))
      .add({ name: 'slow', ...once }, lasting('slow', 100))
      .add({ name: 'quick', ...once }, lasting('quick', 10))
    expect(chained).toBe(suite)
    const before = Date.now()
    const result = await suite.run()
    expect(order.filter((event) => event.endsWith('begins'))).toHaveLength(4)
    expect(order.every((event, i) => event.endsWith(i % 2 === 0 ? 'begins' : 'ends'))).toBe(true)
    expect(result.benchmarks.map(({ name }) => name)).toEqual(['middle', 'slow', 'quick'])
    expect(result.timestamp.getTime()).toBeGreaterThanOrEqual(before)
    expect(result.summary).toEqual({
      totalBenchmarks: 3,
      totalDuration: 150,
      fastestBenchmark: 'quick',
      slowestBenchmark: 'slow',
      avgThroughput: (50 + 10 + 100) / 3,
    })
    expect(suite.getResults()).toEqual(result.benchmarks)
  })

  test('starts anew at each run, and may hold a name twice', async () => {
    const fn = vi.fn(async () => 1)
    const suite = new BenchmarkSuite().add({ name: 'a', ...once }, fn).add({ name: 'a', ...once }, fn)
    const [first, second] = [await suite.run(), await suite.run()]
    expect(fn).toHaveBeenCalledTimes(4)
    expect(first.benchmarks).toHaveLength(2)
    expect(second.benchmarks).toHaveLength(2)
    expect(suite.getResults()).toEqual(second.benchmarks)
    suite.getResults().pop()
    expect(suite.getResults()).toHaveLength(2)
  })

  test('without benchmarks has nothing to name', async () => {
    const suite = new BenchmarkSuite().add({ name: 'a' }, async () => 1)
    suite.clear()
    const { benchmarks, summary } = await suite.run()
    expect(benchmarks).toEqual([])
    expect(summary).toEqual({
      totalBenchmarks: 0,
      totalDuration: 0,
      fastestBenchmark: 'N/A',
      slowestBenchmark: 'N/A',
      avgThroughput: 0,
    })
  })

  test('passes on the error of a function and keeps the results before it', async () => {
    const failure = new Error('no')
    const suite = new BenchmarkSuite()
      .add({ name: 'good', ...once }, async () => 1)
      .add({ name: 'bad', ...once }, async () => Promise.reject(failure))
    await expect(suite.run()).rejects.toBe(failure)
    expect(suite.getResults().map(({ name }) => name)).toEqual(['good'])
  })

  test('refuses a benchmark that makes no sense when it is added', async () => {
    const suite = new BenchmarkSuite()
    expect(() => suite.add({ name: 'a', iterations: 0 }, async () => 1)).toThrow(RangeError)
    expect(() => suite.add({ name: 'a' }, 'fn' as any)).toThrow(TypeError)
    expect((await suite.run()).benchmarks).toEqual([])
    expect(() => new BenchmarkSuite(7 as any)).toThrow(TypeError)
  })

  test('gives results that a benchmark can compare', async () => {
    const clock = fakeClock()
    let duration = 0
    const suite = new BenchmarkSuite().add({ name: 'a', iterations: 50 }, async () => clock.advance(++duration))
    const { benchmarks } = await suite.run()
    const again = await suite.run()
    const comparison = new Benchmark().compare(benchmarks[0] as any, again.benchmarks[0] as any)
    expect(comparison.verdict).toBe('slower')
  })
})

describe('benchmarkCache', () => {
  function cacheOf(log: string[]) {
    const entries = new Map<string, any>()
    return {
      get: (key: string) => log.push(`get ${key}`) && entries.get(key),
      set: (key: string, value: any) => void (log.push(`set ${key}`) && entries.set(key, value)),
      getStats: () => ({ entries: entries.size }),
    }
  }

  test('writes, then reads each key once, and gives the statistics afterwards', async () => {
    const log: string[] = []
    const { reads, writes, stats } = await benchmarkCache(cacheOf(log), 3)
    expect(log).toEqual(['set key-0', 'set key-1', 'set key-2', 'get key-0', 'get key-1', 'get key-2'])
    expect([writes.iterations, reads.iterations]).toEqual([3, 3])
    expect(Number.isFinite(reads.throughput)).toBe(true)
    expect(stats).toEqual({ entries: 3 })
  })

  test('does 10,000 of each where nothing else is said', async () => {
    const log: string[] = []
    const { reads, writes, stats } = await benchmarkCache(cacheOf(log))
    expect([writes.iterations, reads.iterations, stats.entries, log.length]).toEqual([10_000, 10_000, 10_000, 20_000])
  })

  test('refuses arguments that make no sense, and passes on what the cache throws', async () => {
    await expect(benchmarkCache(null as any)).rejects.toThrow(TypeError)
    await expect(benchmarkCache({ get() {}, set() {} } as any)).rejects.toThrow(
      new TypeError('Expected `cache.getStats` to be a function, got `undefined`'),
    )
    await expect(benchmarkCache(cacheOf([]), 0)).rejects.toThrow(RangeError)
    const failure = new Error('full')
    const full = {
      ...cacheOf([]),
      set() {
        throw failure
      },
    }
    await expect(benchmarkCache(full)).rejects.toBe(failure)
  })
})
