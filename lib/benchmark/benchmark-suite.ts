import { checkString } from '../arguments.ts'
import { Benchmark } from './benchmark.ts'
import { checkSuite } from './checks.ts'
import { suiteLines } from './report.ts'
import { settings } from './settings.ts'
import type { BenchmarkConfig, BenchmarkResult, BenchmarkSuiteResult } from './types.ts'

/** Benchmarks that are run one after the other and reported together. */
export class BenchmarkSuite {
  readonly #name: string
  #benchmarks: { config: BenchmarkConfig; fn: () => Promise<any> }[] = []
  #results: BenchmarkResult[] = []

  /** @param name - The title of the report. */
  constructor(name = 'Benchmark suite') {
    checkString('name', name)
    this.#name = name
  }

  /**
   * Adds a benchmark, to be run as `Benchmark.run` runs it. Names may repeat.
   *
   * @throws TypeError or RangeError where an argument makes no sense; the suite then stays as it was.
   */
  add(config: BenchmarkConfig, fn: () => Promise<any>): this {
    settings(config, fn, 1, 0)
    this.#benchmarks.push({ config: { ...config }, fn })
    return this
  }

  /**
   * Runs all benchmarks in the order in which they were added, each after the one before has ended. Each run starts
   * anew. Where a function fails, the promise rejects with its error; `getResults` has the results before it.
   */
  async run(): Promise<BenchmarkSuiteResult> {
    const timestamp = new Date()
    const benchmark = new Benchmark()
    const results: BenchmarkResult[] = []
    this.#results = results
    for (const { config, fn } of [...this.#benchmarks]) results.push(await benchmark.run(config, fn))
    return { name: this.#name, timestamp, benchmarks: [...results], summary: summarize(results) }
  }

  /** The results of the latest run so far, in an array of the caller's own. */
  getResults(): BenchmarkResult[] {
    return [...this.#results]
  }

  /** Removes all benchmarks and results. */
  clear(): void {
    this.#benchmarks = []
    this.#results = []
  }

  /** Prints the results of a suite as a table with `console.log`, no line longer than 80 columns. */
  static printSummary(suite: BenchmarkSuiteResult): void {
    checkSuite('suite', suite)
    for (const line of suiteLines(suite)) console.log(line)
  }
}

function summarize(results: BenchmarkResult[]): BenchmarkSuiteResult['summary'] {
  const byDuration = results.toSorted((a, b) => a.avgDuration - b.avgDuration)
  const total = (of: (result: BenchmarkResult) => number) => results.reduce((sum, result) => sum + of(result), 0)
  return {
    totalBenchmarks: results.length,
    totalDuration: total((result) => result.totalDuration),
    fastestBenchmark: byDuration.at(0)?.name ?? 'N/A',
    slowestBenchmark: byDuration.at(-1)?.name ?? 'N/A',
    avgThroughput: results.length === 0 ? 0 : total((result) => result.throughput) / results.length,
  }
}
