import { isPlainElsewhere } from '../values/objects.ts'

/** Whether a value is an object that is nothing but its properties, of whatever realm. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null || isPlainElsewhere(prototype)
}
