// What the codec carries, and what it makes of equal values. What it refuses is in unstorable.spec.ts, how it meets bytes
// that are not its own in codec-hostile.spec.ts.

import { readFileSync } from 'node:fs'
import { isDeepStrictEqual, types } from 'node:util'
import { runInNewContext, runInThisContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { decodeValue } from '../lib/values/codec/decode.ts'
import { encodeTagged, encodeValue } from '../lib/values/codec/encode.ts'
import { anyStorable } from './helpers/any-data.ts'
import { encoded, roundTrip } from './helpers/codec.ts'

// Thousands of random values, on machines that may do other things besides.
vi.setConfig({ testTimeout: 120_000 })

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
      const { codec, value: text } = encoded(value)
      const tagged = encodeTagged(value) as { codec: 2; value: Uint8Array }
      expect(isDeepStrictEqual(decodeValue(2, tagged.value), { value })).toBe(true)
      return (
        codec === 2 || (isDeepStrictEqual(JSON.parse(JSON.stringify(value)), value) && text === JSON.stringify(value))
      )
    })
    fc.assert(json, { numRuns: 1_000 })
    const answer = { id: 'a', choices: [{ index: 0, message: { content: 'é\ud800' } }], usage: { total_tokens: 7.5 } }
    expect(encoded(answer)).toEqual({ codec: 1, value: JSON.stringify(answer) })
    expect(encoded(Object.create(null))).toEqual({ codec: 1, value: '{}' })
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

  test('JSON text has room for many strings and names, and for a getter that encodes meanwhile', () => {
    const value: any = { list: Array.from({ length: 3_000 }, (_, index) => `string "${index}"`) }
    for (let index = 0; index < 5_000; index++) value[`name ${index}`] = index
    expect(encoded(value)).toEqual({ codec: 1, value: JSON.stringify(value) })
    const nested = { before: 'a', get inner() { return encoded({ x: ['y'] }).value }, after: 'é' } // biome-ignore format: one line
    expect(encoded(nested)).toEqual({ codec: 1, value: JSON.stringify(nested) })
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
