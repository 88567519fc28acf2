// Numbers as binary content: four bytes each where that loses nothing, as with the embeddings of most models, else eight.

/** Codec numbers of the store. */
export const SINGLES = 3
export const DOUBLES = 4

/** The bytes of numbers, low bytes first, or nothing where one of the elements is no number. */
export function packNumbers(numbers: readonly unknown[]): { codec: 3 | 4; value: Uint8Array } | undefined {
  const singles = new Float32Array(numbers.length)
  for (let index = 0; index < numbers.length; index++) {
    const number = numbers[index]
    if (typeof number !== 'number') return undefined
    singles[index] = number
    // Singles know -0 as well, so that only NaN needs a second look.
    if (singles[index] !== number && !Number.isNaN(number)) return packDoubles(numbers)
  }
  return { codec: SINGLES, value: new Uint8Array(singles.buffer) }
}

function packDoubles(numbers: readonly unknown[]): { codec: 4; value: Uint8Array } | undefined {
  const doubles = new Float64Array(numbers.length)
  for (let index = 0; index < numbers.length; index++) {
    const number = numbers[index]
    if (typeof number !== 'number') return undefined
    doubles[index] = number
  }
  return { codec: DOUBLES, value: new Uint8Array(doubles.buffer) }
}

/** The numbers of such bytes as a plain Array, or nothing where they are not whole numbers of elements. */
export function unpackNumbers(codec: number, bytes: Uint8Array): number[] | undefined {
  const size = codec === SINGLES ? 4 : 8
  if (bytes.length % size !== 0) return undefined
  // A copy is aligned, which the bytes need not be.
  const { buffer } = new Uint8Array(bytes)
  const packed = codec === SINGLES ? new Float32Array(buffer) : new Float64Array(buffer)
  const numbers = new Array<number>(packed.length)
  for (let index = 0; index < packed.length; index++) numbers[index] = packed[index] as number
  return numbers
}
