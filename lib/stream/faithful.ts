// Which values the structured clone algorithm brings back equal.
//
// It changes some without a word: the class of an object, accessors, symbol properties, a buffer that is shared. Those
// are refused here, so that they are never sent. What it refuses aloud needs no check.

import { types } from 'node:util'

/** Deeper values may be written and then overflow the stack when they are read. */
const DEEPEST = 200

/** The kinds of typed array that a message can carry, by name. */
export const TYPED_ARRAYS: Record<
  NodeJS.TypedArray[typeof Symbol.toStringTag],
  new (
    elements: any,
  ) => NodeJS.TypedArray
> = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
}

const VIEWS = new Set<object>([Buffer, DataView, ...Object.values(TYPED_ARRAYS)].map((view) => view.prototype))

/** Whether the structured clone of a value equals it. In doubt it is `false`: such a value stays where it is. */
export function isFaithful(value: unknown): boolean {
  const seen = new Set<object>()
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) return false
    const next: unknown[] = []
    for (const one of level) {
      if (typeof one === 'function' || typeof one === 'symbol') return false
      if (typeof one !== 'object' || one === null || seen.has(one)) continue
      seen.add(one)
      if (types.isProxy(one) || !survives(one, next)) return false
    }
    level = next
  }
  return true
}

/** Whether the object itself is of a kind that survives; what it refers to is added to `children`. */
function survives(object: object, children: unknown[]): boolean {
  switch (Object.getPrototypeOf(object)) {
    case Object.prototype:
      // Tells errors, dates, boxed primitives and `arguments` by what they are, not by their prototype.
      return addProperties(object, children) && Object.prototype.toString.call(object) === '[object Object]'
    case Array.prototype:
      return Array.isArray(object) && addElements(object, children)
    case Map.prototype:
      if (!types.isMap(object) || hasProperties(object)) return false
      for (const [key, item] of object) children.push(key, item)
      return true
    case Set.prototype:
      if (!types.isSet(object) || hasProperties(object)) return false
      for (const item of object) children.push(item)
      return true
    case Date.prototype:
      return types.isDate(object) && !hasProperties(object)
    case RegExp.prototype:
      // `lastIndex` is the only property of its own, and comes back as 0.
      return types.isRegExp(object) && object.lastIndex === 0 && Reflect.ownKeys(object).length === 1
    case ArrayBuffer.prototype:
      return types.isAnyArrayBuffer(object) && isFixed(object) && !hasProperties(object)
    default:
      return isView(object)
  }
}

function addProperties(object: object, children: unknown[]): boolean {
  for (const key of Reflect.ownKeys(object)) {
    const property = Object.getOwnPropertyDescriptor(object, key)
    if (typeof key === 'symbol' || !property?.enumerable || !('value' in property)) return false
    children.push(property.value)
  }
  return true
}

/** Arrays with holes or properties of their own are rare, and not worth telling apart. */
function addElements(array: unknown[], children: unknown[]): boolean {
  if (Object.keys(array).length !== array.length || Reflect.ownKeys(array).length !== array.length + 1) return false
  for (const item of array) if (typeof item !== 'number' && typeof item !== 'string') children.push(item)
  return true
}

function hasProperties(object: object): boolean {
  return Reflect.ownKeys(object).length > 0
}

/** Neither shared with another thread nor able to grow: a copy would be neither. */
function isFixed(buffer: ArrayBufferLike): boolean {
  return types.isArrayBuffer(buffer) && !(buffer as { resizable?: boolean }).resizable
}

function isView(object: object): boolean {
  if (!ArrayBuffer.isView(object) || !VIEWS.has(Object.getPrototypeOf(object)) || !isFixed(object.buffer)) return false
  // Elements are own keys too: one key more is a property that would be dropped.
  const elements = types.isTypedArray(object) ? object.length : 0
  return Reflect.ownKeys(object).length === elements
}
