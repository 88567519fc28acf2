import type { LanguageModelMiddleware } from 'ai'
import {
  checkFunction,
  checkOptions,
  checkString,
  delayOption,
  integerOption,
  positiveOption,
  wrongType,
} from '../arguments.ts'
import { checkCost } from '../cache/usage.ts'
import { cacheManager, type GetOrSetOptions, type Milliseconds, type ResponseCache } from '../index.ts'
import { ignoredHeadersOf } from '../key/headers.ts'
import { generate } from './generate.ts'
import type { ReplayPace } from './replay.ts'
import type { KeyOptions } from './request.ts'
import { type LanguageModelResult, type LanguageModelStreamPart, SPECIFICATION } from './sdk.ts'
import { stream } from './stream.ts'

/** An answer as it is kept. */
export interface LanguageModelAnswer {
  /** How it ended. */
  finishReason: LanguageModelResult['finishReason']
  usage: LanguageModelResult['usage']
  providerMetadata?: LanguageModelResult['providerMetadata']
  /** What the model generated, where it was asked for all at once. */
  content?: LanguageModelResult['content']
  /** The parts of the stream, where it was asked for one. */
  parts?: LanguageModelStreamPart[]
}

/** Where answers are kept, which they are, and how they are given out again. */
export interface CacheMiddlewareOptions {
  /**
   * Holds the answers, with its own bounds, store, mode and isolation. Default: the `responseCache` of
   * {@link cacheManager}, whichever that is at the time of a call.
   */
  cache?: ResponseCache
  /**
   * Tells apart what cannot be seen from outside. A model is known by its provider, its id and, if its class shows it, the
   * address at which it is asked; where it is asked with another account or through other middleware, give each a name.
   * A name also stands instead of the address: models of one name share answers, whichever way they are reached.
   */
  name?: string
  /**
   * The number of the answer that is meant, where a call does not say so itself ({@link cacheOptions}): an integer ≥ 0.
   *
   * @default 0
   */
  sample?: number
  /** Time to live of an answer: a number > 0, `Infinity` for ever. Default: that of the cache. */
  ttl?: Milliseconds
  /** What an answer cost, in whatever currency: a number ≥ 0, or a function that finds it. Each hit saves it. */
  cost?: number | ((answer: LanguageModelAnswer) => number | undefined)
  /**
   * Whether an answer is kept; whoever waits for it gets it either way. Default: those that came to their end. Not kept
   * are answers that were refused or cut off, and streams with an error in them or without a reason for their end.
   */
  shouldStore?: (answer: LanguageModelAnswer) => boolean
  /**
   * Names of headers that change from call to call and change nothing about the answer. Credentials, cookies, and headers
   * that name, date or trace single requests are known as such. All other headers of a call are part of its key.
   */
  ignoreHeaders?: string[]
  /** How long to wait for another thread or process that asks for the same: a number > 0. Default: ten minutes. */
  maxWait?: Milliseconds
  /**
   * The wait before the first part of a stream that was kept, as in the SDK's `simulateReadableStream`: `null` is none.
   *
   * @default null
   */
  initialDelayInMs?: Milliseconds | null
  /**
   * The wait before each other part, as in the SDK's `simulateReadableStream`: `null` is none.
   *
   * @default null
   */
  chunkDelayInMs?: Milliseconds | null
}

/** The options with nothing left to check. */
export interface Settings {
  readonly cache: () => ResponseCache
  readonly key: KeyOptions
  readonly sample: number
  readonly fetch: GetOrSetOptions<LanguageModelAnswer>
  readonly pace: ReplayPace
}

/**
 * A cache in front of a language model, for `wrapLanguageModel`: what was asked before is answered from what is kept.
 *
 * The key is the whole call: prompt with images and files by their content, tools, output schema, every setting and
 * `providerOptions`, and the provider, id and address of the model. Texts that were generated and texts that were streamed
 * are kept apart. Equal calls at once are one request, in all threads and processes that share a store.
 *
 * A kept answer is what the model gave, with its usage, warnings and metadata, without the body of the request and the
 * body and headers of the response. It says `{ cached: true }` under `providerMetadata['ai-evals-performance']`. Each
 * caller has a copy of his own.
 *
 * A stream that nobody has kept is seen as it comes, also by those of this thread who ask for the same meanwhile, each from
 * its beginning, and kept when it ended well. It is read as fast as the model writes, whether anybody looks or not, and
 * cancelled when nobody is left who wants it.
 *
 * In a list of middleware, what stands before this sees kept answers too; what stands behind it, only the model's.
 *
 * @throws TypeError or RangeError for an option of the wrong type or without sense.
 * @example
 * import { generateText, wrapLanguageModel } from 'ai'
 *
 * const cache = new ResponseCache({ ttl: Infinity })
 * const model = wrapLanguageModel({ model: languageModel, middleware: cacheMiddleware({ cache }) })
 * const prompt = 'What is 6 × 7?'
 * const first = await generateText({ model, prompt, temperature: 0 })
 * const second = await generateText({ model, prompt, temperature: 0 })
 * second.text === first.text // true
 * second.providerMetadata?.['ai-evals-performance'] // { cached: true }
 */
export function cacheMiddleware(options?: CacheMiddlewareOptions): LanguageModelMiddleware {
  const settings = settingsOf(options)
  return {
    specificationVersion: SPECIFICATION,
    wrapGenerate: (call) => generate(settings, call),
    wrapStream: (call) => stream(settings, call),
  }
}

function settingsOf(options: CacheMiddlewareOptions | undefined): Settings {
  checkOptions('options', options)
  const { cache, name, sample, ttl, cost, shouldStore, ignoreHeaders, maxWait } = options ?? {}
  if (cache !== undefined && typeof cache?.getOrSet !== 'function') throw wrongType('cache', 'a ResponseCache', cache)
  if (name !== undefined) checkString('name', name)
  if (shouldStore !== undefined) checkFunction('shouldStore', shouldStore)
  positiveOption('ttl', ttl, 1)
  positiveOption('maxWait', maxWait, 1)
  checkCost(cost, true)
  return {
    cache: () => cache ?? cacheManager.responseCache,
    key: { name, ignoredHeaders: ignoredHeadersOf(ignoreHeaders) },
    sample: integerOption('sample', sample, 0, 0),
    fetch: { ttl, cost, shouldStore, maxWait },
    pace: {
      initialDelayInMs: paceOption('initialDelayInMs', options?.initialDelayInMs),
      chunkDelayInMs: paceOption('chunkDelayInMs', options?.chunkDelayInMs),
    },
  }
}

function paceOption(name: string, value: unknown): Milliseconds | null {
  return value === undefined || value === null ? null : delayOption(name, value, 0)
}
