import { KeyRecognizer } from '../key/recognizer.ts'
import { MiB } from '../units.ts'
import { sizeOf } from '../values/size-of.ts'
import type { CacheOptions, CacheStats } from './cache-stats.ts'
import { RequestCache } from './request-cache.ts'

const DEFAULTS = { maxSize: 500, ttl: 7_200_000, maxMemory: 100 * MiB }

/**
 * Keeps the responses of models under the input they answered and the configuration they ran with.
 *
 * Input and configuration are compared by content, whatever the order of their properties: plain data, dates, Maps,
 * Sets, typed arrays and bigints are told apart as JavaScript tells them apart. A response comes back as the same
 * reference that was stored: who changes it, changes it for the next caller too.
 *
 * @example
 * const cache = new ResponseCache({ maxSize: 1_000 })
 * const config = { provider: 'openai', model: 'gpt-4' }
 * cache.set('Who may transfer?', config, { text: 'Anyone in good standing.' })
 * cache.get('Who may transfer?', { model: 'gpt-4', provider: 'openai' }) // { text: 'Anyone in good standing.' }, the same object
 */
export class ResponseCache {
  readonly #requests: RequestCache<unknown>
  readonly #configs = new KeyRecognizer()

  /**
   * @param options `maxSize` defaults to 500 entries, `ttl` to 2 hours, `maxMemory` to 100 MiB.
   * @throws TypeError or RangeError for an option of the wrong type or without sense.
   */
  constructor(options?: CacheOptions) {
    this.#requests = new RequestCache(options, DEFAULTS)
  }

  /**
   * The live response, which becomes the most recently used. Counts as a hit or a miss.
   *
   * @throws TypeError where `input` or `modelConfig` holds what no key can be made of: a function, a symbol, a cycle.
   */
  get<T = any>(input: any, modelConfig: any): T | undefined {
    const begun = this.#requests.beginLookUp()
    const response = this.#requests.get(this.#encodeConfig(modelConfig), input, 'input')
    this.#requests.endLookUp(begun)
    return response as T | undefined
  }

  /**
   * Stores a response with a full time to live.
   *
   * @throws TypeError as {@link get} does.
   */
  set(input: any, modelConfig: any, response: any): void {
    this.#requests.set(this.#encodeConfig(modelConfig), input, 'input', response, sizeOf(response))
  }

  /**
   * Whether there is a live response. Changes neither statistics nor recency.
   *
   * @throws TypeError as {@link get} does.
   */
  has(input: any, modelConfig: any): boolean {
    return this.#requests.has(this.#encodeConfig(modelConfig), input, 'input')
  }

  /** Removes every response and resets the statistics. */
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

  #encodeConfig(modelConfig: unknown): string {
    return this.#configs.encode(modelConfig, 'modelConfig')
  }
}
