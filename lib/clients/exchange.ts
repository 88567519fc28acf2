// One real request and whoever waits for its answer.

import type { Broadcast } from './broadcast.ts'

/** By the signal of the cache's call that makes the request: all who wait for that call know it. */
const EXCHANGES = new WeakMap<AbortSignal, Exchange>()

export function exchangeOf(call: AbortSignal): Exchange {
  let exchange = EXCHANGES.get(call)
  if (exchange === undefined) {
    exchange = new Exchange()
    EXCHANGES.set(call, exchange)
  }
  return exchange
}

/** How far a request has come. What it never comes to stays pending. */
export class Exchange {
  /** It was admitted, and is sent. */
  readonly sent = deferred<void>()
  /** The headers of its answer are there. */
  readonly answered = deferred<void>()
  /** Its answer is a stream. */
  readonly streaming = deferred<Broadcast>()
  /** Those of its answer, save what belongs to the connection. */
  headers: [string, string][] = []
  /** What its answer says of its end and its usage; `undefined` while it is not complete. */
  summary: object | undefined
}

interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
}

function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((resolvePromise) => {
    resolve = resolvePromise
  })
  return { promise, resolve }
}
