// Pairs, checked and packed for one crossing: a joined text or a buffer of numbers, and the lengths of its parts.
//
// A chunk is small enough to stay in the processor's cache between its parts' being read and joined, and to leave the
// event loop free often; large enough that the crossing does not count.

import { constants } from 'node:buffer'
import { outOfRange, wrongType } from '../arguments.ts'
import type { NativeScoring } from '../native.ts'
import type { TextScorer, Vector } from './types.ts'

const PAIRS_AT_ONCE = 1_024
/** Code units or numbers after which a chunk ends, with the pair that reaches them. */
const ITEMS_AT_ONCE = 2 ** 16

/** Hands a chunk over that begins with pair `from`, and ends before pair `end` at the latest. */
export type Submit = (run: NativeScoring, pairs: readonly unknown[], from: number, end: number) => Submitted

export interface Submitted {
  /** The first pair that is not in the chunk. */
  next: number
  /** Chunks that are not scored yet. */
  unfinished: number
}

export function textsOf(scorer: TextScorer): Submit {
  const lengths = new Uint32Array(2 * PAIRS_AT_ONCE)
  return (run, pairs, from, end) => {
    let texts = ''
    let count = 0
    let index = from
    const last = Math.min(end, from + PAIRS_AT_ONCE)
    for (; index < last && texts.length < ITEMS_AT_ONCE; index++) {
      const pair = pairs[index]
      if (!isPair(pair)) throw notAPair(index, 'strings', pair)
      const [expected, actual] = pair
      if (typeof expected !== 'string') throw wrongType(`pairs[${index}][0]`, 'a string', expected)
      if (typeof actual !== 'string') throw wrongType(`pairs[${index}][1]`, 'a string', actual)
      if (expected.length + actual.length > LONGEST) throw tooLong(index, expected.length + actual.length)
      // One text cannot hold them all: the chunk ends before them.
      if (texts.length + expected.length + actual.length > LONGEST) break
      texts += expected
      texts += actual
      lengths[count++] = expected.length
      lengths[count++] = actual.length
    }
    return { next: index, unfinished: run.submitTexts(scorer, texts, lengths.subarray(0, count)) }
  }
}

export function vectorsOf(): Submit {
  const lengths = new Uint32Array(2 * PAIRS_AT_ONCE)
  // Used for every chunk: fresh ones would be cleared first, and collected after.
  let singles = new Float32Array()
  let doubles = new Float64Array()
  return (run, pairs, from, end) => {
    const vectors: Vector[] = []
    let numbers = 0
    let single = true
    let index = from
    const last = Math.min(end, from + PAIRS_AT_ONCE)
    for (; index < last && numbers < ITEMS_AT_ONCE; index++) {
      const pair = pairs[index]
      if (!isPair(pair)) throw notAPair(index, 'vectors', pair)
      const [expected, actual] = pair
      checkVector(`pairs[${index}][0]`, expected)
      checkVector(`pairs[${index}][1]`, actual)
      if (actual.length !== expected.length) throw otherLength(index, expected, actual)
      single &&= expected instanceof Float32Array && actual instanceof Float32Array
      lengths[vectors.length] = expected.length
      vectors.push(expected)
      lengths[vectors.length] = actual.length
      vectors.push(actual)
      numbers += expected.length + actual.length
    }
    const parts = lengths.subarray(0, vectors.length)
    if (single) {
      if (singles.length < numbers) singles = new Float32Array(numbers)
      join(singles, vectors, from)
      return { next: index, unfinished: run.submitSingles(singles.subarray(0, numbers), parts) }
    }
    if (doubles.length < numbers) doubles = new Float64Array(numbers)
    join(doubles, vectors, from)
    return { next: index, unfinished: run.submitDoubles(doubles.subarray(0, numbers), parts) }
  }
}

const LONGEST = constants.MAX_STRING_LENGTH

function isPair(value: unknown): value is readonly [unknown, unknown] {
  return Array.isArray(value) && value.length === 2
}

function notAPair(index: number, parts: string, value: unknown): TypeError {
  return wrongType(`pairs[${index}]`, `an array of two ${parts}`, value)
}

function tooLong(index: number, length: number): RangeError {
  return outOfRange(`pairs[${index}]`, `two strings of at most ${LONGEST} code units together`, length)
}

function otherLength(index: number, { length }: Vector, actual: Vector): RangeError {
  return outOfRange(`pairs[${index}][1].length`, `${length}, as that of \`pairs[${index}][0]\``, actual.length)
}

function checkVector(name: string, value: unknown): asserts value is Vector {
  if (!Array.isArray(value) && !(value instanceof Float32Array) && !(value instanceof Float64Array)) {
    throw wrongType(name, 'an array of numbers, a Float32Array or a Float64Array', value)
  }
}

/** Writes the numbers of all vectors one after the other. `from` is the index of the first one's pair. */
function join(numbers: Float32Array | Float64Array, vectors: readonly Vector[], from: number): void {
  let behind = 0
  for (let place = 0; place < vectors.length; place++) {
    const vector = vectors[place] as Vector
    if (!Array.isArray(vector)) numbers.set(vector, behind)
    else copyChecked(vector, numbers, behind, () => `pairs[${from + (place >> 1)}][${place & 1}]`)
    behind += vector.length
  }
}

/** `set` would take the text '5' for a number. */
function copyChecked(
  vector: readonly unknown[],
  numbers: Float32Array | Float64Array,
  behind: number,
  name: () => string,
) {
  for (let index = 0; index < vector.length; index++) {
    const number = vector[index]
    if (typeof number !== 'number') throw wrongType(`${name()}[${index}]`, 'a number', number)
    numbers[behind + index] = number
  }
}
