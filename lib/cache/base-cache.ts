import { asyncDispose } from '../dispose.ts'
import type { CacheEngine } from './cache-engine.ts'
import type { DetailedCacheStats } from './cache-stats.ts'

/** What every cache can do, whatever it is asked by. */
export class BaseCache {
  readonly #engine: CacheEngine

  /** @internal */
  constructor(engine: CacheEngine) {
    this.#engine = engine
  }

  /**
   * Removes every entry and resets the statistics. With a store, every entry of the cache's namespace leaves that too;
   * what other processes hold in memory they hold until it expires.
   */
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

  /**
   * Resolves when everything stored before is on disk; at once without a store.
   *
   * @throws PerformanceError `ERR_STORE_WRITE` where something stored since the last flush is not.
   */
  flush(): Promise<void> {
    return this.#engine.flush()
  }

  /**
   * Writes what is still to be written and, if the cache was given a folder, gives that back. The cache goes on in memory.
   * Never rejects, and may be called again.
   */
  close(): Promise<void> {
    return this.#engine.close()
  }

  /** The same as {@link close}, for `await using`. */
  [asyncDispose](): Promise<void> {
    return this.close()
  }
}
