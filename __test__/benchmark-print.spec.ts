import { Benchmark, type BenchmarkResult, BenchmarkSuite } from '@aah/ai-evals-performance'
import { expect, test, vi } from 'vitest'
import {
  columns,
  formatBytes,
  formatChange,
  formatCount,
  formatDuration,
  formatPercent,
  shorten,
} from '../lib/format.ts'
import { resultOf } from './helpers/benchmarks.ts'

/** The lines that are printed meanwhile. */
function printed(print: () => void): string[] {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  print()
  const lines = log.mock.calls.map((args) => args.join(' '))
  log.mockRestore()
  return lines
}

function suiteOf(benchmarks: BenchmarkResult[], name = 'Benchmark suite') {
  const summary = {
    totalBenchmarks: benchmarks.length,
    totalDuration: 2460,
    fastestBenchmark: benchmarks[0]?.name ?? 'N/A',
    slowestBenchmark: benchmarks.at(-1)?.name ?? 'N/A',
    avgThroughput: 813.008,
  }
  return { name, timestamp: new Date(0), benchmarks, summary }
}

test('a result prints as a list of its figures', () => {
  const result = resultOf('scorer-performance', { description: 'Semantic similarity scoring' })
  expect(`\n${printed(() => Benchmark.print(result)).join('\n')}\n`).toBe(`
scorer-performance
  Semantic similarity scoring

  mean         1.23 ms ± 300 µs
  median       1.20 ms
  range        900 µs … 4.56 ms
  p95          1.90 ms
  p99          2.50 ms
  throughput   813 /s
  measured     1,000 calls in 1.23 s
  heap         +1.50 MiB (4.00 MiB → 5.50 MiB)
`)
})

test('a result of batches says so', () => {
  const short = { samples: 25, totalDuration: 0.00214, avgDuration: 2.14e-6, throughput: 467_289_720 }
  const lines = printed(() => Benchmark.print(resultOf('increment', short))).join('\n')
  expect(lines).toContain('mean         2.14 ns')
  expect(lines).toContain('throughput   467,289,720 /s')
  expect(lines).toContain('measured     1,000 calls in 2.14 µs, timed in 25 batches')
})

test('a comparison prints its verdict and a table', () => {
  const current = resultOf('scorer', { avgDuration: 0.615, medianDuration: 0.6, throughput: 1626.016, iterations: 500 })
  const comparison = new Benchmark().compare(resultOf('scorer'), current)
  expect(`\n${printed(() => Benchmark.printComparison(comparison)).join('\n')}\n`).toBe(`
scorer
  faster: 50.0% less time per call (significant)

                baseline    current    change
  mean           1.23 ms     615 µs    -50.0%
  median         1.20 ms     600 µs    -50.0%
  p95            1.90 ms    1.90 ms      0.0%
  p99            2.50 ms    2.50 ms      0.0%
  deviation       300 µs     300 µs      0.0%
  throughput      813 /s   1,626 /s   +100.0%
  heap growth   1.50 MiB   1.50 MiB      0.0%
  calls            1,000        500
`)
})

test('a comparison of two names gives both, and one without a verdict says what is missing', () => {
  const comparison = new Benchmark().compare(resultOf('old'), resultOf('new', { avgDuration: 1.24 }))
  expect(printed(() => Benchmark.printComparison(comparison)).slice(0, 2)).toEqual([
    'new against old',
    '  similar: no difference of 5% or more is proven',
  ])
})

test('a suite prints as a table', () => {
  const results = [
    resultOf('exact-match-scorer', { avgDuration: 0.00123, medianDuration: 0.0012, p95Duration: 0.0019 }),
    resultOf('llm-judge-scorer', { avgDuration: 1234, medianDuration: 1200, p95Duration: 1900, throughput: 0.81 }),
  ]
  expect(`\n${printed(() => BenchmarkSuite.printSummary(suiteOf(results))).join('\n')}\n`).toBe(`
Benchmark suite
  2 benchmarks in 2.46 s

  benchmark               mean    median       p95   throughput
  exact-match-scorer   1.23 µs   1.20 µs   1.90 µs       813 /s
  llm-judge-scorer      1.23 s    1.20 s    1.90 s      0.81 /s

  fastest           exact-match-scorer
  slowest           llm-judge-scorer
  mean throughput   813 /s
`)
})

