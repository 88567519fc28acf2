import { NativeExecutorLimiter } from '../native.ts'
import type { Milliseconds } from '../units.ts'
import type { Settings } from './settings.ts'
import { TimerClock } from './timer-clock.ts'
import type { ExecutionMetrics, RateLimit } from './types.ts'

const LONGEST_TIMEOUT = 2 ** 31 - 1

/** A run's next task, as the gate sees it. */
export interface Request {
  readonly outputTokens: number | undefined
  readonly inputCharacters: number
  /** It may start: called once. */
  granted(permit: number): void
  /** A rate limit holds it back: called at most once. */
  throttled(throttle: Throttle): void
}

/** Which limit holds a task back, for how long at most, and how much of it is used. */
export interface Throttle {
  readonly reason: 'requests' | 'tokens'
  readonly waitTime: Milliseconds
  readonly limit: number
  readonly current: number
}

/** How a task ended, as the limits see it. */
export interface Ending {
  /** Whether it failed, and whether the provider surely did not answer it. */
  readonly failure: 'refused' | 'unknown' | undefined
  /** Tokens that were reported. */
  readonly tokens: number | undefined
  /** Characters of question and answer; of the question alone where it failed. */
  readonly characters: number
}

/**
 * Lets tasks start when the native limiter admits them. Runs take turns: each has at most one request here, and nobody
 * overtakes the one in front, so a large task is not starved by small ones.
 */
export class Gate {
  readonly #limiter: NativeExecutorLimiter
  readonly #clock = new TimerClock()
  readonly #requests: Request[] = []
  #rateLimit: RateLimit
  #announced: Request | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #admitting = false

  constructor(settings: Settings) {
    this.#rateLimit = settings.rateLimit
    this.#limiter = new NativeExecutorLimiter(...limitsOf(settings))
  }

  request(request: Request): void {
    this.#requests.push(request)
    this.#admit()
  }

  end(permit: number, { failure, tokens, characters }: Ending): void {
    const now = this.#clock.now()
    if (failure === undefined) this.#limiter.settle(now, permit, tokens, characters)
    else this.#limiter.fail(now, permit, characters, failure === 'refused')
    this.#admit()
  }

  setLimits(settings: Settings): void {
    this.#rateLimit = settings.rateLimit
    this.#limiter.setLimits(this.#clock.now(), ...limitsOf(settings))
    this.#admit()
  }

  reset(): void {
    this.#limiter.reset(this.#clock.now())
    this.#admit()
  }

  beginRun(): void {
    this.#limiter.beginRun(this.#clock.now())
  }

  endRun(): void {
    this.#limiter.endRun(this.#clock.now())
  }

  usage() {
    return this.#limiter.usage(this.#clock.now())
  }

  metrics(): ExecutionMetrics {
    const metrics = this.#limiter.metrics(this.#clock.now())
    return {
      totalExecutionTime: metrics.totalMillis,
      avgExecutionTime: metrics.meanTaskMillis,
      parallelEfficiency: metrics.efficiency,
      throttleTime: metrics.throttledMillis,
      workerUtilization: metrics.utilization,
    }
  }

  /** Starts whatever may start. Callbacks may come back here: then the loop that called them asks again anyway. */
  #admit(): void {
    if (this.#admitting) return
    this.#admitting = true
    globalThis.clearTimeout(this.#timer)
    this.#timer = undefined
    try {
      while (this.#admitFirst()) {}
    } finally {
      this.#admitting = false
    }
  }

  /** Whether it is worth asking again at once. */
  #admitFirst(): boolean {
    const first = this.#requests[0]
    if (first === undefined) return false
    const { outputTokens, inputCharacters } = first
    const { permit, wait, reason } = this.#limiter.tryAcquire(this.#clock.now(), outputTokens, inputCharacters)
    if (permit !== undefined) {
      this.#requests.shift()
      this.#announced = undefined
      first.granted(permit)
      return true
    }
    if (wait === undefined || reason === undefined) return false
    if (this.#announced !== first) {
      this.#announced = first
      const limit = reason === 'requests' ? this.#rateLimit.requestsPerMinute : this.#rateLimit.tokensPerMinute
      first.throttled({
        reason,
        waitTime: wait,
        limit: limit ?? Number.POSITIVE_INFINITY,
        current: this.usage()[reason],
      })
      return true // Whoever was told may have changed the limits.
    }
    // The timer keeps the process alive, because somebody awaits the run.
    this.#timer = this.#clock.after(Math.min(Math.ceil(wait), LONGEST_TIMEOUT), () => this.#admit())
    return false
  }
}

function limitsOf({ rateLimit, concurrency }: Settings): [number, number, number] {
  const { requestsPerMinute, tokensPerMinute = Number.POSITIVE_INFINITY } = rateLimit
  return [requestsPerMinute, tokensPerMinute, concurrency]
}
