import { decodeValue } from '../../lib/values/codec/decode.ts'
import { encodeValue } from '../../lib/values/codec/encode.ts'
import { Unstorable } from '../../lib/values/codec/unstorable.ts'

/** A value as the store keeps it; an error where it cannot be stored. */
export const encoded = (value: unknown) => {
  const result = encodeValue(value)
  if (result instanceof Unstorable) throw new Error(`not storable: ${result.kind} at ${result.path}`)
  return result
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
