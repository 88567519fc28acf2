import { decodeValue } from '../../lib/values/codec/decode.ts'
import { type Encoded, encodeValue } from '../../lib/values/codec/encode.ts'
import { Unstorable } from '../../lib/values/codec/unstorable.ts'

/** A value as the store keeps it; an error where it cannot be stored. */
export const encoded = (value: unknown) => {
  const result = encodeValue(value)
  if (result instanceof Unstorable) throw new Error(`not storable: ${result.kind} at ${result.path}`)
  return completed(result)
}

/** What the store gives back for a value. */
export const roundTrip = (value: any): any => {
  const { codec, value: bytes } = encoded(value)
  const decoded = decodeValue(codec, bytes)
  if (decoded === undefined) throw new Error('not decodable')
  return decoded.value
}

/** Kind and path of what is in the way, or, where nothing is, the encoding. */
export const refusal = (value: unknown) => {
  const result = encodeValue(value)
  return result instanceof Unstorable ? [result.kind, result.path] : result
}

/** What the store makes of an encoded value: its text of JSON has quotes and escapes, as `JSON.stringify` writes them. */
export function completed(encoded: Encoded): { codec: number; value: string | Uint8Array } {
  if (encoded.codec !== 1) return encoded
  const { codec, value, strings } = encoded
  let text = ''
  let at = 0
  for (let index = 0; index < (strings[0] as number); index++) {
    const [start = 0, length = 0] = strings.subarray(1 + 2 * index)
    text += value.slice(at, start) + JSON.stringify(value.slice(start, start + length))
    at = start + length
  }
  return { codec, value: text + value.slice(at) }
}
