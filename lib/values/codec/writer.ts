const FIRST_BYTES = 4_096
/** More than this is not kept for the next value. */
const MOST_KEPT = 1_048_576
/** Up to so many characters are written one by one, which for so few is quicker than a call. */
const SHORT = 24

/** Bytes that grow as they are written. */
export class Writer {
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  /** Begins anew, in the memory there is. */
  reset(): void {
    this.#length = 0
    if (this.#bytes.length > MOST_KEPT) this.#replace(Buffer.allocUnsafeSlow(FIRST_BYTES))
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return new Uint8Array(this.#bytes.buffer.slice(0, this.#length))
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = value
  }

  /** A whole number from 0 to 2^53 - 1: seven bits a byte, the low ones first, the high bit set but for the last. */
  whole(value: number): void {
    this.#reserve(8)
    let rest = value
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80
      rest = rest > 0x7fff_ffff ? Math.floor(rest / 0x80) : rest >>> 7
    }
    this.#bytes[this.#length++] = rest
  }

  /** Eight bytes, the low one first; every NaN as the same. */
  double(value: number): void {
    this.#reserve(8)
    this.#view.setFloat64(this.#length, Number.isNaN(value) ? Number.NaN : value, true)
    this.#length += 8
  }

  /** Twice the length, plus 1 where it counts UTF-16 code units instead of bytes of UTF-8; then the text. */
  text(text: string): void {
    if (text.length > SHORT || !this.#shortAscii(text)) this.#longText(text)
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  #shortAscii(text: string): boolean {
    this.#reserve(1 + SHORT)
    const start = this.#length
    const bytes = this.#bytes
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index)
      if (unit > 0x7f) return false
      bytes[start + 1 + index] = unit
    }
    bytes[start] = 2 * text.length
    this.#length = start + 1 + text.length
    return true
  }

  #longText(text: string): void {
    const length = Buffer.byteLength(text)
    // Only a lone surrogate, which UTF-8 cannot express, asks for UTF-16.
    if (length === text.length || (text as string & { isWellFormed(): boolean }).isWellFormed()) {
      this.whole(2 * length)
      this.#reserve(length)
      this.#length += this.#bytes.write(text, this.#length, length, 'utf8')
    } else {
      this.whole(2 * text.length + 1)
      this.#reserve(2 * text.length)
      this.#length += this.#bytes.write(text, this.#length, 2 * text.length, 'utf16le')
    }
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, this.#length + count))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#replace(larger)
  }

  #replace(bytes: Buffer<ArrayBuffer>): void {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer)
  }
}
