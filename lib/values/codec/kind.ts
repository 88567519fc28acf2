// What is storable: the one place that says which objects are carried, and as what.
//
// Objects are told by brand, not by prototype identity, so those of another realm are what they would be in ours. What
// would come back as something else, such as an instance of a class, is refused.

import { types } from 'node:util'
import { className, isIndex, isPlainElsewhere } from '../objects.ts'
import { type Codec, codecFor } from './registry.ts'
import { Refusal } from './unstorable.ts'

export const Kind = {
  Plain: 0,
  Array: 1,
  Map: 2,
  Set: 3,
  Date: 4,
  RegExp: 5,
  ArrayBuffer: 6,
  View: 7,
  Boxed: 8,
  Error: 9,
} as const
export type Kind = (typeof Kind)[keyof typeof Kind]

/** How an object is carried: as one of the kinds of the language, or by a codec. */
export function kindOf(value: object): Kind | Codec {
  const prototype = Object.getPrototypeOf(value)
  if (prototype === Array.prototype && Array.isArray(value)) return Kind.Array
  if (isPlainPrototype(prototype) && isMarkedPlain(value)) return Kind.Plain
  if (Array.isArray(value) && prototype !== null && isBuiltIn(prototype, 'Array')) return Kind.Array
  // The buffer of a view has no codec of its own: a view must find a buffer again.
  return (types.isArrayBuffer(value) ? undefined : codecFor(value)) ?? kindByBrand(value)
}

/** Whether an object is plain or an array, which can be seen without running code of the caller. */
export function isPlainOrArray(value: object): boolean {
  if (types.isProxy(value)) return false
  const prototype = Object.getPrototypeOf(value)
  if (Array.isArray(value))
    return prototype === Array.prototype || (prototype !== null && isBuiltIn(prototype, 'Array'))
  return isPlainPrototype(prototype) && isMarkedPlain(value)
}

/** Structured clone gives an object without prototype one, and so do we. */
function isPlainPrototype(prototype: object | null): boolean {
  return prototype === Object.prototype || prototype === null || isPlainElsewhere(prototype)
}

/** Tells an error or a date whose prototype was replaced. */
function isMarkedPlain(value: object): boolean {
  return Object.prototype.toString.call(value) === '[object Object]'
}

function kindByBrand(value: object): Kind {
  if (types.isDate(value)) return builtIn(value, 'Date', Kind.Date)
  if (types.isMap(value)) return builtIn(value, 'Map', Kind.Map)
  if (types.isSet(value)) return builtIn(value, 'Set', Kind.Set)
  if (ArrayBuffer.isView(value)) return kindOfView(value)
  if (types.isNativeError(value)) return builtIn(value, errorClass(value), Kind.Error)
  if (types.isRegExp(value)) return builtIn(value, 'RegExp', Kind.RegExp)
  if (types.isArrayBuffer(value)) return kindOfBuffer(value)
  if (types.isBoxedPrimitive(value) && !types.isSymbolObject(value))
    return builtIn(value, boxedClass(value), Kind.Boxed)
  if (!Array.isArray(value) && isPlainPrototype(Object.getPrototypeOf(value)) && !types.isPromise(value)) {
    return Kind.Plain
  }
  return refuseClass(value)
}

function refuseClass(value: object): never {
  const name = className(value)
  throw new Refusal(name === '' || name === 'Object' ? 'object with a prototype of its own' : `class ${name}`)
}

/** The kind, unless the object is of a subclass or has properties, both of which would be lost. */
function builtIn(value: object, name: string, kind: Kind): Kind {
  const prototype = Object.getPrototypeOf(value)
  // A Date made while a clock is faked: of a subclass, but says that it is a Date.
  const isFaked = kind === Kind.Date && Object.hasOwn(value, 'constructor') && isNative(value.constructor, 'Date')
  if (prototype === null || !(isBuiltIn(prototype, name) || isFaked)) return refuseClass(value)
  if (kind === Kind.Error) return kind
  const content = types.isStringObject(value) ? String.prototype.valueOf.call(value).length : 0
  if (Object.keys(value).length > content) throw new Refusal(`${name} with properties of its own`)
  return kind
}

/** Whether this is the prototype that instances of a built-in class have, in whatever realm. */
function isBuiltIn(prototype: object, name: string): boolean {
  return Object.hasOwn(prototype, 'constructor') && isNative(prototype.constructor, name)
}

const natives = new WeakMap<object, string>()
const NOT_NATIVE = '-'
const NATIVE_CLASS = /^function (\w+)\(\) \{\s*\[native code\]\s*\}$/

function isNative(maker: unknown, name: string): boolean {
  if (typeof maker !== 'function') return false
  let known = natives.get(maker)
  if (known === undefined) {
    known = NATIVE_CLASS.exec(Function.prototype.toString.call(maker))?.[1] ?? NOT_NATIVE
    natives.set(maker, known)
  }
  return known === name
}

/** The intrinsic name, also of subclasses. */
const typedArrayName = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)
  ?.get as (this: unknown) => string | undefined

/** The built-in class of a view. */
export function viewClass(view: ArrayBufferView): string {
  if (Buffer.isBuffer(view)) return 'Buffer'
  return typedArrayName.call(view) ?? 'DataView'
}

function kindOfView(view: ArrayBufferView): Kind {
  const prototype = Object.getPrototypeOf(view)
  if (prototype !== Buffer.prototype && !isBuiltIn(prototype, viewClass(view))) return refuseClass(view)
  kindOfBuffer(view.buffer)
  return Kind.View
}

function kindOfBuffer(buffer: ArrayBufferLike & { resizable?: boolean; detached?: boolean }): Kind {
  if (types.isSharedArrayBuffer(buffer)) throw new Refusal('class SharedArrayBuffer')
  if (buffer.resizable) throw new Refusal('resizable ArrayBuffer')
  if (buffer.detached) throw new Refusal('detached ArrayBuffer')
  return builtIn(buffer, 'ArrayBuffer', Kind.ArrayBuffer)
}

/** The built-in class that boxes a primitive. */
function boxedClass(value: object): string {
  if (types.isNumberObject(value)) return 'Number'
  if (types.isStringObject(value)) return 'String'
  return types.isBooleanObject(value) ? 'Boolean' : 'BigInt'
}

/** The primitive inside. */
export function unboxed(value: object): number | string | boolean | bigint {
  if (types.isNumberObject(value)) return Number.prototype.valueOf.call(value)
  if (types.isStringObject(value)) return String.prototype.valueOf.call(value)
  if (types.isBooleanObject(value)) return Boolean.prototype.valueOf.call(value)
  return BigInt.prototype.valueOf.call(value)
}

export const ERROR_CLASSES = [
  ...['Error', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError', 'AggregateError'],
] as const

/** The name of the built-in class of an error, or of none. */
export function errorClass(error: object): string {
  const maker = Object.getPrototypeOf(error)?.constructor
  return ERROR_CLASSES.find((name) => isNative(maker, name)) ?? ''
}

/** The names of an array's elements that are there, and of the properties that were added to it. */
export function keysOfArray(array: unknown[]): { elements: string[]; added: string[] } {
  const keys = Object.keys(array)
  // Elements come first, in ascending order.
  if (keys.length === 0 || isIndex(keys[keys.length - 1] as string)) return { elements: keys, added: [] }
  const added = keys.filter((key) => !isIndex(key))
  return { elements: keys.slice(0, keys.length - added.length), added }
}
