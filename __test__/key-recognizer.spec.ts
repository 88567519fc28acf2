import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { encodeKey } from '../lib/key/encode.ts'
import { KeyRecognizer } from '../lib/key/recognizer.ts'
import { isUnchanged, takeSnapshot } from '../lib/key/snapshot.ts'

type Container = any

const NAMES = ['a', 'b', '1', '__proto__', 'toJSON'] as const
const leaf = fc.constantFrom<unknown>(0, -0, 1, Number.NaN, '1', 'x', 1n, true, null, undefined)
const plain = fc.letrec<{ value: unknown; object: Container }>((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, leaf, tie('object'), fc.array(tie('value'), { maxLength: 3 })),
  object: fc.array(fc.tuple(fc.constantFrom(...NAMES), tie('value')), { maxLength: 4 }).map((entries) => {
    const object = {}
    for (const [name, value] of entries) define(object, name, value)
    return object
  }),
})).object

function define(object: object, name: PropertyKey, value: unknown) {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
}

/** Every object and array below a value, itself included. */
function containers(value: unknown, found: Container[] = []): Container[] {
  if (typeof value !== 'object' || value === null || found.includes(value)) return found
  found.push(value)
  for (const name of Object.keys(value)) containers((value as Container)[name], found)
  return found
}

function clone(value: any): any {
  if (typeof value !== 'object' || value === null) return value
  const copy = Array.isArray(value) ? [] : {}
  for (const name of Object.keys(value)) define(copy, name, clone(value[name]))
  if (Array.isArray(copy)) copy.length = value.length
  return copy
}

/** What programs do to live objects; each takes the object, one of its names (or a new one) and a value. */
const changes: Record<string, (target: Container, name: string, value: unknown) => void> = {
  add: (target, _, value) => define(target, NAMES.find((name) => !Object.hasOwn(target, name)) ?? 'more', value),
  change: (target, name, value) => define(target, name, value),
  remove: (target, name) => Reflect.deleteProperty(target, name),
  clear: (target, name) => define(target, name, undefined),
  moveToEnd: (target, name) => {
    const value = target[name]
    Reflect.deleteProperty(target, name)
    define(target, name, value)
  },
  swap: (target, name) => {
    const [first] = Object.keys(target)
    if (first === undefined || !Object.hasOwn(target, name)) return
    const [one, other] = [target[first], target[name]]
    define(target, first, other)
    define(target, name, one)
  },
  nest: (target, name, value) => define(target, name, { a: value }),
  wrap: (target, name, value) => define(target, name, [value]),
  box: (target, name) => define(target, name, new Date(0)),
  getter: (target, name, value) =>
    Object.defineProperty(target, name, { get: () => value, enumerable: true, configurable: true }),
  hide: (target, name) => Object.hasOwn(target, name) && Object.defineProperty(target, name, { enumerable: false }),
  show: (target, name) => Object.hasOwn(target, name) && Object.defineProperty(target, name, { enumerable: true }),
  disinherit: (target) => !Array.isArray(target) && Object.setPrototypeOf(target, null),
  inherit: (target) => !Array.isArray(target) && Object.setPrototypeOf(target, Object.prototype),
  lengthen: (target) => Array.isArray(target) && target.length++,
  shorten: (target) => Array.isArray(target) && target.pop(),
  nothing: () => {},
}

const step = fc.record({
  object: fc.nat(),
  container: fc.nat(),
  name: fc.nat(),
  change: fc.constantFrom(...Object.keys(changes)),
  value: fc.oneof(leaf, plain.map(clone)),
  fresh: fc.boolean(),
})

function outcome(encode: () => string): string {
  try {
    return encode()
  } catch (error) {
    return String(error)
  }
}

test('gives what encodeKey gives, however live objects are changed between calls', { timeout: 60_000 }, () => {
  const property = fc.property(fc.array(plain, { minLength: 1, maxLength: 7 }), fc.array(step), (generated, steps) => {
    const recognizer = new KeyRecognizer()
    const live: Container[] = generated.map(clone)
    for (const { object, container, name, change, value, fresh } of steps) {
      const root = live[object % live.length]
      const inside = containers(root)
      const target = inside[container % inside.length]
      const names = [...Object.getOwnPropertyNames(target).filter((own) => own !== 'length'), 'a']
      changes[change]?.(target, names[name % names.length] as string, clone(value))
      for (const asked of fresh ? [root, clone(root), ...live] : [root, root]) {
        const expected = outcome(() => encodeKey(asked, 'value'))
        expect(outcome(() => recognizer.encode(asked, 'value'))).toBe(expected)
      }
    }
  })
  fc.assert(property, { numRuns: 300 })
})

