import { describe, expect, test } from 'vitest'
import { sizeOf, sizeOfString } from '../lib/values/size-of.ts'

/** What one more of something costs: the headers around it cancel out. */
const difference = (larger: unknown, smaller: unknown) => sizeOf(larger) - sizeOf(smaller)

describe('texts', () => {
  test('take one byte a character in Latin-1, and two as soon as one character lies beyond', () => {
    expect(sizeOfString('a'.repeat(1_000)) - sizeOfString('')).toBe(1_000)
    expect(sizeOfString('é'.repeat(1_000)) - sizeOfString('')).toBe(1_000)
    expect(sizeOfString('\u00ff') - sizeOfString('')).toBe(1)
    expect(sizeOfString('\u0100') - sizeOfString('')).toBe(2)
    expect(sizeOfString(`${'a'.repeat(999)}語`) - sizeOfString('')).toBe(2_000)
    expect(sizeOfString('😀') - sizeOfString('')).toBe(4)
    expect(sizeOfString('\ud800\n') - sizeOfString('')).toBe(4)
  })

  test('count the same by themselves and inside an object', () => {
    expect(sizeOf('hello')).toBe(sizeOfString('hello'))
    expect(difference(['hello'], [null])).toBe(sizeOfString('hello'))
    expect(difference({ a: 'hello' }, { a: 1 })).toBe(sizeOfString('hello'))
  })
})

describe('containers', () => {
  test('grow with what they hold', () => {
    expect(difference(new Array(100).fill(0), [])).toBe(800)
    expect(difference({ a: 1, b: 2 }, { a: 1 })).toBe(8)
    expect(difference(new Map([['a', 'b']]), new Map())).toBeGreaterThan(2 * sizeOfString('a'))
    expect(difference(new Set(['aa']), new Set())).toBeGreaterThan(sizeOfString('aa'))
    expect(difference(new Map([[{ a: 'x'.repeat(100) }, 1]]), new Map([[{}, 1]]))).toBeGreaterThan(100)
  })

  test('add what is put onto a Map or an instance besides', () => {
    class Tags extends Set<string> {
      owner = 'x'.repeat(500)
    }
    expect(difference(new Tags(), new Set())).toBeGreaterThan(500)
    expect(
      difference(
        new (class Answer {
          text = 'x'.repeat(500)
        })(),
        {},
      ),
    ).toBeGreaterThan(500)
    expect(difference(Object.assign(Object.create(null), { a: 'x'.repeat(500) }), {})).toBeGreaterThan(500)
  })

  test('count an object that is in several places once', () => {
    const shared = { text: 'x'.repeat(1_000) }
    expect(difference([shared, shared], [shared, null])).toBe(0)
  })

  test('may contain themselves', () => {
    const object: Record<string, unknown> = {}
    object.self = object
    const map = new Map<unknown, unknown>()
    map.set(map, [map])
    const array: unknown[] = [object]
    array.push(array)
    expect(sizeOf(object)).toBe(sizeOf({ self: null }))
    expect(sizeOf(map)).toBe(sizeOf(new Map([[null, [null]]])))
    expect(sizeOf(array)).toBe(sizeOf([object, null]))
  })

  test('may be nested 100,000 deep', { timeout: 60_000 }, () => {
    for (const wrap of [
      (value: unknown) => ({ value }),
      (value: unknown) => [value],
      (value: unknown) => new Set([value]),
    ]) {
      let nested: unknown = null
      for (let level = 0; level < 100_000; level++) nested = wrap(nested)
      expect(sizeOf(nested)).toBe(100_000 * sizeOf(wrap(null)))
    }
  })

  test('may be arrays of a huge length with few elements', () => {
    const sparse: unknown[] = []
    sparse[5] = 'x'.repeat(100)
    sparse[4_000_000_000] = 'x'.repeat(100)
    expect(sizeOf(sparse)).toBeGreaterThan(200)
    expect(sizeOf(sparse)).toBeLessThan(1_000)
    expect(sizeOf(new Array(4_000_000_000))).toBeLessThan(1_000)
    expect(difference(['a'].concat(new Array(1), 'b'), ['a', 'x', 'b'])).toBe(-sizeOfString('x'))
  })
})

describe('binary content', () => {
  test('counts by its bytes', () => {
    expect(difference(new Float64Array(100), new Float64Array(0))).toBe(800)
    expect(difference(new ArrayBuffer(1_000), new ArrayBuffer(0))).toBe(1_000)
    expect(difference(new SharedArrayBuffer(1_000), new SharedArrayBuffer(0))).toBe(1_000)
    expect(difference(Buffer.alloc(100_000), Buffer.alloc(0))).toBe(100_000)
  })

  test('shared by several views counts once, and as a whole', () => {
    const buffer = new ArrayBuffer(100_000)
    const one = [new Uint8Array(buffer, 0, 1)]
    const many = [new Uint8Array(buffer, 0, 1), new Float64Array(buffer), new DataView(buffer), buffer]
    expect(sizeOf(one)).toBeGreaterThan(100_000)
    expect(difference(many, one)).toBeLessThan(500)
  })

  test('of a small Buffer is its own, not all of the pool it was cut from', () => {
    const [short, long] = [Buffer.from('a'), Buffer.from('a'.repeat(101))]
    expect(short.buffer.byteLength).toBeGreaterThanOrEqual(Buffer.poolSize)
    expect(difference(long, short)).toBe(100)
    expect(sizeOf(short)).toBeLessThan(200)
  })
})

describe('values that resist', () => {
  const fail = () => {
    throw new Error('not yours')
  }

  test('a getter that throws counts as nothing, and what stands beside it still counts', () => {
    const object = { text: 'x'.repeat(1_000) }
    Object.defineProperty(object, 'broken', { get: fail, enumerable: true })
    expect(sizeOf(object)).toBeGreaterThan(1_000)
    expect(sizeOf(Object.defineProperty(['x'.repeat(1_000), 1], 1, { get: fail }))).toBeGreaterThan(1_000)
  })

  test('a proxy is not looked into', () => {
    const handler: ProxyHandler<object> = new Proxy({}, { get: fail })
    const revocable = Proxy.revocable([], {})
    revocable.revoke()
    for (const proxy of [
      new Proxy({}, handler),
      new Proxy([], handler),
      new Proxy(new Map(), handler),
      revocable.proxy,
    ]) {
      expect(sizeOf({ proxy })).toBeGreaterThan(0)
    }
    expect(sizeOf(Object.create(new Proxy({}, handler)))).toBeGreaterThan(0)
  })

  test('a Map or Set that iterates in a way of its own is read as it is', () => {
    class Broken extends Map<string, string> {
      override [Symbol.iterator](): never {
        return fail()
      }
      override forEach(): never {
        return fail()
      }
      override get size(): never {
        return fail()
      }
    }
    expect(sizeOf(new Broken([['a', 'x'.repeat(100)]]))).toBe(sizeOf(new Map([['a', 'x'.repeat(100)]])))
  })

  test('any other value has a size too', () => {
    const values = [undefined, null, true, 1, 1n, Symbol('a'), fail, new Date(), /a/, new WeakMap(), Promise.resolve()]
    for (const value of values) expect(sizeOf([value])).toBeGreaterThan(0)
    expect(sizeOf(2n ** 80_000n)).toBeGreaterThan(10_000)
    expect(sizeOf(-(2n ** 80_000n))).toBeGreaterThan(10_000)
    expect(sizeOf(2n ** 62n)).toBe(sizeOf(1n))
  })
})
