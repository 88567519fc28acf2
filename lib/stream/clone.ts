// Items as one message and back, by the structured clone algorithm.

import { types } from 'node:util'
import { DefaultDeserializer, deserialize, serialize } from 'node:v8'
import { TYPED_ARRAYS } from './faithful.ts'

/** The items as one message, or nothing where one of them is refused. */
export function encode(items: unknown[]): Uint8Array | undefined {
  try {
    return serialize(items)
  } catch {
    return undefined
  }
}

/** The items of a message, or nothing where it is not one. */
export function decode<T>(message: Uint8Array): T[] | undefined {
  try {
    readMessage ??= messageReader()
    return adopt(readMessage(message)) as T[]
  } catch {
    return undefined
  }
}

let readMessage: ((message: Uint8Array) => unknown) | undefined

/** Bun has no `Deserializer`, and needs none: its `deserialize` does not lay views over the message. */
function messageReader(): (message: Uint8Array) => unknown {
  try {
    readWithOwnBuffers(serialize([]))
    return readWithOwnBuffers
  } catch {
    return deserialize
  }
}

function readWithOwnBuffers(message: Uint8Array): unknown {
  const deserializer = new Deserializer(message)
  deserializer.readHeader()
  return deserializer.readValue()
}

/** Gives each view a buffer of its own, of this realm; Node's own lays them over the whole message. */
class Deserializer extends DefaultDeserializer {
  _readHostObject(): NodeJS.ArrayBufferView {
    // @ts-expect-error Node documents this method for subclasses; its type declarations leave it out.
    const view: NodeJS.ArrayBufferView = super._readHostObject()
    if (Buffer.isBuffer(view)) return Buffer.from(view)
    if (types.isTypedArray(view)) return new TYPED_ARRAYS[view[Symbol.toStringTag]](view)
    return new DataView(new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice().buffer)
  }
}

const KINDS = [{}, [], new Map(), new Set(), new Date(0), /(?:)/, new ArrayBuffer(0)]

/** From the prototypes that messages are read with to those of this realm. */
let prototypes: Map<object, object> | undefined

/**
 * Gives what a message held the prototypes of this realm. Inside a vm context, as in Jest, Node makes objects with those
 * of its main context, which `instanceof` tells apart; elsewhere there is nothing to do.
 */
function adopt(value: unknown): unknown {
  if (Object.getPrototypeOf(value) === Array.prototype) return value
  prototypes ??= new Map(
    (deserialize(serialize(KINDS)) as object[]).map((read, kind) => [
      Object.getPrototypeOf(read),
      Object.getPrototypeOf(KINDS[kind]),
    ]),
  )
  const seen = new Set<unknown>()
  const pending = [value]
  while (pending.length > 0) {
    const one = pending.pop()
    if (typeof one !== 'object' || one === null || seen.has(one) || ArrayBuffer.isView(one)) continue
    seen.add(one)
    const prototype = prototypes.get(Object.getPrototypeOf(one))
    if (prototype !== undefined) Object.setPrototypeOf(one, prototype)
    if (types.isMap(one)) for (const [key, item] of one) pending.push(key, item)
    else if (types.isSet(one)) for (const item of one) pending.push(item)
    else for (const item of Object.values(one)) pending.push(item)
  }
  return value
}
