/**
 * Admits at most `limit` requests in any window. The window is a second short of a minute: requests travel for
 * different times, and a client that counts its own starts over a whole minute must not be refused for that.
 */
export class SlidingWindow {
  readonly limit: number
  readonly #windowMs = 59_000
  #admitted: number[] = []

  constructor(limit: number) {
    this.limit = limit
  }

  /** Milliseconds until a request would be admitted; 0 if it was, and is counted, now. */
  admit(now: number): number {
    this.#forget(now)
    if (this.#admitted.length >= this.limit) return (this.#admitted[0] as number) + this.#windowMs - now
    this.#admitted.push(now)
    return 0
  }

  /** What OpenAI tells about the limit in the headers of every answer. */
  headers(now: number): Record<string, string> {
    if (this.limit === Number.POSITIVE_INFINITY) return {}
    this.#forget(now)
    const last = this.#admitted.at(-1)
    return {
      'x-ratelimit-limit-requests': String(this.limit),
      'x-ratelimit-remaining-requests': String(this.limit - this.#admitted.length),
      'x-ratelimit-reset-requests': `${last === undefined ? 0 : Math.ceil(last + this.#windowMs - now)}ms`,
    }
  }

  #forget(now: number): void {
    const firstKept = this.#admitted.findIndex((time) => time > now - this.#windowMs)
    this.#admitted = firstKept === -1 ? [] : this.#admitted.slice(firstKept)
  }
}
