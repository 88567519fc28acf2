import { types } from 'node:util'
import { checkString, wrongType } from '../arguments.ts'
import { MiB } from '../units.ts'
import { sizeOfNumbers, sizeOfString } from '../values/size-of.ts'
import type { CacheOptions, CacheStats } from './cache-stats.ts'
import { FlatIndex } from './entry.ts'
import { HotTier } from './hot-tier.ts'

const DEFAULTS = { maxSize: 1_000, ttl: 86_400_000, maxMemory: 200 * MiB }

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
export class EmbeddingCache {
  readonly #index = new FlatIndex<number[]>()
  readonly #tier: HotTier<number[]>

  /**
   * @param options `maxSize` defaults to 1,000 entries, `ttl` to 24 hours, `maxMemory` to 200 MiB.
   * @throws TypeError or RangeError for an option of the wrong type or without sense.
   */
  constructor(options?: CacheOptions) {
    this.#tier = new HotTier(options, DEFAULTS)
  }

  /** The embedding of `text`, which becomes the most recently used. Counts as a hit or a miss. */
  get(text: string): number[] | undefined {
    checkString('text', text)
    return this.#lookUp(text)
  }

  /**
   * Stores an embedding with a full time to live.
   *
   * @throws TypeError where `embedding` is not an Array of numbers, naming the first item that is none.
   */
  set(text: string, embedding: number[]): void {
    checkString('text', text)
    checkEmbedding('embedding', embedding)
    const bytes = sizeOfEntry(text, embedding)
    const found = this.#index.find(text)
    if (found === undefined) this.#tier.admit(this.#index, '', text, embedding, bytes)
    else this.#tier.renew(found, embedding, bytes)
  }

  /** Whether there is a live embedding of `text`. Changes neither statistics nor recency. */
  has(text: string): boolean {
    checkString('text', text)
    return this.#tier.has(this.#index.find(text))
  }

  /** Looks up each distinct text once: an entry for each, in the order they first occur in, `undefined` for a miss. */
  batchGet(texts: string[]): Map<string, number[] | undefined> {
    if (!Array.isArray(texts)) throw wrongType('texts', 'an array of strings', texts)
    for (let index = 0; index < texts.length; index++) checkString(`texts[${index}]`, texts[index])
    const found = new Map<string, number[] | undefined>()
    for (const text of texts) {
      if (!found.has(text)) found.set(text, this.#lookUp(text))
    }
    return found
  }

  /**
   * Stores embeddings in the order of the Map, as one `set` after another would, but all of them or none.
   *
   * @throws TypeError before anything is stored, naming what is not an Array of numbers.
   */
  batchSet(embeddings: Map<string, number[]>): void {
    if (!types.isMap(embeddings)) throw wrongType('embeddings', 'a Map of strings to arrays of numbers', embeddings)
    // A subclass may show other entries at each look.
    const entries = new Map(embeddings)
    const bytes = new Float64Array(entries.size)
    let count = 0
    for (const [text, embedding] of entries) {
      checkString('embeddings.keys()', text)
      checkEmbedding(`embeddings.get(${JSON.stringify(text)})`, embedding)
      bytes[count++] = sizeOfEntry(text, embedding)
    }
    this.#tier.storeMany(this.#index, entries, bytes)
  }

  /** Removes every embedding and resets the statistics. */
  clear(): void {
    this.#tier.clear()
    this.#index.clear()
  }

  /** What the cache has done since it was made or last cleared, and what it holds now. */
  getStats(): CacheStats {
    return this.#tier.stats()
  }

  /** Removes the expired entries, which otherwise leave when they are looked up or room is needed. Returns how many. */
  removeExpired(): number {
    return this.#tier.removeExpired()
  }

  #lookUp(text: string): number[] | undefined {
    const begun = this.#tier.beginLookUp()
    const embedding = this.#tier.read(this.#index.find(text))
    this.#tier.endLookUp(begun)
    return embedding
  }
}

function checkEmbedding(name: string, value: unknown): asserts value is number[] {
  if (!Array.isArray(value)) throw wrongType(name, 'an array of numbers', value)
  for (let index = 0; index < value.length; index++) {
    if (typeof value[index] !== 'number') throw wrongType(`${name}[${index}]`, 'a number', value[index])
  }
}

/** No walk: each number lives in the field that holds it. */
function sizeOfEntry(text: string, embedding: number[]): number {
  return sizeOfString(text) + sizeOfNumbers(embedding.length)
}
