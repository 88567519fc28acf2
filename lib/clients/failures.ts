// What a real request can come to besides an answer, and how each reaches the caller as if there were nothing in between.

/** The provider answered with something that is not kept: an error, mostly. */
export class Unkept extends Error {
  readonly status: number
  readonly headers: [string, string][]
  readonly body: string

  constructor(status: number, headers: [string, string][], body: string) {
    super(`The provider answered with status ${status}`)
    this.status = status
    this.headers = headers
    this.body = body
  }
}

/** There was no answer: the client's `fetch` failed with the cause. */
export class NotSent extends Error {
  constructor(cause: unknown) {
    super('The request failed', { cause })
  }
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
