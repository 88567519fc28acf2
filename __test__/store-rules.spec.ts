// What a cache with a store keeps out of it, does in its modes, and says of a miss.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as api from '@aah/ai-evals-performance'
import {
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
import { config, empty, fill } from './helpers/stored.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
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
