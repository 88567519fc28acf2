// Many requests at once: those that nothing is there for go to the caller's function together.

import type { CacheEngine } from './cache-engine.ts'
import { arrivals, type Flight, type Flights } from './flights.ts'
import { flightsOf, isWanted, land, lookUp } from './get-or-set.ts'
import type { GetOrSetManyOptions } from './options.ts'
import type { Place } from './place.ts'
import { FREE } from './usage.ts'

/** The caller's function: as many values as places, in their order. */
export type FetchMany = (places: readonly Place[], signal: AbortSignal) => Promise<readonly unknown[]>

/** The answers to different requests, in their order. */
export async function getOrSetMany(
  engine: CacheEngine,
  places: readonly Place[],
  fetch: FetchMany,
  options: GetOrSetManyOptions = {},
): Promise<unknown[]> {
  const { signal } = options
  signal?.throwIfAborted()
  const answers: unknown[] = []
  /** By the place in `answers` that each is to fill. */
  const awaited = new Map<number, Flight>()
  const missing = new Map<number, Place>()
  for (const [index, place] of places.entries()) {
    const begun = engine.beginLookUp()
    const found = lookUp(engine, place)
    engine.endLookUp(begun)
    if (found === undefined) missing.set(index, place)
    else if ('value' in found) answers[index] = found.value
    else awaited.set(index, found)
  }
  if (missing.size > 0) {
    const flights = depart(engine, [...missing.values()], fetch, options)
    for (const [at, index] of [...missing.keys()].entries()) awaited.set(index, flights[at] as Flight)
  }
  const held = await arrivals([...awaited.values()], signal)
  for (const [at, index] of [...awaited.keys()].entries()) answers[index] = engine.give(held[at])
  return answers
}

function depart(engine: CacheEngine, places: readonly Place[], fetch: FetchMany, options: GetOrSetManyOptions) {
  const flights: Flights = flightsOf(engine)
  const departed = flights.begin(places)
  land(flights, departed, answer(engine, departed, fetch, options))
  return departed
}

/** The answers as they are held, all of them stored or none. */
async function answer(
  engine: CacheEngine,
  flights: readonly Flight[],
  fetch: FetchMany,
  options: GetOrSetManyOptions,
): Promise<unknown[]> {
  const { signal } = (flights[0] as Flight).call
  const begun = performance.now()
  const values = await fetch(
    flights.map(({ place }) => place),
    signal,
  )
  const price = { ...FREE, time: (performance.now() - begun) / flights.length }
  return flights.map((flight, index) => {
    const value = values[index]
    const held = engine.isolate(value)
    if (isWanted(engine, flight)) engine.keep(flight.place, value, held, options.ttl, price)
    return held
  })
}
