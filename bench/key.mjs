// How long a key takes, against JSON.stringify on the same value in the same run: `npx tsx bench/key.mjs`.
//
// Each text made is looked up in a Map, so that building it lazily gains nothing. Rounds of the two alternate and the
// fastest of each is shown: other programs can only slow a round down.

import { encodeKey } from '../lib/key/encode.ts'
import { KeyRecognizer } from '../lib/key/recognizer.ts'

const ROUNDS = 25
const ROUND_MS = 8

const config = { provider: 'openai', model: 'gpt-4', temperature: 0.7 }
const message = (index) => ({
  role: index % 2 ? 'assistant' : 'user',
  content: `${index} `.padEnd(500, 'What is it? '),
})
const messages = Array.from({ length: 8 }, (_, index) => message(index))
const property = { type: 'string', description: 'The city and the state, such as San Francisco, CA' }
const tool = {
  type: 'function',
  function: {
    name: 'get_weather',
    parameters: { type: 'object', properties: { city: property, unit: property }, required: ['city'] },
  },
}

const recognizer = new KeyRecognizer()
const encode = (value) => encodeKey(value, 'value')
const recognize = (value) => recognizer.encode(value, 'value')

const cases = [
  ['{ provider, model, temperature }', () => config, encode],
  ['{ input, modelConfig }', () => ({ input: 'What is it?', modelConfig: config }), encode],
  ['8 messages of 500 characters', () => messages, encode],
  ['one tool with its schema', () => tool, encode],
  ['100 numbers', () => Array.from({ length: 100 }, (_, index) => index / 8), encode],
  ['a text of 100,000 characters', () => 'a'.repeat(100_000), encode],
  ['recogniser: the same object again', () => config, recognize],
  ['recogniser: a fresh equal object', undefined, recognize],
  ['recogniser: the tool again', () => tool, recognize],
]

const texts = new Map()

/** Nanoseconds of one call. */
function time(make, run, calls) {
  const start = performance.now()
  for (let call = 0; call < calls; call++) texts.has(run(make()))
  return ((performance.now() - start) * 1e6) / calls
}

const row = (name, ...cells) => console.log(name.padEnd(36), ...cells.map((cell) => cell.padStart(12)))

row('', 'key, ns', 'JSON, ns', 'key / JSON')
for (const [name, makeOnce, run] of cases) {
  const value = makeOnce?.()
  const make = makeOnce ? () => value : () => ({ provider: 'openai', model: 'gpt-4', temperature: 0.7 })
  texts.set(run(make()), true).set(JSON.stringify(make()), true)
  const once = Math.max(time(make, run, 200), time(make, JSON.stringify, 200))
  const calls = Math.ceil((ROUND_MS * 1e6) / once)
  const samples = Array.from({ length: ROUNDS }, () => [time(make, run, calls), time(make, JSON.stringify, calls)])
  const [key, json] = [0, 1].map((side) => Math.min(...samples.map((sample) => sample[side])))
  row(name, key.toFixed(0), json.toFixed(0), (key / json).toFixed(2))
}
