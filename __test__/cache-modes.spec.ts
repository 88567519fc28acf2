// What each mode finds, stores and calls.

import {
  CacheManager,
  type CacheMode,
  EmbeddingCache,
  LRUCache,
  PerformanceError,
  QueryCache,
  ResponseCache,
} from '@aah/ai-evals-performance'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { deferred } from './helpers/deferred.ts'
import { temporaryFolder } from './helpers/folders.ts'

const config = { model: 'gpt-4' }

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
})

describe('live', () => {
  test('is the mode where none is named', async () => {
    const cache = new ResponseCache()
    cache.set('a', config, 1)
    expect(cache.get('a', config)).toBe(1)
    vi.advanceTimersByTime(7_200_000)
    expect(cache.get('a', config)).toBeUndefined()
  })
})

describe('record', () => {
  test('stores as live does, but for ever, whatever time to live is given', async () => {
    const cache = new ResponseCache({ mode: 'record', ttl: 10 })
    cache.set('a', config, 1)
    cache.set('b', config, 2, { ttl: 5 })
    await cache.getOrSet('c', config, async () => 3, { ttl: 5 })
    const embeddings = new EmbeddingCache({ mode: 'record', ttl: 10 })
    embeddings.batchSet(new Map([['a', [1]]]))
    vi.advanceTimersByTime(1e12)
    expect(['a', 'b', 'c'].map((input) => cache.get(input, config))).toEqual([1, 2, 3])
    expect(embeddings.get('a')).toEqual([1])
  })

  test('keeps for ever what it finds in a store, so that a later replay has it', async () => {
    const store = temporaryFolder()
    const session = async (mode: CacheMode, use: (cache: ResponseCache) => unknown) => {
      const cache = new ResponseCache({ store, mode, ttl: 1_000 })
      const answer = use(cache)
      await cache.close()
      return answer
    }
    await session('live', (cache) => cache.set('a', config, 1))
    await session('live', (cache) => cache.set('b', config, 2))
    expect(await session('record', (cache) => cache.get('a', config))).toBe(1)
    vi.advanceTimersByTime(2_000)
    expect(await session('replay', (cache) => cache.get('a', config))).toBe(1)
    expect(await session('replay', (cache) => cache.has('b', config))).toBe(false)
  })
})

describe('replay', () => {
  test('throws at every look-up that finds nothing, calls nothing and stores nothing', async () => {
    const cache = new ResponseCache({ mode: 'replay' })
    const fn = vi.fn()
    cache.set('a', config, 1)
    for (const look of [() => cache.get('a', config), () => cache.get({ a: 1 }, config, { sample: 2 })]) {
      expect(look).toThrow(PerformanceError)
    }
    await expect(cache.getOrSet('a', config, fn)).rejects.toMatchObject({ code: 'ERR_REPLAY_MISS' })
    expect(fn).not.toHaveBeenCalled()
    expect(cache.has('a', config)).toBe(false)
    expect(cache.getStats()).toMatchObject({ misses: 3, entries: 0 })
  })

  test('does so in every cache', async () => {
    const code = { code: 'ERR_REPLAY_MISS' }
    const embeddings = new EmbeddingCache({ mode: 'replay' })
    expect(() => embeddings.get('a')).toThrow(expect.objectContaining(code))
    expect(() => embeddings.batchGet(['a'])).toThrow(expect.objectContaining(code))
    await expect(embeddings.getOrSetMany(['a'], async () => [[1]])).rejects.toMatchObject(code)
    expect(() => new QueryCache({ mode: 'replay' }).get('a')).toThrow(expect.objectContaining(code))
    expect(() => new LRUCache({ mode: 'replay' }).get('a')).toThrow(expect.objectContaining(code))
  })
})

describe('readonly', () => {
  test('stores nothing, calls on a miss, and shares that call', async () => {
    const cache = new ResponseCache({ mode: 'readonly' })
    cache.set('a', config, 1)
    expect(cache.has('a', config)).toBe(false)
    const answer = deferred<number>()
    const fn = vi.fn(() => answer.promise)
    const asked = [cache.getOrSet('a', config, fn), cache.getOrSet('a', config, fn)]
    answer.resolve(7)
    expect(await Promise.all(asked)).toEqual([7, 7])
    expect(fn).toHaveBeenCalledTimes(1)
    expect(cache.getStats().entries).toBe(0)
  })
})

