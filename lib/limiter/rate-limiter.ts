import {
  booleanOption,
  checkObject,
  checkSignal,
  checkString,
  limitOption,
  outOfRange,
  wrongType,
} from '../arguments.ts'
import * as native from '../native.ts'
import type { Milliseconds } from '../units.ts'
import { otherLimits } from './limiter-errors.ts'
import { numbersOf, type RateLimitObservation } from './observation.ts'
import { type Permit, permitOf } from './permit.ts'
import { type NativeLimiter, PermitLine } from './permit-line.ts'
import { type Demand, demandOf, type PermitRequest } from './permit-request.ts'
import type { RateLimit, WaitReason } from './types.ts'

export interface RateLimiterOptions extends RateLimit {
  /**
   * The most permits held at a time: an integer ≥ 1, or `Infinity`.
   *
   * @default Infinity
   */
  concurrency?: number
  /**
   * Whether a request that is larger than a whole limit of tokens may start when no other one's tokens count. If not, it
   * is an error.
   *
   * @default false
   */
  allowOversize?: boolean
  /**
   * Makes this the limiter of that name for the whole process: whoever gives the same name, in whichever worker thread,
   * shares it. All have to give the same limits. It lasts as long as anybody uses it, and what it admitted counts for a
   * minute even if nobody does meanwhile.
   */
  name?: string
}

/** Why there is no permit now. */
export interface Refusal {
  /**
   * When it is worth asking again, if nothing else changes before: `Infinity` where a permit has to be released first.
   */
  waitTime: Milliseconds
  /** What holds the request back longest: a limit by its name, or a pause that the provider asked for. */
  reason: WaitReason
}

/** How much of the limits is used, by all who share them. */
export interface RateLimiterState {
  /** Permits given in the last 60 seconds, and what others were seen to have used ({@link RateLimiter.observe}). */
  requests: number
  /** Tokens that count now: reserved, used, or seen to be used by others. */
  tokens: number
  /** Input tokens that count now. */
  inputTokens: number
  /** Output tokens that count now. */
  outputTokens: number
  /** Permits held. */
  inFlight: number
  /** Calls of this object's `acquire` that wait. */
  waiting: number
  /** How much of the fullest limit a minute is used. 0..1 */
  utilization: number
}

/** In this order the native limiter takes them. */
const LIMITS = [
  'requestsPerMinute',
  'tokensPerMinute',
  'inputTokensPerMinute',
  'outputTokensPerMinute',
  'concurrency',
  'burst',
  'guarantee',
  'allowOversize',
]

/** @internal For executors that use a limiter. */
export let nativeLimiterOf: (limiter: RateLimiter) => NativeLimiter

/**
 * Keeps requests within the limits of a provider: requests and tokens in **any** 60 seconds, and those under way at a
 * time. One step decides about all of them: either each has room for a request, or none is touched.
 *
 * Those who `acquire` are served first come first served, also before any later `tryAcquire`. Where executors or worker
 * threads share a limiter, they take turns, so that none keeps another waiting longer than one turn. A thread that is too
 * busy to take its turn is passed until it comes.
 *
 * Time is `performance.now()`, and waits are timers of `setTimeout`, both looked up at each use, so that fake timers drive
 * them. A waiting `acquire` keeps the process alive; nothing else does. When a worker thread ends, whatever it held is free.
 *
 * @example
 * const limiter = new RateLimiter({ requestsPerMinute: 500, tokensPerMinute: 200_000, concurrency: 20 })
 *
 * const permit = await limiter.acquire({ inputTokens: 1_200, outputTokens: 500 })
 * try {
 *   await ask(question)
 *   permit.settle({ tokens: 1_371 }) // what it really used
 * } finally {
 *   permit.release()
 * }
 *
 * const answer = limiter.tryAcquire({ tokens: 199_000 })
 * if ('waitTime' in answer) console.error(`${answer.reason}: wait for ${answer.waitTime} ms`)
 * else answer.release()
 */
export class RateLimiter {
  readonly #line: PermitLine
  readonly #keys = new Map<string, number>()

  static {
    nativeLimiterOf = (limiter) => {
      limiter.#line.share()
      return limiter.#line.limiter
    }
  }

  /**
   * @throws TypeError, RangeError for an option that makes no sense
   * @throws PerformanceError `ERR_LIMITER_NAME` where the process has a limiter of that `name` with other limits
   */
  constructor(options: RateLimiterOptions) {
    checkObject('options', options)
    const limits = limitsOf(options)
    const { name } = options
    if (name === undefined) {
      this.#line = new PermitLine(native.limiterNew(limits), false)
      return
    }
    checkString('name', name)
    const limiter = native.limiterNamed(name, limits)
    if (isNumbers(limiter)) throw otherLimits(name, LIMITS, limiter, limits)
    this.#line = new PermitLine(limiter, true)
    this.#line.synchronize()
  }

