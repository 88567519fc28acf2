// What the response and the query cache share: entries under an outer string and any inner value.

import { encodeKey } from '../key/encode.ts'
import { sizeOfString } from '../values/size-of.ts'
import type { CacheDefaults, CacheOptions, CacheStats } from './cache-stats.ts'
import type { Entry } from './entry.ts'
import { HotTier } from './hot-tier.ts'
import { TwoLevelIndex } from './two-level-index.ts'

export class RequestCache<V> {
  readonly #tier: HotTier<V>
  /** A string is its own key, neither copied nor encoded; what is encoded has an index of its own, so no two collide. */
  readonly #texts = new TwoLevelIndex<V>()
  readonly #encodings = new TwoLevelIndex<V>()

  constructor(options: CacheOptions | undefined, defaults: CacheDefaults) {
    this.#tier = new HotTier(options, defaults, [this.#texts, this.#encodings])
  }

  beginLookUp(): number {
    return this.#tier.beginLookUp()
  }

  endLookUp(begun: number): void {
    this.#tier.endLookUp(begun)
  }

  /** `name` is what errors call `inner`. */
  get(outer: string, inner: unknown, name: string): V | undefined {
    return this.#tier.read(this.#find(outer, inner, name))
  }

  has(outer: string, inner: unknown, name: string): boolean {
    return this.#tier.has(this.#find(outer, inner, name))
  }

  set(outer: string, inner: unknown, name: string, value: V, valueBytes: number): void {
    const index = typeof inner === 'string' ? this.#texts : this.#encodings
    const key = typeof inner === 'string' ? inner : encodeKey(inner, name)
    const bytes = sizeOfString(key) + valueBytes
    const found = index.find(outer, key)
    if (found === undefined) this.#tier.admit(index, outer, key, value, bytes)
    else this.#tier.renew(found, value, bytes)
  }

  /** Removes what `matches` says, asked once for each outer string and then for the entries of those it denies. */
  invalidate(matchesOuter: (outer: string) => boolean, matches: (outer: string, value: V) => boolean): number {
    const doomed: Entry<V>[] = []
    for (const index of [this.#texts, this.#encodings]) {
      for (const { name, entries } of index.buckets()) {
        const all = matchesOuter(name)
        for (const entry of entries.values()) if (all || matches(name, entry.value)) doomed.push(entry)
      }
    }
    this.#tier.removeMany(doomed)
    return doomed.length
  }

  clear(): void {
    this.#tier.clear()
    this.#texts.clear()
    this.#encodings.clear()
  }

  stats(): CacheStats {
    return this.#tier.stats()
  }

  removeExpired(): number {
    return this.#tier.removeExpired()
  }

  #find(outer: string, inner: unknown, name: string): Entry<V> | undefined {
    if (typeof inner === 'string') return this.#texts.find(outer, inner)
    return this.#encodings.find(outer, encodeKey(inner, name))
  }
}
