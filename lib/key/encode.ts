// The canonical encoding of a value: equal texts exactly for equal values, as `docs/formats.md` defines both.
//
// Every encoding is self-delimiting, so a sequence of them reads in one way only and none is the prefix of another.

import { types } from 'node:util'
import { className, isIndex, isPlainElsewhere } from '../values/objects.ts'
import { encodeBuffer, encodeView } from './binary.ts'
import { Frame, type Place, refuse } from './path.ts'
import { makeShape, type Shape, shapeOf } from './shape.ts'
import { encodeText } from './text.ts'

type Properties = Record<string, unknown>

/**
 * Encodes any value that is data. `name` is the argument's name, for errors.
 *
 * @throws TypeError for what no key can be made of: functions, symbols, cycles, objects whose state cannot be seen.
 * @throws RangeError for nesting of more than 1,000 levels.
 */
export function encodeKey(value: unknown, name: string): string {
  return encodeValue(value, name)
}

function encodeValue(value: unknown, place: Place): string {
  switch (typeof value) {
    case 'object':
      return value === null ? 'n' : encodeObject(value, place)
    case 'function':
    case 'symbol':
      return refuse(place, value)
    default:
      return encodePrimitive(value)
  }
}

/** Whether a value is a leaf that has an encoding of its own, whatever it is part of. */
function isPrimitive(value: unknown): boolean {
  switch (typeof value) {
    case 'object':
      return value === null
    case 'function':
    case 'symbol':
      return false
    default:
      return true
  }
}

function encodePrimitive(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return encodeText(value)
    case 'number':
      return value === 0 && 1 / value < 0 ? 'd-0;' : `d${value};`
    case 'boolean':
      return value ? 't' : 'f'
    case 'bigint':
      return `i${value};`
    default:
      return value === null ? 'n' : 'u'
  }
}

function encodeObject(value: object, place: Place): string {
  const prototype = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return encodeProperties(value, shapeOf(value), place)
  if (prototype === Array.prototype && Array.isArray(value)) return encodeArray(value, place)
  return encodeBuiltIn(value, place) ?? encodeInstance(value, place)
}

/** Of a property that is `undefined` nothing is left, as in JSON. */
function encodeProperties(value: object, { names, encodings }: Shape, place: Place): string {
  let text = '{'
  let frame: Frame | undefined
  for (let index = 0; index < names.length; index++) {
    const name = names[index] as string
    const child = (value as Properties)[name]
    if (typeof child === 'string') {
      text += encodings[index] + encodeText(child)
    } else if (typeof child === 'function' && hasOwnToJson(value)) {
      return encodeToJson(value, place)
    } else if (isPrimitive(child)) {
      if (child !== undefined) text += encodings[index] + encodePrimitive(child)
    } else {
      frame ??= new Frame(value, place)
      frame.step = name
      text += encodings[index] + encodeValue(child, frame)
    }
  }
  return `${text}}`
}

function encodeArray(array: unknown[], place: Place): string {
  const frame = new Frame(array, place)
  let text = '['
  for (let index = 0; index < array.length; index++) {
    frame.step = index
    const child = array[index]
    text += child === undefined && !Object.hasOwn(array, index) ? 'h' : encodeValue(child, frame)
  }
  return `${text}]`
}

/** Objects that the language itself gives a meaning to. `undefined` for all others. */
function encodeBuiltIn(value: object, place: Place): string | undefined {
  if (Array.isArray(value)) return withClass(value, 'Array', encodeArray(value, place), place)
  if (types.isDate(value)) return withClass(value, 'Date', `D${Date.prototype.getTime.call(value)};`, place)
  if (ArrayBuffer.isView(value)) return encodeView(value)
  if (types.isAnyArrayBuffer(value)) return encodeBuffer(value)
  if (types.isMap(value)) return withClass(value, 'Map', encodeMap(value, place), place)
  if (types.isSet(value)) return withClass(value, 'Set', encodeSet(value, place), place)
  if (types.isRegExp(value)) {
    return withClass(value, 'RegExp', `R${encodeText(value.source)}${encodeText(value.flags)}`, place)
  }
  if (types.isBoxedPrimitive(value)) return encodeBoxed(value, place)
  if (types.isNativeError(value) || value instanceof Error) return encodeError(value, place)
  return undefined
}

