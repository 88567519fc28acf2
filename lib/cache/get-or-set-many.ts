// Many requests at once: those that nothing is there for go to the caller's function together.

import type { Milliseconds } from '../units.ts'
import type { CacheEngine, Recalled } from './cache-engine.ts'
import { arrivals, type Flight, type Flights } from './flights.ts'
import { flightsOf, isWanted, land, lookUp, takeStored, told } from './get-or-set.ts'
import { takeTurns, waitForTurn } from './leases.ts'
import { type GetOrSetManyOptions, maxWaitOf } from './options.ts'
import type { Place } from './place.ts'
import type { Price } from './usage.ts'

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
 * Fetches what nobody else is fetching, and of the rest what the others did not store. Never rejects.
 *
 * In rounds: whatever is our turn is fetched together, and ends and gives back its leases, before one of the others is
 * waited for. Once that one is decided, so are most of the rest. For `maxWait` in all; what others hold even then is
 * fetched without a lease.
 */
async function takeTurnsAndFetch(
  engine: CacheEngine,
  flights: Flights,
  departed: readonly Flight[],
  fetchAll: (fetched: readonly Flight[]) => Promise<boolean>,
  maxWait: Milliseconds,
): Promise<void> {
  let granted: Flight[] = []
  let undecided = departed
  for (let left = maxWait; ; ) {
    const { ours, stored, theirs } = await takeTurns(engine, undecided)
    for (const [flight, recalled] of stored) landStored(engine, flights, flight, recalled)
    const isLast = theirs.length === 0 || left <= 0
    if (!(await fetchAll([...granted, ...ours, ...(isLast ? theirs : [])]))) {
      // All or none: who asked for these has been told of the failure.
      const [failed] = [...granted, ...ours, ...theirs] as [Flight]
      await land(flights, theirs, failed.answer as Promise<never>)
      return
    }
    if (isLast) return
    const [awaited, ...others] = theirs as [Flight, ...Flight[]]
    const begun = performance.now()
    granted = (await hasTurn(engine, flights, awaited, left)) ? [awaited] : []
    left -= performance.now() - begun
    undecided = others
  }
}

/** Waits until a flight has landed without us, or else until it is our turn. */
async function hasTurn(engine: CacheEngine, flights: Flights, flight: Flight, maxWait: Milliseconds): Promise<boolean> {
  try {
    const recalled = await waitForTurn(engine, flight, maxWait)
    if (recalled === undefined) return true
    landStored(engine, flights, flight, recalled)
  } catch (failure) {
    await land(flights, [flight], Promise.reject(failure))
  }
  return false
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
  const fetched = flights.map(({ place }) => place)
  const values = await call.start((signal) => fetch(fetched, signal))
  const time = performance.now() - begun
  const usage = told(options.usage, values)
  const part = partOf(engine.priceOf(undefined, usage, told(options.cost, values), time), flights)
  return flights.map((flight, index) => {
    const value = values[index]
    const held = engine.isolate(value)
    const price = usage === undefined ? engine.priceOf(value, undefined, part.cost, part.time) : part
    if (isWanted(engine, flight)) engine.keep(flight.place, value, held, options.ttl, price)
    return held
  })
}

/** What one of them took, where only that of all is known. */
function partOf(price: Price, { length }: { length: number }): Price {
  return {
    time: price.time / length,
    inputTokens: price.inputTokens / length,
    outputTokens: price.outputTokens / length,
    totalTokens: price.totalTokens / length,
    cost: price.cost / length,
  }
}
