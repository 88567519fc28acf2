// What a value of plain objects, arrays and primitives consisted of, to tell later whether it, or another, still does.
//
// A snapshot stands for a value only where reading it runs no code of the caller and shows all of it, so accessors,
// proxies, holes and objects of any other kind have none. It holds names and primitives, never an object of the caller.

import { types } from 'node:util'

/** Beyond this a value is encoded anew each time, so that a snapshot stays small. */
const MOST_MEMBERS = 512
const MOST_TEXT = 65_536
const DEEPEST = 32

/** `names` is absent for an array. Values are primitives and, for what is nested, further snapshots. */
export class Snapshot {
  readonly names: readonly string[] | undefined
  readonly values: readonly unknown[]

  constructor(names: readonly string[] | undefined, values: readonly unknown[]) {
    this.names = names
    this.values = values
  }
}

type Properties = Record<string, unknown>

/** Whether a value has the same properties in the same order, with the same values, as the one the snapshot is of. */
export function isUnchanged(value: object, snapshot: Snapshot): boolean {
  return isSameContainer(value, snapshot) && hasNothingEnumerable(Object.prototype)
}

function isSameContainer(value: object, { names, values }: Snapshot): boolean {
  return names === undefined ? isSameArray(value, values) : isSameObject(value as Properties, names, values)
}

function isSameObject(value: Properties, names: readonly string[], values: readonly unknown[]): boolean {
  if (Object.getPrototypeOf(value) !== Object.prototype) return false
  let index = 0
  for (const name in value) {
    // Past the end this compares with `undefined`, which is no name.
    if (names[index] !== name || !isSame(value[name], values[index])) return false
    index++
  }
  return index === names.length
}

function isSameArray(value: object, values: readonly unknown[]): boolean {
  if (Object.getPrototypeOf(value) !== Array.prototype || !Array.isArray(value)) return false
  if (value.length !== values.length) return false
  for (let index = 0; index < values.length; index++) {
    const element: unknown = value[index]
    if (!isSame(element, values[index])) return false
    if (element === undefined && !Object.hasOwn(value, index)) return false
  }
  return true
}

function isSame(value: unknown, expected: unknown): boolean {
  if (Object.is(value, expected)) return true
  return expected instanceof Snapshot && typeof value === 'object' && value !== null && isSameContainer(value, expected)
}

/** `for…in` shows what is inherited too: there must be nothing that could stand in for a property the object lost. */
function hasNothingEnumerable(prototype: object): boolean {
  for (const _ in prototype) return false
  return true
}

interface Budget {
  members: number
  text: number
}

/**
 * The snapshot of a value; `undefined` if there can be none. Taken *before* the value is encoded: it runs no code of the
 * caller, and for a value that has a snapshot encoding runs none either, so both see the same.
 */
export function takeSnapshot(value: object): Snapshot | undefined {
  return snapshotOf(value, { members: MOST_MEMBERS, text: MOST_TEXT }, DEEPEST)
}

function snapshotOf(value: object, budget: Budget, depth: number): Snapshot | undefined {
  if (depth === 0 || types.isProxy(value)) return undefined
  const prototype: unknown = Object.getPrototypeOf(value)
  if (Array.isArray(value)) {
    // The indices are its first names, in order; what follows them is no part of a key.
    if (prototype !== Array.prototype || value.length > budget.members) return undefined
    const indices = Array.from({ length: value.length }, (_, index) => String(index))
    const values = membersOf(value, indices, budget, depth)
    return values && new Snapshot(undefined, values)
  }
  if (prototype !== Object.prototype) return undefined
  const names = Object.keys(value)
  for (const name of names) budget.text -= name.length
  const values = membersOf(value, names, budget, depth)
  return values && new Snapshot(names, values)
}

function membersOf(value: object, names: string[], budget: Budget, depth: number): unknown[] | undefined {
  budget.members -= names.length
  if (budget.members < 0) return undefined
  const values: unknown[] = []
  for (const name of names) {
    const property = Object.getOwnPropertyDescriptor(value, name)
    // A hole, or an accessor.
    if (property === undefined || !('value' in property)) return undefined
    let member: unknown = property.value
    if (typeof member === 'function' || typeof member === 'symbol') return undefined
    if (typeof member === 'string') budget.text -= member.length
    if (typeof member === 'object' && member !== null) member = snapshotOf(member, budget, depth - 1)
    // An object that has no snapshot has left `undefined` where it was no `undefined` before.
    if (budget.text < 0 || (member === undefined && property.value !== undefined)) return undefined
    values.push(member)
  }
  return values
}
