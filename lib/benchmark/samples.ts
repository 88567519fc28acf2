import type { Milliseconds } from '../units.ts'
import type { BenchmarkResult } from './types.ts'

const FIRST_CAPACITY = 16_384

/**
 * Durations as they are measured: allocated before the first call and written between calls, so that timing one call
 * does not time the bookkeeping of another. A run of a great many calls grows it between two of them.
 */
export class Samples {
  #durations: Float64Array
  #calls: Float64Array | undefined
  #length = 0

  constructor(iterations: number, grouped: boolean) {
    const capacity = Math.min(iterations, FIRST_CAPACITY)
    this.#durations = new Float64Array(capacity)
    this.#calls = grouped ? new Float64Array(capacity) : undefined
  }

  add(duration: Milliseconds, calls = 1): void {
    if (this.#length === this.#durations.length) {
      this.#durations = grown(this.#durations)
      this.#calls = this.#calls && grown(this.#calls)
    }
    this.#durations[this.#length] = duration
    if (this.#calls) this.#calls[this.#length] = calls
    this.#length += 1
  }

  get durations(): Float64Array {
    return this.#durations.subarray(0, this.#length)
  }

  /** How many calls each duration is of; `undefined` where each is of one. */
  get calls(): Float64Array | undefined {
    return this.#calls?.subarray(0, this.#length)
  }
}

function grown(array: Float64Array): Float64Array {
  const larger = new Float64Array(array.length * 2)
  larger.set(array)
  return larger
}

/** The samples behind the results that this process measured, for as long as somebody holds the result. */
const kept = new WeakMap<BenchmarkResult, { samples: Samples; avgDuration: Milliseconds }>()

export function keepSamples(result: BenchmarkResult, samples: Samples): void {
  kept.set(result, { samples, avgDuration: result.avgDuration })
}

/** The samples behind a result; `undefined` where another process measured it, or where it was changed since. */
export function samplesOf(result: BenchmarkResult): Samples | undefined {
  const entry = kept.get(result)
  return entry?.avgDuration === result.avgDuration ? entry.samples : undefined
}
