// What the four caches have in common, asked of each in each setting.

import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  type AnyCache,
  type Deviation,
  IN_MEMORY,
  OFF,
  type Options,
  type Setting,
  SUBJECTS,
  withStore,
} from './helpers/cache-subjects.ts'

const SETTINGS: Setting[] = [IN_MEMORY, withStore(), OFF]

const asked = SETTINGS.flatMap((setting) => SUBJECTS.map((subject) => ({ setting, subject })))

describe.each(asked)('$subject.name $setting.name', ({ setting, subject }) => {
  const { defaults, value, sized } = subject
  const made: AnyCache[] = []

  function make(options?: Options): AnyCache {
    const cache = subject.make({ ...setting.options(), ...options })
    made.push(cache)
    return cache
  }

  /** A test of what the setting does not excuse. */
  function unless(...excuses: Deviation[]): (name: string, check: () => void) => void {
    return excuses.some((excuse) => setting.deviations.includes(excuse)) ? () => {} : test
  }

  beforeEach(() => {
    vi.useFakeTimers()
    vi.setSystemTime(1_000_000)
  })
  afterEach(async () => {
    vi.useRealTimers()
    for (const cache of made.splice(0)) await cache.close()
    setting.end()
  })

  unless('keeps nothing')('gives back the same reference that was stored', () => {
    const cache = make()
    const stored = value(1)
    cache.set('a', stored)
    expect(cache.get('a')).toBe(stored)
    expect(cache.get('b')).toBeUndefined()
  })

  unless('keeps nothing', 'outlives eviction')('holds as many entries as its default says', () => {
    const cache = make()
    for (let number = 0; number < defaults.maxSize + 1; number++) cache.set(`key ${number}`, value(number))
    expect(cache.getStats()).toMatchObject({ maxSize: defaults.maxSize, entries: defaults.maxSize, evictions: 1 })
    expect(cache.has('key 0')).toBe(false)
    expect(cache.has('key 1')).toBe(true)
  })

  unless('keeps nothing')('keeps an entry strictly less long than its default time to live', () => {
    const cache = make()
    cache.set('a', value(1))
    vi.advanceTimersByTime(defaults.ttl - 1)
    expect(cache.has('a')).toBe(true)
    vi.advanceTimersByTime(1)
    expect(cache.has('a')).toBe(false)
    expect(cache.get('a')).toBeUndefined()
  })

  unless('keeps nothing')('follows the clock backwards too', () => {
    const cache = make({ ttl: 100 })
    cache.set('a', value(1))
    vi.setSystemTime(1_000_100)
    expect(cache.has('a')).toBe(false)
    expect(cache.getStats().entries).toBe(0)
    vi.setSystemTime(1_000_099)
    expect(cache.has('a')).toBe(true)
    expect(cache.getStats().entries).toBe(1)
  })

  unless('keeps nothing')('keeps an entry for ever where the time to live is infinite', () => {
    const cache = make({ ttl: Number.POSITIVE_INFINITY })
    cache.set('a', value(1))
    vi.setSystemTime(8.64e15)
    expect(cache.get('a')).toEqual(value(1))
    expect(cache.removeExpired()).toBe(0)
  })

  unless('keeps nothing', 'outlives eviction')(
    'renews deadline and recency when a key is set again, and evicts nothing for it',
    () => {
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
    },
  )

  unless('keeps nothing')('makes room with what has expired first, and does not call that an eviction', () => {
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

  unless('keeps nothing')('counts look-ups by what they found, and has() not at all', () => {
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

  unless('keeps nothing', 'outlives eviction')('has() does not make an entry the most recently used', () => {
    const cache = make({ maxSize: 2 })
    cache.set('a', value(1))
    cache.set('b', value(2))
    cache.has('a')
    cache.set('c', value(3))
    expect(cache.has('a')).toBe(false)
  })

  unless('keeps nothing', 'outlives eviction')('remembers reads exactly however many come between two writes', () => {
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

  unless('keeps nothing')(
    'size and entries are what is live at this moment; removeExpired says what it removed',
    () => {
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
    },
  )

  unless('keeps nothing')('accounts for bytes, and comes back to exactly 0', () => {
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

  unless('keeps nothing')('clear() removes everything and resets the statistics', () => {
    const cache = make({ maxSize: 1 })
    cache.set('a', value(1))
    cache.set('b', value(2))
    cache.get('b')
    cache.get('c')
    cache.clear()
    const hasStore = setting.deviations.includes('writes behind')
    expect(cache.getStats()).toMatchObject({
      hits: 0,
      misses: 0,
      hitRate: 0,
      size: 0,
      maxSize: 1,
      entries: 0,
      evictions: 0,
      memoryUsage: 0,
      avgAccessTime: 0,
      savings: { coalesced: 0, time: 0, tokens: 0, cost: 0 },
      notStorable: 0,
      ...(hasStore ? {} : { lifetime: undefined, storedEntries: 0, storedBytes: 0 }),
    })
    expect(cache.has('b')).toBe(false)
    cache.set('b', value(3))
    expect(cache.get('b')).toEqual(value(3))
  })

  unless('keeps nothing')('bytes come back to 0 after any operations', () => {
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
      { numRuns: setting.runs },
    )
  })

  unless('keeps nothing')('does not keep what is larger than it may be, and forgets what that would replace', () => {
    const cache = make({ maxMemory: 2_000 })
    cache.set('a', value(1))
    cache.set('b', value(2))
    const { memoryUsage } = cache.getStats()
    cache.set('c', sized(4_000))
    expect(cache.getStats()).toMatchObject({ entries: 2, memoryUsage, evictions: 0 })
    cache.set('a', sized(4_000))
    expect(cache.getStats()).toMatchObject({ entries: 1, evictions: 0 })
    expect(cache.get('b')).toEqual(value(2))
    cache.clear()
    expect(cache.getStats().memoryUsage).toBe(0)
  })

  unless('keeps nothing')('has no bound in bytes where that is infinite', () => {
    const cache = make({ maxMemory: Number.POSITIVE_INFINITY })
    for (let number = 0; number < 10; number++) cache.set(`key ${number}`, sized(1_000_000))
    expect(cache.getStats().memoryUsage).toBeGreaterThan(10_000_000)
  })

  const exactly = 'at no moment holds more bytes or entries than it may, and lets none leave in vain'
  unless('keeps nothing', 'outlives eviction')(exactly, () => {
    /** What these entries take together, asked of a cache without bounds. */
    const bytesOf = (entries: Map<string, number>) => {
      const cache = subject.make({ maxMemory: Number.POSITIVE_INFINITY })
      for (const [key, bytes] of entries) cache.set(key, sized(bytes))
      return cache.getStats().memoryUsage
    }
    const use = fc.record({
      key: fc.integer({ min: 0, max: 12 }).map((number) => `key ${number}`),
      bytes: fc.constantFrom(0, 8, 96, 400, 1_600),
      isRead: fc.boolean(),
    })
    const bounds = fc.record({ maxMemory: fc.integer({ min: 1, max: 4_000 }), maxSize: fc.integer({ min: 1, max: 8 }) })
    const property = fc.property(fc.array(use, { maxLength: 40 }), bounds, (uses, { maxMemory, maxSize }) => {
      const cache = make({ maxMemory, maxSize })
      const expected = new Map<string, number>()
      for (const { key, bytes, isRead } of uses) {
        const held = expected.get(key)
        expected.delete(key)
        if (isRead) {
          expect(cache.get(key) !== undefined).toBe(held !== undefined)
          if (held !== undefined) expected.set(key, held)
        } else {
          cache.set(key, sized(bytes))
          if (bytesOf(new Map([[key, bytes]])) <= maxMemory) expected.set(key, bytes)
        }
        while (expected.size > maxSize || bytesOf(expected) > maxMemory) {
          expected.delete(expected.keys().next().value as string)
        }
        expect(cache.getStats()).toMatchObject({ entries: expected.size, memoryUsage: bytesOf(expected) })
        for (const left of expected.keys()) expect(cache.has(left)).toBe(true)
      }
    })
    fc.assert(property, { numRuns: 60 })
  })

  if (setting.deviations.includes('keeps nothing')) {
    test('keeps nothing, and counts every look-up as a miss', () => {
      const cache = make()
      cache.set('a', value(1))
      expect(cache.get('a')).toBeUndefined()
      expect(cache.has('a')).toBe(false)
      expect(cache.removeExpired()).toBe(0)
      expect(cache.getStats()).toMatchObject({ hits: 0, misses: 1, entries: 0, evictions: 0, memoryUsage: 0 })
    })
  }

  test.each([
    [{ maxSize: 0 }, RangeError, 'Expected `maxSize` to be an integer ≥ 1, got `0`'],
    [{ maxSize: 1.5 }, RangeError, '`maxSize`'],
    [{ maxSize: Number.NaN }, RangeError, '`maxSize`'],
    [{ maxSize: '100' }, TypeError, 'Expected `maxSize` to be an integer ≥ 1, got `"100"`'],
    [{ ttl: 0 }, RangeError, 'Expected `ttl` to be a number > 0, got `0`'],
    [{ ttl: -1 }, RangeError, '`ttl`'],
    [{ ttl: Number.NaN }, RangeError, '`ttl`'],
    [{ ttl: '1h' }, TypeError, '`ttl`'],
    [{ maxMemory: 0 }, RangeError, 'Expected `maxMemory` to be an integer ≥ 1 or Infinity, got `0`'],
    [{ maxMemory: 0.5 }, RangeError, '`maxMemory`'],
    [{ maxMemory: '100MB' }, TypeError, '`maxMemory`'],
    [7, TypeError, '`options`'],
    [null, TypeError, '`options`'],
  ])('refuses the options %o', (options, type, message) => {
    expect(() => subject.make(options as any)).toThrow(type as any)
    expect(() => subject.make(options as any)).toThrow(message)
  })

  test('takes undefined for the default', () => {
    expect(make({ maxSize: undefined, ttl: undefined, maxMemory: undefined }).getStats().maxSize).toBe(defaults.maxSize)
  })
})
