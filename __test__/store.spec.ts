// Caches with a store on disk: what one writes, others find, whatever comes in between.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import * as api from '@aah/ai-evals-performance'
import {
  type DegradedEvent,
  EmbeddingCache,
  LRUCache,
  QueryCache,
  ReplayMissError,
  ResponseCache,
  Store,
  type UnstorableEvent,
} from '@aah/ai-evals-performance'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { deferred } from './helpers/deferred.ts'
import { temporaryFolder } from './helpers/folders.ts'

const config = { provider: 'openai', model: 'gpt-4' }

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
})

/** Runs a program that knows the package as `api` and prints JSON. */
function inNewProcess(program: string): any {
  const code = `(async (api) => { ${program} })(require('@aah/ai-evals-performance'))`
  return JSON.parse(execFileSync(process.execPath, ['-e', code], { cwd: join(__dirname, '..'), encoding: 'utf8' }))
}

/** Caches of every kind, each with something in it. */
function fill(store: Store | string) {
  const caches = {
    responses: new ResponseCache({ store }),
    embeddings: new EmbeddingCache({ store }),
    queries: new QueryCache({ store }),
    values: new LRUCache({ store }),
  }
  caches.responses.set('a', config, { text: 'yes', at: new Date(7) })
  caches.responses.set({ question: 'a' }, config, 'second', { sample: 2 })
  caches.embeddings.set('a', [0.1, -0, 1 / 3])
  caches.queries.set('students', { id: 1 }, [{ id: 1n }])
  caches.queries.set('students', undefined, new Map([['all', new Set([1])]]))
  caches.values.set('a', undefined)
  return caches
}

function expectFilled({ responses, embeddings, queries, values }: ReturnType<typeof fill>) {
  expect(responses.get('a', { model: 'gpt-4', provider: 'openai' })).toEqual({ text: 'yes', at: new Date(7) })
  expect(responses.get({ question: 'a' }, config, { sample: 2 })).toBe('second')
  expect(responses.has({ question: 'a' }, config)).toBe(false)
  expect(embeddings.get('a')).toEqual([0.1, -0, 1 / 3])
  expect(queries.get('students', { id: 1 })).toEqual([{ id: 1n }])
  expect(queries.get('students')).toEqual(new Map([['all', new Set([1])]]))
  expect(values.has('a')).toBe(true)
  expect(values.get('a')).toBeUndefined()
  expect(values.getStats()).toMatchObject({ hits: 1, misses: 0 })
}

const empty = (store: Store | string) => ({
  responses: new ResponseCache({ store }),
  embeddings: new EmbeddingCache({ store }),
  queries: new QueryCache({ store }),
  values: new LRUCache({ store }),
})

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

describe('values that cannot be stored', () => {
  class Grade {
    letter = 'A'
  }

  test('stay in memory, are counted, and are told of once for each kind', async () => {
    await using store = Store.open(temporaryFolder())
    const events: UnstorableEvent[] = []
    store.on('unstorable', (event) => events.push(event))
    const cache = new ResponseCache({ store })
    const values = [() => 1, { deep: [{ fn() {} }] }, new Grade(), new Grade()]
    for (const [index, value] of values.entries()) cache.set(`input ${index}`, config, value)
    for (const [index, value] of values.entries()) expect(cache.get(`input ${index}`, config)).toBe(value)
    expect(cache.getStats()).toMatchObject({ notStorable: 4, storedEntries: 0 })
    expect(events).toEqual([
      { namespace: 'responses', kind: 'function', path: '' },
      { namespace: 'responses', kind: 'class Grade', path: '' },
    ])
    new LRUCache({ store }).set('a', new Grade())
    expect(events).toHaveLength(3)
    expect(new ResponseCache({ store }).has('input 0', config)).toBe(false)
  })

  test('leave nothing older in the store', async () => {
    await using store = Store.open(temporaryFolder())
    const cache = new LRUCache({ store })
    cache.set('a', 'old')
    cache.set('a', new Grade())
    expect(new LRUCache({ store }).get('a')).toBeUndefined()
  })

  test('are told of to whoever listens first, though the cache opened the folder by itself', async () => {
    const folder = temporaryFolder()
    const cache = new LRUCache({ store: folder })
    cache.set('a', new Grade())
    await using store = Store.open(folder)
    const heard = vi.fn()
    store.on('unstorable', heard)
    expect(heard).toHaveBeenCalledExactlyOnceWith({ namespace: 'lru', kind: 'class Grade', path: '' })
    await cache.close()
  })

  test('can be stored where a codec is registered', async () => {
    class Score {
      readonly points: number
      constructor(points: number) {
        this.points = points
      }
    }
    api.registerCodec('store.spec Score', {
      is: (value): value is Score => value instanceof Score,
      encode: ({ points }: Score) => points,
      decode: (points: number) => new Score(points),
    })
    await using store = Store.open(temporaryFolder())
    new LRUCache({ store }).set('a', { score: new Score(3) })
    const found = new LRUCache({ store }).get('a')
    expect(found.score).toBeInstanceOf(Score)
    expect(found).toEqual({ score: new Score(3) })
  })
})