describe('a value is recognised', () => {
  test('as long as it, or a fresh one, has the same content', () => {
    const make = () => ({
      model: 'gpt-4',
      none: undefined,
      nan: Number.NaN,
      zero: -0,
      tools: [{ name: 'a', parameters: { type: 'object' } }, null, undefined],
      ['__proto__']: { a: 1n },
    })
    const value = make()
    const snapshot = takeSnapshot(value)
    if (snapshot === undefined) throw new Error('No snapshot')
    expect(isUnchanged(value, snapshot)).toBe(true)
    expect(isUnchanged(make(), snapshot)).toBe(true)
  })

  test('not after any change, nested ones included', () => {
    const make = (): Container => ({ a: 1, b: [0, { c: 'x', d: undefined }, undefined] })
    const edits: ((value: Container) => unknown)[] = [
      (value) => define(value, 'a', 2),
      (value) => define(value, 'a', '1'),
      (value) => define(value, 'e', undefined),
      (value) => Reflect.deleteProperty(value, 'a'),
      (value) => changes.moveToEnd?.(value, 'a', 0),
      (value) => Object.setPrototypeOf(value, null),
      (value) => define(value, 'b', { ...value.b }),
      (value) => define(value.b, 0, -0),
      (value) => Reflect.deleteProperty(value.b, 2),
      (value) => value.b.push(1),
      (value) => value.b.pop(),
      (value) => define(value.b, 1, null),
      (value) => define(value.b, 1, ['x']),
      (value) => define(value.b[1], 'c', 'y'),
      (value) => define(value.b[1], 'd', null),
      (value) => define(value.b[1], 'e', undefined),
      (value) => Reflect.deleteProperty(value.b[1], 'd'),
      (value) => Object.setPrototypeOf(value.b[1], null),
    ]
    const snapshot = takeSnapshot(make())
    if (snapshot === undefined) throw new Error('No snapshot')
    for (const edit of edits) {
      const value = make()
      edit(value)
      expect([String(edit), isUnchanged(value, snapshot)]).toEqual([String(edit), false])
    }
  })

  test('never where looking at it could run code, or would not show all of it', () => {
    const self: Container = {}
    self.self = self
    const hole = new Array(1)
    const getter = Object.defineProperty({}, 'a', { get: () => 1, enumerable: true })
    const opaque = [
      ...[new Date(), new Map(), new Set(), /a/, new Uint8Array(2), new URL('http://localhost/'), new Error('a')],
      ...[new (class Point {})(), Object.create(null), Object('a'), self, new Proxy({}, {}), new Proxy([], {})],
      ...[getter, hole, [1].concat(hole), Object.assign([0].concat(hole), { x: 2 }), { toJSON() {} }, Symbol('a')],
      ...[new Array(100_000), new Array(1_000).fill(0), 'x'.repeat(100_000), { ['x'.repeat(100_000)]: 1 }],
    ]
    for (const value of opaque) {
      expect(takeSnapshot({ value })).toBeUndefined()
      expect(takeSnapshot([[value]])).toBeUndefined()
    }
  })
})

describe('polluted prototypes', () => {
  afterEach(() => {
    Reflect.deleteProperty(Object.prototype, 'b')
    Reflect.deleteProperty(Array.prototype, '1')
  })

  test('what is inherited never stands in for what an object lost', () => {
    const recognizer = new KeyRecognizer()
    const value: Container = { a: 1, b: 2 }
    recognizer.encode(value, 'value')
    delete value.b
    define(Object.prototype, 'b', 2)
    expect(recognizer.encode(value, 'value')).toBe('{s1:ad1;}')
  })

  test('nor for an element', () => {
    const recognizer = new KeyRecognizer()
    const value: Container = { list: [1, 2] }
    recognizer.encode(value, 'value')
    delete value.list[1]
    define(Array.prototype, '1', 2)
    expect(recognizer.encode(value, 'value')).toBe(encodeKey(value, 'value'))
  })
})

test('a getter that gives way to a property of another value is not taken for it', () => {
  const recognizer = new KeyRecognizer()
  const value = {
    get a() {
      define(this, 'a', 2)
      return 1
    },
  }
  expect(recognizer.encode(value, 'value')).toBe('{s1:ad1;}')
  expect(recognizer.encode(value, 'value')).toBe('{s1:ad2;}')
})

test('a getter is asked each time', () => {
  const recognizer = new KeyRecognizer()
  let count = 0
  const value = Object.defineProperty({}, 'a', { get: () => ++count, enumerable: true })
  for (const expected of [1, 2, 3]) expect(recognizer.encode(value, 'value')).toBe(`{s1:ad${expected};}`)
})

test('errors name the argument of this call', () => {
  const recognizer = new KeyRecognizer()
  expect(() => recognizer.encode({ a() {} }, 'modelConfig')).toThrow('`modelConfig.a`')
  expect(() => recognizer.encode(() => {}, 'params')).toThrow('`params`')
})

test('no object of the caller is kept alive', async () => {
  const recognizer = new KeyRecognizer()
  const encodeOne = () => {
    const value = { a: { b: [1] } }
    recognizer.encode(value, 'value')
    recognizer.encode(value, 'value')
    return [new WeakRef(value), new WeakRef(value.a), new WeakRef(value.a.b)]
  }
  const references = encodeOne()
  // A reference that was looked at lives until the end of the turn.
  await new Promise((resolve) => setImmediate(resolve))
  globalThis.gc?.()
  expect(references.map((reference) => reference.deref())).toEqual([undefined, undefined, undefined])
  expect(recognizer.encode({ a: { b: [1] } }, 'value')).toBe('{s1:a{s1:b[d1;]}}')
})
