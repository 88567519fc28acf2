// One real request and whoever waits for its answer.

import { perCall } from '../cache/per-call.ts'
import type { SharedStream } from '../cache/shared-stream.ts'
import { deferred } from '../deferred.ts'

/** How far a request has come. What it never comes to stays pending. */
export class Exchange {
  /** It was admitted, and is sent. */
  readonly sent = deferred<void>()
  /** Its answer is there; of a stream, the headers. */
  readonly answered = deferred<void>()
  /** Its answer is a stream. */
  readonly streaming = deferred<SharedStream<string>>()
  /** Those of its answer, save what belongs to the connection. */
  headers: [string, string][] = []
  /** What its answer says of its end and its usage; `undefined` while it is not complete. */
  summary: object | undefined
  /** Whether it is what the provider answers with; gateways put failures in its place. */
  isAnswer = true
}

/** All who wait for a call of the cache know its exchange. */
export const exchangeOf = perCall(() => new Exchange())
