// Bytes as a value again. Total: whatever the bytes are, there is a value of plain data or there is none. Memory stays
// within a small multiple of the input, and no code runs but the `decode` of codecs that the program registered.

import { types } from 'node:util'
import { BINARY_KINDS, HIDDEN_OF_ERRORS, LAST_INDEX, Tag } from './format.ts'
import { ERROR_CLASSES } from './kind.ts'
import { define, keepSparse, makeError, makeView } from './parts.ts'
import { MALFORMED, type Name, Reader } from './reader.ts'
import { codecNamed } from './registry.ts'
import { DEEPEST } from './unstorable.ts'
import { DOUBLES, SINGLES, unpackNumbers } from './vector.ts'

/**
 * The value that `encodeValue` or `encodeVector` encoded; nothing where the bytes are not of their making, or of one that
 * is not known here: another version's, or a codec that is not registered. Never throws.
 */
export function decodeValue(codec: number, encoded: string | Uint8Array): { value: unknown } | undefined {
  try {
    if (codec === 1) return { value: JSON.parse(typeof encoded === 'string' ? encoded : textOf(encoded)) }
    if (typeof encoded === 'string') return undefined
    if (codec === 2) return { value: new Decoder(encoded).root() }
    const value = decodeVector(codec, encoded)
    return value && { value }
  } catch {
    return undefined
  }
}

/** The numbers of a vector, as a plain Array. */
export function decodeVector(codec: number, bytes: Uint8Array): number[] | undefined {
  return codec === SINGLES || codec === DOUBLES ? unpackNumbers(codec, bytes) : undefined
}

function textOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString()
}

/** Elements up to this index may lie in a run; those far beyond the number of properties may not. */
const NEAR = 8

/** A number of so many bytes is exact. */
const EXACT_BYTES = 6

class Decoder {
  readonly #reader: Reader
  /** In the order of their tags; `undefined` while an object cannot be referred to yet. */
  readonly #objects: unknown[] = []
  readonly #names: Name[] = []

  constructor(bytes: Uint8Array) {
    this.#reader = new Reader(bytes)
  }

  root(): unknown {
    const value = this.#read(0)
    if (this.#reader.remaining > 0) throw MALFORMED
    return value
  }

  #read(depth: number): unknown {
    return this.#readTagged(this.#reader.byte(), depth)
  }

