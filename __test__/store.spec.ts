// Caches with a store on disk: what one writes, others find, whatever comes in between.

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { EmbeddingCache, LRUCache, QueryCache, ResponseCache, Store } from '@aah/ai-evals-performance'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { temporaryFolder } from './helpers/folders.ts'
import { config, empty, expectFilled, fill } from './helpers/stored.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
})

/** Runs a program that knows the package as `api` and prints JSON. */
function inNewProcess(program: string): any {
  const code = `(async (api) => { ${program} })(require('@aah/ai-evals-performance'))`
  return JSON.parse(execFileSync(process.execPath, ['-e', code], { cwd: join(__dirname, '..'), encoding: 'utf8' }))
}

describe('what was stored', () => {
  test('is there at once for other caches of the store, and equal', async () => {
    await using store = Store.open(temporaryFolder())
    fill(store)
    expectFilled(empty(store))
  })

  test('is there after the store was closed and opened again', async () => {
    const folder = temporaryFolder()
    const first = Store.open(folder)
    fill(first)
    await first.close()
    await using second = Store.open(folder)
    expectFilled(empty(second))
  })

  test('is there for another process, which asks for nothing', async () => {
    const folder = temporaryFolder()
    const asked = inNewProcess(`
      const cache = new api.ResponseCache({ store: ${JSON.stringify(folder)} })
      let asked = 0
      const ask = async () => { asked++; return { text: 'from the first', usage: { total_tokens: 12 } } }
      await cache.getOrSet('a', { model: 'm' }, ask)
      await cache.close()
      console.log(asked)
    `)
    const second = inNewProcess(`
      const cache = new api.ResponseCache({ store: ${JSON.stringify(folder)} })
      const answer = await cache.getOrSet('a', { model: 'm' }, async () => { throw new Error('asked again') })
      cache.getStats()
      await cache.flush()
      const { savings, lifetime, hits, misses } = cache.getStats()
      console.log(JSON.stringify({ answer, tokens: savings.tokens, life: lifetime.tokens, hits, misses }))
    `)
    expect(asked).toBe(1)
    expect(second).toEqual({
      answer: { text: 'from the first', usage: { total_tokens: 12 } },
      tokens: 12,
      life: 12,
      hits: 1,
      misses: 0,
    })
  })

  test('is on disk where a process ends without closing anything', () => {
    const folder = temporaryFolder()
    const written = inNewProcess(`
      const cache = new api.LRUCache({ store: ${JSON.stringify(folder)} })
      for (let index = 0; index < 100; index++) cache.set('key ' + index, index)
      for (let index = 0; index < 5; index++) cache.get('key ' + index)
      console.log(100)
      process.exit(0)
    `)
    const cache = new LRUCache({ store: folder, maxSize: 100 })
    expect(cache.getStats().lifetime?.hits).toBe(5)
    expect(Array.from({ length: written }, (_, index) => cache.get(`key ${index}`))).toEqual(
      Array.from({ length: 100 }, (_, index) => index),
    )
    return cache.close()
  })

  test('is there for worker threads, and theirs is here', async () => {
    const folder = temporaryFolder()
    await using store = Store.open(folder)
    const cache = new ResponseCache({ store })
    cache.set('from main', config, [1, 2])
    const worker = new Worker(
      `
        const { parentPort, workerData } = require('node:worker_threads')
        const { ResponseCache } = require('@aah/ai-evals-performance')
        const { folder, config } = workerData
        const cache = new ResponseCache({ store: folder })
        cache.set('from worker', config, [3])
        parentPort.postMessage(cache.get('from main', config))
      `,
      { eval: true, workerData: { folder, config } },
    )
    const seen = await new Promise((done, failed) => worker.once('message', done).once('error', failed))
    expect(seen).toEqual([1, 2])
    expect(cache.get('from worker', config)).toEqual([3])
    await worker.terminate()
  })

  test('is found though memory has dropped it', async () => {
    await using store = Store.open(temporaryFolder())
    const cache = new ResponseCache({ store, maxSize: 1 })
    for (let index = 0; index < 20; index++) cache.set(`input ${index}`, config, index)
    expect(Array.from({ length: 20 }, (_, index) => cache.get(`input ${index}`, config))).toEqual(
      Array.from({ length: 20 }, (_, index) => index),
    )
    await cache.flush()
    expect(cache.getStats()).toMatchObject({ entries: 1, hits: 20, misses: 0, storedEntries: 20 })
    expect(cache.getStats().storedBytes).toBeGreaterThan(0)
  })

  test('is given out though it is too large to be held', async () => {
    await using store = Store.open(temporaryFolder())
    const text = 'x'.repeat(10_000)
    const cache = new ResponseCache({ store, maxMemory: 5_000 })
    cache.set('a', config, text, { cost: 3 })
    expect([cache.get('a', config), cache.get('a', config)]).toEqual([text, text])
    expect(cache.getStats()).toMatchObject({ entries: 0, hits: 2, misses: 0, savings: { cost: 6 } })
  })
})

