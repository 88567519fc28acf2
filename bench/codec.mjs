// How long values take to bytes and back, against v8.serialize, JSON and devalue in the same run: `npm run bench -- codec`.
//
// Rounds of all contenders alternate and the fastest of each is shown: other programs can only slow a round down. A dash
// stands where a contender does not bring the value back equal. JSON text counts as it is, since the store takes text.

import { isDeepStrictEqual } from 'node:util'
import { deserialize, serialize } from 'node:v8'
import { parse, stringify } from 'devalue'
import { decodeValue, decodeVector } from '../lib/values/codec/decode.ts'
import { encodeTagged, encodeValue, encodeVector } from '../lib/values/codec/encode.ts'
import { copyValue, freezeValue } from '../lib/values/codec/isolation.ts'

const ROUNDS = 40
const ROUND_MS = 4

const text = 'The model said — at some length — that it depends. '
const response = {
  id: 'chatcmpl-9a8b7c6d5e4f',
  object: 'chat.completion',
  created: 1_700_000_000,
  model: 'gpt-4o-2024-08-06',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: text.repeat(12), refusal: null },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: { prompt_tokens: 182, completion_tokens: 131, total_tokens: 313 },
  system_fingerprint: 'fp_44709d6fcb',
}
const row = (index) => ({
  id: index,
  name: `visitor ${index}`,
  at: new Date(index * 1e9),
  tags: ['a', 'b'],
  score: index / 7,
})
const single = Array.from({ length: 1_536 }, (_, index) => Math.fround(Math.sin(index)))
const double = single.map((number) => number + 1e-9)

const coded = { encode: encodeValue, decode: ({ codec, value }) => decodeValue(codec, value).value }
const contenders = {
  codec: coded,
  JSON: { encode: JSON.stringify, decode: JSON.parse },
  v8: { encode: serialize, decode: deserialize },
  devalue: { encode: stringify, decode: parse },
}
const tagged = { ...coded, encode: encodeTagged }
const vector = { encode: encodeVector, decode: ({ codec, value }) => decodeVector(codec, value) }
const copies = {
  copyValue: { encode: copyValue },
  freezeValue: { encode: freezeValue },
  structuredClone: { encode: structuredClone },
  'JSON and back': { encode: (value) => JSON.parse(JSON.stringify(value)) },
}

const codecs = { ...contenders, tagged }
compare('a response of 1 KB', response, codecs)
compare('the same with an undefined property', { ...response, service_tier: undefined }, contenders)
compare(
  '20 rows of a query, with Dates',
  Array.from({ length: 20 }, (_, index) => row(index)),
  contenders,
)
compare(
  'a Map of 100 bigints',
  new Map(Array.from({ length: 100 }, (_, index) => [`k${index}`, BigInt(index)])),
  contenders,
)
compare(
  '16 messages of 4 KB',
  Array.from({ length: 16 }, (_, index) => ({ role: 'user', content: index + text.repeat(80) })),
  codecs,
)
compare('an answer with 1,536 numbers', { data: [{ embedding: double }] }, contenders)
compare('1,536 singles', single, { ...contenders, vector })
compare('1,536 doubles', double, { ...contenders, vector })
compare('copies of the response', response, copies)

function compare(name, value, sides) {
  console.log(`\n${name.padEnd(38)}${['encode, µs', 'decode, µs', 'bytes'].map((cell) => cell.padStart(12)).join('')}`)
  const runs = Object.entries(sides).map(([side, { encode, decode }]) => {
    const encoded = encode(value)
    const equal = decode === undefined || isEqual(decode, encoded, value)
    const calls = [() => encode(value), decode && (() => decode(encoded))].map((run) => run && { run, best: Infinity })
    return { side, encoded, equal, calls }
  })
  for (let round = 0; round < ROUNDS; round++) {
    for (const { calls } of runs) for (const call of calls) if (call) call.best = Math.min(call.best, time(call))
  }
  for (const { side, encoded, equal, calls } of runs) {
    const cells = equal
      ? [...calls.map((call) => call && (call.best * 1e3).toFixed(2)), sizeOf(encoded)]
      : ['–', '–', '–']
    console.log(`  ${side.padEnd(36)}${cells.map((cell) => String(cell ?? '').padStart(12)).join('')}`)
  }
}

function isEqual(decode, encoded, value) {
  try {
    return isDeepStrictEqual(decode(encoded), value)
  } catch {
    return false
  }
}

/** Milliseconds of one call. */
function time(call) {
  call.count ??= Math.max(1, Math.ceil(ROUND_MS / Math.min(once(call.run, 50), ROUND_MS)))
  return once(call.run, call.count)
}

function once(run, count) {
  const start = performance.now()
  for (let index = 0; index < count; index++) run()
  return (performance.now() - start) / count
}

function sizeOf(encoded) {
  const content = encoded?.codec ? encoded.value : encoded
  if (typeof content === 'string') return Buffer.byteLength(content)
  return ArrayBuffer.isView(content) ? content.byteLength : ''
}
