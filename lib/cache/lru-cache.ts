import { checkFunction, checkString } from '../arguments.ts'
import { encodeText } from '../key/text.ts'
import { BaseCache } from './base-cache.ts'
import type { CacheKind } from './cache-engine.ts'
import type { CacheOptions } from './cache-stats.ts'
import { explain } from './explain.ts'
import type { Explanation } from './explanation.ts'
import { FlatCache } from './flat-cache.ts'
import { getOrSet } from './get-or-set.ts'
import { checkEntryOptions, checkFetchOptions, type EntryOptions, type FetchOptions } from './options.ts'
import type { Place } from './place.ts'

const KIND: CacheKind = {
  maxSize: 100,
  ttl: 3_600_000,
  maxMemory: Number.POSITIVE_INFINITY,
  value: 'value',
  values: 'lru',
  holdsAnswers: true,
}

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
export class LRUCache<T = any> extends BaseCache {
  readonly #entries: FlatCache

  /**
   * @param options `maxSize` defaults to 100 entries, `ttl` to 1 hour, `maxMemory` to no bound.
   * @throws TypeError or RangeError for an option of the wrong type or without sense.
   */
  constructor(options?: CacheOptions) {
    const entries = new FlatCache(options, KIND, (key) => `{s3:key${encodeText(key)}}`)
    super(entries)
    this.#entries = entries
  }

  /** The live value under `key`, which becomes the most recently used. Counts as a hit or a miss. */
  get(key: string): T | undefined {
    checkString('key', key)
    const begun = this.#entries.beginLookUp()
    const value = this.#entries.get(key, 0)
    this.#entries.endLookUp(begun)
    return value as T | undefined
  }

  /**
   * Stores a value as the most recently used one, with a full time to live. What is set again is replaced and evicts
   * nothing.
   */
  set(key: string, value: T, options?: EntryOptions): void {
    checkString('key', key)
    checkEntryOptions(options)
    this.#entries.set(this.#place(key), value, options)
  }

  /**
   * The live value under `key`, or what `fn` gives, which is stored. However many ask for it at once, `fn` is called
   * once, and all get its value or the error it failed with.
   *
   * @param fn is given a signal, which aborts when nobody waits for its answer any more. It must not ask for the
   *   same itself, which it would wait for without end.
   * @throws PerformanceError `ERR_REENTRANT` where it does so before it returns.
   */
  async getOrSet(key: string, fn: (signal: AbortSignal) => T | PromiseLike<T>, options?: FetchOptions<T>): Promise<T> {
    checkString('key', key)
    checkFunction('fn', fn)
    checkFetchOptions(options)
    return getOrSet(this.#entries, () => this.#place(key), fn, options) as Promise<T>
  }

  /** Whether a live value is under `key`. Changes neither statistics nor recency. */
  has(key: string): boolean {
    checkString('key', key)
    return this.#entries.has(key, 0)
  }

  /** Removes the value under `key`; whether there was a live one. */
  delete(key: string): boolean {
    checkString('key', key)
    return this.#entries.delete(this.#place(key))
  }

  /** Why `key` has a live value or none: with the nearest key that is stored. Changes neither statistics nor recency. */
  explain(key: string): Explanation {
    checkString('key', key)
    return explain(this.#entries, this.#place(key))
  }

  /** The keys of the live entries in memory, least recently used first. */
  keys(): string[] {
    return this.#entries.keys()
  }

  #place(key: string): Place {
    return this.#entries.locate(() => this.#entries.place(key, 0))
  }
}
