import { checkString } from '../arguments.ts'
import { sizeOf, sizeOfString } from '../values/size-of.ts'
import type { CacheOptions, CacheStats } from './cache-stats.ts'
import { FlatIndex } from './entry.ts'
import { HotTier } from './hot-tier.ts'

const DEFAULTS = { maxSize: 100, ttl: 3_600_000, maxMemory: Number.POSITIVE_INFINITY }

/**
 * A bounded cache of anything under string keys: the least recently used entry makes room for a new one, and every
 * entry expires `ttl` after it was last set.
 *
 * A value comes back as the same reference that was stored, `undefined` included: `has` tells that from a miss.
 *
 * @example
 * const cache = new LRUCache<string>({ maxSize: 2, ttl: 60_000 })
 * cache.set('a', 'first')
 * cache.set('b', 'second')
 * cache.get('a') // 'first', and the most recently used now
 * cache.set('c', 'third')
 * cache.keys() // ['a', 'c']
 */
export class LRUCache<T = any> {
  readonly #index = new FlatIndex<T>()
  readonly #tier: HotTier<T>

  /**
   * @param options `maxSize` defaults to 100 entries, `ttl` to 1 hour, `maxMemory` to no bound.
   * @throws TypeError or RangeError for an option of the wrong type or without sense.
   */
  constructor(options?: CacheOptions) {
    this.#tier = new HotTier(options, DEFAULTS)
  }

  /** The live value under `key`, which becomes the most recently used. Counts as a hit or a miss. */
  get(key: string): T | undefined {
    checkString('key', key)
    const begun = this.#tier.beginLookUp()
    const value = this.#tier.read(this.#index.find(key))
    this.#tier.endLookUp(begun)
    return value
  }

  /**
   * Stores a value as the most recently used one, with a full time to live. What is set again is replaced and evicts
   * nothing.
   */
  set(key: string, value: T): void {
    checkString('key', key)
    const bytes = sizeOfString(key) + sizeOf(value)
    const found = this.#index.find(key)
    if (found === undefined) this.#tier.admit(this.#index, '', key, value, bytes)
    else this.#tier.renew(found, value, bytes)
  }

  /** Whether a live value is under `key`. Changes neither statistics nor recency. */
  has(key: string): boolean {
    checkString('key', key)
    return this.#tier.has(this.#index.find(key))
  }

  /** Removes the value under `key`; whether there was a live one. */
  delete(key: string): boolean {
    checkString('key', key)
    const found = this.#index.find(key)
    if (found === undefined) return false
    const live = this.#tier.has(found)
    this.#tier.remove(found)
    return live
  }

  /** Removes every entry and resets the statistics. */
  clear(): void {
    this.#tier.clear()
    this.#index.clear()
  }

  /** The keys of the live entries, least recently used first. */
  keys(): string[] {
    return this.#tier.keys()
  }

  /** What the cache has done since it was made or last cleared, and what it holds now. */
  getStats(): CacheStats {
    return this.#tier.stats()
  }

  /** Removes the expired entries, which otherwise leave when they are looked up or room is needed. Returns how many. */
  removeExpired(): number {
    return this.#tier.removeExpired()
  }
}
