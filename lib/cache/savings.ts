import type { Milliseconds } from '../units.ts'

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
