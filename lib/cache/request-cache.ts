// What the response and the query cache share: entries under an outer string and any inner value.

import { encodeKey } from '../key/encode.ts'
import { encodeText } from '../key/text.ts'
import { CacheEngine, type CacheKind } from './cache-engine.ts'
import type { CacheOptions } from './cache-stats.ts'
import type { Entry, Index } from './entry.ts'
import { Place } from './place.ts'
import { type Bucket, TwoLevelIndex } from './two-level-index.ts'

/** What one kind of cache does with its requests. */
export interface RequestKind extends CacheKind {
  /** What errors call the inner value. */
  readonly inner: string
  /** The canonical encoding of a whole request, of its outer string and the encoding of its inner value. */
  encode(outer: string, inner: string, sample: number): string
  /** What entries can be invalidated by, besides their outer strings; if it is left out, they cannot. */
  labelOf?(inner: unknown): string
}

/** Whether entries are to be removed that have this outer string and label. */
type Matches = (outer: string, label: string) => boolean

export class RequestCache extends CacheEngine {
  /** A string is its own key, neither copied nor encoded; what is encoded has an index of its own, so no two collide. */
  readonly #texts: TwoLevelIndex<unknown>
  readonly #encodings: TwoLevelIndex<unknown>
  readonly #kind: RequestKind

  constructor(options: CacheOptions | undefined, kind: RequestKind) {
    const texts = new TwoLevelIndex<unknown>()
    const encodings = new TwoLevelIndex<unknown>()
    super(options, kind, [texts, encodings])
    this.#texts = texts
    this.#encodings = encodings
    this.#kind = kind
  }

  get(outer: string, inner: unknown, sample: number): unknown {
    const isText = typeof inner === 'string' && sample === 0
    const index = isText ? this.#texts : this.#encodings
    const key = isText ? inner : keyOf(encodeKey(inner, this.#kind.inner), sample)
    const entry = this.tier.live(index.entry(outer, key))
    if (entry !== undefined) return this.give(this.tier.hit(entry))
    if (!this.isShallow) return this.readDeeper(this.place(outer, inner, sample))
    this.tier.countMiss()
    return undefined
  }

  has(outer: string, inner: unknown, sample: number): boolean {
    return this.hasAnswer(this.place(outer, inner, sample))
  }

  place(outer: string, inner: unknown, sample: number): Place {
    const { labelOf } = this.#kind
    const label = labelOf && (() => labelOf(inner))
    return typeof inner === 'string' && sample === 0
      ? new Place(this, this.#texts, outer, inner, label)
      : new Place(this, this.#encodings, outer, keyOf(encodeKey(inner, this.#kind.inner), sample), label)
  }

  /** Removes what `matches` says, asked once for each outer string and then for the labels of the entries it denies. */
  invalidate(matches: Matches): number {
    const doomed: Entry<unknown>[] = []
    let stored = 0
    for (const [index, { name, entries }] of this.#buckets()) {
      const all = matches(name, '')
      for (const entry of entries.values()) {
        if (!all && !isLabelled(entry, name, matches)) continue
        doomed.push(entry)
        if (this.rules.writes && this.store?.has(this.requestOf(index, name, entry.key))) stored++
      }
    }
    this.flights.supersedeAll((place) => matches(place.home, '') || isLabelled(place, place.home, matches))
    this.tier.removeMany(doomed)
    return doomed.length - stored + this.#invalidateStored(matches)
  }

  *held(): IterableIterator<{ entry: Entry<unknown>; request: string }> {
    for (const [index, { name, entries }] of this.#buckets()) {
      for (const entry of entries.values()) yield { entry, request: this.requestOf(index, name, entry.key) }
    }
  }

  requestOf(index: Index<unknown>, outer: string, key: string): string {
    if (index === this.#texts) return this.#kind.encode(outer, encodeText(key), 0)
    const [prefix = '', sample = 0] = SAMPLE.exec(key) ?? []
    return this.#kind.encode(outer, key.slice(prefix.length), Number(sample))
  }

  protected clearIndex(): void {
    this.#texts.clear()
    this.#encodings.clear()
  }

  protected override labelInStore(place: Place): string | null {
    return this.#kind.labelOf === undefined ? null : `${place.home}\0${place.label}`
  }

  #invalidateStored(matches: Matches): number {
    if (this.store === undefined || !this.rules.writes) return 0
    return this.store.deleteLabelled((text) => {
      const end = text.lastIndexOf('\0')
      const [outer, label] = [text.slice(0, end), text.slice(end + 1)]
      return matches(outer, '') || (label !== '' && matches(outer, label))
    })
  }

  *#buckets(): IterableIterator<[TwoLevelIndex<unknown>, Bucket<unknown>]> {
    for (const index of [this.#texts, this.#encodings]) for (const bucket of index.buckets()) yield [index, bucket]
  }
}

/** No encoding begins like this. */
const SAMPLE = /^#(\d+):/

function keyOf(inner: string, sample: number): string {
  return sample === 0 ? inner : `#${sample}:${inner}`
}

function isLabelled({ label }: { label: string }, outer: string, matches: Matches): boolean {
  return label !== '' && matches(outer, label)
}
