// One store, used by several processes and threads at once.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LRUCache, Store } from '@aah/ai-evals-performance'
import { afterEach, describe, expect, test } from 'vitest'
import { isDerived } from './helpers/derived.cjs'
import { temporaryFolder } from './helpers/folders.ts'
import { type Context, endAll, Program } from './helpers/program.ts'

const MINUTE = 60_000

afterEach(async () => {
  await endAll()
})

const kinds: [string, () => Program][] = [
  ['processes', () => Program.process()],
  ['worker threads', () => Program.thread()],
]

function crew(count: number, start: () => Program): Program[] {
  return Array.from({ length: count }, () => start())
}

interface Work {
  folder: string
  seed: number
  keys: number
  rounds: number
}

/** Reads, writes and removes at random, and tells what it read that was not right. */
async function readAndWrite({ folder, seed, keys, rounds }: Work, { api, random, derived, isDerived }: Context) {
  const degraded: unknown[] = []
  const store = api.Store.open(folder)
  store.on('degraded', (event) => degraded.push(event))
  // With room for one entry in memory nearly every read asks the store.
  const cache = new api.LRUCache({ store, maxSize: 1 })
  const next = random(seed)
  const wrong: unknown[] = []
  let hits = 0
  for (let round = 0; round < rounds; round++) {
    const key = `key ${Math.floor(next() * keys)}`
    const chance = next()
    if (chance < 0.5) {
      const value = cache.get(key)
      if (value === undefined) continue
      hits++
      if (!isDerived(key, value)) wrong.push({ key, value })
    } else if (chance < 0.9) cache.set(key, derived(key, Math.floor(next() * 1_000)))
    else if (chance < 0.95) cache.delete(key)
    else if (chance < 0.98) cache.has(key)
    else await cache.flush()
  }
  await store.close()
  return { hits, wrong, degraded }
}

describe.each(kinds)('%s that read and write one store', (_, start) => {
  test.each([2, 4, 8])(
    'see right values only, %i at a time',
    async (count) => {
      const folder = temporaryFolder()
      const work = { folder, keys: 100, rounds: 1_500 }
      const outcomes = await Promise.all(
        crew(count, start).map((program, seed) => program.run(readAndWrite, { ...work, seed })),
      )
      for (const outcome of outcomes) {
        expect(outcome).toMatchObject({ wrong: [], degraded: [] })
        expect(outcome.hits).toBeGreaterThan(50)
      }
      const store = Store.open(folder)
      const cache = new LRUCache({ store })
      const found = Array.from({ length: work.keys }, (_, index) => `key ${index}`).filter((key) => cache.has(key))
      for (const key of found) expect(isDerived(key, cache.get(key))).toBe(true)
      expect(found.length).toBeGreaterThan(50)
      expect(await store.verify()).toMatchObject({ ok: true, entries: found.length, problems: [] })
      await store.close()
    },
    120_000,
  )

  test(
    'find what another has flushed',
    async () => {
      const folder = temporaryFolder()
      const [writer, reader] = crew(2, start) as [Program, Program]
      const open = ({ folder }: { folder: string }, { api, state }: Context) => {
        state.cache = new api.LRUCache({ store: folder })
      }
      for (const program of [writer, reader]) await program.run(open, { folder })
      const written = Array.from({ length: 20 }, (_, index) => `key ${index}`)
      for (const key of written) {
        expect(await reader.run((key, { state }) => state.cache.get(key), key)).toBe(undefined)
        await writer.run(async (key, { derived, state }) => {
          state.cache.set(key, derived(key))
          await state.cache.flush()
        }, key)
        const read = await reader.run((key, { state }) => state.cache.get(key), key)
        expect(isDerived(key, read)).toBe(true)
      }
    },
    MINUTE,
  )
})

test(
  'a thread finds at once what another thread of its process has set, flushed or not',
  async () => {
    const folder = temporaryFolder()
    const cache = new LRUCache({ store: folder, maxSize: 1 })
    const thread = Program.thread()
    await thread.run(
      ({ folder }, { api, state }) => {
        state.cache = new api.LRUCache({ store: folder, maxSize: 1 })
      },
      { folder },
    )
    for (let round = 0; round < 200; round++) {
      cache.set(`mine ${round}`, round)
      const read = await thread.run((round, { state }) => {
        state.cache.set(`yours ${round}`, round)
        return state.cache.get(`mine ${round}`)
      }, round)
      expect(read).toBe(round)
      expect(cache.get(`yours ${round}`)).toBe(round)
    }
    await cache.close()
  },
  MINUTE,
)

interface Race {
  folder: string
  log: string
  keys: number
  seed: number
  threads: number
  source: string
}

/** Asks for all keys in an order of its own, eight at a time, and notes each call of the function in a file. */
async function ask({ folder, log, keys, seed }: Race, { api, random, derived, isDerived, require }: Context) {
  const { appendFileSync } = require('node:fs')
  const cache = new api.LRUCache({ store: folder, maxSize: 10_000 })
  const next = random(seed)
  const order = Array.from({ length: keys }, (_, index) => ({ key: `key ${index}`, at: next() }))
    .sort((one, other) => one.at - other.at)
    .map(({ key }) => key)
  const wrong: string[] = []
  const lane = async () => {
    for (let key = order.pop(); key !== undefined; key = order.pop()) {
      const asked = key
      const value = await cache.getOrSet(asked, async () => {
        appendFileSync(log, `${asked}\n`)
        await new Promise((resolve) => setImmediate(resolve))
        return derived(asked)
      })
      if (!isDerived(asked, value)) wrong.push(asked)
    }
  }
  await Promise.all(Array.from({ length: 8 }, lane))
  await cache.close()
  return wrong
}

