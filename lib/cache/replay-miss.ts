import { PerformanceError } from '../errors.ts'
import type { CacheEngine } from './cache-engine.ts'
import { explain } from './explain.ts'
import { describeMiss, type Explanation } from './explanation.ts'
import type { Place } from './place.ts'

/** Code `ERR_REPLAY_MISS`: a cache in mode `replay` was asked for what is not stored. */
export class ReplayMissError extends PerformanceError {
  /** What is stored instead; the message says the same. */
  readonly explanation: Explanation

  constructor(message: string, explanation: Explanation) {
    super('ERR_REPLAY_MISS', message)
    this.explanation = explanation
  }
}

export function replayMiss(engine: CacheEngine, place: Place): ReplayMissError {
  const { store, kind } = engine
  const explanation = explain(engine, place)
  const where =
    store === undefined
      ? 'memory, where mode replay stores nothing: give it a `store`'
      : `${store.name} of ${store.handle.folder}`
  return new ReplayMissError(describeMiss(explanation, kind.value, where), explanation)
}