/** A subclass may hold more than the class it extends: its name and its own properties come first. */
function withClass(value: object, builtIn: string, content: string, place: Place): string {
  const name = className(value)
  if (name === builtIn) return content
  const own = Array.isArray(value) ? makeShape(Object.keys(value).filter((key) => !isIndex(key))) : shapeOf(value)
  return `K${encodeText(name)}${encodeProperties(value, own, place)}${content}`
}

function encodeMap(map: Map<unknown, unknown>, place: Place): string {
  const frame = new Frame(map, place)
  const entries: string[] = []
  for (const [key, item] of Map.prototype.entries.call(map)) {
    frame.step = { shown: `.keys()[${entries.length}]` }
    const encodedKey = encodeValue(key, frame)
    frame.step = { shown: typeof key === 'string' ? `.get(${JSON.stringify(key)})` : `.values()[${entries.length}]` }
    entries.push(encodedKey + encodeValue(item, frame))
  }
  return `M{${entries.sort().join('')}}`
}

function encodeSet(set: Set<unknown>, place: Place): string {
  const frame = new Frame(set, place)
  const members: string[] = []
  for (const member of Set.prototype.values.call(set)) {
    frame.step = { shown: `.values()[${members.length}]` }
    members.push(encodeValue(member, frame))
  }
  return `T{${members.sort().join('')}}`
}

function encodeBoxed(value: object, place: Place): string {
  if (types.isStringObject(value)) return encodeText(String.prototype.valueOf.call(value))
  if (types.isNumberObject(value)) return encodeValue(Number.prototype.valueOf.call(value), place)
  if (types.isBooleanObject(value)) return encodeValue(Boolean.prototype.valueOf.call(value), place)
  if (types.isBigIntObject(value)) return encodeValue(BigInt.prototype.valueOf.call(value), place)
  return refuse(place, value, 'a symbol is not')
}

function encodeError(error: Error, place: Place): string {
  const frame = new Frame(error, place, 'name')
  const name = encodeValue(error.name, frame)
  frame.step = 'message'
  const message = encodeValue(error.message, frame)
  const keys = Object.keys(error)
  // Not enumerable where the language itself put them there.
  for (const key of ['cause', 'errors']) if (Object.hasOwn(error, key) && !keys.includes(key)) keys.push(key)
  return `E${name}${message}${encodeProperties(error, makeShape(keys), place)}`
}

/** An object of a class of its own, or from another realm. */
function encodeInstance(value: object, place: Place): string {
  const name = className(value)
  if (name === 'Object' && isPlainElsewhere(Object.getPrototypeOf(value)))
    return encodeProperties(value, shapeOf(value), place)
  if (types.isPromise(value)) return refuse(place, value, 'a Promise is not: await it')
  if ('toJSON' in value && typeof value.toJSON === 'function') return encodeToJson(value, place)
  if (isStream(value)) return refuse(place, value, 'a stream is not')
  return encodeVisibleState(value, name, place)
}

function encodeVisibleState(value: object, name: string, place: Place): string {
  const shape = shapeOf(value)
  if (shape.names.length === 0) {
    return refuse(place, value, `nothing of the state of a \`${name}\` can be seen: give it a \`toJSON\` method`)
  }
  return `C${encodeText(name)}${encodeProperties(value, shape, place)}`
}

function isStream(value: object): boolean {
  return 'pipe' in value || 'pipeTo' in value || 'getWriter' in value
}

function hasOwnToJson(value: object): boolean {
  return Object.hasOwn(value, 'toJSON') && typeof (value as Properties).toJSON === 'function'
}

function encodeToJson(value: object, place: Place): string {
  const name = className(value) || 'Object'
  const data: unknown = (value as { toJSON(key: string): unknown }).toJSON('')
  if (data !== value) {
    return `J${encodeText(name)}${encodeValue(data, new Frame(value, place, { shown: '.toJSON()' }))}`
  }
  if (hasOwnToJson(value)) return refuse(place, value, 'its `toJSON` method gives the object itself')
  return encodeVisibleState(value, name, place)
}