/** The same in each of several threads of the program. */
async function askInThreads(race: Race, { inThread }: Context) {
  const threads = Array.from({ length: race.threads }, (_, index) =>
    inThread<string[]>(race.source, { ...race, seed: `${race.seed} ${index}` }),
  )
  return (await Promise.all(threads)).flat()
}

function calls(log: string): string[] {
  return readFileSync(log, 'utf8').split('\n').slice(0, -1).sort()
}

describe('getOrSet calls its function once for each key', () => {
  test.each([
    [2, 'processes', 0],
    [4, 'processes', 0],
    [8, 'processes', 0],
    [2, 'processes of 3 threads', 3],
    [4, 'processes of 2 threads', 2],
    [4, 'worker threads', 0],
  ])(
    'in %i %s',
    async (count, kind, threads) => {
      const folder = temporaryFolder()
      const log = join(folder, 'calls.txt')
      writeFileSync(log, '')
      const race = { folder, log, keys: 300, threads, source: String(ask) }
      const programs = crew(count, kind === 'worker threads' ? Program.thread : Program.process)
      const run = threads === 0 ? ask : askInThreads
      const wrong = await Promise.all(programs.map((program, seed) => program.run(run, { ...race, seed })))
      expect(wrong.flat()).toEqual([])
      expect(calls(log)).toEqual(Array.from({ length: race.keys }, (_, index) => `key ${index}`).sort())
    },
    120_000,
  )
})

/** Begins to answer a key and says so; the answer comes when it is told to go on. */
function hold({ folder, key }: { folder: string; key: string }, { api, derived, say, state }: Context) {
  const cache = new api.LRUCache({ store: folder })
  state.answered = cache.getOrSet(key, () => {
    say('called')
    return new Promise((resolve, reject) => {
      state.goOn = () => resolve(derived(key))
      state.fail = (message: string) => reject(new Error(message))
    })
  })
  state.answered.catch(() => {})
}

interface Waiting {
  folder: string
  key: string
  maxWait?: number
}

/** Asks for a key; whether it had to answer itself is told with the value. */
async function joinIn({ folder, key, maxWait }: Waiting, { api, derived, say }: Context) {
  const cache = new api.LRUCache({ store: folder })
  let called = false
  say('asking')
  const value = await cache.getOrSet(
    key,
    async () => {
      called = true
      return derived(key)
    },
    { maxWait },
  )
  await cache.flush()
  return { called, right: JSON.stringify(value) === JSON.stringify(derived(key)) }
}

describe('while a process answers a key', () => {
  test('its death and its standstill hand the key on, and it may come back', async () => {
    const folder = temporaryFolder()
    const [killed, stopped, first, second] = crew(4, Program.process) as [Program, Program, Program, Program]
    await Promise.all([killed.run(hold, { folder, key: 'killed' }), stopped.run(hold, { folder, key: 'stopped' })])
    await Promise.all([killed.heard(1), stopped.heard(1)])
    const answers = [first.run(joinIn, { folder, key: 'killed' }), second.run(joinIn, { folder, key: 'stopped' })]
    await Promise.all([first.heard(1), second.heard(1)])
    stopped.signal('SIGSTOP')
    await killed.kill('SIGKILL')
    expect(await Promise.all(answers)).toEqual([
      { called: true, right: true },
      { called: true, right: true },
    ])
    stopped.signal('SIGCONT')
    const late = stopped.run(async (_, { state }) => {
      state.goOn()
      return state.answered
    })
    expect(isDerived('stopped', await late)).toBe(true)
    const cache = new LRUCache({ store: folder })
    for (const key of ['killed', 'stopped']) expect(isDerived(key, cache.get(key))).toBe(true)
    await cache.close()
  }, 120_000)

  test(
    'its failure is its own: another process that waited asks for itself',
    async () => {
      const folder = temporaryFolder()
      const [holder, waiting] = crew(2, Program.process) as [Program, Program]
      await holder.run(hold, { folder, key: 'key' })
      await holder.heard(1)
      const answer = waiting.run(joinIn, { folder, key: 'key' })
      await waiting.heard(1)
      const failed = holder.run(async (_, { state }) => {
        state.fail('no model')
        return state.answered
      })
      await expect(failed).rejects.toThrow('no model')
      expect(await answer).toEqual({ called: true, right: true })
    },
    MINUTE,
  )

  test(
    'its failure fails those threads of the process that waited, too',
    async () => {
      const folder = temporaryFolder()
      const [holder, waiting] = crew(2, Program.thread) as [Program, Program]
      await holder.run(hold, { folder, key: 'key' })
      await holder.heard(1)
      const answer = waiting.run(joinIn, { folder, key: 'key' }).catch((error) => error.message)
      await waiting.heard(1)
      // What it asks for is queued before it answers this, and the failure behind that.
      await waiting.run(() => {})
      await holder.run((_, { state }) => state.fail('no model'))
      expect(await answer).toBe('no model')
    },
    MINUTE,
  )

  test(
    'nobody waits for longer than he said',
    async () => {
      const folder = temporaryFolder()
      const [holder, waiting] = crew(2, Program.process) as [Program, Program]
      await holder.run(hold, { folder, key: 'key' })
      await holder.heard(1)
      expect(await waiting.run(joinIn, { folder, key: 'key', maxWait: 100 })).toEqual({ called: true, right: true })
      const late = holder.run(async (_, { state }) => {
        state.goOn()
        return state.answered
      })
      expect(isDerived('key', await late)).toBe(true)
    },
    MINUTE,
  )
})
