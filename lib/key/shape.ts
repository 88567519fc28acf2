import { encodeText } from './text.ts'

/** The names of an object's properties in the order they have in a key, each with its encoding. */
export interface Shape {
  readonly names: readonly string[]
  readonly encodings: readonly string[]
}

interface KnownShape extends Shape {
  /** The same names as the object lists them. */
  readonly listed: readonly string[]
}

/** Objects of more properties are likely tables, whose names are data and do not come again. */
const MOST_NAMES = 32
const LONGEST_NAMES = 1_024
const MOST_SHAPES_OF_A_SIZE = 64

/**
 * Sorted names and their encodings, remembered because requests of a program have few shapes: by number of names, then
 * by the last. A memo of a pure function, bounded, and the same for whoever asks.
 */
const known = Array.from({ length: MOST_NAMES + 1 }, () => new Map<string, KnownShape>())

/** The own enumerable properties of an object; names compare by UTF-16 code units. */
export function shapeOf(value: object): Shape {
  const listed = Object.keys(value)
  const { length } = listed
  if (length === 0 || length > MOST_NAMES) return makeShape(listed)
  const shapes = known[length] as Map<string, KnownShape>
  const last = listed[length - 1] as string
  const shape = shapes.get(last)
  return shape !== undefined && isSame(shape.listed, listed) ? shape : learn(shapes, last, listed)
}

/** The shape of names in any order. */
export function makeShape(listed: readonly string[]): Shape {
  const names = listed.toSorted()
  return { names, encodings: names.map(encodeText) }
}

function isSame(left: readonly string[], right: readonly string[]): boolean {
  for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) return false
  return true
}

function learn(shapes: Map<string, KnownShape>, last: string, listed: string[]): Shape {
  const shape = { ...makeShape(listed), listed }
  if (shape.encodings.reduce((sum, { length }) => sum + length, 0) > LONGEST_NAMES) return shape
  if (shapes.size >= MOST_SHAPES_OF_A_SIZE) shapes.clear()
  shapes.set(last, shape)
  return shape
}
