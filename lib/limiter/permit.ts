import { dispose } from '../dispose.ts'
import type { PermitLine } from './permit-line.ts'
import { checkUse, type PermitUse, saysAnything } from './permit-request.ts'

/** @internal For the limiter: nobody else gives permits. */
export let permitOf: (line: PermitLine, number: number) => Permit

/**
 * The right to one request, from a {@link RateLimiter}. Settle it with what the request used, and release it when the
 * request has ended, whatever came of it; `using` releases it by itself.
 *
 * A permit that is never released keeps its place under `concurrency` until its worker thread ends, even if nothing
 * refers to it any more: when garbage is collected must not decide how many requests are under way.
 */
export class Permit {
  readonly #line: PermitLine
  readonly #number: number
  #isReleased = false

  static {
    permitOf = (line, number) => new Permit(line, number)
  }

  private constructor(line: PermitLine, number: number) {
    this.#line = line
    this.#number = number
  }

  /**
   * Replaces what was reserved by what was used. What was reserved in excess is free at once; what was used above it
   * counts for the next 60 seconds. Settled again, the last counts. After the release it changes nothing.
   *
   * @throws TypeError, RangeError for a number of tokens that makes no sense
   */
  settle(actual: PermitUse): void {
    checkUse(actual)
    if (saysAnything(actual)) this.#line.settle(this.#number, actual)
  }

  /** Gives the place back. The request keeps counting towards the limits a minute. A second time changes nothing. */
  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    this.#line.release(this.#number)
  }

  /** The same as {@link release}, for `using`. */
  [dispose](): void {
    this.release()
  }
}
