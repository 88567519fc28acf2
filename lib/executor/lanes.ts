import { wrongType } from '../arguments.ts'
import type { EarlierStarts } from '../journal/journal.ts'
import { nativeLimiterOf, RateLimiter } from '../limiter/rate-limiter.ts'
import type { RateLimit, WaitReason } from '../limiter/types.ts'
import {
  type ExternalObject,
  executionAddLane,
  executionAddLaneOf,
  executionDecisions,
  executionMetrics,
  executionOnFreed,
  executionRestore,
  executionSetLimits,
  executionUsage,
  type NativeExecution,
} from '../native.ts'
import type { Milliseconds } from '../units.ts'
import { Lane } from './lane.ts'
import type { Settings } from './settings.ts'
import type { AdaptiveDecision, DetailedExecutionMetrics } from './types.ts'

/** In the order in which the native execution counts waits. */
const REASONS: readonly WaitReason[] = [
  'requests',
  'tokens',
  'input-tokens',
  'output-tokens',
  'concurrency',
  'provider',
]

/** What counts towards the limits now. */
export interface Usage {
  requests: number
  tokens: number
  inputTokens: number
  outputTokens: number
  inFlight: number
}

interface NativeDecision extends Omit<AdaptiveDecision, 'key'> {
  readonly lane: number
}

/** The lanes of one executor by their keys. A lane is made when its key is first met, and kept. */
export class Lanes implements Iterable<Lane> {
  readonly #native: ExternalObject<NativeExecution>
  #settings: Settings
  readonly #lanes = new Map<string, Lane>()
  /** The lane last asked for: mostly it is the next one too. */
  #last: Lane | undefined
  readonly #earlier = new Map<string, { readonly at: Milliseconds; readonly starts: EarlierStarts }>()

  constructor(native: ExternalObject<NativeExecution>, settings: Settings) {
    this.#native = native
    this.#settings = settings
  }

  [Symbol.iterator](): Iterator<Lane> {
    return this.#lanes.values()
  }

  of(key: string, now: () => Milliseconds): Lane {
    if (this.#last?.key === key) return this.#last
    let lane = this.#lanes.get(key)
    if (lane === undefined) {
      lane = this.#make(key)
      this.#lanes.set(key, lane)
      this.#restore(lane, now())
    }
    this.#last = lane
    return lane
  }

  setLimits(settings: Settings, now: Milliseconds): void {
    this.#settings = settings
    for (const lane of this) {
      if (lane.limiter === undefined) executionSetLimits(this.#native, now, lane.id, ...limitsOf(settings))
    }
  }

  /** Starts that count in lanes which are still to be made; those there are know their own. */
  expect(earlier: readonly EarlierStarts[], now: Milliseconds): void {
    for (const starts of earlier) if (!this.#lanes.has(starts.key)) this.#earlier.set(starts.key, { at: now, starts })
  }

  /** Calls `freed` whenever others have made room in the limiter that `lane` shares with them. */
  listen(lane: Lane, freed: () => void): void {
    if (lane.isListening) return
    lane.isListening = true
    executionOnFreed(this.#native, lane.id, freed)
  }

  stopListening(): void {
    for (const lane of this) {
      if (!lane.isListening) continue
      lane.isListening = false
      executionOnFreed(this.#native, lane.id, null)
    }
  }

  /** Of one key, or of all. */
  usage(now: Milliseconds, key?: string): Usage {
    const sum: Usage = { requests: 0, tokens: 0, inputTokens: 0, outputTokens: 0, inFlight: 0 }
    const counted = new Set<RateLimiter>()
    for (const lane of this) {
      if (key !== undefined && key !== lane.key) continue
      if (lane.limiter !== undefined && counted.has(lane.limiter)) continue
      if (lane.limiter !== undefined) counted.add(lane.limiter)
      const usage = executionUsage(this.#native, now, lane.id)
      for (const name of Object.keys(sum) as (keyof Usage)[]) sum[name] += usage[name]
    }
    return sum
  }

  /** What adaptive lanes decided, the oldest first; only the last `count`, where that is given. */
  decisions(now: Milliseconds, count = Number.POSITIVE_INFINITY): AdaptiveDecision[] {
    const keys = Array.from(this, ({ key }) => key)
    const decisions: NativeDecision[] = JSON.parse(executionDecisions(this.#native))
    return decisions.slice(-count).map(({ at, lane, ...decision }) => {
      const key = this.#settings.key === undefined ? undefined : keys[lane]
      return { at: Date.now() - (now - at), key, ...decision }
    })
  }

  metrics(now: Milliseconds): DetailedExecutionMetrics {
    const metrics = executionMetrics(this.#native, now)
    return {
      totalExecutionTime: metrics.totalMillis,
      avgExecutionTime: metrics.meanTaskMillis,
      parallelEfficiency: metrics.efficiency,
      throttleTime: metrics.throttledMillis,
      workerUtilization: metrics.utilization,
      waitTime: Object.fromEntries(
        REASONS.map((reason, index) => [reason, metrics.waitedMillis[index] ?? 0]),
      ) as Record<WaitReason, Milliseconds>,
      limitUtilization: metrics.limitUtilization,
    }
  }

  #make(key: string): Lane {
    const { limiter, adaptive } = this.#settings
    const chosen: unknown = typeof limiter === 'function' ? limiter(key) : limiter
    if (chosen === undefined && typeof limiter !== 'function') {
      const [requests, tokens, input, output, concurrency, burst, strict] = limitsOf(this.#settings)
      const id = executionAddLane(this.#native, requests, tokens, input, output, concurrency, burst, strict, adaptive)
      return new Lane(key, id, undefined)
    }
    if (!(chosen instanceof RateLimiter)) throw wrongType('limiter(key)', 'a RateLimiter', chosen)
    return new Lane(key, executionAddLaneOf(this.#native, nativeLimiterOf(chosen), adaptive), chosen)
  }

  #restore(lane: Lane, now: Milliseconds): void {
    const earlier = this.#earlier.get(lane.key)
    if (earlier === undefined) return
    this.#earlier.delete(lane.key)
    const { requests, tokens, inputTokens, outputTokens } = earlier.starts
    const ages = earlier.starts.ages.map((age) => age + Math.max(0, now - earlier.at))
    executionRestore(this.#native, now, lane.id, ages, requests, tokens, inputTokens, outputTokens)
  }
}

/** As the native execution takes them. A lane may take every place of the executor. */
function limitsOf({ rateLimit, concurrency }: Settings): [number, number, number, number, number, number, boolean] {
  return [
    rateLimit.requestsPerMinute,
    limit(rateLimit.tokensPerMinute),
    limit(rateLimit.inputTokensPerMinute),
    limit(rateLimit.outputTokensPerMinute),
    concurrency,
    rateLimit.burst ?? Number.NaN,
    rateLimit.guarantee === 'strict',
  ]
}

function limit(value: RateLimit['tokensPerMinute']): number {
  return value ?? Number.POSITIVE_INFINITY
}
