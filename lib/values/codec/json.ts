// Which values JSON brings back exactly as they are, and their text. Most answers of models are such values, and nothing
// is quicker to read.
//
// The text is made in the walk that looks at the value, and an open one: its strings are in it as they are, without
// quotes and escapes, and where they are is said beside it. Whoever makes bytes of it adds those on the way, in a small
// part of the time that `JSON.stringify` needs for them.

import { isPlainOrArray } from './kind.ts'
import { Met } from './met.ts'
import { DEEPEST } from './unstorable.ts'

/** JSON text whose strings have no quotes and escapes yet. */
export interface OpenJson {
  readonly text: string
  /** How many strings there are, then of each where it begins and its length. Good until the next text is made. */
  readonly strings: Uint32Array
}

/** An array with so many numbers that are not whole is smaller and quicker as binary content. */
const MANY_FRACTIONS = 32
const FIRST_ROOM = 1_024
const MOST_NAMES = 4_096

/** A value as JSON text, or nothing where JSON would not bring it back, or not well. */
export function toOpenJson(value: unknown): OpenJson | undefined {
  const writer = idleWriter ?? new JsonWriter()
  idleWriter = undefined
  try {
    return writer.write(value, 0) ? writer.finish() : undefined
  } catch {
    return undefined
  } finally {
    writer.reset()
    idleWriter = writer
  }
}

class JsonWriter {
  #text = ''
  #strings = new Uint32Array(FIRST_ROOM)
  #end = 1
  #met = new Met()

  /** Appends a value; false where JSON would not bring it back. */
  write(value: unknown, depth: number): boolean {
    switch (typeof value) {
      case 'string':
        this.#writeString(value)
        return true
      case 'number':
        // Not for -0, NaN and the infinities.
        if (value === 0 ? 1 / value < 0 : value - value !== 0) return false
        this.#text += value
        return true
      case 'boolean':
        this.#text += value
        return true
      case 'object':
        if (value !== null) return this.#writeObject(value, depth + 1)
        this.#text += 'null'
        return true
      default:
        return false
    }
  }

  finish(): OpenJson {
    this.#strings[0] = (this.#end - 1) / 2
    return { text: this.#text, strings: this.#strings }
  }

  reset(): void {
    this.#text = ''
    this.#end = 1
    this.#met = new Met()
  }

  #writeString(value: string): void {
    const end = this.#end
    if (end + 2 > this.#strings.length) this.#grow()
    this.#strings[end] = this.#text.length
    this.#strings[end + 1] = value.length
    this.#end = end + 2
    this.#text += value
  }

  #grow(): void {
    const wider = new Uint32Array(2 * this.#strings.length)
    wider.set(this.#strings)
    this.#strings = wider
  }

  /** An object met before would come back as another that is equal to it. */
  #writeObject(value: object & { toJSON?: unknown }, depth: number): boolean {
    if (depth > DEEPEST || this.#met.meet(value) !== -1) return false
    if (!isPlainOrArray(value) || typeof value.toJSON === 'function') return false
    return Array.isArray(value) ? this.#writeArray(value, depth) : this.#writeProperties(value, depth)
  }

  #writeProperties(value: object, depth: number): boolean {
    const keys = Object.keys(value)
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index] as string
      const { first, next } = nameOf(key)
      this.#text += index === 0 ? first : next
      if (!this.write((value as Record<string, unknown>)[key], depth)) return false
    }
    this.#text += keys.length === 0 ? '{}' : '}'
    return true
  }

  #writeArray(array: unknown[], depth: number): boolean {
    let fractions = 0
    this.#text += '['
    for (let index = 0; index < array.length; index++) {
      const child = array[index]
      if (typeof child === 'number' && !Number.isInteger(child) && ++fractions === MANY_FRACTIONS) return false
      if (index > 0) this.#text += ','
      if (!this.write(child, depth)) return false
    }
    this.#text += ']'
    // As many names as elements: no properties were added, since of holes there are none.
    return Object.keys(array).length === array.length
  }
}

/** In use by a text under way, which a getter can interrupt with another. */
let idleWriter: JsonWriter | undefined = new JsonWriter()

/** A property's name as it stands in a text: behind the brace, and behind the property before. */
interface Name {
  readonly first: string
  readonly next: string
}

/** The same names come again and again. */
const names = new Map<string, Name>()

function nameOf(name: string): Name {
  const known = names.get(name)
  if (known !== undefined) return known
  if (names.size === MOST_NAMES) names.clear()
  const quoted = `${JSON.stringify(name)}:`
  const made = { first: `{${quoted}`, next: `,${quoted}` }
  names.set(name, made)
  return made
}
