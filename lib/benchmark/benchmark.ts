import { checkString } from '../arguments.ts'
import { compareBenchmarks, type NativeBenchmarkMeasured, summarizeBenchmark } from '../native.ts'
import type { Milliseconds } from '../units.ts'
import { checkComparison, checkResult } from './checks.ts'
import { comparisonLines, resultLines } from './report.ts'
import { keepSamples, type Samples, samplesOf } from './samples.ts'
import { type Settings, settings } from './settings.ts'
import { timeInTurn, timeOverlapping, timeSync, warmUp } from './timing.ts'
import type { BenchmarkComparison, BenchmarkConfig, BenchmarkResult } from './types.ts'

/**
 * Measures functions, remembers what it measured, and says whether two results differ.
 *
 * ```ts
 * const benchmark = new Benchmark()
 * const before = await benchmark.run({ name: 'scorer', iterations: 200 }, () => scorer.score(expected, actual))
 * const after = await benchmark.run({ name: 'scorer', iterations: 200 }, () => faster.score(expected, actual))
 * Benchmark.printComparison(benchmark.compare(before, after))
 * ```
 *
 * Time is read from `performance.now()` at each use, so fake timers decide it where a test installs them.
 */
export class Benchmark {
  readonly #history = new Map<string, BenchmarkResult[]>()

  /**
   * Measures an asynchronous function: `warmupIterations` calls, then `iterations` timed ones, each awaited before the
   * next, or overlapping with `parallel`. A timed call includes its `await`, a fraction of a microsecond: measure
   * synchronous functions with `runSync`.
   *
   * When a call fails, the promise rejects with that very error, once the calls in flight have ended; no further call
   * is started and the history stays as it was.
   *
   * @throws TypeError or RangeError (as a rejection) where an argument makes no sense.
   */
  async run<T>(config: BenchmarkConfig, fn: () => Promise<T>): Promise<BenchmarkResult> {
    const checked = settings(config, fn, 100, 10)
    const { iterations, concurrency, parallel } = checked
    await warmUp(fn, checked)
    const before = usedHeap()
    const [samples, wall] = parallel
      ? await timeOverlapping(fn, iterations, concurrency)
      : [await timeInTurn(fn, iterations), undefined]
    return this.#record(checked, samples, before, wall)
  }

  /**
   * Measures a synchronous function: exactly `warmupIterations` calls, then exactly `iterations` timed ones.
   *
   * Calls of a microsecond or more are timed one by one. Shorter ones are timed in batches of about four microseconds,
   * each call counting with the mean of its batch, so that the duration of a function that takes two nanoseconds is
   * that of the function and not of the clock. `samples` then tells how many batches there were; give such a function
   * at least 100,000 iterations.
   *
   * What `fn` throws is passed on untouched, and the history stays as it was.
   *
   * @throws TypeError or RangeError where an argument makes no sense.
   */
  runSync<T>(config: BenchmarkConfig, fn: () => T): BenchmarkResult {
    const checked = settings(config, fn, 1000, 100)
    const [, batch] = timeSync(fn, checked.warmupIterations, 1)
    const before = usedHeap()
    const [samples] = timeSync(fn, checked.iterations, batch)
    return this.#record(checked, samples, before)
  }

  /**
   * Says how `current` differs from `baseline`. Neither has to come from this benchmark, this process or this machine;
   * results read from JSON will do.
   *
   * A difference must be at least 5 % and unlikely by chance (p < 0.01). Where this process measured both, the medians
   * of ten consecutive blocks of each run's samples are compared by the Mann–Whitney U test, which takes at least 6
   * samples each, and the difference must show in mean and median alike and, below 50 %, in the fastest call: neither
   * stray calls nor a machine that is busy now and then make a verdict. Otherwise Welch's t test compares means and
   * standard deviations.
   *
   * Identical functions are then called different in at most 2 of 100 comparisons, as long as the machine treats both
   * runs alike. No test can tell a slower function from a machine that was slower while it ran: where that may be,
   * measure in turns and look at more than one pair.
   *
   * @throws TypeError where an argument is no result.
   */
  compare(baseline: BenchmarkResult, current: BenchmarkResult): BenchmarkComparison {
    const before = measured('baseline', baseline)
    const after = measured('current', current)
    const { verdict, significance, ...improvement } = compareBenchmarks(before, after)
    return { baseline, current, improvement, verdict, significance }
  }

  /** The results of that name, oldest first, in an array of the caller's own. */
  getHistory(name: string): BenchmarkResult[] {
    checkString('name', name)
    return [...(this.#history.get(name) ?? [])]
  }

  /** Forgets all results. */
  clear(): void {
    this.#history.clear()
  }

  /** Prints a result with `console.log`, no line longer than 80 columns. */
  static print(result: BenchmarkResult): void {
    checkResult('result', result)
    for (const line of resultLines(result)) console.log(line)
  }

  /** Prints a comparison with `console.log`, no line longer than 80 columns. */
  static printComparison(comparison: BenchmarkComparison): void {
    checkComparison('comparison', comparison)
    for (const line of comparisonLines(comparison)) console.log(line)
  }

  #record(settings: Settings, samples: Samples, heapBefore: number, wall?: Milliseconds): BenchmarkResult {
    const after = usedHeap()
    const { name, description, iterations } = settings
    const summary = summarizeBenchmark(samples.durations, samples.calls, wall)
    const result: BenchmarkResult = {
      name,
      ...(description === undefined ? {} : { description }),
      iterations,
      ...(summary.samples === iterations ? {} : { samples: summary.samples }),
      totalDuration: summary.total,
      avgDuration: summary.mean,
      minDuration: summary.min,
      maxDuration: summary.max,
      medianDuration: summary.median,
      p95Duration: summary.p95,
      p99Duration: summary.p99,
      stdDeviation: summary.deviation,
      throughput: summary.throughput,
      memoryUsage: { before: heapBefore, after, delta: after - heapBefore },
    }
    keepSamples(result, samples)
    const history = this.#history.get(name)
    if (history) history.push(result)
    else this.#history.set(name, [result])
    return result
  }
}

function usedHeap(): number {
  return process.memoryUsage().heapUsed
}

/** What the comparison needs of a result, which may have been through JSON: there, what is not known is null. */
function measured(name: string, result: BenchmarkResult): NativeBenchmarkMeasured {
  checkResult(name, result)
  const samples = samplesOf(result)
  return {
    mean: result.avgDuration,
    median: known(result.medianDuration),
    min: known(result.minDuration),
    deviation: known(result.stdDeviation),
    samples: known(result.samples ?? result.iterations),
    throughput: known(result.throughput),
    memory: known(result.memoryUsage?.delta),
    durations: samples?.durations,
    calls: samples?.calls,
  }
}

function known(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}
