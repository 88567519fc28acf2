// An entry as JavaScript holds it, and the index that finds it by a single string.

import type { Bytes } from '../units.ts'
import { TextMap } from './text-map.ts'

/** The part of an index that holds an entry. */
export interface Home<V> {
  /** What it takes besides the keys of its entries. */
  readonly bytes: Bytes
  add(entry: Entry<V>): void
  /** Takes an entry out; another one that has its key by now stays. */
  forget(entry: Entry<V>): void
  /** Leaves the index if it has no entry. */
  leaveIfEmpty(): void
}

/** Where entries are found. */
export interface Index<V> {
  /** What its parts take besides the keys of single entries. */
  readonly bytes: Bytes
  /** The part of that name, made where there is none: the caller adds to it at once. */
  home(name: string): Home<V>
  /** The entry of that key in the part of that name. */
  entry(home: string, key: string): Entry<V> | undefined
}

export class Entry<V> {
  readonly key: string
  readonly home: Home<V>
  /** Where the native tier knows it. */
  readonly slot: number
  value: V
  /** By `Date.now()`. */
  deadline: number
  /** When it was stored, by `Date.now()`. */
  created: number
  /** What it can be invalidated by; empty where it cannot. */
  label = ''

  constructor(key: string, home: Home<V>, slot: number, value: V, deadline: number, created: number) {
    this.key = key
    this.home = home
    this.slot = slot
    this.value = value
    this.deadline = deadline
    this.created = created
  }
}

/** Key → entry. */
export class FlatIndex<V> implements Index<V>, Home<V> {
  readonly bytes: Bytes = 0
  readonly #entries = new TextMap<Entry<V>>()

  home(): this {
    return this
  }

  entry(_home: string, key: string): Entry<V> | undefined {
    return this.#entries.get(key)
  }

  find(key: string): Entry<V> | undefined {
    return this.#entries.get(key)
  }

  add(entry: Entry<V>): void {
    this.#entries.set(entry.key, entry)
  }

  forget(entry: Entry<V>): void {
    this.#entries.remove(entry.key, entry)
  }

  leaveIfEmpty(): void {}

  clear(): void {
    this.#entries.clear()
  }

  get size(): number {
    return this.#entries.size
  }

  values(): IterableIterator<Entry<V>> {
    return this.#entries.values()
  }
}
