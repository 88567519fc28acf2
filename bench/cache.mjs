// The caches against what one would use instead: lru-cache under JSON.stringify keys, and a Map under SHA-256 digests of
// them. `node bench/cache.mjs` prints the time of each operation and how many times as long the others take.

import { createHash } from 'node:crypto'
import { EmbeddingCache, LRUCache, QueryCache, ResponseCache } from '@aah/ai-evals-performance'
import { LRUCache as PeerCache } from 'lru-cache'
import { do_not_optimize, measure } from 'mitata'

const MAX_SIZE = 500
const TTL = 3_600_000
const INPUTS = Array.from({ length: 400 }, (_, index) => `Question ${index}: may a student transfer in spring?`)
const MISSING = INPUTS.map((input) => `${input} (never asked)`)
const freshConfig = () => ({ provider: 'openai', model: 'gpt-4', temperature: 0 })
const config = freshConfig()
const response = { text: 'Anyone in good standing.', usage: { input: 12, output: 5 } }
const vector = Array.from({ length: 1_536 }, (_, index) => Math.sin(index))

const json = (input, modelConfig) => JSON.stringify({ input, modelConfig })
const digest = (input, modelConfig) => createHash('sha256').update(json(input, modelConfig)).digest('hex')

function ours() {
  const cache = new ResponseCache({ maxSize: MAX_SIZE, ttl: TTL })
  return {
    get: (input, modelConfig) => cache.get(input, modelConfig),
    set: (input, modelConfig) => cache.set(input, modelConfig, response),
  }
}

function lruCache() {
  const cache = new PeerCache({ max: MAX_SIZE, ttl: TTL })
  return {
    get: (input, modelConfig) => cache.get(json(input, modelConfig)),
    set: (input, modelConfig) => cache.set(json(input, modelConfig), response),
  }
}

/** Least recently used by the Map's own order, each entry with its deadline: the module that ours takes the place of. */
function digestMap() {
  const cache = new Map()
  return {
    get(input, modelConfig) {
      const key = digest(input, modelConfig)
      const entry = cache.get(key)
      if (entry === undefined || entry.deadline <= Date.now()) return undefined
      cache.delete(key)
      cache.set(key, entry)
      return entry.value
    },
    set(input, modelConfig) {
      const key = digest(input, modelConfig)
      cache.delete(key)
      if (cache.size >= MAX_SIZE) cache.delete(cache.keys().next().value)
      cache.set(key, { value: response, deadline: Date.now() + TTL })
    },
  }
}

const requestPeers = { ours: ours, 'lru-cache + JSON': lruCache, 'Map + SHA-256': digestMap }

/** Each contender makes its state anew and gives the function to time; `turn` counts up across calls. */
function requests(prepare) {
  return Object.fromEntries(
    Object.entries(requestPeers).map(([name, make]) => [
      name,
      () => {
        const cache = make()
        for (const input of INPUTS) cache.set(input, config)
        return prepare(cache)
      },
    ]),
  )
}

let turn = 0
const next = (list) => list[turn++ % list.length]

const scenarios = {
  'response hit, string input, same config object': requests((cache) => () => cache.get(next(INPUTS), config)),
  'response hit, string input, fresh equal config': requests((cache) => () => cache.get(next(INPUTS), freshConfig())),
  'response hit, object input, same config object': requests((cache) => {
    for (const question of INPUTS) cache.set({ question }, config)
    return () => cache.get({ question: INPUTS[399] }, config)
  }),
  'response miss': requests((cache) => () => cache.get(next(MISSING), config)),
  'response set at capacity, always a new input': requests((cache) => () => cache.set(`new input ${turn++}`, config)),
  'response set of a known input': requests((cache) => () => cache.set(next(INPUTS), config)),
  'query hit, fresh parameters': {
    ours: () => {
      const cache = new QueryCache()
      cache.set('student-metrics', { studentId: '123' }, response)
      return () => cache.get('student-metrics', { studentId: '123' })
    },
    'lru-cache + JSON': () => {
      const cache = lruCache()
      cache.set('student-metrics', { studentId: '123' })
      return () => cache.get('student-metrics', { studentId: '123' })
    },
  },
  'string key hit': strings((cache) => () => cache.get(next(INPUTS))),
  'string key set of a known key': strings((cache) => () => cache.set(next(INPUTS), response)),
  'embedding get': embeddings((cache) => () => cache.get(next(INPUTS))),
  'embedding set of 1,536 numbers at capacity': embeddings((cache) => () => cache.set(`new text ${turn++}`, vector)),
}

function strings(prepare) {
  return stringPeers(prepare, () => new LRUCache({ maxSize: MAX_SIZE, ttl: TTL }), response)
}

function embeddings(prepare) {
  return stringPeers(prepare, () => new EmbeddingCache({ maxSize: MAX_SIZE, ttl: TTL }), vector)
}

function stringPeers(prepare, make, value) {
  const filled = (cache) => {
    for (const input of INPUTS) cache.set(input, value)
    return prepare(cache)
  }
  return {
    ours: () => filled(make()),
    'lru-cache': () => filled(new PeerCache({ max: MAX_SIZE, ttl: TTL })),
  }
}

for (const [scenario, contenders] of Object.entries(scenarios)) {
  console.log(scenario)
  let reference
  for (const [name, prepare] of Object.entries(contenders)) {
    const operation = prepare()
    const { p50, p99 } = await measure(() => do_not_optimize(operation()), { min_cpu_time: 300e6 })
    reference ??= p50
    const times = `${p50.toFixed(0).padStart(8)} ns   p99 ${p99.toFixed(0).padStart(8)} ns`
    console.log(`  ${name.padEnd(18)}${times}   ×${(p50 / reference).toFixed(2)}`)
  }
}
