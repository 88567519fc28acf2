// The timer that removes expired entries now and then.

import { outOfRange, positiveOption } from '../arguments.ts'
import type { Milliseconds } from '../units.ts'

const DEFAULT_INTERVAL: Milliseconds = 300_000
/** Timers hold 31 bits; a longer interval would fire every millisecond. */
const LONGEST_INTERVAL: Milliseconds = 2 ** 31 - 1

/**
 * Calls `sweep` every `intervalMs` without keeping the process alive.
 *
 * @throws TypeError or RangeError where `intervalMs` is no number > 0 that a timer can hold.
 */
export function startSweeping(sweep: () => void, intervalMs: unknown): NodeJS.Timeout {
  const interval = positiveOption('intervalMs', intervalMs, DEFAULT_INTERVAL)
  if (interval > LONGEST_INTERVAL) throw outOfRange('intervalMs', `a number ≤ ${LONGEST_INTERVAL}`, interval)
  const timer = globalThis.setInterval(sweep, interval)
  // The timers that test frameworks put in place are numbers in some environments.
  timer.unref?.()
  return timer
}

/** Removes what has expired from each cache; one that fails costs the others nothing, and nobody is there to tell. */
export function sweepQuietly(caches: Iterable<{ removeExpired(): number }>): void {
  for (const cache of caches) {
    try {
      cache.removeExpired()
    } catch {
      // A tick of a timer has no caller, and an error thrown from it would end the process.
    }
  }
}
