import { checkFunction, integerOption, wrongType } from '../arguments.ts'
import { Benchmark } from './benchmark.ts'
import type { BenchmarkResult } from './types.ts'

/**
 * Measures a synchronous cache: writes `key-0` to `key-(operations − 1)`, then reads them in the same order. Whatever
 * the cache held stays in it, as far as it has room.
 *
 * @param cache - Anything with `get`, `set` and `getStats`, such as an `LRUCache`.
 * @param operations - How many writes, and how many reads: an integer ≥ 1. Default 10,000.
 * @returns Both results, and the cache's statistics after the last read.
 * @throws TypeError or RangeError (as a rejection) where an argument makes no sense.
 */
export async function benchmarkCache<Stats>(
  cache: { get(key: string): any; set(key: string, value: any): void; getStats(): Stats },
  operations?: number,
): Promise<{ reads: BenchmarkResult; writes: BenchmarkResult; stats: Stats }> {
  if (typeof cache !== 'object' || cache === null) throw wrongType('cache', 'a cache', cache)
  for (const method of ['get', 'set', 'getStats'] as const) checkFunction(`cache.${method}`, cache[method])
  const iterations = integerOption('operations', operations, 10_000)

  // Made before, so that only the cache is timed.
  const keys = Array.from({ length: iterations }, (_, i) => `key-${i}`)
  const values = Array.from({ length: iterations }, (_, i) => `value-${i}`)
  const benchmark = new Benchmark()
  const measure = (name: string, operation: (i: number) => unknown) => {
    let i = 0
    return benchmark.runSync({ name, iterations, warmupIterations: 0 }, () => operation(i++))
  }
  const writes = measure('cache-writes', (i) => cache.set(keys[i] as string, values[i]))
  const reads = measure('cache-reads', (i) => cache.get(keys[i] as string))
  return { reads, writes, stats: cache.getStats() }
}
