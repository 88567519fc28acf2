// One measurement of one contender in a process of its own: `node task.mjs TASK CONTENDER FOLDER OPTIONS`. Prints JSON:
// times in microseconds.

import { contenders } from './contenders.mjs'
import { config, embedding, input, response, scattered } from './workload.mjs'

const [task, name, folder, optionsText] = process.argv.slice(2)
const options = JSON.parse(optionsText)
const { kind = 'responses' } = options
const make = kind === 'embeddings' ? embedding : response

const MICROSECONDS = 1_000

/** What there is to say about times that were taken one by one. */
function summary(times) {
  const sorted = Float64Array.from(times).sort()
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] * MICROSECONDS
  const mean = (sorted.reduce((sum, time) => sum + time, 0) / sorted.length) * MICROSECONDS
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), mean }
}

function* entries(count, from = 0) {
  for (let index = from; index < from + count; index++) yield [index, make(index)]
}

const tasks = {
  /** Writes `count` entries in one go. Values are made while it writes, so that a hundred thousand need no memory. */
  async fill(open) {
    const store = open()
    const pool = Array.from({ length: 512 }, (_, index) => make(index))
    function* pooled() {
      for (let index = 0; index < options.count; index++) yield [index, pool[index % 512]]
    }
    const start = performance.now()
    await store.fill(options.pooled ? pooled() : entries(options.count))
    const took = performance.now() - start
    await store.close()
    return { perSecond: options.count / (took / 1_000) }
  },

  /** Opens the store and reads, each entry once. The first read counts to opening. */
  async read(open) {
    const [first, ...rest] = scattered(options.count, options.reads + 1, options.seed)
    const begun = performance.now()
    const store = open()
    const answer = await store.get(first)
    const opened = performance.now() - begun
    check(answer, first)
    const times = new Float64Array(rest.length)
    const last = []
    for (const [at, index] of rest.entries()) {
      const start = performance.now()
      let value = store.get(index)
      if (value instanceof Promise) value = await value
      times[at] = performance.now() - start
      last[at & 63] = value
      if (at % 64 === 63) check(value, index)
    }
    await store.close()
    return { open: opened * MICROSECONDS, ...summary(times), start: summary(times.subarray(0, 100)).p50 }
  },

  /** New inputs into a cache that is full: without a break, and in groups, each after the disk has caught up. */
  async set(open) {
    const store = open()
    const pool = Array.from({ length: 512 }, (_, index) => make(index))
    let next = 1e9 + options.seed * 1e7
    const group = async (sets) => {
      const start = performance.now()
      for (let at = 0; at < sets; at++) {
        const pending = store.set(next, pool[next++ % 512])
        if (pending !== undefined) await pending
      }
      return (performance.now() - start) / sets
    }
    await group(options.warmUp)
    await store.flush()
    const begun = performance.now()
    const busy = []
    for (let at = 0; at < options.groups; at++) busy.push(await group(100))
    await store.flush()
    const sustained = performance.now() - begun
    const idle = []
    for (let at = 0; at < options.groups / 4; at++) {
      idle.push(await group(100))
      await store.flush()
    }
    await store.close()
    const perSecond = (options.groups * 100) / (sustained / 1_000)
    return { busy: summary(busy).p50, busyMean: summary(busy).mean, idle: summary(idle).p50, perSecond }
  },

  /** `getOrSet` with a function that answers at once: for what is in memory, and for what is nowhere yet. */
  async getOrSet(open) {
    const { cache, flush, close } = open()
    const pool = Array.from({ length: 512 }, (_, index) => response(index))
    let next = 1e9 + options.seed * 1e7
    const hit = input(next)
    await cache.getOrSet(hit, config, async () => pool[0])
    const group = async (calls, isHit) => {
      const start = performance.now()
      for (let at = 0; at < calls; at++) {
        const index = next++
        await cache.getOrSet(isHit ? hit : input(index), config, async () => pool[index % 512])
      }
      return (performance.now() - start) / calls
    }
    const hits = []
    for (let at = 0; at < options.groups; at++) hits.push(await group(100, true))
    const misses = []
    for (let at = 0; at < options.groups; at++) misses.push(await group(100, false))
    await flush()
    await close()
    const steady = (times) => summary(times.slice(times.length / 4)).p50
    return { hit: steady(hits), miss: steady(misses) }
  },
}

function check(value, index) {
  const found = kind === 'embeddings' ? value?.length : value?.choices?.[0]?.finish_reason
  if (found === undefined) throw new Error(`${name} has no entry ${index}`)
}

contenders[name](folder === '-' ? undefined : folder, kind)
  .then((open) => tasks[task](open))
  .then((result) => console.log(JSON.stringify(result)))
