import { checkString } from '../arguments.ts'
import { MiB } from '../units.ts'
import { sizeOf, sizeOfString } from '../values/size-of.ts'
import type { CacheOptions, CacheStats } from './cache-stats.ts'
import { matcherOf, parametersAsJson } from './query-pattern.ts'
import { RequestCache } from './request-cache.ts'

const DEFAULTS = { maxSize: 200, ttl: 300_000, maxMemory: 50 * MiB }

interface StoredResult {
  readonly result: unknown
  /** As they were when the result was stored. */
  readonly paramsJson: string
}

/**
 * Keeps the results of database queries under the query's text or name and its parameters.
 *
 * Parameters are compared by content, whatever the order of their properties; none at all is not the same as `{}`. A
 * result comes back as the same reference that was stored.
 *
 * @example
 * const cache = new QueryCache({ ttl: 60_000 })
 * cache.set('student-metrics', { studentId: '123' }, { gpa: 3.4 })
 * cache.get('student-metrics', { studentId: '123' }) // { gpa: 3.4 }
 * cache.invalidate('student-metrics') // 1
 */
export class QueryCache {
  readonly #requests: RequestCache<StoredResult>

  /**
   * @param options `maxSize` defaults to 200 entries, `ttl` to 5 minutes, `maxMemory` to 50 MiB.
   * @throws TypeError or RangeError for an option of the wrong type or without sense.
   */
  constructor(options?: CacheOptions) {
    this.#requests = new RequestCache(options, DEFAULTS)
  }

  /**
   * The live result, which becomes the most recently used. Counts as a hit or a miss.
   *
   * @throws TypeError where `params` holds what no key can be made of: a function, a symbol, a cycle.
   */
  get<T = any>(query: string, params?: any): T | undefined {
    checkString('query', query)
    const begun = this.#requests.beginLookUp()
    const stored = this.#requests.get(query, params, 'params')
    this.#requests.endLookUp(begun)
    return stored?.result as T | undefined
  }

  /**
   * Stores a result with a full time to live.
   *
   * @throws TypeError as {@link get} does.
   */
  set(query: string, params: any | undefined, result: any): void {
    checkString('query', query)
    const paramsJson = parametersAsJson(params)
    const bytes = sizeOf(result) + sizeOfString(paramsJson)
    this.#requests.set(query, params, 'params', { result, paramsJson }, bytes)
  }

  /**
   * Whether there is a live result. Changes neither statistics nor recency.
   *
   * @throws TypeError as {@link get} does.
   */
  has(query: string, params?: any): boolean {
    checkString('query', query)
    return this.#requests.has(query, params, 'params')
  }

  /**
   * Removes every entry whose query text matches, or whose query text directly followed by its parameters as JSON does:
   * `student-metrics{"studentId":"123"}`. JSON as `JSON.stringify` wrote it when the result was stored, a bigint as the
   * string of its digits.
   *
   * A string matches where it occurs literally or, if it is a valid regular expression, where that matches: removing too
   * much is safe, a stale result is not. Sticky and global expressions match like any other, and their `lastIndex` is
   * left alone. The statistics stay as they are.
   *
   * @returns how many entries were removed.
   * @throws TypeError where `pattern` is neither a string nor a regular expression.
   */
  invalidate(pattern: RegExp | string): number {
    const matches = matcherOf(pattern)
    return this.#requests.invalidate(
      matches,
      (query, { paramsJson }) => paramsJson !== '' && matches(query + paramsJson),
    )
  }

  /** Removes every result and resets the statistics. */
  clear(): void {
    this.#requests.clear()
  }

  /** What the cache has done since it was made or last cleared, and what it holds now. */
  getStats(): CacheStats {
    return this.#requests.stats()
  }

  /** Removes the expired entries, which otherwise leave when they are looked up or room is needed. Returns how many. */
  removeExpired(): number {
    return this.#requests.removeExpired()
  }
}
