import type { CacheEngine } from './cache-engine.ts'
import type { DetailedCacheStats } from './cache-stats.ts'

/** What every cache can do, whatever it is asked by. */
export class BaseCache {
  readonly #engine: CacheEngine

  /** @internal */
  constructor(engine: CacheEngine) {
    this.#engine = engine
  }

  /** Removes every entry and resets the statistics. */
  clear(): void {
    this.#engine.clear()
  }

  /** What the cache has done since it was made or last cleared, and what it holds now. */
  getStats(): DetailedCacheStats {
    return this.#engine.stats()
  }

  /** Removes the expired entries, which otherwise leave when they are looked up or room is needed. Returns how many. */
  removeExpired(): number {
    return this.#engine.removeExpired()
  }
}
