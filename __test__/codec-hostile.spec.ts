// Whatever bytes a store gives back, decoding ends with a value of plain data or with none: no error, no endless loop, no
// memory beyond a small multiple of the bytes, no code run.

import { execFileSync } from 'node:child_process'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeValue } from '../lib/values/codec/decode.ts'
import { encodeTagged } from '../lib/values/codec/encode.ts'
import { Unstorable } from '../lib/values/codec/unstorable.ts'
import { anyStorable } from './helpers/any-data.ts'

const tagged = (value: unknown) => (encodeTagged(value) as { value: Uint8Array }).value
const bytes = (...parts: (string | number | number[])[]) =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from([part].flat()))),
  )
/** A whole number as the format writes it. */
const whole = (value: number) => {
  const written: number[] = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) written.push((rest % 128) + 128)
  return [...written, rest]
}

/** Decodes, and looks at what came as a user would; whatever is wrong with it throws here. */
function survives(codec: number, encoded: string | Uint8Array): void {
  const decoded = decodeValue(codec, encoded)
  if (decoded !== undefined && encodeTagged(decoded.value) instanceof Unstorable) throw new Error('decoded to no data')
}

const letters = [...'untfidgGsraoAmepPDRbvxEch'].map((letter) => letter.charCodeAt(0))
const likelyBytes = fc.array(fc.oneof(fc.constantFrom(...letters), fc.integer({ min: 0, max: 9 }), fc.nat(255)), {
  maxLength: 200,
})

test('random bytes', () => {
  fc.assert(
    fc.property(
      fc.oneof(likelyBytes, fc.uint8Array({ maxLength: 200 })),
      fc.integer({ min: 0, max: 9 }),
      (some, codec) => survives(codec, Uint8Array.from(some)),
    ),
    { numRuns: 5_000 },
  )
  fc.assert(
    fc.property(likelyBytes, (some) => survives(2, Uint8Array.from(some))),
    { numRuns: 5_000 },
  )
}, 60_000)

test('valid encodings with bytes changed, put in and taken out', () => {
  const mutation = fc.tuple(fc.nat(), fc.constantFrom('change', 'insert', 'remove'), fc.nat(255))
  fc.assert(
    fc.property(anyStorable, fc.array(mutation, { minLength: 1, maxLength: 4 }), (value, mutations) => {
      const mutated = [...tagged(value)]
      for (const [at, how, byte] of mutations) {
        mutated.splice(at % (mutated.length + 1), how === 'insert' ? 0 : 1, ...(how === 'remove' ? [] : [byte]))
      }
      survives(2, Uint8Array.from(mutated))
    }),
    { numRuns: 3_000 },
  )
}, 60_000)

test('every byte of an encoding changed to each tag, and to small and large numbers', () => {
  const valid = tagged({
    a: [0.5, 1.5, 2.5, 3.5, new Map([[1n, new Set([/x/g])]])],
    b: [
      new Error('x', { cause: 1 }),
      Object(1),
      new Float32Array(2),
      Buffer.of(1),
      Object.assign([1], { x: new Date(1) }),
    ],
  })
  for (let at = 0; at < valid.length; at++) {
    for (const byte of [...letters, 0, 1, 2, 3, 5, 15, 127, 128, 255]) {
      const changed = Uint8Array.from(valid)
      changed[at] = byte
      survives(2, changed)
    }
  }
}, 60_000)

test('an encoding cut at any length, or followed by anything, is nothing', () => {
  fc.assert(
    fc.property(anyStorable, fc.nat(255), (value, byte) => {
      const valid = tagged(value)
      const read = [...valid.keys()].filter((length) => decodeValue(2, valid.subarray(0, length)) !== undefined)
      expect(read).toEqual([])
      expect(decodeValue(2, bytes([...valid, byte]))).toBeUndefined()
    }),
    { numRuns: 50 },
  )
}, 60_000)

