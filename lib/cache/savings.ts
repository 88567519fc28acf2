// What a cache has saved those who asked it, besides the hits that the native tier counts.

import type { Milliseconds } from '../units.ts'
import type { Price } from './usage.ts'

/** What those who asked a cache did not have to wait and pay for. */
export interface Savings {
  /**
   * Look-ups of `getOrSet` and `getOrSetMany` that found no entry but waited for an answer that another was fetching
   * already. They are counted as misses too, so `misses − coalesced` answers were paid for.
   */
  coalesced: number
  /** The time that the answers of all hits took when they were fetched by `getOrSet` or `getOrSetMany`. */
  time: Milliseconds
  /** The tokens that the answers of all hits and coalesced look-ups took, as far as they are known. */
  tokens: number
  /** What the answers of all hits and coalesced look-ups cost, as far as it is known. */
  cost: number
}

/** What a cache's namespace of a store has saved since the store was made, whoever asked. */
export interface LifetimeSavings extends Savings {
  /** Look-ups that found an entry, in memory or in the store. */
  hits: number
}

/** What the native tier knows nothing of. */
export class Ledger {
  coalesced = 0
  tokens = 0
  cost = 0
  /** Values that could not be copied or stored. */
  notStorable = 0

  /** Those who waited for an answer with the one who fetched it. */
  coalesce(lookUps: number, price: Price): void {
    this.tokens += lookUps * price.totalTokens
    this.cost += lookUps * price.cost
  }

  clear(): void {
    this.coalesced = 0
    this.tokens = 0
    this.cost = 0
    this.notStorable = 0
  }
}
