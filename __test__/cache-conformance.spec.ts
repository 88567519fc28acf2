// What the four caches have in common, asked of each.

import { EmbeddingCache, LRUCache, QueryCache, ResponseCache } from '@aah/ai-evals-performance'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

interface Options {
  maxSize?: number
  ttl?: number
}

/** One cache seen through a single name for a key; values differ by number. */
interface Subject {
  name: string
  defaults: Required<Options>
  make(options?: Options): {
    get(key: string): unknown
    set(key: string, value: unknown): void
    has(key: string): boolean
    clear(): void
    getStats(): ReturnType<LRUCache['getStats']>
    removeExpired(): number
  }
  value(number: number): unknown
}

const config = { provider: 'openai', model: 'gpt-4' }

const subjects: Subject[] = [
  {
    name: 'LRUCache',
    defaults: { maxSize: 100, ttl: 3_600_000 },
    make: (options) => new LRUCache(options),
    value: (number) => ({ number }),
  },
  {
    name: 'ResponseCache',
    defaults: { maxSize: 500, ttl: 7_200_000 },
    make: (options) => {
      const cache = new ResponseCache(options)
      return {
        get: (key) => cache.get(key, config),
        set: (key, value) => cache.set(key, config, value),
        has: (key) => cache.has(key, config),
        clear: () => cache.clear(),
        getStats: () => cache.getStats(),
        removeExpired: () => cache.removeExpired(),
      }
    },
    value: (number) => ({ text: `answer ${number}` }),
  },
  {
    name: 'ResponseCache with objects as input',
    defaults: { maxSize: 500, ttl: 7_200_000 },
    make: (options) => {
      const cache = new ResponseCache(options)
      const messages = (key: string) => ({ messages: [{ role: 'user', content: key }] })
      return {
        get: (key) => cache.get(messages(key), config),
        set: (key, value) => cache.set(messages(key), config, value),
        has: (key) => cache.has(messages(key), config),
        clear: () => cache.clear(),
        getStats: () => cache.getStats(),
        removeExpired: () => cache.removeExpired(),
      }
    },
    value: (number) => ({ text: `answer ${number}` }),
  },
  {
    name: 'EmbeddingCache',
    defaults: { maxSize: 1_000, ttl: 86_400_000 },
    make: (options) => new EmbeddingCache(options) as any,
    value: (number) => [number, number / 3],
  },
  {
    name: 'QueryCache',
    defaults: { maxSize: 200, ttl: 300_000 },
    make: (options) => {
      const cache = new QueryCache(options)
      return {
        get: (key) => cache.get(key, { id: key }),
        set: (key, value) => cache.set(key, { id: key }, value),
        has: (key) => cache.has(key, { id: key }),
        clear: () => cache.clear(),
        getStats: () => cache.getStats(),
        removeExpired: () => cache.removeExpired(),
      }
    },
    value: (number) => [{ row: number }],
  },
]

