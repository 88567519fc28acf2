import { describe, expect, test } from 'vitest'
import { encoded, refusal, roundTrip } from './helpers/codec.ts'

class Money {}

describe('what cannot be stored is said, never thrown', () => {
  const endless = (): object => ({
    get next() {
      return endless()
    },
  })
  const nested = (levels: number) => {
    let value: unknown = 1
    for (let level = 0; level < levels; level++) value = [value]
    return value
  }
  const failing = Object.defineProperty({}, 'a', {
    enumerable: true,
    get: () => {
      throw new Error('mine')
    },
  })
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()

  test.each<[string, unknown, string, string]>([
    ['a function', () => {}, 'function', ''],
    ['a symbol', Symbol('s'), 'symbol', ''],
    ['a function deep inside', { choices: [{ 'a b': [1, () => {}] }] }, 'function', 'choices[0]["a b"][1]'],
    ['a function beside JSON', [1, 'a', null, Symbol('s')], 'symbol', '[3]'],
    [
      'a key of a Map',
      new Map<any, any>([
        ['a', 1],
        [() => {}, 2],
      ]),
      'function',
      'keys()[1]',
    ],
    ['a value of a Map', { map: new Map([['a', [() => {}]]]) }, 'function', 'map.get("a")[0]'],
    ['a value under an object of a Map', { map: new Map([[{}, Symbol('s')]]) }, 'symbol', 'map.values()[0]'],
    ['a member of a Set', new Set([1, () => {}]), 'function', 'values()[1]'],
    ['the cause of an error', new Error('x', { cause: () => {} }), 'function', 'cause'],
    ['an instance of a class', { price: new Money() }, 'class Money', 'price'],
    ['an instance of an error class', [new (class HttpError extends Error {})('x')], 'class HttpError', '[0]'],
    ['an instance of a subclass of Map', new (class Tags extends Map {})(), 'class Tags', ''],
    ['an instance of a subclass of Array', new (class Row extends Array {})(), 'class Row', ''],
    ['an instance of a subclass of Uint8Array', new (class Bytes extends Uint8Array {})(1), 'class Bytes', ''],
    ['an object made from another', Object.create({ a: 1 }), 'object with a prototype of its own', ''],
    ['a boxed symbol', Object(Symbol('s')), 'class Symbol', ''],
    ['a promise', { answer: Promise.resolve(1) }, 'class Promise', 'answer'],
    ['a WeakMap', new WeakMap(), 'class WeakMap', ''],
    ['a URL', new URL('http://localhost'), 'class URL', ''],
    ['a Response', new Response('x'), 'class Response', ''],
    ['shared memory', new SharedArrayBuffer(1), 'class SharedArrayBuffer', ''],
    ['a view of shared memory', new Uint8Array(new SharedArrayBuffer(1)), 'class SharedArrayBuffer', ''],
    ['a buffer that can grow', new (ArrayBuffer as any)(8, { maxByteLength: 16 }), 'resizable ArrayBuffer', ''],
    ['a Map with properties', Object.assign(new Map(), { extra: 1 }), 'Map with properties of its own', ''],
    ['a getter that throws', { list: [failing] }, 'accessor that throws', 'list[0].a'],
    ['a proxy that was revoked', [proxy], 'accessor that throws', '[0]'],
    ['an endless object', endless(), 'nesting of more than 1000 levels', 'PATH'],
    ['nesting beyond the limit', nested(1_001), 'nesting of more than 1000 levels', 'PATH'],
    ['nesting beyond the stack', nested(100_000), 'nesting of more than 1000 levels', 'PATH'],
  ])('%s', (_, value, kind, path) => {
    expect(refusal(value)).toEqual([kind, path === 'PATH' ? expect.stringContaining('…') : path])
  })

  test('values of 1,000 levels are stored', () => {
    for (const value of [nested(1_000), [nested(998), -0]]) expect(roundTrip(value)).toEqual(value)
  })

  test('a method named toJSON is a function, wherever it comes from', () => {
    expect(refusal({ a: 1, toJSON: () => 2 })).toEqual(['function', 'toJSON'])
    const quiet = Object.defineProperty({ a: 1 }, 'toJSON', { value: () => 2 })
    expect(roundTrip(quiet)).toEqual({ a: 1 })
    expect(roundTrip({ toJSON: 'text' })).toEqual({ toJSON: 'text' })
  })

  test('a value that encodes others while it is read', () => {
    const inner = {
      get a() {
        return encoded({ deep: [-0] }).value.length
      },
    }
    expect(roundTrip([-0, inner, 'after'])).toEqual([-0, { a: encoded({ deep: [-0] }).value.length }, 'after'])
  })
})
