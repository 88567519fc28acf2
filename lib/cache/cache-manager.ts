import type { Milliseconds } from '../units.ts'
import type { DetailedCacheStats } from './cache-stats.ts'
import { startSweeping, sweepQuietly } from './cleanup.ts'
import { EmbeddingCache } from './embedding-cache.ts'
import { QueryCache } from './query-cache.ts'
import { ResponseCache } from './response-cache.ts'

/**
 * The three caches of an evaluation, cleared, swept and observed together. {@link cacheManager} is the one that a
 * program shares; one made with `new` is separate.
 *
 * The caches can be replaced, and every method acts on those in place at the time of the call. Each is made when it is
 * first asked for, so that the environment can name its mode until then.
 *
 * @example
 * cacheManager.responseCache = new ResponseCache({ maxSize: 10_000, ttl: Infinity })
 * cacheManager.getAllStats().response.maxSize // 10000
 */
export class CacheManager {
  #responseCache: ResponseCache | undefined
  #embeddingCache: EmbeddingCache | undefined
  #queryCache: QueryCache | undefined
  #endCleanup: (() => void) | undefined

  /** The instance that {@link cacheManager} is. */
  static getInstance(): CacheManager {
    return cacheManager
  }

  /** The responses of models. */
  get responseCache(): ResponseCache {
    this.#responseCache ??= new ResponseCache()
    return this.#responseCache
  }

  set responseCache(cache: ResponseCache) {
    this.#responseCache = cache
  }

  /** The embeddings of texts. */
  get embeddingCache(): EmbeddingCache {
    this.#embeddingCache ??= new EmbeddingCache()
    return this.#embeddingCache
  }

  set embeddingCache(cache: EmbeddingCache) {
    this.#embeddingCache = cache
  }

  /** The results of database queries. */
  get queryCache(): QueryCache {
    this.#queryCache ??= new QueryCache()
    return this.#queryCache
  }

  set queryCache(cache: QueryCache) {
    this.#queryCache = cache
  }

  /** Removes every entry of the three caches and resets their statistics. */
  clearAll(): void {
    for (const cache of this.#made()) cache.clear()
  }

  /** The statistics of the three caches. */
  getAllStats(): { response: DetailedCacheStats; embedding: DetailedCacheStats; query: DetailedCacheStats } {
    return {
      response: this.responseCache.getStats(),
      embedding: this.embeddingCache.getStats(),
      query: this.queryCache.getStats(),
    }
  }

  /**
   * Removes expired entries every `intervalMs`; started again, it goes on with the new interval only. Does not keep the
   * process alive.
   *
   * @param intervalMs a number > 0 and below 2³¹. Default: 300,000, five minutes.
   */
  startCleanup(intervalMs?: Milliseconds): void {
    // Ended by the same clock that began it, also where a test has put another in place meanwhile.
    const { clearInterval } = globalThis
    const timer = startSweeping(() => sweepQuietly(this.#made()), intervalMs)
    this.stopCleanup()
    this.#endCleanup = () => clearInterval(timer)
  }

  /** Ends what `startCleanup` began. */
  stopCleanup(): void {
    this.#endCleanup?.()
    this.#endCleanup = undefined
  }

  /** Those there are. To make one may fail, and there is nothing in it. */
  #made(): (ResponseCache | EmbeddingCache | QueryCache)[] {
    return [this.#responseCache, this.#embeddingCache, this.#queryCache].filter((cache) => cache !== undefined)
  }
}

/** The caches that a whole program shares. */
export const cacheManager: CacheManager = new CacheManager()
