// Whose turn it is to answer a request, among the threads and processes that have a store open.
//
// A flight that was granted its lease has a `release`, which whoever ends the flight calls. No lease is held while
// another is waited for, so that no two can wait for each other.

import type { Milliseconds } from '../units.ts'
import { decodeValue } from '../values/codec/decode.ts'
import { encodeTagged } from '../values/codec/encode.ts'
import { Unstorable } from '../values/codec/unstorable.ts'
import { read } from '../values/read.ts'
import type { CacheEngine, Recalled } from './cache-engine.ts'
import type { Flight } from './flights.ts'

const GRANTED = 0
const STORED = 1
const FAILED = 3
const HELD = 4

const TAGGED = 2

/**
 * Waits until it is our turn, with a lease or, when that takes too long or the store cannot tell, without. Where another
 * has stored the answer meanwhile, that is it.
 *
 * Rejects with a copy of the error that another thread of this process failed with.
 */
export async function waitForTurn(
  engine: CacheEngine,
  flight: Flight,
  maxWait: Milliseconds,
): Promise<Recalled | undefined> {
  const lease = await engine.store?.acquire(flight.place.request, maxWait)
  const recalled = takeTurn(engine, flight, lease?.outcome)
  if (recalled !== undefined || lease?.outcome !== FAILED || lease.failure === undefined) return recalled
  const failure = decodeValue(TAGGED, lease.failure)
  if (failure !== undefined) throw failure.value
  return undefined
}

/** Whose turn each of several requests is, without waiting for anybody. */
export async function takeTurns(
  engine: CacheEngine,
  flights: readonly Flight[],
): Promise<{ ours: Flight[]; stored: Map<Flight, Recalled>; theirs: Flight[] }> {
  const outcomes = await engine.store?.tryAcquire(flights.map(({ place }) => place.request))
  const ours: Flight[] = []
  const theirs: Flight[] = []
  const stored = new Map<Flight, Recalled>()
  for (const [index, flight] of flights.entries()) {
    const outcome = outcomes?.[index]
    const recalled = takeTurn(engine, flight, outcome)
    if (recalled !== undefined) stored.set(flight, recalled)
    else (outcome === HELD ? theirs : ours).push(flight)
  }
  return { ours, stored, theirs }
}

function takeTurn(engine: CacheEngine, flight: Flight, outcome: number | undefined): Recalled | undefined {
  const { place, call } = flight
  if (outcome === GRANTED) {
    const release = (failure: unknown) => engine.store?.release(place.request, encodeFailure(failure))
    // Whoever asks after that has a flight of his own, which must not wait for this one.
    if (flight.isSuperseded || call.isAbandoned) release(undefined)
    else flight.release = release
  }
  return outcome === STORED ? engine.recall(place) : undefined
}

/** For other threads of this process. */
function encodeFailure(failure: unknown): Uint8Array | null {
  if (failure === undefined) return null
  const encoded = encodeTagged(failure)
  if (!(encoded instanceof Unstorable)) return encoded.value
  const plain = encodeTagged(withoutObjects(failure))
  return plain instanceof Unstorable ? null : plain.value
}

/** What can be told of an error that holds what cannot be copied, such as the response it came with. */
function withoutObjects(failure: unknown): Error {
  const copy = new Error(String(read(failure, 'message')))
  for (const name of ['name', 'stack', 'code', 'status', 'type']) {
    const value = read(failure, name)
    if (typeof value === 'string' || typeof value === 'number') Object.assign(copy, { [name]: value })
  }
  return copy
}