test('bytes count where they lie, in whatever memory', () => {
  const valid = tagged([0.1, 0.2, 0.3, -0, 'text', 1.5])
  for (let offset = 0; offset < 9; offset++) {
    const memory = new Uint8Array(offset + valid.length + 3)
    memory.set(valid, offset)
    const inside = memory.subarray(offset, offset + valid.length)
    expect(decodeValue(2, inside)).toEqual({ value: [0.1, 0.2, 0.3, -0, 'text', 1.5] })
    expect(decodeValue(2, Buffer.from(memory.buffer, offset, valid.length))).toEqual(decodeValue(2, inside))
  }
})

test('what was read does not change with the bytes it was read from', () => {
  const valid = Buffer.from(tagged([Buffer.from('hi'), new Uint8Array([1]), new ArrayBuffer(2), 'text']))
  const read = decodeValue(2, valid)
  valid.fill(0xff)
  expect(read).toEqual({ value: [Buffer.from('hi'), new Uint8Array([1]), new ArrayBuffer(2), 'text'] })
})

test.each<[string, Uint8Array]>([
  ['more elements than there are bytes', bytes('a', whole(2 ** 32), 'n')],
  ['more properties than there are bytes', bytes('o', whole(2 ** 50))],
  ['a text longer than the bytes', bytes('s', whole(2 ** 40), 'abc')],
  ['a length beyond what is exact', bytes('s', [255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1])],
  ['a length that never ends', bytes('s', Array(1_000).fill(255))],
  ['binary content longer than the bytes', bytes('b', [0], whole(2 ** 31), 'abc')],
  ['doubles beyond the bytes', bytes('P', whole(2 ** 28), Array(64).fill(0))],
  ['a sparse array longer than arrays can be', bytes('A', whole(2 ** 32), [0, 0])],
  ['an element beyond a sparse array', bytes('A', whole(5), [1, 5], 'n', [0])],
  ['a property `length` of an array', bytes('A', [1, 0, 1, 0], whole(12), 'length', 'i', whole(2 ** 31))],
  ['an index among the properties of an array', bytes('A', [1, 0, 1, 0, 2], '7', 'n')],
  ['a reference to what is not there', bytes('a', [1], 'r', [1])],
  ['a reference to what is not made yet', bytes('v', [4], 'r', [0])],
  ['a name that is not there', bytes('o', [1, 1], 'n')],
  ['a hole outside of an array', bytes('h')],
  ['a view of what is no buffer', bytes('v', [4], 'o', [0])],
  ['a view that does not fit its buffer', bytes('v', [11], 'b', [0, 3], 'abc')],
  ['binary content of a kind not known', bytes('b', [99, 0])],
  ['a box around nothing', bytes('x', 'n')],
  ['a box around an object', bytes('x', 'a', [0])],
  ['an error of a class not known', bytes('E', [8, 0, 0])],
  ['an error with anything hidden', bytes('E', [0, 1, 0, 10], 'other', 'n', [0])],
  ['an expression that is none', bytes('R', [2], '(', [0])],
  ['flags that are none', bytes('R', [2], 'a', [2], '!')],
  ['a codec that nobody registered', bytes('c', [12], 'Absent', 'n')],
  ['nothing at all', bytes()],
])('%s is nothing', (_, encoded) => {
  expect(decodeValue(2, encoded)).toBeUndefined()
})

test('a text in place of bytes, and a codec of another version, are nothing', () => {
  expect(decodeValue(2, 'n')).toBeUndefined()
  expect(decodeValue(1, 'nul')).toBeUndefined()
  expect(decodeValue(1, Buffer.from('[1]'))).toEqual({ value: [1] })
  for (const codec of [0, 5, 6, 255, Number.NaN]) expect(decodeValue(codec, tagged(null))).toBeUndefined()
})