describe('modes', () => {
  test('replay finds what was recorded, for ever, and says of what was not where it differs', async () => {
    vi.useFakeTimers()
    const folder = temporaryFolder()
    const recording = new ResponseCache({ store: folder, mode: 'record', ttl: 10 })
    await recording.getOrSet('a', { ...config, temperature: 0 }, async () => 'yes')
    await recording.close()
    vi.setSystemTime(Date.now() + 1e12)
    const cache = new ResponseCache({ store: folder, mode: 'replay' })
    const fn = vi.fn()
    expect(await cache.getOrSet('a', { ...config, temperature: 0 }, fn)).toBe('yes')
    const missed = await cache.getOrSet('a', { ...config, temperature: 0.7 }, fn).catch((error) => error)
    expect(missed).toBeInstanceOf(ReplayMissError)
    expect(missed).toMatchObject({
      code: 'ERR_REPLAY_MISS',
      message: expect.stringContaining('modelConfig.temperature: 0.7, stored 0'),
      explanation: { outcome: 'miss', entries: 1, nearest: { differences: [{ path: 'modelConfig.temperature' }] } },
    })
    expect(fn).not.toHaveBeenCalled()
    await cache.close()
  })

  test('replay says of what has expired when that was', async () => {
    vi.useFakeTimers()
    await using store = Store.open(temporaryFolder())
    new LRUCache({ store, ttl: 10 }).set('a', 1)
    vi.advanceTimersByTime(10)
    const cache = new LRUCache({ store, mode: 'replay' })
    expect(cache.has('a')).toBe(false)
    expect(() => cache.get('a')).toThrow(/expired at/)
  })

  test('replay and readonly write nothing, and remove from memory only', async () => {
    await using store = Store.open(temporaryFolder())
    fill(store)
    await store.flush()
    for (const mode of ['replay', 'readonly'] as const) {
      const cache = new ResponseCache({ store, mode })
      cache.set('new', config, 1)
      expect(cache.get('a', config)).toBeDefined()
      expect(cache.delete('a', config)).toBe(true)
      expect(cache.has('a', config)).toBe(true)
      cache.clear()
      expect(cache.getStats()).toMatchObject({ entries: 0, storedEntries: 2 })
      expect(new QueryCache({ store, mode }).invalidate('students')).toBe(0)
    }
    const readonly = new ResponseCache({ store, mode: 'readonly' })
    expect(await readonly.getOrSet('new', config, async () => 7)).toBe(7)
    const live = empty(store)
    expect(live.responses.has('new', config)).toBe(false)
    expect(live.queries.has('students')).toBe(true)
    expect(live.responses.getStats().lifetime).toEqual({ hits: 0, coalesced: 0, time: 0, tokens: 0, cost: 0 })
  })

  test('refresh finds nothing and overwrites', async () => {
    await using store = Store.open(temporaryFolder())
    fill(store)
    const cache = new ResponseCache({ store, mode: 'refresh' })
    expect(cache.get('a', config)).toBeUndefined()
    expect(await cache.getOrSet('a', config, async () => 'new')).toBe('new')
    expect(new ResponseCache({ store }).get('a', config)).toBe('new')
  })

  test('off opens no folder', async () => {
    const folder = join(temporaryFolder(), 'never made')
    const cache = new ResponseCache({ store: folder, mode: 'off' })
    cache.set('a', config, 1)
    expect(await cache.getOrSet('a', config, async () => 2)).toBe(2)
    expect(existsSync(folder)).toBe(false)
    await cache.close()
  })
})

