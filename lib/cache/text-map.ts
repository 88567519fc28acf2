import { digestText } from '../native.ts'

/**
 * V8 hashes a longer text by its length alone, so that a Map of them is a list: each look-up is compared with every text
 * of that length, character by character as far as they agree.
 */
const LONGEST_HASHED = 16_383

/** Text → value, as a Map, but quick for long texts too: those are found by their digest. */
export class TextMap<V> {
  readonly #short = new Map<string, V>()
  /** By digest. */
  readonly #long = new Map<string, V>()

  get(text: string): V | undefined {
    return text.length > LONGEST_HASHED ? this.#long.get(digestText(text)) : this.#short.get(text)
  }

  set(text: string, value: V): void {
    if (text.length > LONGEST_HASHED) this.#long.set(digestText(text), value)
    else this.#short.set(text, value)
  }

  /** Removes the value under `text` if it is this one. */
  remove(text: string, value: V): boolean {
    const long = text.length > LONGEST_HASHED
    const values = long ? this.#long : this.#short
    const key = long ? digestText(text) : text
    return values.get(key) === value && values.delete(key)
  }

  clear(): void {
    this.#short.clear()
    this.#long.clear()
  }

  get size(): number {
    return this.#short.size + this.#long.size
  }

  *values(): IterableIterator<V> {
    yield* this.#short.values()
    yield* this.#long.values()
  }
}
