import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeValue, decodeVector } from '../lib/values/codec/decode.ts'
import { type Encoded, encodeVector } from '../lib/values/codec/encode.ts'
import { completed } from './helpers/codec.ts'

const vector = (numbers: number[]) => encodeVector(numbers) as Encoded & { value: Uint8Array }

test('singles take four bytes each, all others eight', () => {
  expect(vector([0.5, -0, Number.NaN])).toEqual({
    codec: 3,
    value: Uint8Array.of(0, 0, 0, 0x3f, 0, 0, 0, 0x80, 0, 0, 0xc0, 0x7f),
  })
  expect(vector([0.1])).toEqual({ codec: 4, value: Uint8Array.of(0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0x3f) })
  for (const beyond of [2 ** 24 + 1, 1e39, 5e-324, -0.1]) expect(vector([0.5, beyond]).codec).toBe(4)
  for (const single of [2 ** 24, Number.POSITIVE_INFINITY, 2 ** -149, Math.fround(0.1)])
    expect(vector([single]).codec).toBe(3)
})

test('numbers come back bit for bit, as a plain Array', () => {
  const numbers = fc.oneof(fc.array(fc.double()), fc.array(fc.float()))
  fc.assert(
    fc.property(numbers, (numbers) => {
      const { codec, value } = vector(numbers)
      const read = decodeVector(codec, value) ?? []
      expect(Object.getPrototypeOf(read)).toBe(Array.prototype)
      expect(read.length === numbers.length && read.every((number, index) => Object.is(number, numbers[index]))).toBe(
        true,
      )
      expect(decodeValue(codec, value)).toEqual({ value: numbers })
    }),
    { numRuns: 500 },
  )
})

test('bytes that are not whole numbers of elements are nothing', () => {
  for (const length of [1, 2, 3, 5, 7]) expect(decodeVector(3, new Uint8Array(length))).toBeUndefined()
  expect(decodeVector(4, new Uint8Array(12))).toBeUndefined()
  expect(decodeVector(2, new Uint8Array(8))).toBeUndefined()
  expect(decodeVector(3, new Uint8Array(13).subarray(1))).toEqual([0, 0, 0])
})

test('what is no Array of numbers is encoded like any value', () => {
  for (const value of [[1, '2'], [null], [1, undefined], [1n], new Array(2)] as any[]) {
    const { codec, value: encoded } = completed(encodeVector(value) as Encoded)
    expect(decodeValue(codec, encoded)).toStrictEqual({ value })
  }
})
