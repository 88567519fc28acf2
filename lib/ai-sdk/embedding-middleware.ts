import type { EmbeddingModelMiddleware } from 'ai'
import { checkOptions, checkString, integerOption, positiveOption, wrongType } from '../arguments.ts'
import { isAskedByCache, signalOfCache } from '../cache/nested.ts'
import { checkCost } from '../cache/usage.ts'
import { cacheManager, type EmbeddingCache, type Milliseconds } from '../index.ts'
import { encodeKey } from '../key/encode.ts'
import { ignoredHeadersOf, keyHeaders } from '../key/headers.ts'
import { splitOptions } from './cache-options.ts'
import { addressOf } from './request.ts'
import { type EmbeddingCall, type EmbeddingResult, OWN_NAME, SPECIFICATION } from './sdk.ts'

/** Where embeddings are kept, and which they are. */
export interface EmbeddingMiddlewareOptions {
  /**
   * Holds the embeddings, with its own bounds, store, mode and isolation; several models can share one. Default: the
   * `embeddingCache` of {@link cacheManager}, whichever that is at the time of a call.
   */
  cache?: EmbeddingCache
  /** As in {@link CacheMiddlewareOptions}. */
  name?: string
  /**
   * The number of the embedding that is meant, where a call does not say so itself ({@link cacheOptions}): an integer ≥ 0.
   *
   * @default 0
   */
  sample?: number
  /** Time to live of an embedding: a number > 0, `Infinity` for ever. Default: that of the cache. */
  ttl?: Milliseconds
  /** What one request cost, in whatever currency: a number ≥ 0, or a function that finds it in the model's result. */
  cost?: number | ((result: EmbeddingResult) => number | undefined)
  /** As in {@link CacheMiddlewareOptions}. */
  ignoreHeaders?: string[]
  /** How long to wait for another thread or process that asks for the same: a number > 0. Default: ten minutes. */
  maxWait?: Milliseconds
}

/**
 * A cache in front of an embedding model, for `wrapEmbeddingModel`: of the values that are embedded, together or one by
 * one, the model is asked only for those that it was never asked for, all of them at once and each once.
 *
 * An embedding is kept under its text, the provider, id and address of the model, and the `providerOptions`, dimensions
 * and headers of the call. `usage` is what the call really used, so 0 tokens where every value was there; then the result says
 * `{ cached: true }` under `providerMetadata['ai-evals-performance']`. The other metadata are those of the request that
 * was made, if there was one. `embedMany` splits its values as the model wants them, and each part is a call. A call of
 * several values whose `providerOptions` say something of each goes past the cache.
 *
 * @throws TypeError or RangeError for an option of the wrong type or without sense.
 * @example
 * import { embed, embedMany, wrapEmbeddingModel } from 'ai'
 *
 * const model = wrapEmbeddingModel({ model: embeddingModel, middleware: embeddingMiddleware() })
 * const { embedding } = await embed({ model, value: 'eligibility' })
 * const { embeddings, usage } = await embedMany({ model, values: ['transfer', 'eligibility'] })
 * embeddings[1]?.join() === embedding.join() // true, and the model was asked for 'transfer' only
 */
export function embeddingMiddleware(options?: EmbeddingMiddlewareOptions): EmbeddingModelMiddleware {
  checkOptions('options', options)
  const { cache, name, sample, ttl, cost, ignoreHeaders, maxWait } = options ?? {}
  if (cache !== undefined && typeof cache?.getOrSetMany !== 'function') {
    throw wrongType('cache', 'an EmbeddingCache', cache)
  }
  if (name !== undefined) checkString('name', name)
  integerOption('sample', sample, 0, 0)
  positiveOption('ttl', ttl, 1)
  positiveOption('maxWait', maxWait, 1)
  checkCost(cost, true)
  const settings = { name, sample, ttl, cost, maxWait, ignoredHeaders: ignoredHeadersOf(ignoreHeaders) }
  return {
    specificationVersion: SPECIFICATION,
    wrapEmbed: (call) => embed(call, cache ?? cacheManager.embeddingCache, settings),
  }
}

