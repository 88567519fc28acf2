// Reads cases of a name, a length and bytes from stdin; decodes each, and says whether an array of that length came out.

import { readFileSync } from 'node:fs'
import { decodeValue } from '../../lib/values/codec/decode.ts'

for (const [name, length, encoded] of JSON.parse(readFileSync(0, 'utf8')) as [string, number, string][]) {
  const read = decodeValue(2, Buffer.from(encoded, 'base64'))
  console.log(name, (read?.value as unknown[] | undefined)?.length === length ? 'read' : 'not read')
}