describe('an answer under way', () => {
  test.each([
    ['clear()', (cache: ResponseCache) => cache.clear()],
    ['delete()', (cache: ResponseCache) => cache.delete('a', config)],
    ['set()', (cache: ResponseCache) => cache.set('a', config, 'newer')],
  ])('is not written after %s', async (name, act) => {
    await using store = Store.open(temporaryFolder())
    const cache = new ResponseCache({ store })
    const answer = deferred<string>()
    const asked = cache.getOrSet('a', config, () => answer.promise)
    act(cache)
    answer.resolve('old')
    expect(await asked).toBe('old')
    expect(new ResponseCache({ store }).get('a', config)).toBe(name === 'set()' ? 'newer' : undefined)
  })

  test('is not written where it is not admitted', async () => {
    await using store = Store.open(temporaryFolder())
    await new ResponseCache({ store }).getOrSet('a', config, async () => ({ finishReason: 'length' }))
    expect(new ResponseCache({ store }).has('a', config)).toBe(false)
  })
})

describe('Store', () => {
  test('names its folder, makes it for this user only, and counts', async () => {
    const folder = join(temporaryFolder(), 'a', 'b')
    await using store = Store.open(folder)
    fill(store)
    await store.flush()
    expect(store.folder).toBe(resolve(folder))
    if (process.platform !== 'win32') {
      expect(statSync(folder).mode & 0o777).toBe(0o700)
      expect(statSync(join(folder, 'store.sqlite')).mode & 0o777).toBe(0o600)
    }
    expect(store.stats()).toMatchObject({ entries: 6, pending: 0, droppedWrites: 0, failedWrites: 0, degradations: 0 })
    expect(store.stats().bytes).toBeGreaterThan(0)
  })

  test('can be opened several times, and each is closed by itself', async () => {
    const folder = temporaryFolder()
    const [first, second] = [Store.open(folder), Store.open(folder)]
    new LRUCache({ store: first }).set('a', 1)
    await first.close()
    expect(new LRUCache({ store: second }).get('a')).toBe(1)
    await second.close()
  })

  test('can be closed twice, and stays as it was then', async () => {
    const store = Store.open(temporaryFolder(), { maxBytes: 1_000_000 })
    await Promise.all([store.close(), store.close()])
    await store.close()
    await store.flush()
    expect(store.stats().maxBytes).toBe(1_000_000)
  })

  test('once closed leaves its caches with their memory', async () => {
    const store = Store.open(temporaryFolder())
    const cache = new ResponseCache({ store })
    cache.set('a', config, 1)
    await store.close()
    expect(cache.get('a', config)).toBe(1)
    cache.set('b', config, 2)
    expect(cache.get('b', config)).toBe(2)
    expect(cache.get('c', config)).toBeUndefined()
    expect(await cache.getOrSet('d', config, async () => 4)).toBe(4)
    expect(cache.delete('b', config)).toBe(true)
    expect(cache.explain('zzz', config).outcome).toBe('miss')
    expect(cache.getStats()).toMatchObject({ entries: 2, storedEntries: 0 })
    cache.clear()
    await cache.flush()
    await cache.close()
  })

  test('is closed by the cache that opened the folder, and by no other', async () => {
    const folder = temporaryFolder()
    await using store = Store.open(folder)
    const shared = new LRUCache({ store })
    await shared.close()
    shared.set('a', 1)
    expect(new LRUCache({ store }).get('a')).toBe(1)
    const own = new LRUCache({ store: folder })
    await own.close()
    own.set('b', 1)
    expect(own.get('b')).toBe(1)
    expect(new LRUCache({ store }).has('b')).toBe(false)
  })

  test('leaves no listener behind', async () => {
    const before = process.listenerCount('exit')
    const stores = [Store.open(temporaryFolder()), Store.open(temporaryFolder())]
    expect(process.listenerCount('exit')).toBe(before + 1)
    for (const store of stores) await store.close()
    expect(process.listenerCount('exit')).toBe(before)
  })

  test.each([[[]], [['unstorable']]])('forgets who listened by removeAllListeners(...%j)', async (named) => {
    const store = Store.open(temporaryFolder())
    const listener = vi.fn()
    store.on('unstorable', listener)
    store.removeAllListeners(...named)
    new LRUCache({ store }).set('a', () => {})
    expect(listener).not.toHaveBeenCalled()
    await store.close()
  })

  test('tells what went wrong before anybody listened, and goes on without the disk', async () => {
    const folder = join(temporaryFolder(), 'a file')
    writeFileSync(folder, 'not a folder')
    const store = Store.open(folder)
    const cache = new LRUCache({ store })
    cache.set('a', 1)
    expect(cache.get('a')).toBe(1)
    const event = await new Promise<DegradedEvent>((heard) => store.once('degraded', heard))
    expect(event.path).toContain('a file')
    expect(event.reason).toMatch(/^[a-z-]+$/)
    expect(event.message.length).toBeGreaterThan(10)
    expect(store.stats().degradations).toBeGreaterThan(0)
    await store.close()
  })

  test('rejects a flush of what cannot be written', async () => {
    const folder = join(temporaryFolder(), 'a file')
    writeFileSync(folder, 'not a folder')
    const cache = new LRUCache({ store: folder })
    cache.set('a', 1)
    await expect(cache.flush()).rejects.toMatchObject({ code: 'ERR_STORE_WRITE' })
    await cache.close()
  })

  test('works again in a folder that was removed', async () => {
    const folder = temporaryFolder()
    await using store = Store.open(folder)
    const cache = new LRUCache({ store })
    cache.set('a', 1)
    await store.flush()
    rmSync(folder, { recursive: true })
    mkdirSync(folder)
    cache.set('b', 2)
    await store.flush().catch(() => {})
    cache.set('c', 3)
    await store.flush().catch(() => {})
    expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([1, 2, 3])
  })
})

