import { types } from 'node:util'
import { checkFunction, checkOptions, checkString, integerOption, outOfRange, wrongType } from '../arguments.ts'
import { PerformanceError } from '../errors.ts'
import { encodeText } from '../key/text.ts'
import { MiB } from '../units.ts'
import { decodeVector } from '../values/codec/decode.ts'
import { encodeVector } from '../values/codec/encode.ts'
import { sizeOfNumbers, sizeOfString } from '../values/size-of.ts'
import { BaseCache } from './base-cache.ts'
import type { CacheKind } from './cache-engine.ts'
import type { CacheOptions } from './cache-stats.ts'
import { explain } from './explain.ts'
import type { Explanation } from './explanation.ts'
import { FlatCache } from './flat-cache.ts'
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

const KIND: CacheKind = {
  maxSize: 1_000,
  ttl: 86_400_000,
  maxMemory: 200 * MiB,
  value: 'embedding',
  values: 'embeddings',
  holdsAnswers: false,
  sizeOf: sizeOfEmbedding,
  codec: { encode: encodeVector, decode: decodeEmbedding },
}

/** What bounds an embedding cache, and which embeddings it keeps. */
export interface EmbeddingCacheOptions extends CacheOptions {
  /**
   * The model that makes the embeddings: those of two models never meet, though they share a store. Where one cache is for
   * several, each call names its own.
   */
  model?: string
  /** How many numbers each embedding has: an integer ≥ 1. One of another length is refused. Default: any. */
  dimensions?: number
}

/** Which model's embeddings are meant. */
export interface EmbeddingModelOptions {
  /** The model that makes them. Default: that of the cache. */
  model?: string
}

/**
 * Keeps embeddings under the texts they were made of: the least recently used one makes room for a new one.
 *
 * An embedding comes back as the same Array that was stored. A typed array is refused, since code that was given an
 * Array once would be given something else from the cache: store `Array.from(vector)`.
 *
 * @example
 * const cache = new EmbeddingCache()
 * cache.batchSet(new Map([['eligibility', [0.25, -0.5]], ['transfer', [0.125, 1]]]))
 * cache.batchGet(['transfer', 'visa']) // new Map([['transfer', [0.125, 1]], ['visa', undefined]])
 */
export class EmbeddingCache extends BaseCache {
  readonly #texts: FlatCache
  readonly #dimensions: number | undefined
  /** What stands for the cache's own model in a key. */
  readonly #model: string

  /**
   * @param options `maxSize` defaults to 1,000 entries, `ttl` to 24 hours, `maxMemory` to 200 MiB.
   * @throws TypeError or RangeError for an option of the wrong type or without sense.
   */
  constructor(options?: EmbeddingCacheOptions) {
    checkOptions('options', options)
    const { model, dimensions } = options ?? {}
    if (model !== undefined) checkString('model', model)
    if (dimensions !== undefined) integerOption('dimensions', dimensions, 1)
    const space = dimensions === undefined ? '' : `s10:dimensionsd${dimensions};`
    const own = model === undefined ? '' : encodeModel(model)
    const texts = new FlatCache(
      options,
      KIND,
      (text, sample, other) => `{${space}${other || own}${encodeSample(sample)}s4:text${encodeText(text)}}`,
    )
    super(texts)
    this.#texts = texts
    this.#model = own
    this.#dimensions = dimensions
  }

  /** The embedding of `text`, which becomes the most recently used. Counts as a hit or a miss. */
  get(text: string, options?: SampleOptions & EmbeddingModelOptions): number[] | undefined {
    checkString('text', text)
    return this.#lookUp(text, sampleOf(options), this.#otherModel(options))
  }

  /**
   * Stores an embedding with a full time to live.
   *
   * @throws TypeError where `embedding` is not an Array of numbers, naming the first item that is none.
   * @throws RangeError where it has not as many numbers as the cache's `dimensions`.
   */
  set(text: string, embedding: number[], options?: SetOptions & EmbeddingModelOptions): void {
    checkString('text', text)
    checkEntryOptions(options)
    this.#check('embedding', embedding)
    this.#texts.set(this.#place(text, sampleOf(options), this.#otherModel(options)), embedding, options)
  }

