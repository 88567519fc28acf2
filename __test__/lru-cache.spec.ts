import { LRUCache } from '@aah/ai-evals-performance'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { sizeOfNumbers, sizeOfString } from '../lib/values/size-of.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test('lists live keys, least recently used first', () => {
  const cache = new LRUCache<number>({ maxSize: 3, ttl: 100 })
  cache.set('expiring', 0)
  vi.advanceTimersByTime(50)
  cache.set('a', 1)
  cache.set('b', 2)
  cache.get('a')
  expect(cache.keys()).toEqual(['expiring', 'b', 'a'])
  vi.advanceTimersByTime(50)
  expect(cache.keys()).toEqual(['b', 'a'])
})

test('stores undefined, which has() tells from a miss', () => {
  const cache = new LRUCache()
  cache.set('a', undefined)
  expect(cache.has('a')).toBe(true)
  expect(cache.get('a')).toBeUndefined()
  expect(cache.getStats()).toMatchObject({ hits: 1, misses: 0, entries: 1 })
})

test('any string is a key of its own', () => {
  const cache = new LRUCache<string>()
  const keys = ['', ' ', '__proto__', 'constructor', '\u0000', 'ä', 'a\u0308', '\ud800', '\udfff', '0', '00']
  for (const key of keys) cache.set(key, `value of ${key}`)
  for (const key of keys) expect(cache.get(key)).toBe(`value of ${key}`)
  expect(cache.keys()).toEqual(keys)
})

test('delete() says whether there was something, and gives the place back', () => {
  const cache = new LRUCache<number>({ maxSize: 2, ttl: 100 })
  cache.set('a', 1)
  cache.set('b', 2)
  expect(cache.delete('a')).toBe(true)
  expect(cache.delete('a')).toBe(false)
  cache.set('c', 3)
  expect(cache.keys()).toEqual(['b', 'c'])
  expect(cache.getStats().evictions).toBe(0)
  vi.advanceTimersByTime(100)
  expect(cache.delete('b')).toBe(false)
  cache.clear()
  expect(cache.getStats().memoryUsage).toBe(0)
})

test('a value whose getters use the cache while it is measured is stored all the same', () => {
  const cache = new LRUCache<object>({ maxSize: 1 })
  const value = {
    get nested() {
      cache.set('other', {})
      cache.clear()
      cache.set('key', {})
      return 1
    },
  }
  cache.set('key', value)
  expect(cache.get('key')).toBe(value)
  expect(cache.getStats().entries).toBe(1)
  cache.delete('key')
  expect(cache.getStats().memoryUsage).toBe(0)
})

test.each([1, null, undefined, {}, Symbol('s')])('refuses the key %o', (key: any) => {
  const cache = new LRUCache()
  for (const call of [() => cache.get(key), () => cache.set(key, 1), () => cache.has(key), () => cache.delete(key)]) {
    expect(call).toThrow(TypeError)
    expect(call).toThrow('Expected `key` to be a string')
  }
})

describe('against a plain model', () => {
  type Held = { key: string; value: number[]; deadline: number }

  /** As the cache takes them: the number of elements and the length of the key decide. */
  const bytesOf = ({ key, value }: Held) => sizeOfString(key) + sizeOfNumbers(value.length)

  class Model {
    queue: Held[] = []
    hits = 0
    misses = 0
    evictions = 0
    readonly maxSize: number
    readonly maxMemory: number
    readonly ttl: number

    constructor(maxSize: number, maxMemory: number, ttl: number) {
      this.maxSize = maxSize
      this.maxMemory = maxMemory
      this.ttl = ttl
    }

    get bytes(): number {
      return this.queue.reduce((sum, held) => sum + bytesOf(held), 0)
    }

    take(key: string): Held | undefined {
      const at = this.queue.findIndex((held) => held.key === key)
      return at < 0 ? undefined : this.queue.splice(at, 1)[0]
    }

    get(key: string, now: number): number[] | undefined {
      const held = this.take(key)
      if (held === undefined || held.deadline <= now) {
        this.misses++
        return undefined
      }
      this.hits++
      this.queue.push(held)
      return held.value
    }

    set(key: string, value: number[], now: number): void {
      const isNew = this.take(key) === undefined
      const entry = { key, value, deadline: now + this.ttl }
      if (bytesOf(entry) > this.maxMemory) return
      if (isNew && this.queue.length === this.maxSize) this.makeRoom(now)
      this.queue.push(entry)
      while (this.bytes > this.maxMemory) this.makeRoom(now)
    }

    makeRoom(now: number): void {
      const expired = this.queue.filter((held) => held.deadline <= now)
      if (expired.length === 0) {
        this.queue.shift()
        this.evictions++
      } else {
        const earliest = Math.min(...expired.map((held) => held.deadline))
        this.take((expired.find((held) => held.deadline === earliest) as Held).key)
      }
    }

    live(now: number): Held[] {
      return this.queue.filter((held) => held.deadline > now)
    }
  }

  const operation = fc.record({
    kind: fc.constantFrom('get', 'get', 'get', 'set', 'set', 'set', 'has', 'delete', 'pass', 'expire'),
    key: fc.integer({ min: 0, max: 11 }).map((number) => `key ${number}`),
    milliseconds: fc.integer({ min: -30, max: 60 }),
  })

  const bounds = fc.record({
    maxSize: fc.integer({ min: 1, max: 8 }),
    maxMemory: fc.oneof(fc.integer({ min: 1, max: 4_000 }), fc.constant(Number.POSITIVE_INFINITY)),
  })

  test('every answer, every statistic and the order are those of the model at every moment', () => {
    let stored = 0
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 150 }), bounds, (operations, { maxSize, maxMemory }) => {
        const cache = new LRUCache<number[]>({ maxSize, maxMemory, ttl: 100 })
        const model = new Model(maxSize, maxMemory, 100)
        let now = 1_000_000
        const deadlines = new Set<number>()
        for (const { kind, key, milliseconds } of operations) {
          vi.setSystemTime(now)
          if (kind === 'get') expect(cache.get(key)).toBe(model.get(key, now))
          else if (kind === 'has') expect(cache.has(key)).toBe(model.live(now).some((held) => held.key === key))
          else if (kind === 'pass') now += milliseconds
          else if (kind === 'delete') {
            const held = model.take(key)
            expect(cache.delete(key)).toBe(held !== undefined && held.deadline > now)
          } else if (kind === 'expire') {
            const before = model.queue.length
            model.queue = model.live(now)
            expect(cache.removeExpired()).toBe(before - model.queue.length)
          } else {
            // No two entries share a deadline, so which of the expired ones leaves first is settled.
            while (deadlines.has(now + 100)) now++
            deadlines.add(now + 100)
            vi.setSystemTime(now)
            const value = Array(milliseconds + 30).fill(++stored)
            cache.set(key, value)
            model.set(key, value, now)
          }
          vi.setSystemTime(now)
          expect(cache.keys()).toEqual(model.live(now).map((held) => held.key))
          const { hits, misses, evictions, bytes } = model
          const entries = model.live(now).length
          expect(cache.getStats()).toMatchObject({ hits, misses, evictions, entries, memoryUsage: bytes })
        }
      }),
      { numRuns: 150 },
    )
  })
})
