// Copies of values, for caches that do not give out what they hold. What can be copied is what can be stored.

import { dataOf } from './encode.ts'
import { BINARY_KINDS } from './format.ts'
import { Kind, keysOfArray, kindOf, unboxed, viewClass } from './kind.ts'
import { Met } from './met.ts'
import { define, keepSparse, makeError, makeView, partsOfError, setProperty } from './parts.ts'
import type { Codec } from './registry.ts'
import { EntryStep, Refusal, Trail, type Unstorable } from './unstorable.ts'

type Properties = Record<string, unknown>

/** A copy that shares nothing with the value that could be changed, or why there is none. Never throws. */
export function copyValue(value: unknown): { value: unknown } | Unstorable {
  const copier = new Copier()
  try {
    return { value: copier.copy(value) }
  } catch (failure) {
    return copier.trail.unstorable(failure)
  }
}

/**
 * A copy that nobody can change. `isFrozen` is `false`, and the copy as any other, where freezing does not protect: what
 * a Map, Set, Date, buffer or instance of a class holds can be changed even so.
 */
export function freezeValue(value: unknown): { value: unknown; isFrozen: boolean } | Unstorable {
  const copier = new Copier()
  try {
    const copy = copier.copy(value)
    return { value: copy, isFrozen: copier.freeze() }
  } catch (failure) {
    return copier.trail.unstorable(failure)
  }
}

class Copier {
  readonly trail = new Trail()
  readonly #met = new Met()
  /** By the number of what they are copies of; `undefined` while a codec is at work. */
  readonly #copies: unknown[] = []
  #canFreeze = true

  copy(value: unknown): unknown {
    if (typeof value === 'function' || typeof value === 'symbol') throw new Refusal(typeof value)
    return typeof value === 'object' && value !== null ? this.#copyObject(value) : value
  }

  /** Freezes every copy, unless that would not protect them all. */
  freeze(): boolean {
    if (this.#canFreeze) for (const copy of this.#copies) Object.freeze(copy)
    return this.#canFreeze
  }

  #copyObject(value: object): unknown {
    const met = this.#met.meet(value)
    if (met !== -1) {
      const copy = this.#copies[met]
      if (copy === undefined) throw new Refusal('codec whose data refers to the value')
      return copy
    }
    const kind = kindOf(value)
    switch (kind) {
      case Kind.Plain:
        return this.#copyProperties(value, Object.keys(value), this.#add({}))
      case Kind.Array:
        return this.#copyArray(value as unknown[])
      case Kind.Error:
        return this.#copyError(value)
      case Kind.Boxed:
        return this.#add(Object(unboxed(value)))
      default:
        this.#canFreeze = false
        return this.#copyChangeable(value, kind)
    }
  }

  /** What freezing would not protect. */
  #copyChangeable(value: object, kind: Kind | Codec): unknown {
    switch (kind) {
      case Kind.Map:
        return this.#copyMap(value as Map<unknown, unknown>)
      case Kind.Set:
        return this.#copySet(value as Set<unknown>)
      case Kind.Date:
        return this.#add(new Date(Date.prototype.getTime.call(value)))
      case Kind.RegExp:
        return this.#add(new RegExp((value as RegExp).source, (value as RegExp).flags))
      case Kind.ArrayBuffer:
        return this.#add(ArrayBuffer.prototype.slice.call(value, 0))
      case Kind.View:
        return this.#copyView(value as ArrayBufferView<ArrayBuffer>)
      default:
        return this.#copyCoded(value, kind as Codec)
    }
  }

  /** Keeps the copy for whatever else refers to the same object. */
  #add<T>(copy: T): T {
    this.#copies.push(copy)
    return copy
  }

  #later(make: () => unknown): unknown {
    const number = this.#copies.push(undefined) - 1
    const copy = make()
    this.#copies[number] = copy
    return copy
  }

  #copyProperties<T extends object>(value: object, names: string[], copy: T): T {
    this.trail.enter()
    for (let index = 0; index < names.length; index++) {
      const name = names[index] as string
      this.trail.at(name)
      setProperty(copy, name, this.copy((value as Properties)[name]))
    }
    this.trail.leave()
    return copy
  }

  #copyArray(array: unknown[]): unknown[] {
    const { elements, added } = keysOfArray(array)
    const copy: unknown[] = this.#add([])
    this.trail.enter()
    if (elements.length === array.length) {
      for (let index = 0; index < elements.length; index++) {
        this.trail.at(index)
        copy.push(this.copy(array[index]))
      }
    } else {
      if (2 * elements.length < array.length) keepSparse(copy)
      copy.length = array.length
      for (const element of elements) {
        const index = Number(element)
        this.trail.at(index)
        copy[index] = this.copy(array[index])
      }
    }
    this.trail.leave()
    return added.length === 0 ? copy : this.#copyProperties(array, added, copy)
  }

  #copyMap(map: Map<unknown, unknown>): Map<unknown, unknown> {
    const copy = this.#add(new Map())
    this.trail.enter()
    for (const [index, [key, item]] of [...Map.prototype.entries.call(map)].entries()) {
      this.trail.at(new EntryStep('keys', index))
      const copyOfKey = this.copy(key)
      this.trail.at(new EntryStep('values', index, key))
      copy.set(copyOfKey, this.copy(item))
    }
    this.trail.leave()
    return copy
  }

  #copySet(set: Set<unknown>): Set<unknown> {
    const copy = this.#add(new Set())
    this.trail.enter()
    for (const [index, member] of [...Set.prototype.values.call(set)].entries()) {
      this.trail.at(new EntryStep('values', index))
      copy.add(this.copy(member))
    }
    this.trail.leave()
    return copy
  }

  #copyView(view: ArrayBufferView<ArrayBuffer>): unknown {
    const { buffer, byteOffset, byteLength } = view
    const name = viewClass(view)
    const kind = BINARY_KINDS.indexOf(name)
    if (name === 'Buffer' || byteLength < buffer.byteLength) {
      return this.#add(makeView(kind, buffer.slice(byteOffset, byteOffset + byteLength)))
    }
    return this.#later(() => makeView(kind, this.copy(buffer) as ArrayBuffer))
  }

  #copyError(error: object): Error {
    const { kind, hidden, shown } = partsOfError(error)
    const copy = this.#add(makeError(kind))
    this.trail.enter()
    for (const [name, value] of hidden) {
      this.trail.at(name)
      define(copy, name, this.copy(value), false)
    }
    this.trail.leave()
    return this.#copyProperties(error, shown, copy)
  }

  #copyCoded(value: object, codec: Codec): unknown {
    return this.#later(() => {
      this.trail.enter()
      this.trail.at({ shown: `.encode(${codec.name})` })
      const data = this.copy(dataOf(codec, value))
      this.trail.leave()
      return fromData(codec, data)
    })
  }
}

function fromData(codec: Codec, data: unknown): unknown {
  let value: unknown
  try {
    value = codec.decode(data)
  } catch {
    throw new Refusal(`codec ${codec.name} that throws`)
  }
  if (value === undefined) throw new Refusal(`codec ${codec.name} that gives nothing`)
  return value
}
