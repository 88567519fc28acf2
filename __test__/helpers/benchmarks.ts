import type { BenchmarkResult } from '@aah/ai-evals-performance'
import { vi } from 'vitest'

/** Replaces `performance.now` by a clock that moves when it is told to, and by `readCost` at each look. */
export function fakeClock(readCost = 0) {
  let now = 5000
  vi.spyOn(performance, 'now').mockImplementation(() => {
    now += readCost
    return now
  })
  return {
    advance(milliseconds: number) {
      now += milliseconds
    },
  }
}

/** A promise that is settled by hand. */
export function deferred() {
  let resolve!: () => void
  let reject!: (error: unknown) => void
  const promise = new Promise<void>((res, rej) => {
    resolve = res
    reject = rej
  })
  return { promise, resolve, reject }
}

/** A result with made-up but consistent figures. */
export function resultOf(name: string, figures: Partial<BenchmarkResult> = {}): BenchmarkResult {
  return {
    name,
    iterations: 1000,
    totalDuration: 1230,
    avgDuration: 1.23,
    minDuration: 0.9,
    maxDuration: 4.56,
    medianDuration: 1.2,
    p95Duration: 1.9,
    p99Duration: 2.5,
    stdDeviation: 0.3,
    throughput: 813.008,
    memoryUsage: { before: 4 * 1024 ** 2, after: 5.5 * 1024 ** 2, delta: 1.5 * 1024 ** 2 },
    ...figures,
  }
}
