// What a real request can come to besides an answer, and how each reaches the caller as if there were nothing in between.

// Those of ours are plain errors that are known by their names: other threads that wait for the same request are given
// copies, and a copy has no class.

import { read } from '../values/read.ts'

const UNKEPT = 'AnswerNotKept'
const NOT_SENT = 'RequestNotSent'

/** The provider answered with something that is not kept: an error, mostly. */
export interface Unkept extends Error {
  readonly status: number
  readonly headers: [string, string][]
  readonly body: string
}

export function unkept(status: number, headers: [string, string][], body: string): Unkept {
  const error = new Error(`The provider answered with status ${status}`)
  return Object.assign(error, { name: UNKEPT, status, headers, body })
}

export function isUnkept(failure: unknown): failure is Unkept {
  return read(failure, 'name') === UNKEPT
}

/** There was no answer: the client's `fetch` failed with the cause. */
export function notSent(cause: unknown): Error {
  return Object.assign(new Error('The request failed', { cause }), { name: NOT_SENT })
}

export function isNotSent(failure: unknown): failure is Error {
  return read(failure, 'name') === NOT_SENT
}

/** What clients take for the end of a call's time. */
export function timeoutError(): Error {
  return Object.assign(new Error('Request timed out.'), { name: 'AbortError' })
}

/**
 * In place of a response: whoever looks at it gets the failure. A client wraps what its `fetch` throws, as a failure of
 * the connection, and may try again; what is no such failure has to reach its caller as it is.
 */
export function responseThatThrows(failure: unknown): Response {
  return new Proxy({} as Response, {
    get(_, property) {
      // A promise asks whether it is given another.
      if (property === 'then') return undefined
      throw failure
    },
  })
}