type Settings = Pick<EmbeddingMiddlewareOptions, 'name' | 'sample' | 'ttl' | 'cost' | 'maxWait'> & {
  ignoredHeaders: ReadonlySet<string>
}

async function embed(call: EmbeddingCall, cache: EmbeddingCache, settings: Settings): Promise<EmbeddingResult> {
  const { model } = call
  const { own, rest: providerOptions } = splitOptions(call.params.providerOptions)
  const params = { ...call.params, providerOptions }
  const { abortSignal } = params
  if (own.skip || isAskedByCache(abortSignal, cache) || (await isAboutSingleValues({ params, model }))) {
    return model.doEmbed(params)
  }
  /** Where others are fetching some of the values too, there can be several. */
  const asked: EmbeddingResult[] = []
  const embeddings = await cache.getOrSetMany(
    params.values,
    async (values, signal) => {
      const result = await model.doEmbed({ ...params, values, abortSignal: signalOfCache(signal, cache, abortSignal) })
      asked.push(result)
      return result.embeddings
    },
    {
      model: modelOf({ params, model }, settings),
      sample: own.sample ?? settings.sample,
      ttl: own.ttl ?? settings.ttl,
      maxWait: settings.maxWait,
      usage: () => ({ inputTokens: asked.at(-1)?.usage?.tokens }),
      cost: () => costOf(settings.cost, asked.at(-1)),
      signal: abortSignal,
    },
  )
  return resultOf(
    // The cache goes on using those that it gave.
    embeddings.map((embedding) => embedding.slice()),
    asked,
  )
}

/** Under this name a model has a function that cuts the options of a call to a part of its values. */
const CUT_OPTIONS = Symbol.for('vercel.ai.embeddingModel.providerOptionsTransformer')

/** Whether the options say something of single values by their places, where a part of the values would not find it. */
async function isAboutSingleValues({ params: { values, providerOptions }, model }: EmbeddingCall): Promise<boolean> {
  const cut = (model as { [CUT_OPTIONS]?: unknown })[CUT_OPTIONS]
  if (typeof cut !== 'function' || providerOptions === undefined || values.length < 2) return false
  const first = await cut.call(model, { providerOptions, values, startIndex: 0, endIndex: 1 })
  return encodeKey(first, 'providerOptions') !== encodeKey(providerOptions, 'providerOptions')
}

/** Everything that an embedding depends on besides its text. */
function modelOf({ params, model }: EmbeddingCall, { name, ignoredHeaders }: Settings): string {
  const { values: _, abortSignal: __, headers, ...settings } = params
  const address = name === undefined ? addressOf(model) : undefined
  const more = encodeKey({ ...settings, name, address, headers: keyHeaders(headers, ignoredHeaders) }, 'params')
  const identity = [model.provider, model.modelId]
  return JSON.stringify(more === '{}' ? identity : [...identity, more])
}

function costOf(cost: Settings['cost'], result: EmbeddingResult | undefined): number | undefined {
  return typeof cost === 'function' && result !== undefined ? cost(result) : (cost as number | undefined)
}

function resultOf(embeddings: number[][], asked: readonly EmbeddingResult[]): EmbeddingResult {
  if (asked.length === 0) {
    return { embeddings, usage: { tokens: 0 }, warnings: [], providerMetadata: { [OWN_NAME]: { cached: true } } }
  }
  const last = asked.at(-1) as EmbeddingResult
  const isCounted = asked.every(({ usage }) => usage !== undefined)
  return {
    ...last,
    embeddings,
    usage: isCounted ? { tokens: asked.reduce((sum, { usage }) => sum + (usage?.tokens ?? 0), 0) } : undefined,
    warnings: asked.flatMap(({ warnings }) => warnings ?? []),
  }
}
