import { Benchmark } from '@aah/ai-evals-performance'
import { afterEach, expect, test, vi } from 'vitest'
import { fakeClock, resultOf } from './helpers/benchmarks.ts'

const benchmark = new Benchmark()
afterEach(() => {
  vi.restoreAllMocks()
})

/** Measures calls that take the given durations by a fake clock. */
function measure(durations: number[]) {
  const clock = fakeClock()
  let call = 0
  const config = { name: 'scorer', iterations: durations.length, warmupIterations: 0 }
  return benchmark.runSync(config, () => clock.advance(durations[call++] as number))
}

/** A hundred durations around one, each a little different. */
const around = (duration: number) => Array.from({ length: 100 }, (_, i) => duration * (1 + ((i * 37) % 100) / 1000))

test('gives both results, the improvement, and the verdict', () => {
  const [baseline, current] = [measure(around(10)), measure(around(5))]
  expect(benchmark.compare(baseline, current)).toEqual({
    baseline,
    current,
    improvement: {
      durationPercent: expect.closeTo(50, 9),
      throughputPercent: expect.closeTo(100, 9),
      memoryPercent: expect.any(Number),
    },
    verdict: 'faster',
    significance: 'significant',
  })
  expect(benchmark.compare(current, baseline)).toMatchObject({
    improvement: { durationPercent: expect.closeTo(-100, 9), throughputPercent: expect.closeTo(-50, 9) },
    verdict: 'slower',
    significance: 'significant',
  })
  expect(benchmark.compare(baseline, baseline)).toMatchObject({
    improvement: { durationPercent: 0, throughputPercent: 0, memoryPercent: 0 },
    verdict: 'similar',
    significance: 'negligible',
  })
})

test.each([
  [7, 'faster', 'moderate'],
  [9, 'faster', 'minor'],
  [9.7, 'similar', 'negligible'],
  [10.8, 'slower', 'minor'],
  [13, 'slower', 'moderate'],
])('10 ms that become %d ms are %s (%s)', (duration, verdict, significance) => {
  const comparison = benchmark.compare(measure(around(10)), measure(around(duration)))
  expect(comparison).toMatchObject({ verdict, significance })
})

test('results that have been through JSON compare like the results themselves', () => {
  const [baseline, current] = [measure(around(10)), measure(around(7))]
  const read = benchmark.compare(JSON.parse(JSON.stringify(baseline)), JSON.parse(JSON.stringify(current)))
  expect(read).toEqual(benchmark.compare(baseline, current))
})

test('a few stray calls make no verdict while the samples are known', () => {
  const strays = around(10).map((duration, i) => (i % 40 === 3 ? 900 : duration))
  const comparison = benchmark.compare(measure(around(10)), measure(strays))
  expect(comparison.improvement.durationPercent).toBeLessThan(-100)
  expect(comparison.verdict).toBe('similar')
})

test('a result that was changed is judged by what it says now', () => {
  const [baseline, current] = [measure(around(10)), measure(around(10))]
  current.avgDuration /= 4
  expect(benchmark.compare(baseline, current).verdict).toBe('faster')
})

test('one call proves nothing', () => {
  expect(benchmark.compare(measure([10]), measure([90])).verdict).toBe('similar')
})

test('short calls count as the batches they were timed in, not as so many samples', () => {
  const figures = { iterations: 1_000_000, samples: 2, avgDuration: 1, stdDeviation: 0.2 }
  const [baseline, current] = [resultOf('a', figures), resultOf('a', { ...figures, avgDuration: 1.3 })]
  expect(benchmark.compare(baseline, current).verdict).toBe('similar')
  baseline.samples = current.samples = 200
  expect(benchmark.compare(baseline, current).verdict).toBe('slower')
})

test('percentages are 0 where a value is not known or the baseline is 0', () => {
  const bare = { ...resultOf('a', { avgDuration: 0, throughput: 0 }), memoryUsage: undefined }
  expect(benchmark.compare(bare, resultOf('a')).improvement).toEqual({
    durationPercent: 0,
    throughputPercent: 0,
    memoryPercent: 0,
  })
  const nulls: any = { ...resultOf('a'), medianDuration: null, stdDeviation: null, throughput: null }
  expect(benchmark.compare(nulls, resultOf('a', { avgDuration: 2 }))).toMatchObject({
    improvement: { throughputPercent: 0 },
    verdict: 'similar',
  })
})

test('less growth of memory is an improvement', () => {
  const memory = (delta: number) => resultOf('a', { memoryUsage: { before: 0, after: delta, delta } })
  const percent = (before: number, after: number) =>
    benchmark.compare(memory(before), memory(after)).improvement.memoryPercent
  expect([percent(1000, 250), percent(1000, 2000), percent(-100, 50)]).toEqual([75, -100, -150])
})