test('nesting of any depth is nothing, or a value, but never an overflow', () => {
  const deep = 1_000_000
  const nestings = [
    bytes('a', [1]),
    bytes('m', [1], 'n'),
    bytes('E', [0, 0, 1, 0, 2], 'a'),
    bytes('x'),
    bytes('v', [4]),
  ]
  for (const nesting of [...nestings, bytes('c', [2], 'a'), bytes('A', [1, 1, 0])]) {
    expect(decodeValue(2, Buffer.alloc(deep * nesting.length, nesting))).toBeUndefined()
  }
  expect(() => decodeValue(1, '['.repeat(deep) + ']'.repeat(deep))).not.toThrow()
  expect(() => decodeValue(1, '{"a":'.repeat(deep))).not.toThrow()
})

test('no prototype is changed, and no setter runs', () => {
  const hostile = JSON.stringify({ value: 0 }).replace(
    '"value":0',
    '"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}',
  )
  for (const encoded of [[1, hostile] as const, [2, tagged({ a: undefined, b: JSON.parse(hostile) })] as const]) {
    const read = decodeValue(encoded[0], encoded[1])
    expect(read).toBeDefined()
    expect([({} as any).polluted, Object.getPrototypeOf(read?.value)]).toEqual([undefined, Object.prototype])
  }
  let ran = 0
  Object.defineProperty(Object.prototype, 'trap', { configurable: true, set: () => ran++ })
  try {
    expect(decodeValue(2, tagged({ trap: -0 }))).toBeDefined()
  } finally {
    delete (Object.prototype as any).trap
  }
  expect(ran).toBe(0)
})

test('the limit on stack traces is what it was, and the stack is what was stored', () => {
  const limit = Error.stackTraceLimit
  const read = decodeValue(2, bytes('E', [5, 0, 0]))?.value as TypeError
  expect([Error.stackTraceLimit, read instanceof TypeError, Object.hasOwn(read, 'stack')]).toEqual([limit, true, false])
})

/** Ways to ask for much with few bytes: each is repeated, as the elements of one array. */
const greedy: [string, Buffer][] = [
  ['sparse arrays that claim much', bytes('A', whole(30_000_000), [0, 0])],
  ['sparse arrays with a far element', bytes('A', whole(30_000_000), [1], whole(29_999_999), 'n', [0])],
  ['sparse arrays of middling length', bytes('A', whole(1_000), [1], whole(900), 'n', [0])],
  ['objects with a far index', bytes('o', [1, 1], 'n')],
  ['Maps', bytes('m', [0])],
  ['errors', bytes('E', [0, 0, 0])],
  ['expressions', bytes('R', [2], 'a', [0])],
  ['buffers', bytes('b', [1, 0])],
  ['arrays of holes', bytes('a', [9], 'hhhhhhhhh')],
]

test('memory stays within a small multiple of the bytes', () => {
  // In a process of its own, with a heap that a greedy decoder would burst: 300 times the bytes of each case.
  const cases = greedy.map(([name, one]) => {
    const count = Math.floor(300_000 / one.length)
    // The first element introduces a name, the number of an element, to which the others refer.
    const first = bytes('o', [1, 0, 8], '1024', 'n')
    return [
      name,
      count + 1,
      Buffer.concat([bytes('a', whole(count + 1), [...first]), Buffer.alloc(count * one.length, one)]).toString(
        'base64',
      ),
    ]
  })
  const output = execFileSync(
    process.execPath,
    ['--max-old-space-size=120', '--import', 'tsx', `${__dirname}/helpers/decode-greedy.ts`],
    { input: JSON.stringify(cases), encoding: 'utf8' },
  )
  expect(output.trim().split('\n')).toEqual(greedy.map(([name]) => `${name} read`))
}, 60_000)

test('a shared object is not multiplied', () => {
  // Thirty arrays, each with the one before twice: 2^30 paths, thirty objects.
  let value: unknown = ['x']
  for (let level = 0; level < 30; level++) value = [value, value]
  const encoded = tagged(value)
  expect(encoded.length).toBeLessThan(200)
  let read = decodeValue(2, encoded)?.value as any[]
  for (let level = 0; level < 30; level++) {
    expect(read[0]).toBe(read[1])
    read = read[0]
  }
  expect(isDeepStrictEqual(read, ['x'])).toBe(true)
})