test('explain tells hit, expired and miss, of memory and of the store', async () => {
  vi.useFakeTimers()
  vi.setSystemTime(1_000_000)
  await using store = Store.open(temporaryFolder())
  const cache = new ResponseCache({ store, ttl: 1_000 })
  expect(cache.explain('a', config)).toEqual({ outcome: 'miss', entries: 0 })
  cache.set({ question: 'a', depth: 1 }, config, 'yes')
  vi.setSystemTime(1_000_400)
  const created = new Date(1_000_000)
  const input = { question: 'a', depth: 1 }
  expect(cache.explain(input, config)).toMatchObject({ outcome: 'hit', tier: 'memory', created })
  const other = new ResponseCache({ store })
  expect(other.explain(input, config)).toMatchObject({ outcome: 'hit', tier: 'store', created })
  expect(other.explain({ question: 'a' }, { ...config, model: 'gpt-5' })).toEqual({
    outcome: 'miss',
    entries: 1,
    nearest: {
      created,
      omitted: 0,
      differences: [
        { path: 'input.depth', stored: '1' },
        { path: 'modelConfig.model', wanted: '"gpt-5"', stored: '"gpt-4"' },
      ],
    },
  })
  vi.setSystemTime(1_001_000)
  const expired = new Date(1_001_000)
  expect(cache.explain(input, config)).toMatchObject({ outcome: 'expired', tier: 'memory', created, expired })
  expect(other.explain(input, config)).toMatchObject({ outcome: 'expired', tier: 'store', created, expired })
  expect(other.getStats()).toMatchObject({ hits: 0, misses: 0 })
})

test('explain shows of long texts where they differ, though the key has digests of them', async () => {
  await using store = Store.open(temporaryFolder())
  const long = (end: string) => `You are a helpful assistant. ${'Think. '.repeat(300)}${end}`
  new ResponseCache({ store }).set(long('a'), { system: long('b') }, 1)
  const { nearest } = new ResponseCache({ store }).explain(long('c'), { system: long('b') })
  expect(nearest?.differences).toEqual([
    {
      path: 'input',
      wanted: expect.stringContaining('Think. c'),
      stored: expect.stringContaining('Think. a'),
    },
  ])
})

describe('without a store', () => {
  test('explain compares with what memory holds', () => {
    const cache = new QueryCache()
    cache.set('students', { id: 1, year: 2024 }, 1)
    cache.set('students', { id: 1, year: 2024 }, 2, { sample: 1 })
    const { outcome, entries, nearest } = cache.explain('students', { id: 2, year: 2024 })
    expect({ outcome, entries }).toEqual({ outcome: 'miss', entries: 2 })
    expect(nearest?.differences).toEqual([{ path: 'params.id', wanted: '2', stored: '1' }])
    expect(cache.explain('students', { id: 1, year: 2024 }, { sample: 1 })).toMatchObject({
      outcome: 'hit',
      entries: 2,
    })
    const texts = new EmbeddingCache({ model: 'small' })
    texts.set('a', [1], { sample: 3 })
    expect(texts.explain('a').nearest?.differences).toEqual([{ path: 'sample', stored: '3' }])
  })

  test('flush and close have nothing to do', async () => {
    const cache = new LRUCache()
    cache.set('a', 1)
    await cache.flush()
    await cache.close()
    expect(cache.get('a')).toBe(1)
  })
})
