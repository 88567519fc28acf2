import type { Bytes, Milliseconds } from '../units.ts'

/** What to measure, and how often. */
export interface BenchmarkConfig {
  /** Shown in reports, and what `Benchmark.getHistory` finds results by. Need not be unique. */
  name: string
  /** A sentence for the report. */
  description?: string
  /**
   * Calls that are measured: exactly this many, an integer ≥ 1.
   *
   * @default 100 for `run`, 1,000 for `runSync`
   */
  iterations?: number
  /**
   * Calls made before, so that compiled code and filled caches are measured rather than their making: exactly this
   * many, an integer ≥ 0.
   *
   * @default 10 for `run`, 100 for `runSync`
   */
  warmupIterations?: number
  /**
   * Lets calls overlap, as requests to a server do. `totalDuration` is then the time on the wall, from the first start
   * to the last end, and `throughput` follows from it. `runSync` ignores this: synchronous calls cannot overlap.
   *
   * @default false
   */
  parallel?: boolean
  /**
   * With `parallel`: the most calls in flight at any moment, an integer ≥ 1.
   *
   * @default 10
   */
  concurrency?: number
}

/** One finished run. A plain object of numbers: it survives `JSON.stringify` and can be compared later. */
export interface BenchmarkResult {
  name: string
  description?: string
  /** Calls that were measured. */
  iterations: number
  /**
   * How many batches the calls were timed in, where calls were too short to be timed one by one; left out otherwise.
   * The figures per call below then take each call at the mean of its batch.
   */
  samples?: number
  /** The sum of all measured calls; with `parallel`, the time on the wall. */
  totalDuration: Milliseconds
  /** Arithmetic mean of a call. */
  avgDuration: Milliseconds
  minDuration: Milliseconds
  maxDuration: Milliseconds
  /** The middle one, or the mean of the middle two. */
  medianDuration: Milliseconds
  /** Nearest rank: the shortest duration that at least 95 % of the calls did not exceed. */
  p95Duration: Milliseconds
  /** Nearest rank: the shortest duration that at least 99 % of the calls did not exceed. */
  p99Duration: Milliseconds
  /** Sample standard deviation (n − 1); 0 for a single sample. */
  stdDeviation: Milliseconds
  /**
   * Calls per second: `iterations` by `totalDuration`. Always finite: a run in which the clock did not move counts as
   * one nanosecond.
   */
  throughput: number
  /**
   * The used heap before and after the measured calls. `delta` is negative where garbage was collected meanwhile: start
   * Node with `--expose-gc` and call `gc()` before a run whose memory matters.
   */
  memoryUsage?: { before: Bytes; after: Bytes; delta: Bytes }
}

/** A current result against its baseline. */
export interface BenchmarkComparison {
  baseline: BenchmarkResult
  current: BenchmarkResult
  /**
   * Per cent of the baseline; positive is better: less mean duration, more throughput, less growth of memory. Always
   * finite, and 0 where a value is not known or the baseline is 0.
   */
  improvement: { durationPercent: number; throughputPercent: number; memoryPercent: number }
  /**
   * `'faster'` or `'slower'` only where the difference both matters and is proven: at least 5 %, and p < 0.01.
   * `'similar'` otherwise, which does not say that the two are equal: more iterations may tell them apart.
   */
  verdict: 'faster' | 'slower' | 'similar'
  /**
   * How large a proven difference is: `'significant'` from 50 % of the baseline's mean duration, `'moderate'` from
   * 20 %, `'minor'` from 5 %. `'negligible'` where the verdict is `'similar'`.
   */
  significance: 'significant' | 'moderate' | 'minor' | 'negligible'
}

/** The results of a suite. */
export interface BenchmarkSuiteResult {
  name: string
  /** When the run began. */
  timestamp: Date
  /** In the order in which they were added. */
  benchmarks: BenchmarkResult[]
  summary: {
    totalBenchmarks: number
    /** The sum of the benchmarks' `totalDuration`. */
    totalDuration: Milliseconds
    /** The name of the one with the least `avgDuration`; `'N/A'` where there is none. */
    fastestBenchmark: string
    /** The name of the one with the greatest `avgDuration`; `'N/A'` where there is none. */
    slowestBenchmark: string
    /** The mean of the benchmarks' `throughput`, in calls per second; 0 where there is none. */
    avgThroughput: number
  }
}
