import type { CacheEngine } from './cache-engine.ts'
import { explain } from './explain.ts'
import { describeMiss } from './explanation.ts'
import type { Place } from './place.ts'
import { ReplayMissError } from './replay-miss-error.ts'

/** The error of a look-up that finds nothing and may call nothing. */
export function replayMiss(engine: CacheEngine, place: Place): ReplayMissError {
  const { store, kind } = engine
  const explanation = explain(engine, place)
  const where =
    store === undefined
      ? 'memory, where mode replay stores nothing: give it a `store`'
      : `${store.name} of ${store.handle.folder}`
  return new ReplayMissError(describeMiss(explanation, kind.value, where), explanation)
}
