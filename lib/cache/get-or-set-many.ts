// Many requests at once: those that nothing is there for go to the caller's function together.

import type { Milliseconds } from '../units.ts'
import type { CacheEngine, Recalled } from './cache-engine.ts'
import { arrivals, type Flight, type Flights } from './flights.ts'
import { flightsOf, isWanted, land, lookUp, takeStored } from './get-or-set.ts'
import { takeTurns, waitForTurn } from './leases.ts'
import { type GetOrSetManyOptions, maxWaitOf } from './options.ts'
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
  const flights = flightsOf(engine)
  const departed = flights.begin(places)
  const fetchAll = (fetched: readonly Flight[]) => land(flights, fetched, answer(engine, fetched, fetch, options))
  if (engine.sharesFlights) takeTurnsAndFetch(engine, flights, departed, fetchAll, maxWaitOf(options))
  else fetchAll(departed)
  return departed
}

/**
 * Fetches what nobody else is fetching, and of the rest what the others did not store. Each flight ends, and gives back
 * its lease, as soon as its answer is there. Never rejects.
 */
async function takeTurnsAndFetch(
  engine: CacheEngine,
  flights: Flights,
  departed: readonly Flight[],
  fetchAll: (fetched: readonly Flight[]) => Promise<boolean>,
  maxWait: Milliseconds,
): Promise<void> {
  const { ours, stored, theirs } = await takeTurns(engine, departed)
  for (const [flight, recalled] of stored) landStored(engine, flights, flight, recalled)
  if (!(await fetchAll(ours))) {
    // All or none: who asked for these has been told of the failure.
    await land(flights, theirs, ours[0]?.answer as Promise<never>)
    return
  }
  const rest: Flight[] = []
  const waits = theirs.map(async (flight) => {
    try {
      const recalled = await waitForTurn(engine, flight, maxWait)
      if (recalled === undefined) rest.push(flight)
      else landStored(engine, flights, flight, recalled)
    } catch (failure) {
      await land(flights, [flight], Promise.reject(failure))
    }
  })
  await Promise.all(waits)
  await fetchAll(rest)
}

function landStored(engine: CacheEngine, flights: Flights, flight: Flight, recalled: Recalled): void {
  flights.end(flight)
  flight.land(takeStored(engine, flight, recalled))
}

/** The answers as they are held, all of them stored or none. */
async function answer(
  engine: CacheEngine,
  flights: readonly Flight[],
  fetch: FetchMany,
  options: GetOrSetManyOptions,
): Promise<unknown[]> {
  const call = flights[0]?.call
  if (call === undefined) return []
  if (call.isAbandoned) throw call.signal.reason
  const begun = performance.now()
  const values = await fetch(
    flights.map(({ place }) => place),
    call.signal,
  )
  const price = { ...FREE, time: (performance.now() - begun) / flights.length }
  return flights.map((flight, index) => {
    const value = values[index]
    const held = engine.isolate(value)
    if (isWanted(engine, flight)) engine.keep(flight.place, value, held, options.ttl, price)
    return held
  })
}
