// An estimate of the bytes a JavaScript value holds, in V8's terms on a 64-bit machine.
//
// Close enough to bound memory by, not a heap profile: what a value shares with another counts once inside one call and
// again in the next. Each number, boolean, null and undefined lives in the field that holds it. Of the caller's code only
// getters run; a proxy is not looked into.

import { types } from 'node:util'

const FIELD = 8
const STRING_HEADER = 16
const OBJECT_HEADER = 24
const ARRAY_HEADER = 32
const COLLECTION_HEADER = 40
/** A hash table keeps key, value and chain, at a load factor of about one half. */
const COLLECTION_ENTRY = 40
const OPAQUE = 64

/** Any character beyond Latin-1. */
const TWO_BYTE_CHARACTER = /[\u0100-\uffff]/
/** After so many holes in a row an array is taken to be sparse, and only its elements are visited. */
const HOLES_OF_A_SPARSE_ARRAY = 1_024

/** Bytes of a string: one for each character where all are Latin-1, else two. */
export function sizeOfString(text: string): number {
  return STRING_HEADER + (TWO_BYTE_CHARACTER.test(text) ? 2 * text.length : text.length)
}

/** Bytes of an Array of that many numbers. */
export function sizeOfNumbers(length: number): number {
  return ARRAY_HEADER + FIELD * length
}

/** Bytes of a value with all it refers to. Never throws, and a value that refers to itself is counted once. */
export function sizeOf(value: unknown): number {
  return isObject(value) ? new Walk(value).bytes() : sizeOfLeaf(value)
}

/** Up to this many objects are searched one by one, which for so few is quicker than a Set. */
const FEW = 8

/** Meets every object that a value refers to once. */
class Walk {
  /** In the order they were met in; visited in that order too. */
  readonly #met: object[]
  #metMany: Set<object> | undefined
  #leaves = 0

  constructor(root: object) {
    this.#met = [root]
  }

  bytes(): number {
    let shells = 0
    for (let index = 0; index < this.#met.length; index++) shells += sizeOfShell(this.#met[index] as object, this)
    return shells + this.#leaves
  }

  add(child: unknown): void {
    if (!isObject(child)) this.#leaves += typeof child === 'number' ? 0 : sizeOfLeaf(child)
    else if (!this.#hasMet(child)) this.#met.push(child)
  }

  #hasMet(object: object): boolean {
    if (this.#met.length < FEW) return this.#met.includes(object)
    this.#metMany ??= new Set(this.#met)
    if (this.#metMany.has(object)) return true
    this.#metMany.add(object)
    return false
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function sizeOfLeaf(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return sizeOfString(value)
    case 'number':
      return FIELD
    case 'bigint':
      return sizeOfBigInt(value)
    case 'function':
      return OPAQUE
    default:
      return 0
  }
}

function sizeOfBigInt(value: bigint): number {
  if (BigInt.asIntN(64, value) === value) return OBJECT_HEADER
  return OBJECT_HEADER + Math.ceil(value.toString(16).length / 2)
}

/** Bytes of an object without what it refers to, each of which is handed to `walk`. */
function sizeOfShell(value: object, walk: Walk): number {
  if (types.isProxy(value)) return OPAQUE
  if (Array.isArray(value)) return sizeOfArray(value, walk)
  if (Object.getPrototypeOf(value) === Object.prototype) return sizeOfObject(value, walk)
  if (ArrayBuffer.isView(value)) return sizeOfView(value, walk)
  if (types.isAnyArrayBuffer(value)) return OPAQUE + value.byteLength
  return sizeOfCollection(value, walk) + sizeOfObject(value, walk)
}

function sizeOfArray(array: unknown[], walk: Walk): number {
  let holes = 0
  let index = 0
  while (index < array.length) {
    try {
      for (; index < array.length; index++) {
        const element = array[index]
        if (typeof element === 'number') continue
        holes = element === undefined && !Object.hasOwn(array, index) ? holes + 1 : 0
        if (holes > HOLES_OF_A_SPARSE_ARRAY) return sizeOfSparseArray(array, index, walk)
        walk.add(element)
      }
    } catch {
      index++ // As in `propertyOf`, with one frame for all elements instead of one for each.
    }
  }
  return sizeOfNumbers(array.length)
}

/** An array kept as a table of its elements; those before `start` have been visited. */
function sizeOfSparseArray(array: unknown[], start: number, walk: Walk): number {
  const names = Object.keys(array)
  for (const name of names) if (Number(name) >= start) walk.add(propertyOf(array, name))
  return ARRAY_HEADER + COLLECTION_ENTRY * names.length
}

/** What Node.js adds to `Buffer.poolSize` when it makes the pool: nothing, or 64 bytes to align what is cut from it. */
const POOL_PADDING = Buffer.allocUnsafe(1).buffer.byteLength - Buffer.poolSize

function sizeOfView(view: ArrayBufferView, walk: Walk): number {
  // Small buffers are cut from a common pool, which is not theirs alone.
  const isPooled = Buffer.isBuffer(view) && view.buffer.byteLength === Buffer.poolSize + POOL_PADDING
  if (isPooled) return OPAQUE + view.byteLength
  walk.add(view.buffer)
  return OPAQUE
}

/** The table of a Map or Set; 0 for any other object. */
function sizeOfCollection(value: object, walk: Walk): number {
  let entries = 0
  if (types.isMap(value)) {
    Map.prototype.forEach.call(value, (item, key) => {
      entries++
      walk.add(key)
      walk.add(item)
    })
  } else if (types.isSet(value)) {
    Set.prototype.forEach.call(value, (member) => {
      entries++
      walk.add(member)
    })
  } else {
    return 0
  }
  return COLLECTION_HEADER + COLLECTION_ENTRY * entries
}

function sizeOfObject(value: object, walk: Walk): number {
  const names = Object.keys(value)
  for (let index = 0; index < names.length; index++) walk.add(propertyOf(value, names[index] as string))
  return OBJECT_HEADER + FIELD * names.length
}

function propertyOf(value: object, name: string | number): unknown {
  try {
    return (value as Record<string | number, unknown>)[name]
  } catch {
    // A getter may throw; what it would have given is not held here.
    return undefined
  }
}
