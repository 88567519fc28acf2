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

  /** How many more would be admitted now, and the milliseconds until all of them would be. */
  left(now: number): { limit: number; remaining: number; reset: number } {
    this.#forget(now)
    const last = this.#admitted.at(-1)
    const reset = last === undefined ? 0 : last + this.#windowMs - now
    return { limit: this.limit, remaining: this.limit - this.#admitted.length, reset }
  }

  #forget(now: number): void {
    const firstKept = this.#admitted.findIndex((time) => time > now - this.#windowMs)
    this.#admitted = firstKept === -1 ? [] : this.#admitted.slice(firstKept)
  }
}
