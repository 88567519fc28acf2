// Why a look-up finds what it finds, or nothing.

import * as native from '../native.ts'
import type { CacheEngine } from './cache-engine.ts'
import { type Explanation, readExplanation } from './explanation.ts'
import type { Place } from './place.ts'

/** Changes neither statistics nor recency. */
export function explain(engine: CacheEngine, place: Place): Explanation {
  const stored = engine.rules.reads ? engine.store?.explain(place.request, place.previews()) : undefined
  const entry = place.find()
  if (entry === undefined) return stored ?? explainMiss(engine, place)
  const created = new Date(entry.created)
  const entries = stored?.entries ?? engine.stats().entries
  if (engine.isHeld(place)) return { outcome: 'hit', tier: 'memory', created, entries }
  if (stored?.outcome === 'hit') return stored
  return { outcome: 'expired', tier: 'memory', created, expired: new Date(entry.deadline), entries }
}

/** Without a store: the nearest of what memory holds. */
function explainMiss(engine: CacheEngine, place: Place): Explanation {
  const now = Date.now()
  const live = Array.from(engine.held()).filter(({ entry }) => entry.deadline > now)
  const json = native.explainNearest(
    place.request,
    place.previews() ?? '',
    live.map(({ request }) => request),
    live.map(() => ''),
    Float64Array.from(live, ({ entry }) => entry.created),
  )
  return readExplanation(json, 'memory')
}
