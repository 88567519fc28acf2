import { nextBenchmarkBatch } from '../native.ts'
import type { Milliseconds } from '../units.ts'
import { Samples } from './samples.ts'
import type { Settings } from './settings.ts'

/** Where the last result of each batch goes, so that the compiler cannot drop a call whose result nobody uses. */
const sink: { last: unknown } = { last: undefined }

/** Calls `fn` exactly `iterations` times, one call after the other, in batches that the clock can resolve. */
export function timeSync(fn: () => unknown, iterations: number, firstBatch: number): [Samples, nextBatch: number] {
  const samples = new Samples(iterations, true)
  let batch = firstBatch
  for (let done = 0; done < iterations; ) {
    const calls = Math.min(batch, iterations - done)
    const duration = timeBatch(fn, calls)
    samples.add(duration, calls)
    done += calls
    batch = nextBenchmarkBatch(duration, calls)
  }
  sink.last = undefined
  return [samples, batch]
}

function timeBatch(fn: () => unknown, calls: number): Milliseconds {
  let last: unknown
  const start = performance.now()
  for (let call = 0; call < calls; call++) last = fn()
  const duration = performance.now() - start
  sink.last = last
  return duration
}

/** Calls `fn` exactly `iterations` times, each after the one before has ended. */
export async function timeInTurn(fn: () => unknown, iterations: number): Promise<Samples> {
  const samples = new Samples(iterations, false)
  for (let call = 0; call < iterations; call++) {
    const start = performance.now()
    await fn()
    samples.add(performance.now() - start)
  }
  return samples
}

/**
 * Calls `fn` exactly `iterations` times, at most `concurrency` at once. After a failure no further call starts; the
 * first failure is thrown once the calls in flight have ended.
 */
export async function timeOverlapping(
  fn: () => unknown,
  iterations: number,
  concurrency: number,
): Promise<[Samples, wall: Milliseconds]> {
  const samples = new Samples(iterations, false)
  const failures: unknown[] = []
  let started = 0
  const lane = async () => {
    while (started < iterations && failures.length === 0) {
      started += 1
      try {
        const start = performance.now()
        await fn()
        samples.add(performance.now() - start)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  const start = performance.now()
  await Promise.all(Array.from({ length: Math.min(concurrency, iterations) }, lane))
  const wall = performance.now() - start
  if (failures.length > 0) throw failures[0]
  return [samples, wall]
}

/** Calls an asynchronous function as often as it is to be warmed up, and in the way it will be measured. */
export async function warmUp(fn: () => unknown, settings: Settings): Promise<void> {
  const { parallel, warmupIterations, concurrency } = settings
  await (parallel ? timeOverlapping(fn, warmupIterations, concurrency) : timeInTurn(fn, warmupIterations))
}
