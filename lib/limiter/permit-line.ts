import { LONGEST_TIMEOUT } from '../arguments.ts'
import * as native from '../native.ts'
import { whenAborted } from '../when-aborted.ts'
import { requestTooLarge } from './limiter-errors.ts'
import type { Demand, PermitUse } from './permit-request.ts'
import { TimerClock } from './timer-clock.ts'

/** What the native limiter answers where it gives no permit. */
const TOO_LARGE = -2

/** One user's hold on a native limiter. */
export type NativeLimiter = ReturnType<typeof native.limiterNew>

interface Waiting {
  readonly demand: Demand
  readonly grant: (permit: number) => void
  readonly fail: (error: unknown) => void
  previous: Waiting | undefined
  next: Waiting | undefined
}

/** Lines of shared limiters whose permits are held: what is garbage would give them back while requests are under way. */
const HOLDING = new Set<PermitLine>()

/**
 * Those who wait for one limiter in this thread, first come first served: only the first asks, and all who wait have one
 * place among those of other threads.
 *
 * Invariant: while somebody waits there is a timer, which keeps the process alive, and a listener for what others do;
 * otherwise neither.
 */
export class PermitLine {
  readonly limiter: NativeLimiter
  readonly #clock = new TimerClock()
  #first: Waiting | undefined
  #last: Waiting | undefined
  #waiting = 0
  /** Permits held. */
  #held = 0
  #isShared: boolean
  #timer: ReturnType<typeof setTimeout> | undefined

  /** `isShared` where others have hold of the same limiter. */
  constructor(limiter: NativeLimiter, isShared: boolean) {
    this.limiter = limiter
    this.#isShared = isShared
  }

  /** Others have hold of the limiter from now on. */
  share(): void {
    this.#isShared = true
    if (this.#held > 0) HOLDING.add(this)
  }

  get waiting(): number {
    return this.#waiting
  }

  /** Relates this thread's clock to those of other threads. Of several measurements the best counts. */
  synchronize(): void {
    for (let measurement = 0; measurement < 3; measurement++) native.limiterSynchronize(this.limiter, this.#now())
  }

  /** A permit, or why there is none now. */
  tryAcquire(demand: Demand): number | native.NativeRefusal {
    const permit = this.#ask(demand, false)
    return permit >= 0 ? permit : this.#refusal(permit)
  }

  /** A permit, as soon as it is this request's turn. */
  async acquire(demand: Demand, signal: AbortSignal | undefined): Promise<number> {
    if (signal?.aborted) throw signal.reason
    const isFirst = this.#first === undefined
    const permit = this.#ask(demand, isFirst)
    if (permit >= 0) return permit
    const { waitTime } = this.#refusal(permit)
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        demand,
        grant(permit) {
          stopListening()
          resolve(permit)
        },
        fail(error) {
          stopListening()
          reject(error)
        },
        previous: this.#last,
        next: undefined,
      }
      const stopListening = whenAborted(signal, (reason) => {
        reject(reason)
        this.#leave(waiting)
      })
      this.#append(waiting)
      if (!isFirst) return
      native.limiterOnFreed(this.limiter, () => this.#admit())
      this.#wakeAfter(waitTime)
    })
  }

  settle(
    permit: number,
    { tokens = Number.NaN, inputTokens = Number.NaN, outputTokens = Number.NaN }: PermitUse,
  ): void {
    native.limiterSettle(this.limiter, this.#now(), permit, tokens, inputTokens, outputTokens)
    this.#admit()
  }

  release(permit: number): void {
    native.limiterRelease(this.limiter, this.#now(), permit)
    if (--this.#held === 0) HOLDING.delete(this)
    this.#admit()
  }

  block(milliseconds: number): void {
    native.limiterBlock(this.limiter, this.#now(), milliseconds)
  }

  observe(seen: Float64Array): void {
    native.limiterObserve(this.limiter, this.#now(), seen)
  }

  reset(): void {
    native.limiterReset(this.limiter, this.#now())
    this.#admit()
  }

  usage() {
    return native.limiterUsage(this.limiter, this.#now())
  }

  #now(): number {
    return this.#clock.now()
  }

  #ask({ tokens, inputTokens, outputTokens, key }: Demand, waits: boolean): number {
    const answer = native.limiterTryAcquire(this.limiter, this.#now(), tokens, inputTokens, outputTokens, key, waits)
    if (answer >= 0 && this.#held++ === 0 && this.#isShared) HOLDING.add(this)
    return answer
  }

  /** Why the last question was answered so. */
  #refusal(answer: number): native.NativeRefusal {
    const refusal = native.limiterRefusal(this.limiter)
    if (answer === TOO_LARGE) throw requestTooLarge(refusal)
    return refusal
  }

  /** Gives permits to those who wait, as far as that goes. */
  #admit(): void {
    if (this.#first === undefined) return
    while (this.#first !== undefined) {
      const first = this.#first
      const answer = this.#ask(first.demand, true)
      if (answer >= 0) {
        first.grant(answer)
      } else {
        const refusal = native.limiterRefusal(this.limiter)
        if (answer !== TOO_LARGE) {
          this.#wakeAfter(refusal.waitTime)
          return
        }
        first.fail(requestTooLarge(refusal))
      }
      this.#remove(first)
    }
    this.#rest()
  }

  #leave(waiting: Waiting): void {
    const wasFirst = this.#first === waiting
    this.#remove(waiting)
    if (this.#first === undefined) this.#rest()
    else if (wasFirst) this.#admit()
  }

  #append(waiting: Waiting): void {
    if (this.#last === undefined) this.#first = waiting
    else this.#last.next = waiting
    this.#last = waiting
    this.#waiting++
  }

  #remove({ previous, next }: Waiting): void {
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    this.#waiting--
  }

  /** Nobody waits any more. */
  #rest(): void {
    globalThis.clearTimeout(this.#timer)
    this.#timer = undefined
    native.limiterOnFreed(this.limiter, null)
    native.limiterLeaveLine(this.limiter, this.#now())
  }

  /** The timer keeps the process alive, because somebody awaits a permit; also where only a release can give one. */
  #wakeAfter(waitTime: number): void {
    globalThis.clearTimeout(this.#timer)
    this.#timer = this.#clock.after(Math.min(Math.ceil(waitTime), LONGEST_TIMEOUT), () => this.#admit())
  }
}