describe('what is read from the store', () => {
  test('is held from then on: the same reference, one hit each', async () => {
    await using store = Store.open(temporaryFolder())
    fill(store)
    const cache = new ResponseCache({ store })
    const first = cache.get('a', config)
    expect(cache.get('a', config)).toBe(first)
    expect(cache.getStats()).toMatchObject({ hits: 2, misses: 0, entries: 1 })
  })

  test('keeps the deadline it was stored with, also across restarts', async () => {
    vi.useFakeTimers()
    const folder = temporaryFolder()
    const first = new ResponseCache({ store: folder, ttl: 1_000 })
    first.set('a', config, 1)
    first.set('b', config, 2, { ttl: 5_000 })
    first.set('c', config, 3, { ttl: Number.POSITIVE_INFINITY })
    await first.close()
    vi.advanceTimersByTime(999)
    const second = new ResponseCache({ store: folder, ttl: 1_000_000 })
    expect(second.get('a', config)).toBe(1)
    expect(second.get('b', config)).toBe(2)
    vi.advanceTimersByTime(1)
    expect(second.get('a', config)).toBeUndefined()
    await second.close()
    vi.setSystemTime(Date.now() + 1e12)
    const third = new ResponseCache({ store: folder })
    expect(['a', 'b', 'c'].map((input) => third.get(input, config))).toEqual([undefined, undefined, 3])
    await third.close()
  })

  test('brings what it saves with it', async () => {
    vi.useFakeTimers()
    await using store = Store.open(temporaryFolder())
    await new ResponseCache({ store }).getOrSet(
      'a',
      config,
      async () => {
        vi.advanceTimersByTime(400)
        return { usage: { prompt_tokens: 10, completion_tokens: 2 } }
      },
      { cost: 0.5 },
    )
    const cache = new ResponseCache({ store })
    cache.get('a', config)
    cache.get('a', config)
    expect(cache.getStats().savings).toEqual({ coalesced: 0, time: 800, tokens: 24, cost: 1 })
    await store.flush()
    expect(cache.getStats().lifetime).toEqual({ hits: 2, coalesced: 0, time: 800, tokens: 24, cost: 1 })
    cache.get('a', config)
    await store.flush()
    expect(cache.getStats().lifetime).toMatchObject({ hits: 3, cost: 1.5 })
  })
})

describe('namespaces', () => {
  test('keep caches apart; those of one name share their entries', async () => {
    await using store = Store.open(temporaryFolder())
    new ResponseCache({ store, namespace: 'a' }).set('x', config, 1)
    expect(new ResponseCache({ store, namespace: 'a' }).get('x', config)).toBe(1)
    expect(new ResponseCache({ store, namespace: 'b' }).has('x', config)).toBe(false)
    expect(new ResponseCache({ store }).has('x', config)).toBe(false)
  })

  test('are those of the kinds of caches by default, whose clear() leaves the others alone', async () => {
    await using store = Store.open(temporaryFolder())
    const caches = fill(store)
    for (const [namespace, input] of Object.entries({ responses: 'a', embeddings: 'a', queries: 'a', lru: 'a' })) {
      expect(new LRUCache({ store, namespace }).has(input)).toBe(namespace === 'lru')
    }
    caches.responses.clear()
    const { responses, queries } = empty(store)
    expect(responses.has('a', config)).toBe(false)
    expect(queries.has('students')).toBe(true)
  })

  test('of embeddings do not mix models or dimensions', async () => {
    await using store = Store.open(temporaryFolder())
    const small = new EmbeddingCache({ store, model: 'small', dimensions: 2 })
    small.set('a', [1, 2])
    expect(new EmbeddingCache({ store, model: 'small', dimensions: 2 }).get('a')).toEqual([1, 2])
    for (const options of [{}, { model: 'large' }, { model: 'small' }, { dimensions: 2 }]) {
      expect(new EmbeddingCache({ store, ...options }).has('a')).toBe(false)
    }
    expect(() => small.set('b', [1])).toThrow('Expected `embedding.length` to be 2, the `dimensions` of this cache')
  })
})

describe('removing', () => {
  test('delete() removes from memory and store, and says whether there was anything', async () => {
    await using store = Store.open(temporaryFolder())
    fill(store)
    const { responses, queries, embeddings, values } = empty(store)
    expect(responses.delete('a', config)).toBe(true)
    expect(responses.delete('a', config)).toBe(false)
    expect([queries.delete('students', { id: 1 }), embeddings.delete('a'), values.delete('a')]).toEqual([
      true,
      true,
      true,
    ])
    const after = empty(store)
    expect(after.responses.has('a', config)).toBe(false)
    expect(after.queries.has('students', { id: 1 })).toBe(false)
    expect(after.queries.has('students')).toBe(true)
    expect([after.embeddings.has('a'), after.values.has('a')]).toEqual([false, false])
  })

  test('invalidate() removes what matches from both, and counts each once', async () => {
    await using store = Store.open(temporaryFolder())
    const cache = new QueryCache({ store, maxSize: 2 })
    for (let id = 0; id < 5; id++) cache.set('students', { id }, id)
    cache.set('teachers', undefined, 1)
    cache.set('bad value', undefined, () => {})
    expect(cache.invalidate('"id":[0-3]')).toBe(4)
    expect(cache.has('students', { id: 4 })).toBe(true)
    expect(cache.invalidate(/students|bad/)).toBe(2)
    expect(new QueryCache({ store }).has('students', { id: 4 })).toBe(false)
    expect(new QueryCache({ store }).has('teachers')).toBe(true)
  })

  test('what memory took from the store can be invalidated there', async () => {
    await using store = Store.open(temporaryFolder())
    fill(store)
    const cache = new QueryCache({ store })
    cache.get('students', { id: 1 })
    expect(cache.invalidate('"id":1')).toBe(1)
    expect(cache.getStats().entries).toBe(0)
    expect(cache.has('students', { id: 1 })).toBe(false)
  })

  test('removeExpired() counts those in memory', async () => {
    vi.useFakeTimers()
    await using store = Store.open(temporaryFolder())
    const cache = new LRUCache({ store, ttl: 10 })
    cache.set('a', 1)
    vi.advanceTimersByTime(10)
    expect(cache.removeExpired()).toBe(1)
    expect(cache.has('a')).toBe(false)
  })
})
