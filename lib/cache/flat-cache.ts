// What the LRU and the embedding cache share: entries under a string.

import { CacheEngine, type CacheKind } from './cache-engine.ts'
import type { CacheOptions } from './cache-stats.ts'
import { type Entry, FlatIndex, type Index } from './entry.ts'
import { Place } from './place.ts'
import { TwoLevelIndex } from './two-level-index.ts'

/** The canonical encoding of the whole request; `group` is empty for those that belong to none. */
export type EncodeFlat = (key: string, sample: number, group: string) => string

export class FlatCache extends CacheEngine {
  readonly #index: FlatIndex<unknown>
  /** By group, of the answers after the first and of what is in a group; their keys begin with the number of the answer. */
  readonly #others: TwoLevelIndex<unknown>
  readonly #encode: EncodeFlat

  constructor(options: CacheOptions | undefined, kind: CacheKind, encode: EncodeFlat) {
    const others = new TwoLevelIndex<unknown>()
    super(options, kind, [others])
    this.#index = new FlatIndex()
    this.#others = others
    this.#encode = encode
  }

  get(key: string, sample: number, group = ''): unknown {
    const entry = this.tier.live(this.#find(key, sample, group))
    if (entry !== undefined) return this.give(this.tier.hit(entry))
    if (!this.isShallow) return this.readDeeper(this.place(key, sample, group))
    this.tier.countMiss()
    return undefined
  }

  has(key: string, sample: number, group = ''): boolean {
    if (this.tier.has(this.#find(key, sample, group))) return true
    return this.store !== undefined && this.hasAnswer(this.place(key, sample, group))
  }

  place(key: string, sample: number, group = ''): Place {
    return sample === 0 && group === ''
      ? new Place(this, this.#index, '', key)
      : new Place(this, this.#others, group, `${sample}:${key}`)
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
    for (const entry of this.#index.values()) yield { entry, request: this.requestOf(this.#index, '', entry.key) }
    for (const { name, entries } of this.#others.buckets()) {
      for (const entry of entries.values()) yield { entry, request: this.requestOf(this.#others, name, entry.key) }
    }
  }

  requestOf(index: Index<unknown>, group: string, key: string): string {
    if (index === this.#index) return this.#encode(key, 0, '')
    const end = key.indexOf(':')
    return this.#encode(key.slice(end + 1), Number(key.slice(0, end)), group)
  }

  protected clearIndex(): void {
    this.#index.clear()
    this.#others.clear()
  }

  #find(key: string, sample: number, group: string): Entry<unknown> | undefined {
    return sample === 0 && group === '' ? this.#index.find(key) : this.#others.entry(group, `${sample}:${key}`)
  }
}
