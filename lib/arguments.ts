import { types } from 'node:util'

/** How a value that was not expected is shown in an error: short, and never by running code of its own. */
function show(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
    case 'bigint':
      return `${value}n`
    case 'function':
      return 'a function'
    case 'symbol':
      return 'a symbol'
    case 'object':
      if (value === null) return 'null'
      if (types.isPromise(value)) return 'a promise'
      return Array.isArray(value) ? 'an array' : 'an object'
    default:
      return Object.is(value, -0) ? '-0' : String(value)
  }
}

/** The message of every refused argument: its name, what was expected, and what came. */
function message(name: string, expected: string, value: unknown): string {
  return `Expected \`${name}\` to be ${expected}, got \`${show(value)}\``
}

/** For an argument of the wrong type. */
export function wrongType(name: string, expected: string, value: unknown): TypeError {
  return new TypeError(message(name, expected, value))
}

/** For an argument of the right type whose value makes no sense. */
export function outOfRange(name: string, expected: string, value: unknown): RangeError {
  return new RangeError(message(name, expected, value))
}

export function checkString(name: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') throw wrongType(name, 'a string', value)
}

export function checkFunction(name: string, value: unknown): asserts value is (...args: any[]) => any {
  if (typeof value !== 'function') throw wrongType(name, 'a function', value)
}

/** A whole number of at least `minimum`; `fallback` where it is left out. */
export function integerOption(name: string, value: unknown, fallback: number, minimum = 1): number {
  if (value === undefined) return fallback
  const expected = `an integer ≥ ${minimum}`
  if (typeof value !== 'number') throw wrongType(name, expected, value)
  if (!Number.isSafeInteger(value) || value < minimum) throw outOfRange(name, expected, value)
  return value
}

/** A whole number of at least 1, or `Infinity` for no limit; `fallback` where it is left out. */
export function limitOption<T extends number | undefined>(name: string, value: unknown, fallback: T): T | number {
  if (value === undefined) return fallback
  const expected = 'an integer ≥ 1 or Infinity'
  if (typeof value !== 'number') throw wrongType(name, expected, value)
  if (value === Number.POSITIVE_INFINITY) return value
  if (!Number.isSafeInteger(value) || value < 1) throw outOfRange(name, expected, value)
  return value
}

/** A number above 0, `Infinity` included; `fallback` where it is left out. */
export function positiveOption(name: string, value: unknown, fallback: number): number {
  if (value === undefined) return fallback
  const expected = 'a number > 0'
  if (typeof value !== 'number') throw wrongType(name, expected, value)
  if (!(value > 0)) throw outOfRange(name, expected, value)
  return value
}

export function checkObject(name: string, value: unknown): asserts value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongType(name, 'an object', value)
}

/** The options object itself: `undefined` counts as empty. */
export function checkOptions(name: string, value: unknown): void {
  if (value !== undefined) checkObject(name, value)
}

/** A boolean; `fallback` where it is left out. */
export function booleanOption(name: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback
  if (typeof value !== 'boolean') throw wrongType(name, 'a boolean', value)
  return value
}

/** The longest that a timer can be set to. */
export const LONGEST_TIMEOUT = 2 ** 31 - 1

/** Milliseconds to wait, possibly none; `fallback` where it is left out. */
export function delayOption(name: string, value: unknown, fallback: number): number {
  if (value === undefined) return fallback
  const expected = `a number from 0 to ${LONGEST_TIMEOUT}`
  if (typeof value !== 'number') throw wrongType(name, expected, value)
  if (!(value >= 0 && value <= LONGEST_TIMEOUT)) throw outOfRange(name, expected, value)
  return value
}

/** A signal of whatever realm, or none. */
export function checkSignal(name: string, value: unknown): asserts value is AbortSignal | undefined {
  if (value === undefined) return
  const { aborted, addEventListener } = Object(value) as Partial<AbortSignal>
  if (typeof aborted !== 'boolean' || typeof addEventListener !== 'function') {
    throw wrongType(name, 'an AbortSignal', value)
  }
}
