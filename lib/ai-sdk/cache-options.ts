// What one call says of the cache, beside what it says to the provider.

import { booleanOption, checkObject, integerOption, outOfRange, positiveOption } from '../arguments.ts'
import type { Milliseconds } from '../index.ts'
import { OWN_NAME } from './sdk.ts'

/** What the cache does with one call. */
export type CacheCallOptions = {
  /** The number of the answer that is meant, as in `SampleOptions`: an integer ≥ 0. Default: that of the middleware. */
  sample?: number
  /** Time to live of the answer: a number > 0, `Infinity` for ever. Default: that of the middleware, or of its cache. */
  ttl?: Milliseconds
  /**
   * Whether the call goes past the cache: the model is asked, and its answer is not stored.
   *
   * @default false
   */
  skip?: boolean
}

const NAMES = ['sample', 'ttl', 'skip']

/**
 * The `providerOptions` that tell {@link cacheMiddleware} or {@link embeddingMiddleware} what to do with one call. They
 * are no part of the key, and no model sees them. Without this function they can be written out, under the name
 * `ai-evals-performance`.
 *
 * @throws TypeError or RangeError for an option of the wrong type, without sense or of another name.
 * @example
 * import { generateText, wrapLanguageModel } from 'ai'
 *
 * const model = wrapLanguageModel({ model: languageModel, middleware: cacheMiddleware() })
 * const prompt = 'Name a prime number.'
 * const answers = await Promise.all(
 *   [0, 1, 2].map((sample) => generateText({ model, prompt, providerOptions: cacheOptions({ sample }) })),
 * )
 * answers.length // 3, each an entry of its own
 */
export function cacheOptions(options: CacheCallOptions): { 'ai-evals-performance': CacheCallOptions } {
  return { [OWN_NAME]: checkedOptions('options', options) }
}

/** The options of a call, apart from those that are for the provider. */
export function splitOptions<T extends object>(providerOptions: T | undefined): { own: CacheCallOptions; rest?: T } {
  if (providerOptions === undefined || !Object.hasOwn(providerOptions, OWN_NAME)) {
    return { own: {}, rest: providerOptions }
  }
  const { [OWN_NAME]: own, ...rest } = providerOptions as Record<string, unknown>
  const options = own === undefined ? {} : checkedOptions(`providerOptions['${OWN_NAME}']`, own)
  return { own: options, rest: Object.keys(rest).length === 0 ? undefined : (rest as T) }
}

function checkedOptions(name: string, options: unknown): CacheCallOptions {
  checkObject(name, options)
  const unknown = Object.keys(options).find((key) => !NAMES.includes(key))
  if (unknown !== undefined) throw outOfRange(name, `an object with ${NAMES.join(', ')}`, unknown)
  const { sample, ttl, skip } = options as CacheCallOptions
  integerOption('sample', sample, 0, 0)
  positiveOption('ttl', ttl, 1)
  booleanOption('skip', skip, false)
  return options
}
