// One call's wait for an answer: it ends with the call's own signal, or its time, whoever else waits for the same.

import { LONGEST_TIMEOUT } from '../arguments.ts'
import type { Milliseconds } from '../units.ts'
import { whenAborted } from '../when-aborted.ts'
import type { Exchange } from './exchange.ts'
import { timeoutError } from './failures.ts'

export class Waiting {
  readonly #leaving = new AbortController()
  readonly #signal: AbortSignal
  readonly #timeout: Milliseconds
  readonly #stopListening: () => void
  #timer: ReturnType<typeof setTimeout> | undefined
  #isOver = false

  /** `timeout` is that of a request, from when it is sent until it is answered: what comes before is not its fault. */
  constructor(signal: AbortSignal, timeout: Milliseconds) {
    this.#signal = signal
    this.#timeout = Math.min(timeout, LONGEST_TIMEOUT)
    this.#stopListening = whenAborted(signal, (reason) => this.#leaving.abort(reason))
  }

  /** Aborts when the wait ends before the answer. */
  get signal(): AbortSignal {
    return this.#leaving.signal
  }

  /** It is this request's answer that is waited for. */
  async follow({ sent, answered }: Exchange): Promise<void> {
    await sent.promise
    if (this.#isOver) return
    this.#stopTimer()
    this.#timer = globalThis.setTimeout(() => this.#leaving.abort(timeoutError()), this.#timeout)
    await answered.promise
    this.#stopTimer()
  }

  /** The answer has begun: from now on a stream is left by `leave`. */
  end(): void {
    this.#isOver = true
    this.#stopTimer()
    this.#stopListening()
  }

  leave(): void {
    this.#leaving.abort(this.#signal.reason)
  }

  #stopTimer(): void {
    globalThis.clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
