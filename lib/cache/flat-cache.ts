// What the LRU and the embedding cache share: entries under a string.

import { CacheEngine, type CacheKind } from './cache-engine.ts'
import type { CacheOptions } from './cache-stats.ts'
import { type Entry, FlatIndex, type Index } from './entry.ts'
import { Place } from './place.ts'

export class FlatCache extends CacheEngine {
  readonly #index: FlatIndex<unknown>
  /** Of the answers after the first, which are few; their keys begin with the number, so that no two collide. */
  readonly #samples: FlatIndex<unknown>
  readonly #encode: (key: string, sample: number) => string

  /** `encode` gives the canonical encoding of the whole request. */
  constructor(options: CacheOptions | undefined, kind: CacheKind, encode: (key: string, sample: number) => string) {
    super(options, kind, [])
    this.#index = new FlatIndex()
    this.#samples = new FlatIndex()
    this.#encode = encode
  }

  get(key: string, sample: number): unknown {
    const entry = this.tier.live(this.#find(key, sample))
    if (entry !== undefined) return this.give(this.tier.hit(entry))
    if (!this.isShallow) return this.readDeeper(this.place(key, sample))
    this.tier.countMiss()
    return undefined
  }

  has(key: string, sample: number): boolean {
    if (this.tier.has(this.#find(key, sample))) return true
    return this.store !== undefined && this.hasAnswer(this.place(key, sample))
  }

  place(key: string, sample: number): Place {
    return sample === 0
      ? new Place(this, this.#index, '', key, '')
      : new Place(this, this.#samples, '', `${sample}:${key}`, '')
  }

  /** Stores values, in their order, all under the first sample. `bytes` has the size of each entry. */
  setMany(values: ReadonlyMap<string, unknown>, bytes: Float64Array): void {
    if (this.isPlain) {
      for (const key of values.keys()) this.flights.supersede(this.place(key, 0))
      this.tier.storeMany(this.#index, values, bytes)
    } else {
      for (const [key, value] of values)
        this.set(
          this.locate(() => this.place(key, 0)),
          value,
          undefined,
        )
    }
  }

  /** The live ones, least recently used first. */
  keys(): string[] {
    return this.tier.keys()
  }

  *held(): IterableIterator<{ entry: Entry<unknown>; request: string }> {
    for (const index of [this.#index, this.#samples]) {
      for (const entry of index.values()) yield { entry, request: this.requestOf(index, '', entry.key) }
    }
  }

  requestOf(index: Index<unknown>, _home: string, key: string): string {
    if (index === this.#index) return this.#encode(key, 0)
    const end = key.indexOf(':')
    return this.#encode(key.slice(end + 1), Number(key.slice(0, end)))
  }

  protected clearIndex(): void {
    this.#index.clear()
    this.#samples.clear()
  }

  #find(key: string, sample: number): Entry<unknown> | undefined {
    return sample === 0 ? this.#index.find(key) : this.#samples.find(`${sample}:${key}`)
  }
}
