// Making objects out of their parts, in this realm and without running code of the caller.

import { BINARY_KINDS, HIDDEN_OF_ERRORS, LAST_INDEX } from './format.ts'
import { ERROR_CLASSES, errorClass } from './kind.ts'

type Properties = Record<string, unknown>

/** Sets a property of an object's own, whatever its prototype has under that name. */
export function define(object: object, name: string, value: unknown, enumerable = true): void {
  Object.defineProperty(object, name, { value, enumerable, writable: true, configurable: true })
}

/** Whether a property of that name must be defined: a simple assignment could run a setter, or fail. */
export function mustBeDefined(name: string): boolean {
  return name in Object.prototype
}

export function setProperty(object: object, name: string, value: unknown): void {
  if (mustBeDefined(name)) define(object, name, value)
  else (object as Properties)[name] = value
}

/**
 * Makes the engine keep elements as a table of those there are, not as a run up to the last: memory then follows their
 * number, not their indices.
 */
export function keepSparse(object: object): void {
  const elements = object as Record<number, unknown>
  elements[LAST_INDEX] = undefined
  delete elements[LAST_INDEX]
}

/** What an error has of its own: what the language hides from enumeration, and the names of the rest. */
export function partsOfError(error: object): { kind: number; hidden: [string, unknown][]; shown: string[] } {
  const hidden: [string, unknown][] = []
  const shown = Object.keys(error)
  for (const name of HIDDEN_OF_ERRORS) {
    // The stack is an accessor in some engines, and inherited in others.
    if ((name !== 'stack' && !Object.hasOwn(error, name)) || shown.includes(name)) continue
    const value = (error as Properties)[name]
    if (name !== 'stack' || typeof value === 'string') hidden.push([name, value])
  }
  return { kind: ERROR_CLASSES.indexOf(errorClass(error) as (typeof ERROR_CLASSES)[number]), hidden, shown }
}

/** An error of a built-in class with no property of its own. */
export function makeError(kind: number): Error {
  const name = ERROR_CLASSES[kind] as (typeof ERROR_CLASSES)[number]
  const limit = Error.stackTraceLimit
  let error: Error
  try {
    Error.stackTraceLimit = 0
    error = name === 'AggregateError' ? new AggregateError([]) : new globalThis[name]()
  } finally {
    Error.stackTraceLimit = limit
  }
  for (const own of Object.getOwnPropertyNames(error)) delete (error as unknown as Properties)[own]
  return error
}

/** A view of a whole buffer, or nothing where this engine does not have that kind of view. */
export function makeView(kind: number, buffer: ArrayBuffer): ArrayBufferView | undefined {
  const name = BINARY_KINDS[kind]
  if (name === 'Buffer') return Buffer.from(buffer)
  if (name === undefined || name === 'ArrayBuffer') return undefined
  const View = (globalThis as unknown as Record<string, new (buffer: ArrayBuffer) => ArrayBufferView>)[name]
  return View && new View(buffer)
}
