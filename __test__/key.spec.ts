import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { isDeepStrictEqual } from 'node:util'
import { runInNewContext, runInThisContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeKey } from '../lib/key/encode.ts'
import { decodeKey } from './helpers/decode-key.ts'

const key = (value: unknown) => encodeKey(value, 'input')

/** The same value with the properties of each plain object in reverse, and those that are `undefined` as asked. */
function rebuilt(value: unknown, undefinedProperties: 'kept' | 'dropped'): unknown {
  const again = (child: unknown) => rebuilt(child, undefinedProperties)
  if (Array.isArray(value)) return value.map(again)
  if (value instanceof Map) return new Map([...value].reverse().map(([name, item]) => [again(name), again(item)]))
  if (value instanceof Set) return new Set([...value].reverse().map(again))
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  const copy = {}
  for (const [name, child] of Object.entries(value as object).reverse()) {
    const property = { value: again(child), enumerable: true, configurable: true, writable: true }
    if (child !== undefined || undefinedProperties === 'kept') Object.defineProperty(copy, name, property)
  }
  return copy
}

const anyText = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) })
const anyData = fc.anything({
  key: fc.oneof(anyText, fc.constantFrom('__proto__', 'constructor', 'toString', '0', '10', '9')),
  values: [
    ...[anyText, fc.string(), fc.double(), fc.integer(), fc.bigInt(), fc.boolean()],
    ...[fc.constantFrom(null, undefined, 0, -0, Number.NaN), fc.date({ noInvalidDate: true })],
  ],
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  maxDepth: 4,
})

/** Few leaves and few names, so that two values are often equal, or differ in one place. */
const alikeData = fc.anything({
  key: fc.constantFrom('a', 'b'),
  values: [fc.constantFrom(0, -0, 1, '1', 1n, null, undefined, true, '', 'd1;', Number.NaN)],
  maxDepth: 2,
  maxKeys: 2,
})

test('every test vector of docs/formats.md holds', () => {
  const document = readFileSync(new URL('../docs/formats.md', import.meta.url), 'utf8')
  const section = document.split('### Test vectors')[1]?.split('\n## ')[0] ?? ''
  const rows = [...section.matchAll(/^\| `(.+)` +\| `([^`]+)` +\|$/gm)]
  expect(rows.length).toBe(section.split('\n').filter((line) => line.startsWith('| `')).length)
  expect(rows.length).toBeGreaterThan(40)
  for (const [, expression, expected] of rows) {
    expect([expression, key(runInThisContext(`(${expression})`))]).toEqual([expression, expected])
  }
})