describe('refresh', () => {
  test('finds nothing, but says of what it deletes from a store whether it was there', async () => {
    const cache = new ResponseCache({ store: temporaryFolder(), mode: 'refresh' })
    cache.set('a', config, 1)
    expect([cache.get('a', config), cache.delete('a', config), cache.delete('a', config)]).toEqual([
      undefined,
      true,
      false,
    ])
    await cache.close()
  })

  test('finds nothing, calls each time, and shares the call of those who ask at once', async () => {
    const cache = new ResponseCache({ mode: 'refresh' })
    cache.set('a', config, 1)
    expect(cache.get('a', config)).toBeUndefined()
    expect(cache.has('a', config)).toBe(false)
    const fn = vi.fn(async () => 2)
    await Promise.all([cache.getOrSet('a', config, fn), cache.getOrSet('a', config, fn)])
    expect(fn).toHaveBeenCalledTimes(1)
    await cache.getOrSet('a', config, fn)
    expect(fn).toHaveBeenCalledTimes(2)
  })
})

describe('off', () => {
  test('is as if there were no cache: each call is its own', async () => {
    const caches = [
      new LRUCache({ mode: 'off' }),
      new EmbeddingCache({ mode: 'off' }),
      new QueryCache({ mode: 'off' }),
    ] as any[]
    for (const cache of caches) {
      const embedding = [1]
      if (cache instanceof QueryCache) cache.set('a', undefined, embedding)
      else cache.set('a', embedding)
      expect(cache.get('a')).toBeUndefined()
      expect(cache.has('a')).toBe(false)
      expect(cache.delete('a')).toBe(false)
      const fn = vi.fn(async () => embedding)
      const ask = () => (cache instanceof QueryCache ? cache.getOrSet('a', undefined, fn) : cache.getOrSet('a', fn))
      await Promise.all([ask(), ask()])
      expect(fn).toHaveBeenCalledTimes(2)
      expect(cache.getStats()).toMatchObject({ entries: 0, misses: 3, savings: { coalesced: 0 } })
    }
  })

  test('asks for each distinct text of many once a call', async () => {
    const cache = new EmbeddingCache({ mode: 'off' })
    cache.batchSet(new Map([['a', [1]]]))
    const fn = vi.fn(async (texts: string[]) => texts.map(() => [2]))
    const ask = () => cache.getOrSetMany(['a', 'b', 'a'], fn)
    expect(await Promise.all([ask(), ask()])).toEqual([
      [[2], [2], [2]],
      [[2], [2], [2]],
    ])
    expect(fn.mock.calls.map(([texts]) => texts)).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ])
  })

  test('hands the abort of a caller to his own call only', async () => {
    const cache = new LRUCache({ mode: 'off' })
    const controller = new AbortController()
    const signals: AbortSignal[] = []
    const fn = (signal: AbortSignal) => {
      signals.push(signal)
      return new Promise(() => {})
    }
    const mine = cache.getOrSet('a', fn, { signal: controller.signal })
    cache.getOrSet('a', fn)
    controller.abort('enough')
    await expect(mine).rejects.toBe('enough')
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false])
  })
})

describe('the environment', () => {
  test('names the mode of the caches made from then on', () => {
    const before = new LRUCache()
    vi.stubEnv('AI_EVALS_CACHE', 'off')
    const after = new LRUCache()
    for (const cache of [before, after]) cache.set('a', 1)
    expect([before.get('a'), after.get('a')]).toEqual([1, undefined])
  })

  test('is beaten by the option', () => {
    vi.stubEnv('AI_EVALS_CACHE', 'replay')
    const cache = new LRUCache({ mode: 'live' })
    expect(cache.get('a')).toBeUndefined()
  })

  test('says nothing where it is empty', () => {
    vi.stubEnv('AI_EVALS_CACHE', '')
    expect(new LRUCache().get('a')).toBeUndefined()
  })

  test('is refused by name where it says something else', () => {
    vi.stubEnv('AI_EVALS_CACHE', 'reply')
    const expected = 'one of live, record, replay, readonly, refresh, off'
    expect(() => new LRUCache()).toThrow(RangeError)
    expect(() => new LRUCache()).toThrow(`Expected \`AI_EVALS_CACHE\` to be ${expected}, got \`"reply"\``)
  })
})

test('the shared caches take the mode that the environment names when they are first used', () => {
  const manager = new CacheManager()
  vi.stubEnv('AI_EVALS_CACHE', 'off')
  manager.queryCache.set('q', undefined, 1)
  vi.stubEnv('AI_EVALS_CACHE', 'live')
  manager.responseCache.set('a', config, 1)
  expect([manager.queryCache.has('q'), manager.responseCache.has('a', config)]).toEqual([false, true])
})
