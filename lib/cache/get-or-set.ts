// One request, answered from what is there or by the caller's function, which is called once however many ask.

import { PerformanceError } from '../errors.ts'
import type { CacheEngine, Recalled } from './cache-engine.ts'
import { arrivals, type Flight, Flights } from './flights.ts'
import { waitForTurn } from './leases.ts'
import { type FetchOptions, maxWaitOf } from './options.ts'
import type { Place } from './place.ts'

const REENTRANT = 'The function that is to give an answer asked for that same answer, and would wait for itself'

/**
 * An option for callers in this package: is told the signal of the call whose answer is waited for, be it one's own or
 * that of somebody who asked earlier. Nobody is told of what is there already.
 */
export const ON_CALL = Symbol('onCall')

/** What callers in this package can ask for besides. */
export interface CallOptions {
  [ON_CALL]?: (signal: AbortSignal) => void
}

/** The caller's function. */
export type Fetch = (signal: AbortSignal) => unknown

/** Not an `async` function, each of which makes a promise more: most calls find what they ask for. */
export function getOrSet(
  engine: CacheEngine,
  locate: () => Place,
  fetch: Fetch,
  options: FetchOptions & CallOptions = {},
): Promise<unknown> {
  try {
    options.signal?.throwIfAborted()
    const begun = engine.beginLookUp()
    const place = locate()
    const found = lookUp(engine, place)
    engine.endLookUp(begun)
    if (found !== undefined && 'value' in found) return Promise.resolve(found.value)
    return arrival(engine, found ?? depart(engine, place, fetch, options), options)
  } catch (failure) {
    return Promise.reject(failure)
  }
}

async function arrival(engine: CacheEngine, flight: Flight, options: FetchOptions & CallOptions): Promise<unknown> {
  options[ON_CALL]?.(flight.call.signal)
  const [held] = await arrivals([flight], options.signal)
  return engine.give(held)
}

/** What is there, or the flight that is to bring it. A miss is counted. */
export function lookUp(engine: CacheEngine, place: Place): { value: unknown } | Flight | undefined {
  const held = engine.readHeld(place)
  if (held !== undefined) return held
  const flight = engine.flights.get(place.request)
  if (flight?.call.isStarting) throw new PerformanceError('ERR_REENTRANT', REENTRANT)
  const stored = flight === undefined ? engine.readStored(place) : undefined
  if (stored !== undefined) return stored
  engine.countMiss(place)
  if (flight === undefined) return undefined
  flight.joined++
  engine.accounts.coalesced++
  return flight
}

/** Flights that others can join, unless the mode lets each call for itself. */
export function flightsOf(engine: CacheEngine): Flights {
  return engine.rules.coalesces ? engine.flights : new Flights()
}

function depart(engine: CacheEngine, place: Place, fetch: Fetch, options: FetchOptions): Flight {
  const flights = flightsOf(engine)
  const [flight] = flights.begin([place]) as [Flight]
  land(flights, [flight], answer(engine, flight, fetch, options))
  return flight
}

/** Ends flights with their answers, as they are held, or with the failure of their call; whether there was none. */
export async function land(
  flights: Flights,
  landing: readonly Flight[],
  answers: Promise<unknown[]>,
): Promise<boolean> {
  try {
    const held = await answers
    for (const [index, flight] of landing.entries()) {
      flights.end(flight)
      flight.land(held[index])
    }
    return true
  } catch (failure) {
    for (const flight of landing) {
      flights.end(flight, failure)
      flight.fail(failure)
    }
    return false
  }
}

/** The one answer, as it is held: from the store, if somebody else put it there while we waited for our turn. */
async function answer(engine: CacheEngine, flight: Flight, fetch: Fetch, options: FetchOptions): Promise<unknown[]> {
  if (engine.sharesFlights) {
    const stored = await waitForTurn(engine, flight, maxWaitOf(options))
    if (stored !== undefined) return [takeStored(engine, flight, stored)]
    if (flight.call.isAbandoned) throw flight.call.signal.reason
  }
  return [await fetchOne(engine, flight, fetch, options)]
}

/** The answer of a flight that somebody else paid for. */
export function takeStored(engine: CacheEngine, flight: Flight, { held, price }: Recalled): unknown {
  engine.accounts.coalesced++
  engine.accounts.share(flight.joined + 1, price)
  return held
}

async function fetchOne(engine: CacheEngine, flight: Flight, fetch: Fetch, options: FetchOptions): Promise<unknown> {
  const begun = performance.now()
  const value = await flight.call.start(fetch)
  const time = performance.now() - begun
  const price = engine.priceOf(value, told(options.usage, value), told(options.cost, value), time)
  engine.accounts.share(flight.joined, price)
  const held = engine.isolate(value)
  const isAdmitted = value !== undefined && (options.shouldStore ? options.shouldStore(value) : engine.admits(value))
  if (isAdmitted && isWanted(engine, flight)) engine.keep(flight.place, value, held, options.ttl, price)
  return held
}

/** Whether an answer is still the newest there is. One that all have turned away from was paid for all the same. */
export function isWanted(engine: CacheEngine, flight: Flight): boolean {
  if (flight.isSuperseded) return false
  if (!flight.call.isAbandoned) return true
  return engine.flights.get(flight.place.request) === undefined && !engine.isHeld(flight.place)
}

/** What an option says, or finds in an answer. */
export function told(option: unknown, value: unknown): unknown {
  return typeof option === 'function' ? option(value) : option
}
