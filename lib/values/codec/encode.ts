// A value as bytes: JSON text where that is exact, else the tagged form that docs/formats.md specifies under "Values".

import { BINARY_KINDS, Tag } from './format.ts'
import { toOpenJson } from './json.ts'
import { Kind, keysOfArray, kindOf, unboxed, viewClass } from './kind.ts'
import { Met } from './met.ts'
import { partsOfError } from './parts.ts'
import type { Codec } from './registry.ts'
import { EntryStep, Refusal, Trail, type Unstorable } from './unstorable.ts'
import { packNumbers, SINGLES } from './vector.ts'
import { Writer } from './writer.ts'

/** A value for the store: JSON text as {@link OpenJson} describes it, tagged bytes, or a vector of singles or doubles. */
export type Encoded = { codec: 1; value: string; strings: Uint32Array } | { codec: 2 | 3 | 4; value: Uint8Array }

type Properties = Record<string, unknown>

/** Fewer numbers than this are written one by one. */
const FEWEST_PACKED = 4

/** Encodes any value, or says why it cannot be stored. Never throws. */
export function encodeValue(value: unknown): Encoded | Unstorable {
  const json = toOpenJson(value)
  return json === undefined ? encodeTagged(value) : { codec: 1, value: json.text, strings: json.strings }
}

/** Encodes an embedding bit for bit; what is not an Array of numbers is encoded as any value is. */
export function encodeVector(numbers: readonly number[]): Encoded | Unstorable {
  return packNumbers(numbers) ?? encodeValue(numbers)
}

/** In use by an encoding under way, which a getter or a codec can interrupt with another. */
let idleWriter: Writer | undefined = new Writer()

/** Encodes a value in the tagged form. */
export function encodeTagged(value: unknown): { codec: 2; value: Uint8Array } | Unstorable {
  const writer = idleWriter ?? new Writer()
  idleWriter = undefined
  const encoder = new Encoder(writer)
  try {
    encoder.write(value)
    return { codec: 2, value: writer.finish() }
  } catch (failure) {
    return encoder.trail.unstorable(failure)
  } finally {
    writer.reset()
    idleWriter = writer
  }
}

class Encoder {
  readonly trail = new Trail()
  readonly #writer: Writer
  readonly #met = new Met()
  /** Numbers of the property names written so far, from 1. */
  readonly #names = new Map<string, number>()
  /** Numbers of the objects whose codec's data is being written. */
  #open: Set<number> | undefined
  #count = 0

  constructor(writer: Writer) {
    this.#writer = writer
  }

  write(value: unknown): void {
    if (typeof value === 'string') {
      this.#writer.byte(Tag.Text)
      this.#writer.text(value)
    } else if (typeof value === 'number') {
      this.#writeNumber(value)
    } else if (typeof value === 'bigint') {
      this.#writeBigInt(value)
    } else if (typeof value === 'object' && value !== null) {
      this.#writeReferenceOrObject(value)
    } else {
      this.#writer.byte(tagOfConstant(value))
    }
  }

