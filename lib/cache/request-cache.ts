// What the response and the query cache share: entries under an outer string and any inner value.

import { encodeKey } from '../key/encode.ts'
import { encodeText } from '../key/text.ts'
import { CacheEngine, type EngineDefaults } from './cache-engine.ts'
import type { CacheOptions } from './cache-stats.ts'
import type { Entry } from './entry.ts'
import { Place } from './place.ts'
import { TwoLevelIndex } from './two-level-index.ts'

/** Gives the canonical encoding of a whole request, of its outer string and the encoding of its inner value. */
type EncodeRequest = (outer: string, inner: string, sample: number) => string

export class RequestCache extends CacheEngine {
  /** A string is its own key, neither copied nor encoded; what is encoded has an index of its own, so no two collide. */
  readonly #texts: TwoLevelIndex<unknown>
  readonly #encodings: TwoLevelIndex<unknown>
  readonly #encode: EncodeRequest
  /** What errors call the inner value. */
  readonly #inner: string

  constructor(options: CacheOptions | undefined, defaults: EngineDefaults, inner: string, encode: EncodeRequest) {
    const texts = new TwoLevelIndex<unknown>()
    const encodings = new TwoLevelIndex<unknown>()
    super(options, defaults, [texts, encodings])
    this.#texts = texts
    this.#encodings = encodings
    this.#inner = inner
    this.#encode = encode
  }

  get(outer: string, inner: unknown, sample: number): unknown {
    const isText = typeof inner === 'string' && sample === 0
    const index = isText ? this.#texts : this.#encodings
    const key = isText ? inner : this.#keyOf(inner, sample)
    const entry = this.tier.live(index.entry(outer, key))
    if (entry !== undefined) return this.give(this.tier.hit(entry))
    if (!this.isShallow) return this.readDeeper(this.#place(index, outer, key, sample, ''))
    this.tier.countMiss()
    return undefined
  }

  has(outer: string, inner: unknown, sample: number): boolean {
    return this.isHeld(this.place(outer, inner, sample))
  }

  /** `label` is what a new entry can be invalidated by, besides its outer string. */
  place(outer: string, inner: unknown, sample: number, label = ''): Place {
    return typeof inner === 'string' && sample === 0
      ? this.#place(this.#texts, outer, inner, sample, label)
      : this.#place(this.#encodings, outer, this.#keyOf(inner, sample), sample, label)
  }

  /** Removes what `matches` says, asked once for each outer string and then for the labels of the entries it denies. */
  invalidate(matches: (outer: string, label: string) => boolean): number {
    const doomed: Entry<unknown>[] = []
    for (const index of [this.#texts, this.#encodings]) {
      for (const { name, entries } of index.buckets()) {
        const all = matches(name, '')
        for (const entry of entries.values()) if (all || isLabelled(entry, name, matches)) doomed.push(entry)
      }
    }
    this.flights.supersedeAll((place) => matches(place.home, '') || isLabelled(place, place.home, matches))
    this.tier.removeMany(doomed)
    return doomed.length
  }

  protected clearIndex(): void {
    this.#texts.clear()
    this.#encodings.clear()
  }

  #place(index: TwoLevelIndex<unknown>, outer: string, key: string, sample: number, label: string): Place {
    return new Place(index, outer, key, label, () => {
      const suffix = sampleSuffix(sample)
      const inner = index === this.#texts ? encodeText(key) : key.slice(0, key.length - suffix.length)
      return this.#encode(outer, inner, sample)
    })
  }

  /** No encoding is the beginning of another, so what follows one cannot be mistaken. */
  #keyOf(inner: unknown, sample: number): string {
    return encodeKey(inner, this.#inner) + sampleSuffix(sample)
  }
}

function sampleSuffix(sample: number): string {
  return sample === 0 ? '' : `#${sample}`
}

function isLabelled(labelled: { label: string }, outer: string, matches: (outer: string, label: string) => boolean) {
  return labelled.label !== '' && matches(outer, labelled.label)
}
