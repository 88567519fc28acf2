// What the codec carries, what it refuses, and what it makes of equal values. How it meets bytes that are not its own is
// told in codec-hostile.spec.ts.

import { readFileSync } from 'node:fs'
import { isDeepStrictEqual, types } from 'node:util'
import { runInNewContext, runInThisContext } from 'node:vm'
import Decimal from 'decimal.js'
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { decodeValue } from '../lib/values/codec/decode.ts'
import { encodeTagged, encodeValue } from '../lib/values/codec/encode.ts'
import { registerCodec } from '../lib/values/codec/registry.ts'
import { Unstorable } from '../lib/values/codec/unstorable.ts'
import { anyStorable } from './helpers/any-data.ts'

const encoded = (value: unknown) => {
  const result = encodeValue(value)
  if (result instanceof Unstorable) throw new Error(`not storable: ${result.kind} at ${result.path}`)
  return result
}
const roundTrip = (value: any): any => {
  const { codec, value: bytes } = encoded(value)
  const decoded = decodeValue(codec, bytes)
  if (decoded === undefined) throw new Error('not decodable')
  return decoded.value
}
const refusal = (value: unknown) => {
  const result = encodeValue(value)
  return result instanceof Unstorable ? [result.kind, result.path] : result
}

class Money {
  cents: number
  constructor(cents = 1) {
    this.cents = cents
  }
}
const elsewhere = (source: string) => runInNewContext(source, { Buffer })

