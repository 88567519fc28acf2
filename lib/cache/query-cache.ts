import { checkFunction, checkString } from '../arguments.ts'
import { encodeText } from '../key/text.ts'
import { MiB } from '../units.ts'
import { BaseCache } from './base-cache.ts'
import type { CacheOptions } from './cache-stats.ts'
import { explain } from './explain.ts'
import type { Explanation } from './explanation.ts'
import { getOrSet } from './get-or-set.ts'
import {
  checkEntryOptions,
  checkFetchOptions,
  type GetOrSetOptions,
  type SampleOptions,
  type SetOptions,
  sampleOf,
} from './options.ts'
import { encodeSample, type Place } from './place.ts'
import { matcherOf, parametersAsJson } from './query-pattern.ts'
import { RequestCache, type RequestKind } from './request-cache.ts'

const KIND: RequestKind = {
  maxSize: 200,
  ttl: 300_000,
  maxMemory: 50 * MiB,
  value: 'result',
  values: 'queries',
  holdsAnswers: false,
  inner: 'params',
  encode: encodeRequest,
  labelOf: parametersAsJson,
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
export class QueryCache extends BaseCache {
  readonly #requests: RequestCache

  /**
   * @param options `maxSize` defaults to 200 entries, `ttl` to 5 minutes, `maxMemory` to 50 MiB.
   * @throws TypeError or RangeError for an option of the wrong type or without sense.
   */
  constructor(options?: CacheOptions) {
    const requests = new RequestCache(options, KIND)
    super(requests)
    this.#requests = requests
  }

  /**
   * The live result, which becomes the most recently used. Counts as a hit or a miss.
   *
   * @throws TypeError where `params` holds what no key can be made of: a function, a symbol, a cycle.
   */
  get<T = any>(query: string, params?: any, options?: SampleOptions): T | undefined {
    checkString('query', query)
    const begun = this.#requests.beginLookUp()
    const result = this.#requests.get(query, params, sampleOf(options))
    this.#requests.endLookUp(begun)
    return result as T | undefined
  }

  /**
   * Stores a result with a full time to live.
   *
   * @throws TypeError as {@link get} does.
   */
  set(query: string, params: any | undefined, result: any, options?: SetOptions): void {
    checkString('query', query)
    checkEntryOptions(options)
    this.#requests.set(this.#place(query, params, options), result, options)
  }

  /**
   * The live result, or what `fn` gives, which is stored. However many ask for it at once, `fn` is called once, and all
   * get its result or the error it failed with.
   *
   * @param fn is given a signal, which aborts when nobody waits for its result any more. It must not ask for the
   *   same itself, which it would wait for without end.
   * @throws PerformanceError `ERR_REENTRANT` where it does so before it returns.
   */
  async getOrSet<T = any>(
    query: string,
    params: any | undefined,
    fn: (signal: AbortSignal) => T | PromiseLike<T>,
    options?: GetOrSetOptions<T>,
  ): Promise<T> {
    checkString('query', query)
    checkFunction('fn', fn)
    checkFetchOptions(options)
    // Awaited, because a promise that is only passed on takes two turns more.
    return (await getOrSet(this.#requests, () => this.#place(query, params, options), fn, options)) as T
  }

  /**
   * Whether there is a live result. Changes neither statistics nor recency.
   *
   * @throws TypeError as {@link get} does.
   */
  has(query: string, params?: any, options?: SampleOptions): boolean {
    checkString('query', query)
    return this.#requests.has(query, params, sampleOf(options))
  }

  /** Removes a result; whether there was a live one. */
  delete(query: string, params?: any, options?: SampleOptions): boolean {
    checkString('query', query)
    return this.#requests.delete(this.#place(query, params, options))
  }

  /**
   * Why there is a live result or none: what has expired, or the nearest query that is stored and the places in which it
   * differs. Changes neither statistics nor recency.
   *
   * @throws TypeError as {@link get} does.
   */
  explain(query: string, params?: any, options?: SampleOptions): Explanation {
    checkString('query', query)
    return explain(this.#requests, this.#place(query, params, options))
  }

  /**
   * Removes every entry whose query text matches, or whose query text directly followed by its parameters as JSON does:
   * `student-metrics{"studentId":"123"}`. JSON as `JSON.stringify` wrote it when the result was stored, a bigint as the
   * string of its digits.
   *
   * A string matches where it occurs literally or, if it is a valid regular expression, where that matches: removing too
   * much is safe, a stale result is not. Sticky and global expressions match like any other, and their `lastIndex` is
   * left alone. The statistics stay as they are. With a store, what matches leaves that too.
   *
   * @returns how many entries were removed.
   * @throws TypeError where `pattern` is neither a string nor a regular expression.
   */
  invalidate(pattern: RegExp | string): number {
    const matches = matcherOf(pattern)
    return this.#requests.invalidate((query, paramsJson) => matches(query + paramsJson))
  }

  #place(query: string, params: unknown, options: SampleOptions | undefined): Place {
    const sample = sampleOf(options)
    return this.#requests.locate(() => this.#requests.place(query, params, sample))
  }
}

/** No parameters are a property that is `undefined`, of which an encoding says nothing. */
function encodeRequest(query: string, params: string, sample: number): string {
  const named = params === 'u' ? '' : `s6:params${params}`
  return `{${named}s5:query${encodeText(query)}${encodeSample(sample)}}`
}
