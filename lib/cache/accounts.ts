// What a cache has done and saved: for itself since it was last cleared, and for the life of its namespace in a store.

import type { Counters, StoreTier } from '../store/store-tier.ts'
import type { DetailedCacheStats } from './cache-stats.ts'
import type { HotTier } from './hot-tier.ts'
import type { ModeRules } from './mode.ts'
import type { Price } from './usage.ts'

const NOTHING: Counters = { hits: 0, coalesced: 0, time: 0, tokens: 0, cost: 0, notStorable: 0 }

export class Accounts {
  coalesced = 0
  /** Values that could not be copied or stored. */
  notStorable = 0
  readonly #tier: HotTier<unknown>
  readonly #store: StoreTier | undefined
  /** Whether the life of the store is to know. */
  readonly #reports: boolean
  /** Saved by those who waited for an answer with the one who fetched it. */
  #tokens = 0
  #cost = 0
  /** What the store has been told. */
  #reported = NOTHING

  constructor(tier: HotTier<unknown>, store: StoreTier | undefined, rules: ModeRules) {
    this.#tier = tier
    this.#store = store
    this.#reports = store !== undefined && rules.writes
    if (this.#reports) store?.handle.addReporter(this)
  }

  /** Look-ups that got an answer without paying for it, which they did not get any sooner for that. */
  share(lookUps: number, price: Price): void {
    this.#tokens += lookUps * price.totalTokens
    this.#cost += lookUps * price.cost
  }

  /** Tells the store what it has not been told. */
  report(): void {
    if (!this.#reports) return
    const counters = this.#counters(this.#tier.stats().hits)
    const names = Object.keys(NOTHING) as (keyof Counters)[]
    if (names.every((name) => counters[name] === this.#reported[name])) return
    const entries = names.map((name) => [name, counters[name] - this.#reported[name]])
    this.#store?.count(Object.fromEntries(entries) as Counters)
    this.#reported = counters
  }

  /** Begins anew, once the store has been told. */
  clear(): void {
    this.report()
    this.coalesced = 0
    this.notStorable = 0
    this.#tokens = 0
    this.#cost = 0
    this.#reported = NOTHING
  }

  stats(): DetailedCacheStats {
    this.report()
    const stats = this.#tier.stats()
    const { coalesced, time, tokens, cost, notStorable } = this.#counters(stats.hits)
    const life = this.#store?.lifetime()
    return {
      ...stats,
      savings: { coalesced, time, tokens, cost },
      lifetime: life && {
        hits: life.hits,
        coalesced: life.coalesced,
        time: life.time,
        tokens: life.tokens,
        cost: life.cost,
      },
      notStorable,
      storedEntries: life?.entries ?? 0,
      storedBytes: life?.bytes ?? 0,
    }
  }

  #counters(hits: number): Counters {
    const { time, tokens, cost } = this.#tier.savings()
    return {
      hits,
      coalesced: this.coalesced,
      time,
      tokens: tokens + this.#tokens,
      cost: cost + this.#cost,
      notStorable: this.notStorable,
    }
  }
}