  #writeNumber(value: number): void {
    if ((value | 0) === value && !Object.is(value, -0)) {
      this.#writer.byte(Tag.Integer)
      this.#writer.whole(value < 0 ? -2 * value - 1 : 2 * value)
    } else {
      this.#writer.byte(Tag.Double)
      this.#writer.double(value)
    }
  }

  #writeBigInt(value: bigint): void {
    this.#writer.byte(value < 0n ? Tag.NegativeBigInt : Tag.BigInt)
    const bytes = bytesOf(value < 0n ? -value : value)
    this.#writer.whole(bytes.length)
    this.#writer.raw(bytes)
  }

  #writeReferenceOrObject(value: object): void {
    const met = this.#met.meet(value)
    if (met === -1) {
      this.#writeObject(value, kindOf(value), this.#count++)
      return
    }
    if (this.#open?.has(met)) throw new Refusal('codec whose data refers to the value')
    this.#writer.byte(Tag.Reference)
    this.#writer.whole(met)
  }

  #writeObject(value: object, kind: Kind | Codec, number: number): void {
    if (kind === Kind.Plain) this.#writePlain(value)
    else if (kind === Kind.Array) this.#writeArray(value as unknown[])
    else if (kind === Kind.Map) this.#writeMap(value as Map<unknown, unknown>)
    else if (kind === Kind.Set) this.#writeSet(value as Set<unknown>)
    else if (kind === Kind.Date) this.#writeDate(value)
    else if (kind === Kind.RegExp) this.#writeRegExp(value as RegExp)
    else if (kind === Kind.ArrayBuffer) this.#writeBinary('ArrayBuffer', new Uint8Array(value as ArrayBuffer))
    else if (kind === Kind.View) this.#writeView(value as ArrayBufferView<ArrayBuffer>)
    else if (kind === Kind.Boxed) this.#writeBoxed(value)
    else if (kind === Kind.Error) this.#writeError(value)
    else this.#writeCoded(value, kind, number)
  }

  #writePlain(value: object): void {
    this.#writer.byte(Tag.Object)
    this.#writeProperties(value, Object.keys(value))
  }

  #writeProperties(value: object, names: string[]): void {
    this.#writer.whole(names.length)
    this.trail.enter()
    for (let index = 0; index < names.length; index++) {
      const name = names[index] as string
      this.trail.at(name)
      this.#writeName(name)
      this.write((value as Properties)[name])
    }
    this.trail.leave()
  }

  /** The number of a name written before, else 0 and the name. */
  #writeName(name: string): void {
    const known = this.#names.get(name)
    this.#writer.whole(known ?? 0)
    if (known !== undefined) return
    this.#names.set(name, this.#names.size + 1)
    this.#writer.text(name)
  }

  #writeArray(array: unknown[]): void {
    const { elements, added } = keysOfArray(array)
    if (added.length > 0 || 2 * elements.length < array.length) this.#writeSparse(array, elements, added)
    else if (elements.length < array.length || !this.#writePacked(array)) this.#writeElements(array)
  }

  #writeElements(array: unknown[]): void {
    const { length } = array
    this.#writer.byte(Tag.Array)
    this.#writer.whole(length)
    this.trail.enter()
    for (let index = 0; index < length; index++) {
      this.trail.at(index)
      const element = array[index]
      if (element === undefined && !Object.hasOwn(array, index)) this.#writer.byte(Tag.Hole)
      else this.write(element)
    }
    this.trail.leave()
  }

  /** Numbers that are not all whole ones, as one run. */
  #writePacked(array: unknown[]): boolean {
    if (array.length < FEWEST_PACKED) return false
    let whole = true
    for (let index = 0; index < array.length; index++) {
      const element = array[index]
      if (typeof element !== 'number') return false
      whole &&= (element | 0) === element && !Object.is(element, -0)
    }
    const packed = whole ? undefined : packNumbers(array)
    if (packed === undefined) return false
    this.#writer.byte(packed.codec === SINGLES ? Tag.Singles : Tag.Doubles)
    this.#writer.whole(array.length)
    this.#writer.raw(packed.value)
    return true
  }

  #writeSparse(array: unknown[], elements: string[], added: string[]): void {
    this.#writer.byte(Tag.SparseArray)
    this.#writer.whole(array.length)
    this.#writer.whole(elements.length)
    this.trail.enter()
    for (const element of elements) {
      const index = Number(element)
      this.trail.at(index)
      this.#writer.whole(index)
      this.write(array[index])
    }
    this.trail.leave()
    this.#writeProperties(array, added)
  }

  #writeMap(map: Map<unknown, unknown>): void {
    const entries = [...Map.prototype.entries.call(map)]
    this.#writer.byte(Tag.Map)
    this.#writer.whole(entries.length)
    this.trail.enter()
    for (const [index, [key, item]] of entries.entries()) {
      this.trail.at(new EntryStep('keys', index))
      this.write(key)
      this.trail.at(new EntryStep('values', index, key))
      this.write(item)
    }
    this.trail.leave()
  }

  #writeSet(set: Set<unknown>): void {
    const members = [...Set.prototype.values.call(set)]
    this.#writer.byte(Tag.Set)
    this.#writer.whole(members.length)
    this.trail.enter()
    for (const [index, member] of members.entries()) {
      this.trail.at(new EntryStep('values', index))
      this.write(member)
    }
    this.trail.leave()
  }

  #writeDate(date: object): void {
    this.#writer.byte(Tag.Date)
    this.#writer.double(Date.prototype.getTime.call(date))
  }

  #writeBoxed(value: object): void {
    this.#writer.byte(Tag.Boxed)
    this.write(unboxed(value))
  }

  #writeRegExp({ source, flags }: RegExp): void {
    this.#writer.byte(Tag.RegExp)
    this.#writer.text(source)
    this.#writer.text(flags)
  }

  /** A view of a whole buffer leads to the buffer, which others may share; one of a part has only the part. */
  #writeView(view: ArrayBufferView<ArrayBuffer>): void {
    const { buffer, byteOffset, byteLength } = view
    const name = viewClass(view)
    // The buffer of a Buffer is, as a rule, a pool with content of others.
    if (name === 'Buffer' || byteLength < buffer.byteLength) {
      this.#writeBinary(name, new Uint8Array(buffer, byteOffset, byteLength))
      return
    }
    this.#writer.byte(Tag.View)
    this.#writer.byte(binaryKind(name))
    this.#writeReferenceOrObject(buffer)
  }

  #writeBinary(name: string, bytes: Uint8Array): void {
    this.#writer.byte(Tag.Binary)
    this.#writer.byte(binaryKind(name))
    this.#writer.whole(bytes.length)
    this.#writer.raw(bytes)
  }

  #writeError(error: object): void {
    const { kind, hidden, shown } = partsOfError(error)
    this.#writer.byte(Tag.Error)
    this.#writer.byte(kind)
    this.#writer.whole(hidden.length)
    this.trail.enter()
    for (const [name, value] of hidden) {
      this.trail.at(name)
      this.#writeName(name)
      this.write(value)
    }
    this.trail.leave()
    this.#writeProperties(error, shown)
  }

  #writeCoded(value: object, codec: Codec, number: number): void {
    this.#writer.byte(Tag.Coded)
    this.#writer.text(codec.name)
    this.trail.enter()
    this.trail.at({ shown: `.encode(${codec.name})` })
    this.#open ??= new Set()
    this.#open.add(number)
    this.write(dataOf(codec, value))
    this.#open.delete(number)
    this.trail.leave()
  }
}

/** The bytes of a magnitude, at least one, the highest first. */
function bytesOf(magnitude: bigint): Uint8Array {
  if (magnitude < 0x100n) return Uint8Array.of(Number(magnitude))
  const digits = magnitude.toString(16)
  return Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex')
}

function tagOfConstant(value: unknown): number {
  if (value === true) return Tag.True
  if (value === false) return Tag.False
  if (value === null) return Tag.Null
  if (value === undefined) return Tag.Undefined
  throw new Refusal(typeof value)
}

/** A kind of view that is younger than the format cannot be written. */
function binaryKind(name: string): number {
  const kind = BINARY_KINDS.indexOf(name)
  if (kind === -1) throw new Refusal(`class ${name}`)
  return kind
}

/** What a codec makes of a value. */
export function dataOf(codec: Codec, value: object): unknown {
  try {
    return codec.encode(value)
  } catch {
    throw new Refusal(`codec ${codec.name} that throws`)
  }
}
