import { outOfRange, wrongType } from '../arguments.ts'

/** From an object to what it holds: a property's name, an element's index, or anything else as it is to be shown. */
export type Step = string | number | { readonly shown: string }

/** Where a value was found: the argument's name at the top, below it the object that holds the value. */
export type Place = string | Frame

const NESTING_LIMIT = 1_000
/** Cycles are looked for from this depth on: a cycle soon gets there, and other values are spared the search. */
const CYCLE_CHECK_DEPTH = 16
const LONGEST_PATH = 200
const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u

/** An object on the way from the argument to the value being encoded, and the step by which the way goes on. */
export class Frame {
  readonly owner: object
  readonly up: Place
  readonly depth: number
  step: Step

  constructor(owner: object, up: Place, step: Step = '') {
    this.owner = owner
    this.up = up
    this.depth = typeof up === 'string' ? 1 : up.depth + 1
    this.step = step
    if (this.depth >= CYCLE_CHECK_DEPTH) checkNesting(this)
  }
}

/** Refuses a value; the error names the argument and the way from it to the value. */
export function refuse(place: Place, value: unknown, reason?: string): never {
  const expected = 'data that a key can be made of'
  throw wrongType(pathOf(place), reason === undefined ? expected : `${expected} (${reason})`, value)
}

function checkNesting(frame: Frame): void {
  let above = frame.up
  while (typeof above !== 'string') {
    if (above.owner === frame.owner) refuseCycle(frame)
    above = above.up
  }
  if (frame.depth > NESTING_LIMIT) throw outOfRange(above, `nested at most ${NESTING_LIMIT} levels deep`, frame.owner)
}

/** Names the first place, from the top, that leads back to an object above it. */
function refuseCycle(innermost: Frame): never {
  const frames: Frame[] = []
  for (let place: Place = innermost; typeof place !== 'string'; place = place.up) frames.push(place)
  frames.reverse()
  const seen = new Set<object>()
  const first = frames.find(({ owner }) => seen.has(owner) || !seen.add(owner)) ?? innermost
  refuse(first.up, first.owner, 'it contains itself')
}

function pathOf(place: Place): string {
  const steps: string[] = []
  let above = place
  while (typeof above !== 'string') {
    steps.push(shown(above.step))
    above = above.up
  }
  return shorten(above + steps.reverse().join(''))
}

/** The way from a value to something that it holds, as a caller would write it: `choices[0].message`. */
export function showPath(steps: readonly Step[]): string {
  return shorten(steps.map(shown).join('').replace(/^\./, ''))
}

function shorten(path: string): string {
  if (path.length <= LONGEST_PATH) return path
  return `${path.slice(0, LONGEST_PATH / 2)} … ${path.slice(-LONGEST_PATH / 2)}`
}

function shown(step: Step): string {
  if (typeof step === 'object') return step.shown
  if (typeof step === 'number') return `[${step}]`
  return IDENTIFIER.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`
}