describe('equal values have equal keys, different ones different keys', () => {
  test('a key can be read back into the value it was made of', () => {
    fc.assert(fc.property(anyData, (value) => isDeepStrictEqual(decodeKey(key(value)), rebuilt(value, 'dropped'))))
  })

  test('the order of properties and members does not matter at any depth', () => {
    fc.assert(fc.property(anyData, (value) => key(value) === key(rebuilt(value, 'kept'))))
  })

  test('two values have one key exactly if they are deeply and strictly equal', () => {
    const isSame = (left: unknown, right: unknown) =>
      isDeepStrictEqual(rebuilt(left, 'dropped'), rebuilt(right, 'dropped'))
    const pairs = fc.property(alikeData, alikeData, (a, b) => (key(a) === key(b)) === isSame(a, b))
    fc.assert(pairs, { numRuns: 2_000 })
  })

  test('texts cannot be written to look like other values', () => {
    const values = [
      ...[['a', 'b'], ['ab'], ['as1:b'], ['a', 'b', ''], [['a', 'b']], [['a'], 'b'], ['as1', 'b']],
      ...[{ a: '1' }, '{s1:as1:1}', { a: 1 }, { a: '1', b: '' }, { 'as1:1': '' }, { 'a{}': 1 }, { a: {} }],
      ...['', '0', 's0:', 'u', [undefined], ['u'], [null], ['n'], 'd1;', [1], ['d1;'], ['d1', ';']],
    ]
    expect(new Set(values.map(key)).size).toBe(values.length)
  })

  test('lone surrogates stay apart, in short texts, long texts and names', () => {
    for (const length of [1, 1_024, 1_025, 5_000]) {
      const texts = ['\ud800', '\udbff', '\udc00', '\ufffd', '?'].map((last) => 'x'.repeat(length - 1) + last)
      expect(new Set(texts.map(key)).size).toBe(5)
      expect(new Set(texts.map((name) => key({ [name]: 1 }))).size).toBe(5)
    }
  })

  test('texts of more than 1,024 code units are digested, names as well', () => {
    for (const letter of ['a', 'é', '語']) {
      const [longest, longer] = [letter.repeat(1_024), letter.repeat(1_025)]
      expect(key(longest)).toBe(`s1024:${longest}`)
      expect(key(longer)).toMatch(/^S1025:[0-9a-f]{64}$/)
      expect(key({ [longer]: 1 })).toBe(`{${key(longer)}d1;}`)
      expect(key(`${longer.slice(0, -1)}b`)).not.toBe(key(longer))
    }
    expect(key('a'.repeat(5_000_000))).toHaveLength('S5000000:'.length + 64)
  })

  test('typed arrays of each kind over the same bytes differ, and so do content and length', () => {
    for (const length of [16, 512]) {
      const { buffer } = new Uint8Array(length)
      const kinds = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array]
      const views = [...kinds, Float32Array, Float64Array, BigInt64Array, BigUint64Array, DataView].map(
        (Kind) => new (Kind as Uint8ArrayConstructor)(buffer),
      )
      const others = [
        buffer,
        new Uint8Array(length - 1),
        new Uint8Array(length).fill(1, -1),
        [],
        new Array(length).fill(0),
      ]
      expect(new Set([...views, ...others].map(key)).size).toBe(views.length + others.length)
    }
  })

  test('binary content counts, not the memory it lies in', () => {
    for (const length of [10, 1_000]) {
      const bytes = Uint8Array.from({ length }, (_, index) => index)
      const inside = new Uint8Array(length + 8)
      inside.set(bytes, 5)
      const shared = new Uint8Array(new SharedArrayBuffer(length))
      shared.set(bytes)
      for (const same of [inside.subarray(5, 5 + length), Buffer.from(bytes), shared])
        expect(key(same)).toBe(key(bytes))
      expect(key(shared.buffer)).toBe(key(bytes.buffer))
    }
  })

  test('objects of another realm are what they are here', () => {
    const source =
      "({ a: [1, { b: new Date(5) }], c: new Map([['k', new Set([1])]]), d: /x/g, e: new Uint8Array([7]) })"
    expect(key(runInNewContext(source))).toBe(key(runInThisContext(source)))
    expect(key(runInNewContext("new RangeError('far')"))).toBe(key(new RangeError('far')))
  })

  test('one object in two places is the same as two equal ones', () => {
    const shared = { a: [1] }
    expect(key([shared, { shared }])).toBe(key([{ a: [1] }, { shared: { a: [1] } }]))
  })

  test('what a Map or Set holds is told apart where its order is not', () => {
    const pairs = (...entries: [unknown, unknown][]) => new Map(entries)
    expect(key(pairs([{ a: 1 }, 1], [{ a: 1 }, 2]))).toBe(key(pairs([{ a: 1 }, 2], [{ a: 1 }, 1])))
    expect(key(pairs(['a', 'b'], ['b', 'a']))).not.toBe(key(pairs(['a', 'a'], ['b', 'b'])))
    expect(key(pairs(['a', undefined]))).not.toBe(key(pairs()))
    expect(key(new Set([[], []]))).not.toBe(key(new Set([[]])))
  })

  test('errors differ by name, message, cause, collected errors and properties', () => {
    const errors = [
      ...[new Error('a'), new Error('b'), new TypeError('a'), new Error('a', { cause: 1 })],
      ...[new Error('a', { cause: 2 }), Object.assign(new Error('a'), { code: 1 })],
      ...[new AggregateError([], 'a'), new AggregateError([1], 'a'), { name: 'Error', message: 'a' }],
    ]
    expect(new Set(errors.map(key)).size).toBe(errors.length)
    expect(key(new Error('a'))).toBe(key(new Error('a')))
  })

  test('a subclass keeps what it adds', () => {
    class Zoned extends Date {
      zone: string
      constructor(time: number, zone: string) {
        super(time)
        this.zone = zone
      }
    }
    expect(key(new Zoned(5, 'UTC'))).not.toBe(key(new Zoned(5, 'CET')))
    expect(key(new Zoned(5, 'UTC'))).toBe(key(new Zoned(5, 'UTC')))
  })
})