  /**
   * The embedding of `text`, or what `fn` gives, which is stored. However many ask for it at once, `fn` is called once,
   * and all get its embedding or the error it failed with.
   *
   * @param fn is given a signal, which aborts when nobody waits for its embedding any more. It must not ask for the
   *   same itself, which it would wait for without end.
   * @throws PerformanceError `ERR_REENTRANT` where it does so before it returns.
   * @throws TypeError or RangeError as {@link set} does, where `fn` does not give an embedding.
   */
  async getOrSet(
    text: string,
    fn: (signal: AbortSignal) => number[] | PromiseLike<number[]>,
    options?: GetOrSetOptions<number[]> & EmbeddingModelOptions,
  ): Promise<number[]> {
    checkString('text', text)
    checkFunction('fn', fn)
    checkFetchOptions(options)
    const sample = sampleOf(options)
    const model = this.#otherModel(options)
    const fetch = async (signal: AbortSignal) => this.#check('fn()', await fn(signal))
    return getOrSet(this.#texts, () => this.#place(text, sample, model), fetch, options) as Promise<number[]>
  }

  /**
   * The embeddings of all texts, in their order. Those that are not there are asked of `fn` together, each distinct text
   * once, and stored: all of them, or none where `fn` fails. A text that another call is fetching already is waited for.
   *
   * @param fn is given the missing texts in the order they first occur in, and gives an embedding for each; its signal
   *   aborts when nobody waits for them any more. It must not ask for them itself, as with {@link getOrSet}.
   * @throws PerformanceError `ERR_RESULT_COUNT` where `fn` gives fewer or more embeddings than it was given texts.
   * @throws TypeError or RangeError as {@link set} does, where one of them is no embedding.
   * @example
   * const cache = new EmbeddingCache({ model: 'text-embedding-3-small', dimensions: 2 })
   * cache.set('transfer', [0.125, 1])
   * const asked: string[] = []
   * const embed = async (texts: string[]) => {
   *   asked.push(...texts)
   *   return texts.map((text) => [text.length, 0.5])
   * }
   * await cache.getOrSetMany(['visa', 'transfer', 'visa'], embed) // [[4, 0.5], [0.125, 1], [4, 0.5]]
   * asked // ['visa']
   */
  async getOrSetMany(
    texts: string[],
    fn: (missing: string[], signal: AbortSignal) => number[][] | PromiseLike<number[][]>,
    options?: GetOrSetManyOptions<number[]> & EmbeddingModelOptions,
  ): Promise<number[][]> {
    checkTexts(texts)
    checkFunction('fn', fn)
    checkManyOptions(options)
    const sample = sampleOf(options)
    const model = this.#otherModel(options)
    const distinct = [...new Set(texts)]
    const places = distinct.map((text) => this.#place(text, sample, model))
    const textOf = new Map(distinct.map((text, index) => [places[index], text]))
    const embeddings = await getOrSetMany(
      this.#texts,
      places,
      async (missing, signal) => {
        const asked = missing.map((place) => textOf.get(place) as string)
        return this.#checkAll(asked.length, await fn(asked, signal))
      },
      options,
    )
    const found = new Map(distinct.map((text, index) => [text, embeddings[index] as number[]]))
    return texts.map((text) => found.get(text) as number[])
  }

  /** Whether there is a live embedding of `text`. Changes neither statistics nor recency. */
  has(text: string, options?: SampleOptions & EmbeddingModelOptions): boolean {
    checkString('text', text)
    return this.#texts.has(text, sampleOf(options), this.#otherModel(options))
  }

  /** Removes the embedding of `text`; whether there was a live one. */
  delete(text: string, options?: SampleOptions & EmbeddingModelOptions): boolean {
    checkString('text', text)
    return this.#texts.delete(this.#place(text, sampleOf(options), this.#otherModel(options)))
  }

  /** Looks up each distinct text once: an entry for each, in the order they first occur in, `undefined` for a miss. */
  batchGet(texts: string[]): Map<string, number[] | undefined> {
    checkTexts(texts)
    const found = new Map<string, number[] | undefined>()
    for (const text of texts) {
      if (!found.has(text)) found.set(text, this.#lookUp(text, 0, ''))
    }
    return found
  }

  /**
   * Stores embeddings in the order of the Map, as one `set` after another would, but all of them or none.
   *
   * @throws TypeError or RangeError before anything is stored, naming what is not an embedding.
   */
  batchSet(embeddings: Map<string, number[]>): void {
    if (!types.isMap(embeddings)) throw wrongType('embeddings', 'a Map of strings to arrays of numbers', embeddings)
    // A subclass may show other entries at each look.
    const entries = new Map(embeddings)
    const bytes = new Float64Array(entries.size)
    let count = 0
    for (const [text, embedding] of entries) {
      checkString('embeddings.keys()', text)
      this.#check(`embeddings.get(${JSON.stringify(text)})`, embedding)
      bytes[count++] = sizeOfString(text) + sizeOfEmbedding(embedding)
    }
    this.#texts.setMany(entries, bytes)
  }

  /**
   * Why there is a live embedding of `text` or none: with the nearest text that is stored. Changes neither statistics nor
   * recency.
   */
  explain(text: string, options?: SampleOptions & EmbeddingModelOptions): Explanation {
    checkString('text', text)
    return explain(this.#texts, this.#place(text, sampleOf(options), this.#otherModel(options)))
  }

  /** What stands for the model in a key, if it is another than the cache's own. */
  #otherModel(options: EmbeddingModelOptions | undefined): string {
    const model = options?.model
    if (model === undefined) return ''
    checkString('model', model)
    const encoded = encodeModel(model)
    return encoded === this.#model ? '' : encoded
  }

  #place(text: string, sample: number, model: string): Place {
    return this.#texts.locate(() => this.#texts.place(text, sample, model))
  }

  #lookUp(text: string, sample: number, model: string): number[] | undefined {
    const begun = this.#texts.beginLookUp()
    const embedding = this.#texts.get(text, sample, model)
    this.#texts.endLookUp(begun)
    return embedding as number[] | undefined
  }

  #check(name: string, value: unknown): number[] {
    if (!Array.isArray(value)) throw wrongType(name, 'an array of numbers', value)
    for (let index = 0; index < value.length; index++) {
      if (typeof value[index] !== 'number') throw wrongType(`${name}[${index}]`, 'a number', value[index])
    }
    const dimensions = this.#dimensions ?? value.length
    if (value.length !== dimensions) {
      throw outOfRange(`${name}.length`, `${dimensions}, the \`dimensions\` of this cache`, value.length)
    }
    return value
  }

