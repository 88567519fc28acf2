import type { Milliseconds } from '../units.ts'

/** Real timers fire up to this much before their time, by rounding. */
const ROUNDING: Milliseconds = 1

/**
 * `performance.now()`, set forward where a timer shows that more time has passed. Fake timers often move `setTimeout` and
 * leave `performance` alone; by a clock that stands still, a wait would begin again whenever it ends.
 */
export class TimerClock {
  #ahead: Milliseconds = 0

  now(): Milliseconds {
    return performance.now() + this.#ahead
  }

  /** Calls `action` after `delay`, by when at least that much has passed by this clock too. */
  after(delay: Milliseconds, action: () => void): ReturnType<typeof setTimeout> {
    const begun = this.now()
    return globalThis.setTimeout(() => {
      const passed = this.now() - begun
      // A clock that went back was replaced meanwhile: it says nothing about this wait.
      if (passed >= 0 && passed < delay - ROUNDING) this.#ahead += delay - passed
      action()
    }, delay)
  }
}
