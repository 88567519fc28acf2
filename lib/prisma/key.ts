// What a read of Prisma is known by: its arguments as data, so that equal reads have equal keys and no others do.

import { types } from 'node:util'
import { read } from '../values/read.ts'
import { isPlain } from './plain.ts'

/** For what is no data: the read is not cached then. */
class NoKey extends Error {}

/**
 * The arguments as data; `undefined` where they hold something that is not known, or never end.
 *
 * What is not plain stands in a `Map` under the name of its kind, and no argument of Prisma is a `Map`.
 */
export function keyOfArguments(args: unknown): unknown {
  try {
    return dataOf(args, new Set())
  } catch (failure) {
    if (failure instanceof NoKey) return undefined
    throw failure
  }
}

function dataOf(value: unknown, above: Set<object>): unknown {
  switch (typeof value) {
    case 'undefined':
      // Prisma can be told to refuse what is undefined, so it is not the same as nothing.
      return special('undefined', null)
    case 'function':
    case 'symbol':
      throw new NoKey()
    case 'object':
      return value === null ? null : dataOfObject(value, above)
    default:
      return value
  }
}

function dataOfObject(value: object, above: Set<object>): unknown {
  if (above.has(value)) throw new NoKey()
  above.add(value)
  const data = Array.isArray(value)
    ? value.map((element) => dataOf(element, above))
    : isPlain(value)
      ? dataOfProperties(value, above)
      : dataOfInstance(value)
  above.delete(value)
  return data
}

function dataOfProperties(value: Record<string, unknown>, above: Set<object>): object {
  // Most arguments are data already: they are copied only where something is not.
  let copy: Record<string, unknown> | undefined
  for (const name of Object.keys(value)) {
    const child = value[name]
    if (typeof child === 'string') continue
    // Which comes first matters in an order, and nowhere else.
    const data = name === 'orderBy' ? ordered(child, above) : dataOf(child, above)
    if (data === child) continue
    copy ??= Object.assign(Object.create(null), value) as Record<string, unknown>
    copy[name] = data
  }
  return copy ?? value
}

function ordered(value: unknown, above: Set<object>): unknown {
  if (!isPlain(value)) return Array.isArray(value) ? value.map((item) => ordered(item, above)) : dataOf(value, above)
  return Object.entries(value).map(([name, child]) => [name, ordered(child, above)])
}

function dataOfInstance(value: object): unknown {
  if (types.isDate(value)) return value
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  if (isDecimal(value)) return special('Decimal', value.toFixed())
  const name = nullKind(value)
  if (name !== undefined) return special('null', name)
  const [model, field] = [read(value, 'modelName'), read(value, 'name')]
  if (typeof model === 'string' && typeof field === 'string') return special('field', [model, field])
  throw new NoKey()
}

function special(kind: string, data: unknown): Map<string, unknown> {
  return new Map([[kind, data]])
}

/** As Prisma tells them, of whatever version of the class. */
export function isDecimal(value: object): value is object & { toFixed(): string } {
  return (
    typeof read(value, 'toFixed') === 'function' &&
    Array.isArray(read(value, 'd')) &&
    typeof read(value, 'e') === 'number' &&
    typeof read(value, 's') === 'number'
  )
}

/** Which of `Prisma.DbNull`, `Prisma.JsonNull` and `Prisma.AnyNull` a value is. */
function nullKind(value: object): string | undefined {
  const getName = read(value, '_getName')
  if (typeof getName !== 'function') return undefined
  const name: unknown = getName.call(value)
  return typeof name === 'string' ? name : undefined
}
