import { isIndex } from '../objects.ts'
import { mustBeDefined } from './parts.ts'

/** Ends the reading of bytes that are not what they should be; thrown inside the codec only. */
export const MALFORMED = Symbol('malformed')

/** Up to so many bytes are read one by one, which for so few is quicker than a call. */
const SHORT = 12

/** A property's name, and how a property of that name is set. */
export interface Name {
  readonly text: string
  /** A simple assignment could run a setter, or fail. */
  readonly isDefined: boolean
  /** The index that it is of an array's element; -1 for all others. */
  readonly index: number
}

function makeName(text: string): Name {
  return { text, isDefined: mustBeDefined(text), index: isIndex(text) ? Number(text) : -1 }
}

/** Short names read lately, by a hash of their bytes: most names come again and again. */
const recentNames = new Array<Name | undefined>(512).fill(undefined)
const LONGEST_RECENT = 24

/** Reads what `Writer` wrote; anything else ends in `MALFORMED`, before memory is asked for. */
export class Reader {
  readonly #bytes: Buffer
  #view: DataView | undefined
  #position = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get remaining(): number {
    return this.#bytes.length - this.#position
  }

  byte(): number {
    const byte = this.#bytes[this.#position++]
    if (byte === undefined) throw MALFORMED
    return byte
  }

  whole(): number {
    let byte = this.byte()
    if (byte < 0x80) return byte
    let value = byte & 0x7f
    for (let factor = 0x80; ; factor *= 0x80) {
      byte = this.byte()
      value += (byte & 0x7f) * factor
      if (value > Number.MAX_SAFE_INTEGER) throw MALFORMED
      if (byte < 0x80) return value
      if (factor > Number.MAX_SAFE_INTEGER) throw MALFORMED
    }
  }

  /** A number of things of which each takes at least `size` bytes. */
  count(size: number): number {
    const count = this.whole()
    if (count > this.remaining / size) throw MALFORMED
    return count
  }

  double(): number {
    this.#view ??= new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength)
    const value = this.#view.getFloat64(this.#skip(8), true)
    return value
  }

  text(): string {
    const prefix = this.whole()
    const length = Math.floor(prefix / 2)
    if (prefix % 2 === 1) {
      const start = this.#skip(2 * length)
      return this.#bytes.toString('utf16le', start, start + 2 * length)
    }
    const start = this.#skip(length)
    return (length <= SHORT && this.#shortAscii(start, length)) || this.#bytes.toString('utf8', start, start + length)
  }

  /** A text that is a property's name. */
  name(): Name {
    const prefix = this.#bytes[this.#position] ?? 0
    const length = prefix >> 1
    if (prefix % 2 === 1 || length > LONGEST_RECENT || length >= this.remaining) return makeName(this.text())
    const start = this.#position + 1
    let hash = length
    for (let index = start; index < start + length; index++) hash = (hash * 31 + (this.#bytes[index] as number)) | 0
    const slot = hash & (recentNames.length - 1)
    const recent = recentNames[slot]
    if (recent !== undefined && this.#isAt(start, length, recent.text)) {
      this.#position = start + length
      return recent
    }
    const name = makeName(this.text())
    recentNames[slot] = name
    return name
  }

  /** Whether these bytes are the text, in ASCII. */
  #isAt(start: number, length: number, text: string): boolean {
    if (text.length !== length) return false
    for (let index = 0; index < length; index++) {
      const unit = text.charCodeAt(index)
      if (unit > 0x7f || unit !== this.#bytes[start + index]) return false
    }
    return true
  }

  /** The bytes where they lie. */
  raw(length: number): Uint8Array {
    const start = this.#skip(length)
    return this.#bytes.subarray(start, start + length)
  }

  #shortAscii(start: number, length: number): string | undefined {
    let text = ''
    for (let index = start; index < start + length; index++) {
      const unit = this.#bytes[index] as number
      if (unit > 0x7f) return undefined
      text += String.fromCharCode(unit)
    }
    return text
  }

  /** Where the next `length` bytes begin. */
  #skip(length: number): number {
    const start = this.#position
    if (length > this.#bytes.length - start) throw MALFORMED
    this.#position = start + length
    return start
  }
}
