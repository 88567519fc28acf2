import type { Milliseconds } from '../units.ts'

/** At most ten a second. */
const INTERVAL: Milliseconds = 100

/** Tells how far a run has come: at once, then no sooner than `INTERVAL` after the last time, and once more at its end. */
export class Progress {
  readonly #isHeard: () => boolean
  readonly #tell: () => void
  #lastTold = Number.NEGATIVE_INFINITY
  #isTold = true
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(isHeard: () => boolean, tell: () => void) {
    this.#isHeard = isHeard
    this.#tell = tell
  }

  /** Another task has ended. */
  changed(now: Milliseconds): void {
    this.#isTold = false
    if (this.#timer !== undefined || !this.#isHeard()) return
    const passed = now - this.#lastTold
    // A clock that went back was replaced.
    if (passed >= INTERVAL || passed < 0) {
      this.#tellAt(now)
      return
    }
    this.#timer = globalThis.setTimeout(() => this.#tellAt(now - passed + INTERVAL), Math.ceil(INTERVAL - passed))
    // Nobody awaits it; some fakes of timers have no such method.
    this.#timer.unref?.()
  }

  /** Everything has been told of; nothing is left behind. */
  end(): void {
    this.stop()
    if (!this.#isTold && this.#isHeard()) this.#tellAt(this.#lastTold)
  }

  stop(): void {
    if (this.#timer !== undefined) globalThis.clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #tellAt(now: Milliseconds): void {
    this.#timer = undefined
    this.#lastTold = now
    this.#isTold = true
    this.#tell()
  }
}
