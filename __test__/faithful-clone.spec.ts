// What may go to disk: the structural check must refuse exactly what the structured clone algorithm would change.

import * as util from 'node:util'
import * as v8 from 'node:v8'
import { createContext, runInContext } from 'node:vm'
import { buildSync } from 'esbuild'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decode, encode } from '../lib/stream/clone.ts'
import { isFaithful } from '../lib/stream/faithful.ts'

const roundTrip = (value: unknown) => decode<unknown>(encode([value]) ?? new Uint8Array())?.[0]

class Answer {
  text = 'yes'
}

const nested = (depth: number) => {
  let value: unknown = 'bottom'
  for (let level = 0; level < depth; level++) value = { value }
  return value
}

function argumentsOf(..._: number[]): IArguments {
  // biome-ignore lint/complexity/noArguments: the object itself is what is wanted
  return arguments
}

test.each<[string, unknown]>([
  ['a function', () => {}],
  ['a symbol', Symbol('s')],
  ['an instance of a class', new Answer()],
  ['an instance deep inside', { list: [new Map([['key', new Set([new Answer()])]])] }],
  ['an object without prototype', Object.create(null)],
  ['a getter', Object.defineProperty({}, 'x', { get: () => 1, enumerable: true })],
  ['a hidden property', Object.defineProperty({}, 'x', { value: 1 })],
  ['a symbol property', { [Symbol('s')]: 1 }],
  ['a getter as tag', Object.defineProperty({}, Symbol.toStringTag, { get: () => expect.fail('called') })],
  ['a proxy', new Proxy({}, {})],
  ['a proxy of an array', new Proxy([], {})],
  ['a subclass of Array', new (class extends Array {})()],
  ['an array with a property', Object.assign([1], { extra: 1 })],
  ['an array with a symbol', Object.assign([1], { [Symbol('s')]: 1 })],
  ['an array with holes', new Array(3)],
  ['a Map with a property', Object.assign(new Map(), { extra: 1 })],
  ['a Date with a property', Object.assign(new Date(), { extra: 1 })],
  ['a RegExp in the midst of its search', Object.assign(/x/g, { lastIndex: 3 })],
  ['an error', Object.assign(new Error('x'), { code: 'E' })],
  ['an error in disguise', Object.setPrototypeOf(new Error('x'), Object.prototype)],
  ['a boxed number', Object(1)],
  ['a promise', Promise.resolve()],
  ['a WeakMap', new WeakMap()],
  ['a URL', new URL('http://localhost')],
  ['shared memory', new SharedArrayBuffer(1)],
  ['a view of shared memory', new Uint8Array(new SharedArrayBuffer(1))],
  ['a view with a property', Object.assign(new Uint8Array(1), { extra: 1 })],
  ['a subclass of Uint8Array', new (class extends Uint8Array {})(1)],
  ['arguments', argumentsOf(1)],
  ['a value nested deeper than the stack can follow', nested(100_000)],
])('%s stays in memory', (_, value) => {
  expect(isFaithful(value)).toBe(false)
  expect(isFaithful({ inside: [value] })).toBe(false)
})

test('a buffer that can grow stays in memory', () => {
  const buffer = new (ArrayBuffer as any)(8, { maxByteLength: 16 })
  expect([isFaithful(buffer), isFaithful(new Uint8Array(buffer))]).toEqual([false, false])
})

test('whatever is said to survive comes back equal', () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withSparseArray: true,
    withNullPrototype: true,
    withBoxedValues: true,
    withObjectString: true,
    withUnicodeString: true,
  } as fc.ObjectConstraints)
  let faithful = 0
  fc.assert(
    fc.property(anything, (value) => {
      if (!isFaithful(value)) return
      faithful++
      if (!util.isDeepStrictEqual(roundTrip(value), value)) throw new Error(util.inspect(value, { depth: 9 }))
    }),
    { numRuns: 2_000 },
  )
  expect(faithful).toBeGreaterThan(300)
}, 60_000)

test('a view comes back with a buffer of its own', () => {
  const views = [new Float32Array([1, 2]), new Float64Array([3]), new Uint8Array([1, 2, 3]).subarray(1)]
  for (const view of views) {
    const read = roundTrip({ pad: 'x', view }) as { view: typeof view }
    expect(read.view).toStrictEqual(view)
    expect(read.view.buffer.byteLength).toBe(view.byteLength)
  }
})

test('objects that are one stay one, and cycles stay cycles', () => {
  const shared = { name: 'shared' }
  const [first, second] = decode<{ shared: object }>(encode([{ shared }, { shared }]) ?? new Uint8Array()) ?? []
  expect(first?.shared).toBe(second?.shared)
  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  expect(isFaithful(cycle)).toBe(true)
  const read = roundTrip(cycle) as { self: unknown }
  expect(read.self).toBe(read)
})

test('what is refused aloud, or is no message, is nothing', () => {
  expect(encode([() => {}])).toBeUndefined()
  expect(decode(new Uint8Array([1, 2, 3]))).toBeUndefined()
})

test('inside a vm context, as in Jest, values are of its own realm', () => {
  const { outputFiles } = buildSync({
    stdin: {
      contents: `export * from './clone.ts'; export * from './faithful.ts'`,
      resolveDir: `${__dirname}/../lib/stream`,
    },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    write: false,
  })
  const modules: Record<string, unknown> = { 'node:v8': v8, 'node:util': util }
  const context = createContext({ require: (name: string) => modules[name], module: { exports: {} }, Buffer })
  runInContext(outputFiles[0]?.text ?? '', context)
  const kinds = runInContext(
    `{
      const { encode, decode, isFaithful } = module.exports
      const value = { date: new Date(5), map: new Map([[{}, [new Set([/x/])]]]), floats: new Float64Array([1]) }
      value.self = value
      const [read] = decode(encode([value]))
      const [[key, [set]]] = read.map
      const [pattern] = set
      ;[
        isFaithful(value), isFaithful(read), read instanceof Object, read.date instanceof Date, +read.date === 5,
        read.map instanceof Map, key instanceof Object, set instanceof Set, pattern instanceof RegExp,
        read.floats instanceof Float64Array, read.floats[0] === 1, read.self === read,
      ]
    }`,
    context,
  )
  expect([...kinds]).toEqual(Array(12).fill(true))
})
