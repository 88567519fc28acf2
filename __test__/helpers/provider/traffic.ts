/**
 * Knows which requests are travelling. A request is open from the moment a client calls `fetch` until it has read the
 * last byte of the answer or has failed; it is parked while the provider keeps it waiting for a timer, or for ever. What
 * is open and not parked is on its way, and so is what is parked and no longer open: its client has hung up, and the
 * provider has yet to notice.
 */
export class Traffic {
  /** The open requests by number, each with a word on what it is. */
  readonly open = new Map<number, string>()
  readonly parked = new Set<number>()
  /** Changes with everything that happens here. */
  movements = 0
  #last = 0

  /** Whether nothing is on its way. */
  get isStill(): boolean {
    return this.open.size === this.parked.size && [...this.open.keys()].every((number) => this.parked.has(number))
  }

  /** For a client: the platform's `fetch`, whose requests are known here. */
  readonly fetch = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const number = ++this.#last
    this.#begin(number, String(init?.body))
    try {
      const headers = new Headers(init?.headers)
      headers.set(NUMBER_HEADER, String(number))
      return this.#followed(number, await fetch(url, { ...init, headers }))
    } catch (error) {
      this.#end(number)
      throw error
    }
  }

  park(number: number): void {
    this.movements++
    this.parked.add(number)
  }

  unpark(number: number): void {
    this.movements++
    this.parked.delete(number)
  }

  #begin(number: number, what: string): void {
    this.movements++
    this.open.set(number, what)
  }

  #end(number: number): void {
    this.movements++
    this.open.delete(number)
  }

  /** The same response; the request is open until its body has ended, failed, or been given up. */
  #followed(number: number, response: Response): Response {
    const reader = response.body!.getReader()
    const body = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        try {
          const { done, value } = await reader.read()
          if (!done) return controller.enqueue(value)
          this.#end(number)
          controller.close()
        } catch (error) {
          this.#end(number)
          controller.error(error)
        }
      },
      cancel: (reason) => {
        this.#end(number)
        return reader.cancel(reason)
      },
    })
    const { status, statusText, headers } = response
    return new Response(body, { status, statusText, headers })
  }
}

/** Tells the provider which of the open requests this is. */
export const NUMBER_HEADER = 'x-request-number'