test('a suite without benchmarks prints no table', () => {
  expect(printed(() => BenchmarkSuite.printSummary(suiteOf([])))).not.toContainEqual(expect.stringContaining('p95'))
})

const LONG = ['n'.repeat(300), '名'.repeat(100), '👩‍👩‍👧'.repeat(90), `two\nlines\t${'and more '.repeat(30)}`]

test.each(LONG)('no line is longer than 80 columns, whatever the name: %s', (name) => {
  const huge = { totalDuration: 1e14, avgDuration: 1e14, p95Duration: 1e14, medianDuration: 1e14, throughput: 1e14 }
  for (const figures of [{}, huge, { throughput: 1e10, avgDuration: 999_999 }]) {
    const result = resultOf(name, { description: name, ...figures })
    const comparison = new Benchmark().compare(resultOf(`${name} before`), result)
    const lines = printed(() => {
      Benchmark.print(result)
      Benchmark.printComparison(comparison)
      BenchmarkSuite.printSummary(suiteOf([result, result], name))
    })
    for (const line of lines) {
      expect(line).not.toMatch(/\n|\t/)
      expect(columns(line)).toBeLessThanOrEqual(80)
    }
  }
})

test('durations take the unit that fits, with three digits', () => {
  const durations = [0, 2.14e-6, 4.56e-4, 9.9951e-4, 0.00123, 0.9996, 1, 45.6, 999.6, 1230, 15_000, 150_000, -0.5]
  expect(durations.map(formatDuration)).toEqual([
    '0 ns',
    '2.14 ns',
    '456 ns',
    '1.00 µs',
    '1.23 µs',
    '1.00 ms',
    '1.00 ms',
    '45.6 ms',
    '1.00 s',
    '1.23 s',
    '15.0 s',
    '2.50 min',
    '-500 µs',
  ])
  expect([Number.NaN, JSON.parse('null')].map(formatDuration)).toEqual(['n/a', 'n/a'])
})

test('bytes, counts and percentages read as people write them', () => {
  expect([0, 512, 1023.7, 1263, -1536, 5 * 1024 ** 2, 3 * 1024 ** 4].map(formatBytes)).toEqual([
    '0 B',
    '512 B',
    '1.00 KiB',
    '1.23 KiB',
    '-1.50 KiB',
    '5.00 MiB',
    '3.00 TiB',
  ])
  expect([0, -0, 3, 0.1234, 12.34, 99.97, 12_345.6, 1e13, Number.NaN].map(formatCount)).toEqual([
    '0',
    '0',
    '3',
    '0.123',
    '12.3',
    '100',
    '12,346',
    '1.00e13',
    'n/a',
  ])
  expect([0, -0.01, 12.34, -100, 1234.5].map(formatPercent)).toEqual(['0.0%', '0.0%', '12.3%', '-100.0%', '1,235%'])
  expect([0, 0.01, 0.2, 12.34, -5, 2000].map(formatChange)).toEqual([
    '0.0%',
    '0.0%',
    '+0.2%',
    '+12.3%',
    '-5.0%',
    '+2,000%',
  ])
})

test('columns are those of a terminal: two for emoji and East Asian characters', () => {
  expect(['abc', '名前', '👩‍👩‍👧', 'é', '12 µs'].map(columns)).toEqual([3, 4, 2, 1, 5])
})

test('what is too long is cut between characters, by the columns they take', () => {
  expect(shorten('abcdef', 6)).toBe('abcdef')
  expect(shorten('abcdefg', 6)).toBe('abcde…')
  expect(shorten('名前名前', 6)).toBe('名前…')
  expect(shorten('a  b\n c', 6)).toBe('a b c')
})
