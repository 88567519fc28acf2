// Reads a key back into the value it encodes, written from docs/formats.md alone: what can be read back in one way only
// cannot stand for two values. Knows the kinds whose content a key holds in full.

/** The value that `key` encodes; throws where the key is not exactly one encoding. */
export function decodeKey(key: string): unknown {
  const reader = new Reader(key)
  const value = reader.value()
  if (reader.position !== key.length) throw new Error(`More than one encoding: ${key}`)
  return value
}

class Reader {
  position = 0
  readonly #key: string

  constructor(key: string) {
    this.#key = key
  }

  value(): unknown {
    const kind = this.#take(1)
    switch (kind) {
      case 'u':
        return undefined
      case 'n':
        return null
      case 't':
      case 'f':
        return kind === 't'
      case 'd':
        return Number(this.#upTo(';'))
      case 'i':
        return BigInt(this.#upTo(';'))
      case 'D':
        return new Date(Number(this.#upTo(';')))
      case 's':
        return this.#take(Number(this.#upTo(':')))
      case 'b':
        return this.#binary()
      case '[':
        return this.#array()
      case '{':
        return this.#object()
      case 'M':
        return new Map(this.#pairs(this.#members()))
      case 'T':
        return new Set(this.#members())
      default:
        throw new Error(`No kind \`${kind}\` at ${this.position - 1}`)
    }
  }

  #take(length: number): string {
    this.position += length
    return this.#key.slice(this.position - length, this.position)
  }

  #upTo(end: string): string {
    const text = this.#take(this.#key.indexOf(end, this.position) - this.position)
    this.position++
    return text
  }

  /** Whether the next character is this one, which is then read. */
  #isNext(character: string): boolean {
    if (this.#key[this.position] !== character) return false
    this.position++
    return true
  }

  #array(): unknown[] {
    const array: unknown[] = []
    while (!this.#isNext(']')) {
      if (this.#isNext('h')) array.length++
      else array.push(this.value())
    }
    return array
  }

  #object(): object {
    const object = {}
    while (!this.#isNext('}')) {
      const name = this.value() as string
      Object.defineProperty(object, name, { value: this.value(), enumerable: true, configurable: true, writable: true })
    }
    return object
  }

  #members(): unknown[] {
    const members: unknown[] = []
    this.#take(1)
    while (!this.#isNext('}')) members.push(this.value())
    return members
  }

  #pairs(members: unknown[]): [unknown, unknown][] {
    return members.flatMap((key, index) => (index % 2 === 0 ? [[key, members[index + 1]] as [unknown, unknown]] : []))
  }

  #binary(): unknown {
    const kind = this.#upTo(':')
    const bytes = Uint8Array.from(Buffer.from(this.#take(2 * Number(this.#upTo(':'))), 'hex'))
    if (kind === 'ArrayBuffer') return bytes.buffer
    return new (globalThis as any)[kind](bytes.buffer)
  }
}