describe.each(subjects)('$name', ({ defaults, make, value }) => {
  beforeEach(() => {
    vi.useFakeTimers()
    vi.setSystemTime(1_000_000)
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('gives back the same reference that was stored', () => {
    const cache = make()
    const stored = value(1)
    cache.set('a', stored)
    expect(cache.get('a')).toBe(stored)
    expect(cache.get('b')).toBeUndefined()
  })

  test('holds as many entries as its default says', () => {
    const cache = make()
    for (let number = 0; number < defaults.maxSize + 1; number++) cache.set(`key ${number}`, value(number))
    expect(cache.getStats()).toMatchObject({ maxSize: defaults.maxSize, entries: defaults.maxSize, evictions: 1 })
    expect(cache.has('key 0')).toBe(false)
    expect(cache.has('key 1')).toBe(true)
  })

  test('keeps an entry strictly less long than its default time to live', () => {
    const cache = make()
    cache.set('a', value(1))
    vi.advanceTimersByTime(defaults.ttl - 1)
    expect(cache.has('a')).toBe(true)
    vi.advanceTimersByTime(1)
    expect(cache.has('a')).toBe(false)
    expect(cache.get('a')).toBeUndefined()
  })

  test('follows the clock backwards too', () => {
    const cache = make({ ttl: 100 })
    cache.set('a', value(1))
    vi.setSystemTime(1_000_100)
    expect(cache.has('a')).toBe(false)
    expect(cache.getStats().entries).toBe(0)
    vi.setSystemTime(1_000_099)
    expect(cache.has('a')).toBe(true)
    expect(cache.getStats().entries).toBe(1)
  })

  test('keeps an entry for ever where the time to live is infinite', () => {
    const cache = make({ ttl: Number.POSITIVE_INFINITY })
    cache.set('a', value(1))
    vi.setSystemTime(8.64e15)
    expect(cache.get('a')).toEqual(value(1))
    expect(cache.removeExpired()).toBe(0)
  })

  test('renews deadline and recency when a key is set again, and evicts nothing for it', () => {
    const cache = make({ maxSize: 2, ttl: 100 })
    cache.set('a', value(1))
    cache.set('b', value(2))
    vi.advanceTimersByTime(60)
    cache.set('a', value(3))
    expect(cache.getStats()).toMatchObject({ entries: 2, evictions: 0 })
    cache.set('c', value(4))
    expect([cache.has('a'), cache.has('b'), cache.has('c')]).toEqual([true, false, true])
    vi.advanceTimersByTime(60)
    expect(cache.get('a')).toEqual(value(3))
  })

  test('makes room with what has expired first, and does not call that an eviction', () => {
    const cache = make({ maxSize: 2, ttl: 100 })
    cache.set('short', value(1))
    vi.advanceTimersByTime(50)
    cache.set('long', value(2))
    cache.get('short')
    vi.advanceTimersByTime(50)
    cache.set('new', value(3))
    expect([cache.has('long'), cache.has('new')]).toEqual([true, true])
    expect(cache.getStats().evictions).toBe(0)
  })

  test('counts look-ups by what they found, and has() not at all', () => {
    const cache = make({ ttl: 100 })
    expect(cache.getStats()).toMatchObject({ hits: 0, misses: 0, hitRate: 0, avgAccessTime: 0 })
    cache.set('a', value(1))
    cache.get('a')
    cache.get('a')
    cache.get('b')
    cache.has('a')
    cache.has('b')
    vi.advanceTimersByTime(100)
    cache.get('a')
    expect(cache.getStats()).toMatchObject({ hits: 2, misses: 2, hitRate: 0.5 })
  })

  test('measures look-ups with a clock that fake timers do not stop', () => {
    const cache = make()
    cache.get('a')
    const { avgAccessTime } = cache.getStats()
    expect(avgAccessTime).toBeGreaterThan(0)
    expect(avgAccessTime).toBeLessThan(1_000)
  })

  test('has() does not make an entry the most recently used', () => {
    const cache = make({ maxSize: 2 })
    cache.set('a', value(1))
    cache.set('b', value(2))
    cache.has('a')
    cache.set('c', value(3))
    expect(cache.has('a')).toBe(false)
  })

  test('remembers reads exactly however many come between two writes', () => {
    const cache = make({ maxSize: 100 })
    for (let number = 0; number < 100; number++) cache.set(`key ${number}`, value(number))
    cache.get('key 0')
    for (let round = 0; round < 50; round++) {
      for (let number = 1; number < 99; number++) cache.get(`key ${number}`)
    }
    const expected = ['key 99', 'key 0', 'key 1']
    for (const [count, key] of expected.entries()) {
      expect(cache.has(key)).toBe(true)
      cache.set(`new ${count}`, value(count))
      expect(cache.has(key)).toBe(false)
    }
    expect(cache.getStats().hits).toBe(1 + 50 * 98)
  })

  test('size and entries are what is live at this moment; removeExpired says what it removed', () => {
    const cache = make({ ttl: 100 })
    cache.set('a', value(1))
    cache.set('b', value(2))
    vi.advanceTimersByTime(50)
    cache.set('c', value(3))
    vi.advanceTimersByTime(50)
    expect(cache.getStats()).toMatchObject({ size: 1, entries: 1 })
    expect(cache.removeExpired()).toBe(2)
    expect(cache.removeExpired()).toBe(0)
    expect(cache.getStats()).toMatchObject({ size: 1, entries: 1, evictions: 0 })
  })

  test('accounts for bytes, and comes back to exactly 0', () => {
    const cache = make({ ttl: 100 })
    cache.set('a', value(1))
    const one = cache.getStats().memoryUsage
    cache.set('b', value(2))
    expect(cache.getStats().memoryUsage).toBeGreaterThan(one)
    expect(one).toBeGreaterThan(8)
    vi.advanceTimersByTime(100)
    cache.get('a')
    cache.removeExpired()
    expect(cache.getStats().memoryUsage).toBe(0)
  })

  test('subtracts the size it recorded, whatever became of the value since', () => {
    const cache = make({ maxSize: 1, ttl: 100 })
    const growing = value(1) as any
    cache.set('a', growing)
    for (let index = 0; index < 100; index++) growing[index] = index
    vi.advanceTimersByTime(100)
    cache.removeExpired()
    expect(cache.getStats().memoryUsage).toBe(0)
  })

  test('clear() removes everything and resets the statistics', () => {
    const cache = make({ maxSize: 1 })
    cache.set('a', value(1))
    cache.set('b', value(2))
    cache.get('b')
    cache.get('c')
    cache.clear()
    expect(cache.getStats()).toEqual({
      hits: 0,
      misses: 0,
      hitRate: 0,
      size: 0,
      maxSize: 1,
      entries: 0,
      evictions: 0,
      memoryUsage: 0,
      avgAccessTime: 0,
    })
    expect(cache.has('b')).toBe(false)
    cache.set('b', value(3))
    expect(cache.get('b')).toEqual(value(3))
  })

  test('bytes come back to 0 after any operations', () => {
    const operation = fc.record({
      kind: fc.constantFrom('set', 'set', 'set', 'get', 'pass', 'expire'),
      key: fc.integer({ min: 0, max: 9 }),
      number: fc.integer({ min: 0, max: 99 }),
    })
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), fc.integer({ min: 1, max: 6 }), (operations, maxSize) => {
        const cache = make({ maxSize, ttl: 100 })
        for (const { kind, key, number } of operations) {
          if (kind === 'set') cache.set(`key ${key}`, value(number))
          else if (kind === 'get') cache.get(`key ${key}`)
          else if (kind === 'pass') vi.setSystemTime(Date.now() + number)
          else cache.removeExpired()
          const { entries, memoryUsage } = cache.getStats()
          expect(entries).toBeLessThanOrEqual(maxSize)
          if (entries > 0) expect(memoryUsage).toBeGreaterThan(0)
        }
        vi.setSystemTime(Date.now() + 100)
        cache.removeExpired()
        expect(cache.getStats().memoryUsage).toBe(0)
      }),
      { numRuns: 100 },
    )
  })

  test.each([
    [{ maxSize: 0 }, RangeError, 'Expected `maxSize` to be an integer ≥ 1, got `0`'],
    [{ maxSize: 1.5 }, RangeError, '`maxSize`'],
    [{ maxSize: Number.NaN }, RangeError, '`maxSize`'],
    [{ maxSize: '100' }, TypeError, 'Expected `maxSize` to be an integer ≥ 1, got `"100"`'],
    [{ ttl: 0 }, RangeError, 'Expected `ttl` to be a number > 0, got `0`'],
    [{ ttl: -1 }, RangeError, '`ttl`'],
    [{ ttl: Number.NaN }, RangeError, '`ttl`'],
    [{ ttl: '1h' }, TypeError, '`ttl`'],
    [7, TypeError, '`options`'],
    [null, TypeError, '`options`'],
  ])('refuses the options %o', (options, type, message) => {
    expect(() => make(options as any)).toThrow(type as any)
    expect(() => make(options as any)).toThrow(message)
  })

  test('takes undefined for the default', () => {
    expect(make({ maxSize: undefined, ttl: undefined }).getStats().maxSize).toBe(defaults.maxSize)
  })
})