describe('whatever structured clone carries comes back equal', () => {
  test('any nesting of data', () => {
    fc.assert(
      fc.property(anyStorable, (value) => {
        expect(isDeepStrictEqual(roundTrip(value), value)).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })

  test('JSON text is used exactly where it brings back the same', () => {
    const json = fc.property(anyStorable, (value) => {
      const { codec } = encoded(value)
      const tagged = encodeTagged(value) as { codec: 2; value: Uint8Array }
      expect(isDeepStrictEqual(decodeValue(2, tagged.value), { value })).toBe(true)
      return codec === 2 || isDeepStrictEqual(JSON.parse(JSON.stringify(value)), value)
    })
    fc.assert(json, { numRuns: 1_000 })
    const answer = { id: 'a', choices: [{ index: 0, message: { content: 'é\ud800' } }], usage: { total_tokens: 7.5 } }
    expect(encodeValue(answer)).toEqual({ codec: 1, value: JSON.stringify(answer) })
    expect(encodeValue(Object.create(null))).toEqual({ codec: 1, value: '{}' })
    expect(encoded(JSON.parse('{ "__proto__": { "a": 1 } }')).codec).toBe(1)
    const nearlyJson = [
      ...[
        -0,
        Number.NaN,
        Number.POSITIVE_INFINITY,
        undefined,
        1n,
        [undefined],
        Object.assign(new Array(2), { 1: 1 }),
        { a: undefined },
        [-0],
        { a: [-0] },
      ],
      ...[
        Object.assign([1], { extra: 1 }),
        [[]].map((shared) => [shared, shared]),
        new Date(0),
        Object(1),
        Buffer.of(1),
      ],
    ]
    for (const value of nearlyJson) expect(encoded(value).codec).toBe(2)
  })

  test.each<[string, any]>([
    [
      'numbers',
      [0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324, 2 ** 31, -(2 ** 31)],
    ],
    ['bigints', [0n, 1n, -1n, 255n, -256n, 2n ** 64n, -(2n ** 4_099n)]],
    [
      'texts',
      ['', 'a', 'é', '😀', '\ud800', '\udc00x', '\ufeffa', 'é'.repeat(99), '\ud800'.repeat(99), 'a'.repeat(9_999)],
    ],
    ['undefined properties', { b: undefined, a: 1 }],
    ['Dates', [new Date(0), new Date(-1), new Date(8.64e15)]],
    [
      'Maps with any keys',
      new Map<any, any>([
        [{ a: 1 }, 1],
        [Number.NaN, 2],
        [undefined, new Map()],
        [-0, 0],
      ]),
    ],
    ['Sets', new Set<any>([[], 'a', new Set([1]), undefined])],
    ['arrays with holes', Object.assign(new Array(5), { 1: 1, 3: undefined })],
    ['an array with nothing but holes', new Array(5)],
    ['arrays with properties', Object.assign([1, 2], { index: 3, '-1': 4, '01': 5, '4294967295': 6 })],
    ['a match of an expression', /(a)(b)?/.exec('xa')],
    [
      'numeric arrays',
      [
        [0.5, 1, 2, 3],
        [0.1, 1, 2, 3],
        [1, 2, 3, -0],
        [Number.NaN, 1, 2, 3, Number.POSITIVE_INFINITY],
      ],
    ],
    ['boxed primitives', [Object(1), Object(-0), Object('ab'), Object(false), Object(7n)]],
    ['expressions', [/a\/b/dgimsuy, runInThisContext('/[\\p{L}--a]/v'), /\/\n/]],
    [
      'buffers',
      [
        new ArrayBuffer(3),
        Buffer.from('hé'),
        new Uint8Array([1, 2, 3]).subarray(1),
        new DataView(new ArrayBuffer(4), 1, 2),
      ],
    ],
  ])('%s', (_, value) => {
    expect(isDeepStrictEqual(roundTrip(value), value)).toBe(true)
    expect(isDeepStrictEqual(roundTrip({ a: [value] }), { a: [value] })).toBe(true)
  })

  test('the order of properties, entries and members', () => {
    const value = { b: 1, a: undefined, 2: 0, 1: 0 }
    expect(Object.keys(roundTrip(value))).toEqual(['1', '2', 'b', 'a'])
    expect([
      ...roundTrip(
        new Map([
          ['b', 1],
          ['a', 2],
        ]),
      ).keys(),
    ]).toEqual(['b', 'a'])
    expect([...roundTrip(new Set(['b', 'a']))]).toEqual(['b', 'a'])
  })

  test('a Date that is none', () => {
    expect(roundTrip([new Date(Number.NaN)])).toStrictEqual([new Date(Number.NaN)])
    expect(Number.isNaN(+roundTrip([new Date(Number.NaN)])[0])).toBe(true)
  })

  test('names that objects inherit are names like others', () => {
    const value = JSON.parse('{ "__proto__": { "a": 1 }, "constructor": 2, "toString": 3 }')
    for (const read of [roundTrip(value), roundTrip({ value, tagged: undefined }).value]) {
      expect(Object.getPrototypeOf(read)).toBe(Object.prototype)
      expect(Object.entries(read)).toEqual([
        ['__proto__', { a: 1 }],
        ['constructor', 2],
        ['toString', 3],
      ])
    }
  })

  test('every kind of typed array that this engine has', () => {
    const kinds = [
      'Int8',
      'Uint8',
      'Uint8Clamped',
      'Int16',
      'Uint16',
      'Int32',
      'Uint32',
      'Float32',
      'Float64',
      'BigInt64',
    ]
    for (const kind of [...kinds, 'BigUint64', ...('Float16Array' in globalThis ? ['Float16'] : [])]) {
      const View = (globalThis as any)[`${kind}Array`]
      const { buffer } = Uint8Array.from({ length: 32 }, (_, index) => 7 * index)
      for (const view of [new View(buffer), new View(buffer, 8, 2), new View(0)]) {
        const read = roundTrip(view)
        expect(read.constructor).toBe(View)
        expect(read).toStrictEqual(view)
        expect(read.buffer.byteLength).toBe(view.byteLength)
      }
    }
  })

  test('the bits of NaN in a typed array', () => {
    const { buffer } = new Uint32Array([0x7fc00001, 0xffc12345])
    expect(new Uint32Array(roundTrip(new Float32Array(buffer)).buffer)).toEqual(new Uint32Array(buffer))
  })

  test('a Buffer comes back as a Buffer, without what else its memory holds', () => {
    Buffer.from('a secret in the common pool')
    const read = roundTrip({ body: Buffer.from('hi') })
    expect(Buffer.isBuffer(read.body)).toBe(true)
    expect(read.body.buffer.byteLength).toBe(2)
  })

  test('errors with message, stack, cause, collected errors, name and properties', () => {
    const cause = new TypeError('inner')
    const error = Object.assign(new RangeError('outer', { cause }), { code: 'E_FAR', status: 500 })
    const read = roundTrip(error)
    expect(read).toBeInstanceOf(RangeError)
    expect(types.isNativeError(read)).toBe(true)
    expect([read.message, read.name, read.stack, read.code, read.status]).toEqual([
      'outer',
      'RangeError',
      error.stack,
      'E_FAR',
      500,
    ])
    expect(read.cause).toBeInstanceOf(TypeError)
    expect(read.cause.stack).toBe(cause.stack)
    expect(Object.keys(read)).toEqual(['code', 'status'])

    const all = roundTrip(new AggregateError([cause, 2], 'all'))
    expect(all).toBeInstanceOf(AggregateError)
    expect([all.errors[0].message, all.errors[1], Object.keys(all)]).toEqual(['inner', 2, []])

    const bare = roundTrip(Object.assign(new Error(), { name: 'Mine' }))
    expect([bare.name, Object.hasOwn(bare, 'message'), Object.hasOwn(bare, 'cause')]).toEqual(['Mine', false, false])
    for (const Kind of [EvalError, ReferenceError, SyntaxError, URIError])
      expect(roundTrip(new Kind('x'))).toBeInstanceOf(Kind)
  })

  test('objects that are one stay one, and cycles stay cycles', () => {
    const shared = { name: 'shared' }
    const map = new Map<any, any>([[shared, shared]])
    const value: any = { list: [shared, shared], map, set: new Set([shared, map]), date: new Date(1) }
    value.self = value
    value.again = value.date
    map.set('value', value)
    const error: any = new Error('x')
    error.cause = { error }
    value.error = error
    for (let count = 0; count < 20; count++) value[`o${count}`] = { shared }
    const read = roundTrip(value)
    expect(read.self).toBe(read)
    expect(read.list[0]).toBe(read.list[1])
    expect(read.map.get(read.list[0])).toBe(read.list[0])
    expect(read.map.get('value')).toBe(read)
    expect(read.set.has(read.map) && read.set.has(read.list[0])).toBe(true)
    expect(read.again).toBe(read.date)
    expect(read.error.cause.error).toBe(read.error)
    expect(read.o19.shared).toBe(read.list[0])
  })

  test('views of one buffer share it', () => {
    const { buffer } = new Float64Array([1, 2])
    const read = roundTrip({ floats: new Float64Array(buffer), bytes: new Uint8Array(buffer), buffer })
    expect(read.floats.buffer).toBe(read.buffer)
    expect(read.bytes.buffer).toBe(read.buffer)
  })

  test('objects of another realm are what they are here, and come back in this realm', () => {
    const value = elsewhere(`({
      list: [1, { deep: true }], map: new Map([['k', new Set([1])]]), date: new Date(5), pattern: /x/g, boxed: Object(1),
      bytes: new Uint8Array([7]), error: new TypeError('far'), view: new DataView(new ArrayBuffer(2)), gone: undefined,
    })`)
    const read = roundTrip(value)
    for (const name of ['list', 'map', 'date', 'pattern', 'boxed', 'bytes', 'error', 'view']) {
      const Here = (globalThis as any)[value[name].constructor.name]
      expect([name, value[name] instanceof Here, read[name] instanceof Here]).toEqual([name, false, true])
    }
    expect([read.list, read.map.get('k').has(1), +read.date, read.error.message]).toEqual([
      [1, { deep: true }],
      true,
      5,
      'far',
    ])
    const text = elsewhere(`({ choices: [{ message: { content: 'hi' } }] })`)
    expect(encoded(text).codec).toBe(1)
    expect(roundTrip(text)).toStrictEqual({ choices: [{ message: { content: 'hi' } }] })
  })

  test('a Date made while the clock is faked', () => {
    vi.useFakeTimers({ now: 1_234 })
    try {
      expect(+roundTrip({ date: new Date() }).date).toBe(1_234)
    } finally {
      vi.useRealTimers()
    }
  })

  test('what structured clone leaves out is left out', () => {
    const value = Object.defineProperties({ a: 1, [Symbol('s')]: 2 }, { hidden: { value: 3 } })
    expect(roundTrip(value)).toStrictEqual({ a: 1 })
    const pattern = Object.assign(/x/g, { lastIndex: 3 })
    expect(roundTrip([pattern])[0].lastIndex).toBe(0)
    expect(roundTrip(Object.assign(Object.create(null), { a: undefined }))).toStrictEqual({ a: undefined })
    expect(
      roundTrip({
        get a() {
          return new Date(3)
        },
      }),
    ).toStrictEqual({ a: new Date(3) })
  })

  test('a sparse array takes as little as it shows', () => {
    const array: unknown[] = new Array(4_294_967_295)
    array[4_000_000_000] = 'far'
    const { codec, value } = encoded(array)
    expect(value.length).toBeLessThan(30)
    const read = decodeValue(codec, value)?.value as unknown[]
    expect([read.length, Object.keys(read)]).toEqual([4_294_967_295, ['4000000000']])
  })
})

test('equal values built alike have the same bytes, in whatever order values were encoded before', () => {
  fc.assert(
    fc.property(anyStorable, anyStorable, (value, other) => {
      const first = encoded(value)
      encodeValue(other)
      return isDeepStrictEqual(encoded(roundTrip(value)), first) && isDeepStrictEqual(encoded(value), first)
    }),
  )
})

test('every test vector of docs/formats.md holds, both ways', () => {
  const document = readFileSync(new URL('../docs/formats.md', import.meta.url), 'utf8')
  const section = document.split('\n## Values')[1]?.split('### Test vectors')[1]?.split('\n## ')[0] ?? ''
  const rows = [...section.matchAll(/^\| `(.+)` +\| `([^`]+)` +\|$/gm)]
  expect(rows.length).toBe(section.split('\n').filter((line) => line.startsWith('| `')).length)
  expect(rows.length).toBeGreaterThan(30)
  for (const [, expression, hexadecimal] of rows) {
    const value = runInThisContext(`(${expression})`)
    const tagged = encodeTagged(value) as { value: Uint8Array }
    expect([expression, Buffer.from(tagged.value).toString('hex')]).toEqual([
      expression,
      hexadecimal?.replaceAll(' ', ''),
    ])
    const read = decodeValue(2, Buffer.from(hexadecimal?.replaceAll(' ', '') ?? '', 'hex'))
    expect([expression, isDeepStrictEqual(read, { value })]).toEqual([expression, true])
  }
})

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
      '.keys()[1]'.slice(1),
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

describe('registerCodec', () => {
  const decimal = {
    is: (value: unknown) => Decimal.isDecimal(value),
    encode: (value: Decimal) => value.toString(),
    decode: (text: string) => new Decimal(text),
  }
  const nothing = { is: () => false, encode: () => 0, decode: () => 0 }
  afterEach(() => {
    for (const name of ['Decimal', 'Money', 'HttpError', 'Faulty']) registerCodec(name, nothing)
  })

  test("Prisma's Decimal comes back as one", () => {
    expect(refusal({ price: new Decimal('1.10') })).toEqual(['class Decimal', 'price'])
    registerCodec('Decimal', decimal)
    const price = new Decimal('0.1000000000000000000000000001')
    const read = roundTrip({ rows: [{ price, again: price }] })
    expect(Decimal.isDecimal(read.rows[0].price) && read.rows[0].price.equals(price)).toBe(true)
    expect(read.rows[0].again).toBe(read.rows[0].price)
  })

  test('a codec can give anything storable, and claim what would be stored otherwise', () => {
    class HttpError extends Error {
      readonly headers: Map<string, string>
      constructor(message: string, headers: Map<string, string>) {
        super(message)
        this.headers = headers
      }
    }
    registerCodec('HttpError', {
      is: (value) => value instanceof HttpError,
      encode: ({ message, headers }) => ({ message, headers }),
      decode: ({ message, headers }) => new HttpError(message, headers),
    })
    const read = roundTrip([new HttpError('no', new Map([['retry-after', '1']]))])[0]
    expect(read).toBeInstanceOf(HttpError)
    expect([read.message, read.headers]).toEqual(['no', new Map([['retry-after', '1']])])
  })

  test('a name registered again replaces the codec; one that is not known is a miss', () => {
    const money = (version: number) => ({
      is: (value: unknown) => value instanceof Money,
      encode: ({ cents }: Money) => [version, cents],
      decode: ([written, cents]: number[]) => new Money(written! * 1_000 + version * 100 + cents!),
    })
    registerCodec('Money', money(1))
    const { value } = encoded(new Money(7))
    registerCodec('Money', money(2))
    expect(decodeValue(2, value)).toEqual({ value: new Money(1_207) })
    const unknown = Buffer.from(Buffer.from(value).toString('latin1').replace('Money', 'Mozey'), 'latin1')
    expect(decodeValue(2, unknown)).toBeUndefined()
  })

  test('a codec that fails stores nothing and reads nothing', () => {
    const fail = (): never => {
      throw new Error('mine')
    }
    const is = (value: unknown) => value instanceof Money
    registerCodec('Faulty', { is, encode: fail, decode: fail })
    expect(refusal([new Money()])).toEqual(['codec Faulty that throws', '[0].encode(Faulty)'])
    registerCodec('Faulty', { is, encode: ({ cents }) => cents, decode: fail })
    expect(decodeValue(2, encoded(new Money()).value)).toBeUndefined()
    registerCodec('Faulty', { is, encode: (value) => ({ value }), decode: fail })
    expect(refusal(new Money())).toEqual(['codec whose data refers to the value', '.encode(Faulty).value'.slice(1)])
    registerCodec('Faulty', { is: fail, encode: fail, decode: fail })
    expect(refusal([new Money()])).toEqual(['class Money', '[0]'])
  })

  test('its arguments are checked before anything is changed', () => {
    registerCodec('Decimal', decimal)
    const wrong: [unknown, unknown, string][] = [
      [7, decimal, 'Expected `name` to be a string, got `7`'],
      ['', decimal, 'Expected `name` to be a name of 1 to 255 characters, got `""`'],
      ['Decimal', null, 'Expected `codec` to be an object, got `null`'],
      ['Decimal', { ...decimal, is: 1 }, 'Expected `codec.is` to be a function, got `1`'],
      ['Decimal', { ...decimal, encode: 1 }, 'Expected `codec.encode` to be a function, got `1`'],
      ['Decimal', { ...decimal, decode: undefined }, 'Expected `codec.decode` to be a function, got `undefined`'],
    ]
    for (const [name, codec, message] of wrong) {
      expect(() => registerCodec(name as string, codec as any)).toThrow(message)
    }
    expect(Decimal.isDecimal(roundTrip([new Decimal(1)])[0])).toBe(true)
  })
})