  /**
   * A permit where there is one now, else what holds it back and for how long. It never goes before those who wait.
   *
   * @throws TypeError, RangeError for a request that makes no sense
   * @throws PerformanceError `ERR_REQUEST_TOO_LARGE` where a whole minute has no room for it, unless `allowOversize`
   */
  tryAcquire(request?: PermitRequest): Permit | Refusal {
    const answer = this.#line.tryAcquire(this.#demandOf(request))
    if (typeof answer === 'number') return permitOf(this.#line, answer)
    return { waitTime: answer.waitTime, reason: answer.reason }
  }

  /**
   * Waits for a permit. When `signal` aborts, it rejects with the signal's reason and gives its place in the line up.
   *
   * @throws TypeError, RangeError (as a rejection) for a request that makes no sense
   * @throws PerformanceError (as a rejection) `ERR_REQUEST_TOO_LARGE` where a whole minute has no room for it, unless
   * `allowOversize`
   */
  async acquire(request?: PermitRequest & { signal?: AbortSignal }): Promise<Permit> {
    const demand = this.#demandOf(request)
    const signal = request?.signal
    checkSignal('signal', signal)
    return permitOf(this.#line, await this.#line.acquire(demand, signal))
  }

  /**
   * Gives no permit for so many milliseconds, to anybody: for a provider that asked for a pause. It never shortens an
   * earlier one.
   *
   * @throws TypeError, RangeError for anything but a finite number ≥ 0
   */
  block(milliseconds: Milliseconds): void {
    const expected = 'a finite number ≥ 0'
    if (typeof milliseconds !== 'number') throw wrongType('milliseconds', expected, milliseconds)
    if (!(milliseconds >= 0 && milliseconds < Number.POSITIVE_INFINITY)) {
      throw outOfRange('milliseconds', expected, milliseconds)
    }
    this.#line.block(milliseconds)
  }

  /**
   * Believes a provider that says what is left of its limits: what this limiter takes to be left is lowered to that, for
   * all who share it, and what is missing counts until the reset. It is never raised, `concurrency` is not touched, and
   * what there is no limit for is left alone. Who waits goes on waiting as long as is necessary.
   *
   * @throws TypeError, RangeError for a number that makes no sense, before anything is changed
   * @example
   * const limiter = new RateLimiter({ requestsPerMinute: 500 })
   * limiter.observe({ remainingRequests: 3, requestsResetIn: 20_000 }) // somebody else uses the same key
   * limiter.getState().requests // 497
   */
  observe(observation: RateLimitObservation): void {
    this.#line.observe(numbersOf(observation))
  }

  getState(): RateLimiterState {
    return { ...this.#line.usage(), waiting: this.#line.waiting }
  }

  /**
   * Forgets the last 60 seconds and any pause, for all who share the limiter. Permits that are held still count towards
   * `concurrency`, and what was learned stays.
   */
  reset(): void {
    this.#line.reset()
  }

  #demandOf(request: PermitRequest | undefined): Demand {
    return demandOf(request, (key) => this.#numberOf(key))
  }

  #numberOf(key: string): number {
    let number = this.#keys.get(key)
    if (number === undefined) {
      number = native.limiterKey(this.#line.limiter, key)
      // The native limiter numbers so many, and no more.
      if (number > 0) this.#keys.set(key, number)
    }
    return number
  }
}

function isNumbers(value: Float64Array | NativeLimiter): value is Float64Array {
  return ArrayBuffer.isView(value)
}

function limitsOf(options: RateLimiterOptions): Float64Array {
  const { requestsPerMinute, guarantee = 'balanced' } = options
  if (guarantee !== 'strict' && guarantee !== 'balanced') {
    const wrong = typeof guarantee === 'string' ? outOfRange : wrongType
    throw wrong('guarantee', 'one of strict, balanced', guarantee)
  }
  const unlimited = Number.POSITIVE_INFINITY
  const limit = (name: keyof RateLimiterOptions) => limitOption(name, options[name], unlimited)
  if (requestsPerMinute === undefined) {
    throw wrongType('requestsPerMinute', 'an integer ≥ 1 or Infinity', requestsPerMinute)
  }
  const burst = limit('burst')
  return Float64Array.of(
    limit('requestsPerMinute'),
    limit('tokensPerMinute'),
    limit('inputTokensPerMinute'),
    limit('outputTokensPerMinute'),
    limit('concurrency'),
    // A burst of all requests is none.
    burst < requestsPerMinute ? burst : unlimited,
    guarantee === 'strict' ? 1 : 0,
    booleanOption('allowOversize', options.allowOversize, false) ? 1 : 0,
  )
}
