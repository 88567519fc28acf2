// Requests that are being answered, so that whoever asks for the same meanwhile waits for that answer.
//
// Invariant: a flight is in the table from its begin until it has landed, was superseded, or nobody waits for its call
// any more; whoever asks after that begins another.

import { whenAborted } from '../when-aborted.ts'
import type { Place } from './place.ts'
import { TextMap } from './text-map.ts'

/** One call of a caller's function, for one request or for several. It is aborted when nobody waits for it any more. */
export class Call {
  readonly #controller = new AbortController()
  readonly #onAbandoned: () => void
  /** Whether the function has been called and has not returned, be it a promise. */
  isStarting = false
  #waiting = 0

  constructor(onAbandoned: () => void) {
    this.#onAbandoned = onAbandoned
  }

  /** For the caller's function. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get isAbandoned(): boolean {
    return this.#controller.signal.aborted
  }

  /** Calls the function. */
  start<T>(fetch: (signal: AbortSignal) => T): T {
    this.isStarting = true
    try {
      return fetch(this.signal)
    } finally {
      this.isStarting = false
    }
  }

  enter(): void {
    this.#waiting++
  }

  leave(reason: unknown): void {
    if (--this.#waiting > 0) return
    this.#onAbandoned()
    this.#controller.abort(reason)
  }
}

/** One request that is being answered. */
export class Flight {
  readonly place: Place
  readonly call: Call
  /** How many wait for it besides the one who began it. */
  joined = 0
  /** Whether its answer came too late to be stored: something newer was, or it was to be removed. */
  isSuperseded = false
  /** Lets other threads and processes ask for the same; set while they are kept from it. */
  release: ((failure: unknown) => void) | undefined
  land!: (answer: unknown) => void
  fail!: (failure: unknown) => void
  readonly answer: Promise<unknown>

  constructor(place: Place, call: Call) {
    this.place = place
    this.call = call
    this.answer = new Promise((resolve, reject) => {
      this.land = resolve
      this.fail = reject
    })
    // Before the caller can change what it is made of.
    void place.label
    // Those who wait hear of a failure; if all have left, nobody has to.
    this.answer.catch(() => {})
  }
}

/** The answers of flights, for one caller: rejects with the reason of his signal as soon as that aborts. */
export function arrivals(flights: readonly Flight[], signal: AbortSignal | undefined): Promise<unknown[]> {
  for (const { call } of flights) call.enter()
  const answers = Promise.all(flights.map(({ answer }) => answer))
  if (signal === undefined) return answers
  return new Promise((resolve, reject) => {
    const leave = (reason: unknown) => {
      reject(reason)
      for (const { call } of flights) call.leave(reason)
    }
    // The function itself may have aborted it by now.
    const stay = whenAborted(signal, leave)
    answers.then(stay, stay)
    answers.then(resolve, reject)
  })
}

/** The flights of one cache, by request. */
export class Flights {
  readonly #flights = new TextMap<Flight>()

  get(request: string): Flight | undefined {
    return this.#flights.size === 0 ? undefined : this.#flights.get(request)
  }

  /** Begins to answer requests that are not being answered yet, by one call. */
  begin(places: readonly Place[]): Flight[] {
    const call = new Call(() => {
      for (const flight of flights) this.end(flight)
    })
    const flights = places.map((place) => new Flight(place, call))
    for (const flight of flights) this.#flights.set(flight.place.request, flight)
    return flights
  }

  /** Takes a flight out, so that the next who asks begins another, here or elsewhere. */
  end(flight: Flight, failure?: unknown): void {
    this.#flights.remove(flight.place.request, flight)
    const { release } = flight
    flight.release = undefined
    release?.(failure)
  }

  /** Those who wait for the answer still get it, but it will not be stored. */
  supersede(place: Place): void {
    // Where nothing is under way, no request has to be encoded.
    if (this.#flights.size === 0) return
    const flight = this.#flights.get(place.request)
    if (flight !== undefined) this.#supersede(flight)
  }

  /** The same for every request of which `matches` says so. */
  supersedeAll(matches: (place: Place) => boolean): void {
    for (const flight of [...this.#flights.values()]) if (matches(flight.place)) this.#supersede(flight)
  }

  /** Keeps nobody elsewhere waiting any longer. */
  releaseAll(): void {
    for (const flight of this.#flights.values()) {
      flight.release?.(undefined)
      flight.release = undefined
    }
  }

  #supersede(flight: Flight): void {
    flight.isSuperseded = true
    this.end(flight)
  }
}
