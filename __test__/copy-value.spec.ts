// Copies for caches that do not give out what they hold: equal to what was given, and sharing nothing that can change.

import { isDeepStrictEqual, types } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeValue } from '../lib/values/codec/decode.ts'
import { encodeValue } from '../lib/values/codec/encode.ts'
import { copyValue, freezeValue } from '../lib/values/codec/isolation.ts'
import { registerCodec } from '../lib/values/codec/registry.ts'
import { Unstorable } from '../lib/values/codec/unstorable.ts'
import { anyStorable } from './helpers/any-data.ts'
import { completed } from './helpers/codec.ts'

const copy = (value: unknown): any => {
  const result = copyValue(value)
  if (result instanceof Unstorable) throw new Error(result.kind)
  return result.value
}

/** Every object that a value refers to, itself included. */
function objectsOf(value: unknown, met = new Set<object>()): Set<object> {
  if (typeof value !== 'object' || value === null || met.has(value)) return met
  met.add(value)
  if (types.isMap(value)) for (const pair of value) pair.map((part) => objectsOf(part, met))
  if (types.isSet(value)) for (const member of value) objectsOf(member, met)
  if (ArrayBuffer.isView(value)) objectsOf(value.buffer, met)
  else for (const name of Reflect.ownKeys(value)) objectsOf((value as any)[name], met)
  return met
}

class Money {
  cents: unknown
  constructor(cents: unknown) {
    this.cents = cents
  }
}

describe('copyValue', () => {
  test('gives an equal value that shares no object', () => {
    fc.assert(
      fc.property(anyStorable, (value) => {
        const copied = copy(value)
        expect(isDeepStrictEqual(copied, value)).toBe(true)
        const originals = objectsOf(value)
        for (const object of objectsOf(copied)) expect(originals.has(object)).toBe(false)
      }),
      { numRuns: 1_000 },
    )
  })

  test('gives what the store would give back, and refuses what it would refuse', () => {
    const values: unknown[] = [
      ...[{ a: () => {} }, [Symbol('s')], new Money(1), new Map([['k', new WeakMap()]]), new SharedArrayBuffer(1)],
      ...[Object.assign(new Set(), { extra: 1 }), new (class extends Error {})('x'), { deep: [Promise.resolve()] }],
      ...[Object.assign(new RangeError('x', { cause: [1] }), { code: 7 }), new AggregateError([1], 'y')],
      ...[Object.assign([1], { extra: { a: 1 } }), new Array(2_000), Object.assign(new Array(2_000), { 7: {} })],
      ...[JSON.parse('{ "__proto__": { "a": 1 } }'), [new Date(Number.NaN)], [Object(1n)], /x/y],
    ]
    for (const value of values) {
      const encoded = encodeValue(value)
      const copied = copyValue(value)
      if (encoded instanceof Unstorable) expect(copied).toEqual(encoded)
      else {
        const { codec, value: bytes } = completed(encoded)
        expect(copied).toStrictEqual(decodeValue(codec, bytes))
      }
    }
  })

  test('objects that are one stay one, and cycles stay cycles', () => {
    const shared = { name: 'shared' }
    const { buffer } = new Uint8Array(8)
    const value: any = {
      list: [shared, shared],
      map: new Map([[shared, shared]]),
      views: [new DataView(buffer), buffer],
    }
    value.self = value
    for (let count = 0; count < 20; count++) value[`o${count}`] = { shared }
    const copied = copy(value)
    expect(copied.self).toBe(copied)
    expect(copied.list[0]).toBe(copied.list[1])
    expect(copied.map.get(copied.list[0])).toBe(copied.o19.shared)
    expect(copied.views[0].buffer).toBe(copied.views[1])
  })

  test('instances with a codec are made anew by it', () => {
    registerCodec('Money', {
      is: (value) => value instanceof Money,
      encode: ({ cents }: Money) => cents,
      decode: (cents) => new Money(cents),
    })
    const price = new Money({ exact: [1] })
    const copied = copy([price, price])
    expect(copied[0]).toBeInstanceOf(Money)
    expect([copied[0] === price, copied[0] === copied[1], copied[0].cents === price.cents]).toEqual([
      false,
      true,
      false,
    ])
    expect(copied[0].cents).toEqual({ exact: [1] })
    expect(copyValue(new Money(() => {}))).toEqual(new Unstorable('function', 'encode(Money)'))
    price.cents = price
    expect(copyValue(price)).toEqual(encodeValue(price))
    registerCodec('Money', { is: () => false, encode: () => 0, decode: () => 0 })
  })
})

describe('freezeValue', () => {
  test('freezes a copy at every depth, and leaves the value alone', () => {
    const value: any = { list: [{ deep: [1] }], error: new Error('x', { cause: {} }), boxed: Object('ab') }
    value.self = value
    const result = freezeValue(value) as { value: any; isFrozen: boolean }
    expect(result.isFrozen).toBe(true)
    for (const object of objectsOf(result.value)) expect(Object.isFrozen(object)).toBe(true)
    for (const object of objectsOf(value))
      if (!types.isBoxedPrimitive(object)) expect(Object.isFrozen(object)).toBe(false)
    expect(() => result.value.list.push(1)).toThrow(TypeError)
    expect(result.value).toStrictEqual(value)
  })

  test('says where freezing does not protect, and freezes nothing then', () => {
    const unprotected = [new Map(), new Set(), new Date(), /x/g, new Uint8Array(1), Buffer.of(1), new ArrayBuffer(1)]
    for (const inside of unprotected) {
      const result = freezeValue({ list: [{ inside }] }) as { value: any; isFrozen: boolean }
      expect(result.isFrozen).toBe(false)
      expect(result.value).toStrictEqual({ list: [{ inside }] })
      result.value.list.push(1)
    }
  })

  test('primitives are frozen as they are; what cannot be copied is said', () => {
    for (const value of ['a', 1, undefined, null, 1n]) expect(freezeValue(value)).toEqual({ value, isFrozen: true })
    expect(freezeValue({ a: [() => {}] })).toEqual(new Unstorable('function', 'a[0]'))
  })
})
