import { checkFunction, wrongType } from '../arguments.ts'
import { PerformanceError } from '../errors.ts'
import { KeyRecognizer } from '../key/recognizer.ts'
import { MiB } from '../units.ts'
import { BaseCache } from './base-cache.ts'
import type { CacheOptions } from './cache-stats.ts'
import { explain } from './explain.ts'
import type { Explanation } from './explanation.ts'
import { getOrSet } from './get-or-set.ts'
import { getOrSetMany } from './get-or-set-many.ts'
import {
  checkEntryOptions,
  checkFetchOptions,
  checkManyOptions,
  type GetOrSetManyOptions,
  type GetOrSetOptions,
  type SampleOptions,
  type SetOptions,
  sampleOf,
} from './options.ts'
import { encodeSample, type Place } from './place.ts'
import { RequestCache, type RequestKind } from './request-cache.ts'

const KIND: RequestKind = {
  maxSize: 500,
  ttl: 7_200_000,
  maxMemory: 100 * MiB,
  value: 'response',
  values: 'responses',
  holdsAnswers: true,
  inner: 'input',
  encode: (config, input, sample) => `{s5:input${input}s11:modelConfig${config}${encodeSample(sample)}}`,
}

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
export class ResponseCache extends BaseCache {
  readonly #requests: RequestCache
  readonly #configs = new KeyRecognizer()

  /**
   * @param options `maxSize` defaults to 500 entries, `ttl` to 2 hours, `maxMemory` to 100 MiB.
   * @throws TypeError or RangeError for an option of the wrong type or without sense.
   */
  constructor(options?: CacheOptions) {
    const requests = new RequestCache(options, KIND)
    super(requests)
    this.#requests = requests
  }

  /**
   * The live response, which becomes the most recently used. Counts as a hit or a miss.
   *
   * @throws TypeError where `input` or `modelConfig` holds what no key can be made of: a function, a symbol, a cycle.
   */
  get<T = any>(input: any, modelConfig: any, options?: SampleOptions): T | undefined {
    const begun = this.#requests.beginLookUp()
    const response = this.#requests.get(this.#encodeConfig(modelConfig), input, sampleOf(options))
    this.#requests.endLookUp(begun)
    return response as T | undefined
  }

  /**
   * Stores a response with a full time to live.
   *
   * @throws TypeError as {@link get} does.
   */
  set(input: any, modelConfig: any, response: any, options?: SetOptions): void {
    checkEntryOptions(options)
    this.#requests.set(this.#place(input, modelConfig, options), response, options)
  }

  /**
   * The live response, or what `fn` gives, which is stored. However many ask for it at once, `fn` is called once, and
   * all get its answer or the error it failed with.
   *
   * @param fn is given a signal, which aborts when nobody waits for its answer any more. It must not ask for the
   *   same itself, which it would wait for without end.
   * @throws PerformanceError `ERR_REENTRANT` where it does so before it returns.
   */
  async getOrSet<T = any>(
    input: any,
    modelConfig: any,
    fn: (signal: AbortSignal) => T | PromiseLike<T>,
    options?: GetOrSetOptions<T>,
  ): Promise<T> {
    checkFunction('fn', fn)
    checkFetchOptions(options)
    // Awaited, because a promise that is only passed on takes two turns more.
    return (await getOrSet(this.#requests, () => this.#place(input, modelConfig, options), fn, options)) as T
  }

  /**
   * The responses to several inputs, in their order. Those that are not there are asked of `fn` together, each distinct
   * input once, and stored: all of them, or none where `fn` fails. An input that another call is fetching already is
   * waited for.
   *
   * @param fn is given the missing inputs in the order they first occur in, and gives a response for each; its signal
   *   aborts when nobody waits for them any more. It must not ask for them itself, as with {@link getOrSet}.
   * @throws PerformanceError `ERR_RESULT_COUNT` where `fn` gives fewer or more responses than it was given inputs.
   * @throws TypeError as {@link get} does.
   */
  async getOrSetMany<T = any, I = any>(
    inputs: I[],
    modelConfig: any,
    fn: (missing: I[], signal: AbortSignal) => T[] | PromiseLike<T[]>,
    options?: GetOrSetManyOptions,
  ): Promise<T[]> {
    if (!Array.isArray(inputs)) throw wrongType('inputs', 'an array', inputs)
    checkFunction('fn', fn)
    checkManyOptions(options)
    const places = inputs.map((input) => this.#place(input, modelConfig, options))
    const distinct = new Map<string, Place>()
    for (const place of places) if (!distinct.has(place.request)) distinct.set(place.request, place)
    const inputOf = new Map(places.map((place, index) => [place, inputs[index] as I]))
    const responses = await getOrSetMany(
      this.#requests,
      [...distinct.values()],
      async (missing, signal) => {
        const responses: unknown = await fn(
          missing.map((place) => inputOf.get(place) as I),
          signal,
        )
        return checkCount(missing.length, responses)
      },
      options,
    )
    const found = new Map([...distinct.keys()].map((request, index) => [request, responses[index] as T]))
    return places.map((place) => found.get(place.request) as T)
  }

  /**
   * Whether there is a live response. Changes neither statistics nor recency.
   *
   * @throws TypeError as {@link get} does.
   */
  has(input: any, modelConfig: any, options?: SampleOptions): boolean {
    return this.#requests.has(this.#encodeConfig(modelConfig), input, sampleOf(options))
  }

  /** Removes a response; whether there was a live one. */
  delete(input: any, modelConfig: any, options?: SampleOptions): boolean {
    return this.#requests.delete(this.#place(input, modelConfig, options))
  }

  /**
   * Why there is a live response or none: what has expired, or the nearest request that is stored and the places in which
   * it differs. Changes neither statistics nor recency.
   *
   * @throws TypeError as {@link get} does.
   */
  explain(input: any, modelConfig: any, options?: SampleOptions): Explanation {
    return explain(this.#requests, this.#place(input, modelConfig, options))
  }

  #place(input: unknown, modelConfig: unknown, options: SampleOptions | undefined): Place {
    const sample = sampleOf(options)
    return this.#requests.locate(() => this.#requests.place(this.#encodeConfig(modelConfig), input, sample))
  }

  #encodeConfig(modelConfig: unknown): string {
    return this.#configs.encode(modelConfig, 'modelConfig')
  }
}

function checkCount(count: number, responses: unknown): unknown[] {
  if (!Array.isArray(responses)) throw wrongType('fn()', 'an array of responses', responses)
  if (responses.length === count) return responses
  const given = `${responses.length} responses for ${count} inputs`
  throw new PerformanceError('ERR_RESULT_COUNT', `Expected one response for each input, got ${given}`)
}