describe('objects that say what they are', () => {
  test('a toJSON method decides, for an instance and for a plain object', () => {
    class Money {
      #cents: number
      constructor(cents: number) {
        this.#cents = cents
      }
      toJSON() {
        return { cents: this.#cents }
      }
    }
    expect(key(new Money(1))).not.toBe(key(new Money(2)))
    expect(key(new Money(1))).toBe('Js5:Money{s5:centsd1;}')
    expect(key({ run() {}, toJSON: () => 7 })).toBe('Js6:Objectd7;')
    expect(key(new URL('http://localhost/a'))).not.toBe(key(new URL('http://localhost/b')))
  })

  test('an instance whose toJSON gives the instance shows its properties', () => {
    class Loop {
      a = 1
      toJSON() {
        return this
      }
    }
    expect(key(new Loop())).toBe('Cs4:Loop{s1:ad1;}')
  })

  test('a failure of toJSON or of a getter is passed on untouched', () => {
    const failure = new Error('mine')
    const fail = () => {
      throw failure
    }
    for (const value of [{ toJSON: fail }, Object.defineProperty({}, 'a', { get: fail, enumerable: true })]) {
      expect(() => key(value)).toThrow(failure)
    }
  })

  test('a getter may itself make a key', () => {
    const inner = Object.defineProperty({}, 'a', { get: () => key({ b: [1] }), enumerable: true })
    expect(key([[inner]])).toBe(key([[{ a: key({ b: [1] }) }]]))
  })
})

describe('refusals', () => {
  const message = (value: unknown) => {
    try {
      return `no error: ${key(value)}`
    } catch (error) {
      return `${(error as Error).name}: ${(error as Error).message}`
    }
  }
  const refused = (path: string, reason: string, what: string) =>
    `TypeError: Expected \`${path}\` to be data that a key can be made of${reason && ` (${reason})`}, got \`${what}\``

  test('functions and symbols are refused wherever they are', () => {
    const run = () => {}
    const places: [unknown, string][] = [
      [run, 'input'],
      [{ tools: [{ run }] }, 'input.tools[0].run'],
      [{ 'a b': { 0: run } }, 'input["a b"]["0"]'],
      [new Map([['x', [run]]]), 'input.get("x")[0]'],
      [new Map([[[run], 1]]), 'input.keys()[0][0]'],
      [new Map([[[1], run]]), 'input.values()[0]'],
      [new Set([1, run]), 'input.values()[1]'],
      [new Error('a', { cause: run }), 'input.cause'],
      [{ a: { toJSON: () => ({ run }) } }, 'input.a.toJSON().run'],
      [Object.assign(new (class Tool {})(), { run }), 'input.run'],
    ]
    for (const [value, path] of places) expect(message(value)).toBe(refused(path, '', 'a function'))
    expect(message([Symbol('a')])).toBe(refused('input[0]', '', 'a symbol'))
    expect(message(Object(Symbol('a')))).toBe(refused('input', 'a symbol is not', 'an object'))
  })

  test('an object that contains itself is refused where it first does so', () => {
    const self: any = { list: [1, {}] }
    self.list[1].back = self
    expect(message(self)).toBe(refused('input.list[1].back', 'it contains itself', 'an object'))
    expect(message({ a: { self } })).toBe(refused('input.a.self.list[1].back', 'it contains itself', 'an object'))
    const array: unknown[] = []
    array.push(array)
    expect(message(array)).toBe(refused('input[0]', 'it contains itself', 'an array'))
    const map = new Map<string, unknown>()
    map.set('me', map)
    expect(message(map)).toBe(refused('input.get("me")', 'it contains itself', 'an object'))
  })

  test('objects whose state cannot be seen are refused', () => {
    class Secret {
      #value = 1
      reveal() {
        return this.#value
      }
    }
    const hidden = [new WeakMap(), new WeakSet(), new WeakRef({}), new Blob(['a']), new Headers(), new Secret()]
    for (const value of [...hidden, new URLSearchParams('a=1'), [][Symbol.iterator](), (function* () {})()]) {
      expect(message({ value })).toContain('TypeError: Expected `input.value` to be data')
    }
    const reason = 'nothing of the state of a `Secret` can be seen: give it a `toJSON` method'
    expect(message(new Secret())).toBe(refused('input', reason, 'an object'))
  })

  test('promises and streams are refused, whatever else they show', () => {
    const promise = Object.assign(Promise.resolve(), { id: 1 })
    expect(message([promise])).toBe(refused('input[0]', 'a Promise is not: await it', 'a promise'))
    for (const stream of [Readable.from([]), process.stdin, new ReadableStream(), new WritableStream()]) {
      expect(message(stream)).toBe(refused('input', 'a stream is not', 'an object'))
    }
  })

  test('nesting is accepted up to 1,000 levels and refused beyond', () => {
    const nested = (levels: number, wrap: (value: unknown) => unknown) => {
      let value: unknown = 1
      for (let level = 0; level < levels; level++) value = wrap(value)
      return value
    }
    for (const wrap of [
      (value: unknown) => [value],
      (value: unknown) => ({ value }),
      (value: unknown) => new Set([value]),
    ]) {
      expect(() => key(nested(1_000, wrap))).not.toThrow()
      const what = Array.isArray(wrap(1)) ? 'an array' : 'an object'
      const text = `RangeError: Expected \`input\` to be nested at most 1000 levels deep, got \`${what}\``
      expect(message(nested(1_002, wrap))).toBe(text)
      expect(message(nested(100_000, wrap))).toBe(text)
    }
    const endless = (): unknown => ({ toJSON: endless })
    expect(message(endless())).toContain('RangeError: Expected `input` to be nested at most 1000 levels deep')
  })
})
