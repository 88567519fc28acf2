// Finds entries by two strings without joining them: buckets by the outer one, entries by the inner one.
//
// Invariant: no bucket is empty once the call that emptied it has returned, and `bytes` is that of the buckets' names.

import type { Bytes } from '../units.ts'
import { sizeOfString } from '../values/size-of.ts'
import { type Entry, FlatIndex, type Home, type Index } from './entry.ts'
import { TextMap } from './text-map.ts'

export class Bucket<V> implements Home<V> {
  readonly name: string
  readonly bytes: Bytes
  readonly entries = new FlatIndex<V>()
  readonly #index: TwoLevelIndex<V>

  constructor(name: string, index: TwoLevelIndex<V>) {
    this.name = name
    this.bytes = sizeOfString(name)
    this.#index = index
  }

  add(entry: Entry<V>): void {
    this.entries.add(entry)
  }

  forget(entry: Entry<V>): void {
    this.entries.forget(entry)
    this.leaveIfEmpty()
  }

  leaveIfEmpty(): void {
    if (this.entries.size === 0) this.#index.drop(this)
  }
}

export class TwoLevelIndex<V> implements Index<V> {
  readonly #buckets = new TextMap<Bucket<V>>()
  /** Most look-ups name the bucket of the one before: a string that is the same object is compared at no cost. */
  #last: Bucket<V> | undefined
  #bytes = 0

  get bytes(): Bytes {
    return this.#bytes
  }

  entry(outer: string, inner: string): Entry<V> | undefined {
    return this.#find(outer)?.entries.find(inner)
  }

  home(outer: string): Bucket<V> {
    const found = this.#find(outer)
    if (found !== undefined) return found
    const made = new Bucket<V>(outer, this)
    this.#buckets.set(outer, made)
    this.#bytes += made.bytes
    this.#last = made
    return made
  }

  buckets(): IterableIterator<Bucket<V>> {
    return this.#buckets.values()
  }

  drop(bucket: Bucket<V>): void {
    if (!this.#buckets.remove(bucket.name, bucket)) return
    this.#bytes -= bucket.bytes
    if (this.#last === bucket) this.#last = undefined
  }

  clear(): void {
    this.#buckets.clear()
    this.#last = undefined
    this.#bytes = 0
  }

  #find(outer: string): Bucket<V> | undefined {
    if (this.#last?.name === outer) return this.#last
    const bucket = this.#buckets.get(outer)
    if (bucket !== undefined) this.#last = bucket
    return bucket
  }
}