  #checkAll(count: number, embeddings: unknown): number[][] {
    if (!Array.isArray(embeddings)) throw wrongType('fn()', 'an array of embeddings', embeddings)
    if (embeddings.length !== count) {
      const given = `${embeddings.length} embeddings for ${count} texts`
      throw new PerformanceError('ERR_RESULT_COUNT', `Expected one embedding for each text, got ${given}`)
    }
    return Array.from(embeddings, (embedding, index) => this.#check(`fn()[${index}]`, embedding))
  }
}

function encodeModel(model: string): string {
  return `s5:model${encodeText(model)}`
}

function checkTexts(texts: unknown): asserts texts is string[] {
  if (!Array.isArray(texts)) throw wrongType('texts', 'an array of strings', texts)
  for (let index = 0; index < texts.length; index++) checkString(`texts[${index}]`, texts[index])
}

/** No walk: each number lives in the field that holds it. */
function sizeOfEmbedding(embedding: number[]): number {
  return sizeOfNumbers(embedding.length)
}

/** Whatever else the store may hold under the name of an embedding is none. */
function decodeEmbedding(codec: number, encoded: string | Uint8Array): { value: number[] } | undefined {
  const value = typeof encoded === 'string' ? undefined : decodeVector(codec, encoded)
  return value && { value }
}
