// Which values JSON brings back exactly as they are. Most answers of models are, and nothing is quicker to read.

import { isPlainOrArray } from './kind.ts'
import { Met } from './met.ts'
import { DEEPEST } from './unstorable.ts'

/** An array with so many numbers that are not whole is smaller and quicker as binary content. */
const MANY_FRACTIONS = 32

/** A value as JSON text, or nothing where JSON would not bring it back, or not well. */
export function toJsonText(value: unknown): string | undefined {
  try {
    return isJson(value, new Met(), 0) ? JSON.stringify(value) : undefined
  } catch {
    return undefined
  }
}

function isJson(value: unknown, met: Met, depth: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      // Not for -0, NaN and the infinities.
      return value === 0 ? 1 / value > 0 : value - value === 0
    case 'object':
      return value === null || isJsonObject(value, met, depth + 1)
    default:
      return false
  }
}

/** An object met before would come back as another that is equal to it. */
function isJsonObject(value: object & { toJSON?: unknown }, met: Met, depth: number): boolean {
  if (depth > DEEPEST || met.meet(value) !== -1) return false
  if (!isPlainOrArray(value) || typeof value.toJSON === 'function') return false
  if (Array.isArray(value)) return isJsonArray(value, met, depth)
  const children = Object.values(value)
  for (let index = 0; index < children.length; index++) {
    if (!isJson(children[index], met, depth)) return false
  }
  return true
}

function isJsonArray(array: unknown[], met: Met, depth: number): boolean {
  let fractions = 0
  for (let index = 0; index < array.length; index++) {
    const child = array[index]
    if (!isJson(child, met, depth)) return false
    if (typeof child === 'number' && !Number.isInteger(child) && ++fractions === MANY_FRACTIONS) return false
  }
  // As many names as elements: no properties were added, since of holes there are none.
  return Object.keys(array).length === array.length
}