  #readTagged(tag: number, depth: number): unknown {
    switch (tag) {
      case Tag.Text:
        return this.#reader.text()
      case Tag.Integer:
        return this.#readInteger()
      case Tag.Double:
        return this.#reader.double()
      case Tag.True:
        return true
      case Tag.False:
        return false
      case Tag.Null:
        return null
      case Tag.Undefined:
        return undefined
      case Tag.BigInt:
        return this.#readBigInt()
      case Tag.NegativeBigInt:
        return -this.#readBigInt()
      case Tag.Reference:
        return this.#readReference()
      default:
        return this.#readObject(tag, depth)
    }
  }

  #readObject(tag: number, depth: number): unknown {
    if (depth > DEEPEST) throw MALFORMED
    switch (tag) {
      case Tag.Object:
        return this.#readProperties(this.#add({}), depth)
      case Tag.Array:
        return this.#readArray(depth)
      case Tag.Singles:
      case Tag.Doubles:
        return this.#readPacked(tag === Tag.Singles ? SINGLES : DOUBLES)
      case Tag.SparseArray:
        return this.#readSparse(depth)
      case Tag.Map:
        return this.#readMap(depth)
      case Tag.Set:
        return this.#readSet(depth)
      case Tag.Date:
        return this.#add(new Date(this.#reader.double()))
      case Tag.RegExp:
        return this.#add(new RegExp(this.#reader.text(), this.#reader.text()))
      case Tag.Boxed:
        return this.#readBoxed(depth)
      case Tag.Error:
        return this.#readError(depth)
      case Tag.Binary:
        return this.#readBinary()
      case Tag.View:
        return this.#later(() => this.#readView(depth))
      case Tag.Coded:
        return this.#later(() => this.#readCoded(depth))
      default:
        throw MALFORMED
    }
  }

  /** Numbers an object, before what it refers to. */
  #add<T>(object: T): T {
    this.#objects.push(object)
    return object
  }

  /** Numbers an object that can be made only after what it refers to. */
  #later(make: () => object): object {
    const number = this.#objects.push(undefined) - 1
    const object = make()
    this.#objects[number] = object
    return object
  }

  #readInteger(): number {
    const folded = this.#reader.whole()
    return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2
  }

  #readBigInt(): bigint {
    const bytes = this.#reader.raw(this.#reader.count(1))
    if (bytes.length > EXACT_BYTES) return BigInt(`0x${(bytes as Buffer).toString('hex')}`)
    let value = 0
    for (let index = 0; index < bytes.length; index++) value = value * 0x100 + (bytes[index] as number)
    return BigInt(value)
  }

  #readReference(): unknown {
    const object = this.#objects[this.#reader.whole()]
    if (object === undefined) throw MALFORMED
    return object
  }

  #readProperties<T extends object>(object: T, depth: number): T {
    const count = this.#reader.count(2)
    for (let index = 0; index < count; index++) {
      const name = this.#readName()
      if (name.index > NEAR + 4 * count) keepSparse(object)
      const value = this.#read(depth + 1)
      if (name.isDefined) define(object, name.text, value)
      else (object as Record<string, unknown>)[name.text] = value
    }
    return object
  }

  #readName(): Name {
    const number = this.#reader.whole()
    const known = this.#names[number - 1]
    if (known !== undefined) return known
    if (number !== 0) throw MALFORMED
    const name = this.#reader.name()
    this.#names.push(name)
    return name
  }

  #readArray(depth: number): unknown[] {
    const length = this.#reader.count(1)
    const array: unknown[] = this.#add([])
    for (let index = 0; index < length; index++) {
      const tag = this.#reader.byte()
      if (tag === Tag.Hole) array.length++
      else array.push(this.#readTagged(tag, depth + 1))
    }
    return array
  }

  #readPacked(codec: number): unknown[] {
    const size = codec === SINGLES ? 4 : 8
    const bytes = this.#reader.raw(size * this.#reader.count(size))
    return this.#add(unpackNumbers(codec, bytes) as number[])
  }

  #readSparse(depth: number): unknown[] {
    const length = this.#reader.whole()
    const count = this.#reader.count(2)
    if (length > LAST_INDEX + 1 || count > length) throw MALFORMED
    const array: unknown[] = this.#add([])
    keepSparse(array)
    array.length = length
    for (let index = 0; index < count; index++) {
      const place = this.#reader.whole()
      if (place >= length) throw MALFORMED
      array[place] = this.#read(depth + 1)
    }
    const added = this.#reader.count(2)
    for (let index = 0; index < added; index++) {
      const { text, index: place } = this.#readName()
      if (place !== -1 || text === 'length') throw MALFORMED
      define(array, text, this.#read(depth + 1))
    }
    return array
  }

  #readMap(depth: number): Map<unknown, unknown> {
    const count = this.#reader.count(2)
    const map = this.#add(new Map())
    for (let index = 0; index < count; index++) {
      const key = this.#read(depth + 1)
      map.set(key, this.#read(depth + 1))
    }
    return map
  }

  #readSet(depth: number): Set<unknown> {
    const count = this.#reader.count(1)
    const set = this.#add(new Set())
    for (let index = 0; index < count; index++) set.add(this.#read(depth + 1))
    return set
  }

  #readBoxed(depth: number): object {
    const number = this.#objects.push(undefined) - 1
    const value = this.#read(depth)
    if (!['number', 'string', 'boolean', 'bigint'].includes(typeof value)) throw MALFORMED
    const boxed = Object(value)
    this.#objects[number] = boxed
    return boxed
  }

  #readError(depth: number): Error {
    const kind = this.#reader.byte()
    if (kind >= ERROR_CLASSES.length) throw MALFORMED
    const error = this.#add(makeError(kind))
    const hidden = this.#reader.count(2)
    for (let index = 0; index < hidden; index++) {
      const { text } = this.#readName()
      if (!HIDDEN_OF_ERRORS.includes(text)) throw MALFORMED
      define(error, text, this.#read(depth + 1), false)
    }
    const shown = this.#reader.count(2)
    for (let index = 0; index < shown; index++) define(error, this.#readName().text, this.#read(depth + 1))
    return error
  }

  #readBinary(): unknown {
    const kind = this.#reader.byte()
    const { buffer } = new Uint8Array(this.#reader.raw(this.#reader.count(1)))
    const isBuffer = BINARY_KINDS[kind] === 'ArrayBuffer'
    return this.#add(isBuffer ? buffer : (makeView(kind, buffer) ?? malformed()))
  }

  #readView(depth: number): object {
    const kind = this.#reader.byte()
    const buffer = this.#read(depth + 1)
    if (!types.isArrayBuffer(buffer)) throw MALFORMED
    return makeView(kind, buffer) ?? malformed()
  }

  #readCoded(depth: number): object {
    const codec = codecNamed(this.#reader.text())
    if (codec === undefined) throw MALFORMED
    const value = codec.decode(this.#read(depth + 1))
    // Whatever the codec makes, a reference needs something to refer to.
    if (value === undefined) throw MALFORMED
    return value
  }
}

function malformed(): never {
  throw MALFORMED
}
