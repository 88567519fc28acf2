// Numbers as binary content: four bytes each where that loses nothing, as with the embeddings of most models, else eight.

/** Codec numbers of the store. */
export const SINGLES = 3
export const DOUBLES = 4

/** The bytes of numbers, low bytes first, or nothing where one of the elements is no number. */
export function packNumbers(numbers: readonly unknown[]): { codec: 3 | 4; value: Uint8Array } | undefined {
  for (let index = 0; index < numbers.length; index++) if (typeof numbers[index] !== 'number') return undefined
  const singles = new Float32Array(numbers as number[])
  if (areSame(singles, numbers)) return { codec: SINGLES, value: new Uint8Array(singles.buffer) }
  return { codec: DOUBLES, value: new Uint8Array(new Float64Array(numbers as number[]).buffer) }
}

/** Singles know -0 as well, so that only NaN needs a second look. */
function areSame(packed: Float32Array, numbers: readonly unknown[]): boolean {
  for (let index = 0; index < packed.length; index++) {
    const number = numbers[index]
    if (packed[index] !== number && !Number.isNaN(number)) return false
  }
  return true
}

/** The numbers of such bytes as a plain Array, or nothing where they are not whole numbers of elements. */
export function unpackNumbers(codec: number, bytes: Uint8Array): number[] | undefined {
  const size = codec === SINGLES ? 4 : 8
  if (bytes.length % size !== 0) return undefined
  // A copy is aligned, which the bytes need not be.
  const { buffer } = new Uint8Array(bytes)
  const packed = codec === SINGLES ? new Float32Array(buffer) : new Float64Array(buffer)
  const numbers: number[] = []
  for (let index = 0; index < packed.length; index++) numbers.push(packed[index] as number)
  return numbers
}
