import { setImmediate } from 'node:timers/promises'
import { vi } from 'vitest'
import { Traffic } from './traffic.ts'

/** So many turns of the event loop in a row without anything happening, and nothing happens until a timer fires. */
const QUIET_TURNS = 4
/** A test is stuck when nothing has moved for so long, in real time. */
const LONGEST_STANDSTILL_MS = 20_000
/** No run takes longer than this, in virtual time. */
const LONGEST_RUN_MS = 7 * 24 * 3_600_000
/** The client's connections close when they have been idle for 4 s. Its own clock ticks twice a second. */
const IDLE_CONNECTIONS_MS = 6_000

/**
 * A clock that stands still while anything happens and jumps to the next timer when nothing does, for a client and a
 * provider in this process that talk through real sockets.
 *
 * Timers, `performance` and `Date` are the fake ones of Vitest; sockets, promises and `setImmediate` are real. So a
 * request travels in real time and in no virtual time: it arrives at the very moment at which it was sent, on a busy
 * machine as on an idle one, and what a limiter and a provider count can be compared to the millisecond. All depends on
 * one rule: the clock moves only while nothing is on its way. The `traffic` knows that of requests, if the client uses
 * its `fetch`; what promises and callbacks still do after that is over within a few turns of the event loop, if no
 * thread or file is waited for.
 *
 * One timer fires at a time, also of those that are due at the same moment, and what it set off is over before the next
 * one: runs with the same random numbers are the same.
 */
export class VirtualTime {
  readonly traffic = new Traffic()
  readonly #begun: number

  constructor() {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'] })
    this.#begun = performance.now()
  }

  /** Lets time pass until the promise settles. Fails where it cannot, and says what was under way. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isOver = false
    const over = () => {
      isOver = true
    }
    promise.then(over, over)
    for (;;) {
      await this.#quiet()
      if (isOver) return promise
      if (vi.getTimerCount() === 0) throw this.#stuck('no timer is left, and nothing is on its way')
      if (performance.now() - this.#begun > LONGEST_RUN_MS) throw this.#stuck('a week has passed')
      vi.advanceTimersToNextTimer()
    }
  }

  /** Lets so many milliseconds pass, and everything happen that is due within them. */
  async pass(milliseconds: number): Promise<void> {
    await this.until(new Promise((resolve) => setTimeout(resolve, milliseconds)))
  }

  /**
   * Goes back to real time. The platform's `fetch` keeps its connections and a clock of its own on these timers, and
   * would never find back to real ones: they get the time to end. Whatever is left then was left behind by somebody.
   */
  async end(): Promise<void> {
    try {
      await this.#quiet()
      if (vi.getTimerCount() > 0) await this.pass(IDLE_CONNECTIONS_MS)
      if (vi.getTimerCount() > 0 || this.traffic.open.size > 0) throw this.#stuck('the test is over')
    } finally {
      vi.useRealTimers()
    }
  }

  /** Resolves when nothing more will happen at this moment of virtual time. */
  async #quiet(): Promise<void> {
    let moved = realTime()
    let movements = this.traffic.movements
    for (let turns = 0; turns < QUIET_TURNS; turns++) {
      await setImmediate()
      if (this.traffic.isStill && this.traffic.movements === movements) continue
      turns = -1
      if (this.traffic.movements !== movements) {
        movements = this.traffic.movements
        moved = realTime()
      } else if (realTime() - moved > LONGEST_STANDSTILL_MS) {
        throw this.#stuck('nothing has arrived anywhere for 20 s of real time')
      }
    }
  }

  #stuck(why: string): Error {
    const { open, parked } = this.traffic
    const named = [...open].map(
      ([number, what]) => `  ${number}${parked.has(number) ? ' (kept waiting)' : ''}: ${what}`,
    )
    const lines = [
      `Stuck at ${performance.now() - this.#begun} ms: ${why}.`,
      `Timers: ${vi.getTimerCount()}. Requests that the provider keeps waiting: ${[...parked].join(', ') || 'none'}.`,
      `Requests that clients have open: ${open.size}`,
      ...named.slice(0, 20),
    ]
    return new Error(lines.join('\n'))
  }
}

function realTime(): number {
  return Number(process.hrtime.bigint() / 1_000_000n)
}
