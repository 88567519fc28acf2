import { CacheInvalidator, LRUCache } from '@aah/ai-evals-performance'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { badIntervals, failing } from './helpers/cleanup.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function filled(options = {}) {
  const cache = new LRUCache<number>(options)
  cache.set('a', 1)
  return cache
}

test('clears one cache by name, or all', () => {
  const invalidator = new CacheInvalidator()
  const [first, second] = [filled(), filled()]
  invalidator.register('first', first)
  invalidator.register('second', second)
  expect(invalidator.invalidate('first')).toBe(true)
  expect([first.has('a'), second.has('a')]).toEqual([false, true])
  expect(invalidator.invalidate('third')).toBe(false)
  first.set('a', 1)
  invalidator.invalidateAll()
  expect([first.has('a'), second.has('a')]).toEqual([false, false])
})

test('removes what has expired and reports statistics, by name', () => {
  const invalidator = new CacheInvalidator()
  invalidator.register('short', filled({ ttl: 10 }))
  invalidator.register('long', filled())
  vi.advanceTimersByTime(10)
  expect([...invalidator.removeExpired()]).toEqual([
    ['short', 1],
    ['long', 0],
  ])
  expect(Array.from(invalidator.getStats(), ([name, { entries }]) => [name, entries])).toEqual([
    ['short', 0],
    ['long', 1],
  ])
})

test('a name registered again stands for the new cache', () => {
  const invalidator = new CacheInvalidator()
  const [first, second] = [filled(), filled()]
  invalidator.register('name', first)
  invalidator.register('name', second)
  invalidator.invalidateAll()
  expect([first.has('a'), second.has('a')]).toEqual([true, false])
})

test('one cache that throws does not save the others from being cleared', () => {
  const invalidator = new CacheInvalidator()
  const cache = filled()
  const failure = new Error('no')
  invalidator.register('failing', failing(failure))
  invalidator.register('cache', cache)
  expect(() => invalidator.invalidateAll()).toThrow(failure)
  expect(cache.has('a')).toBe(false)
})

test('one cache that throws does not save the others from being swept', () => {
  const invalidator = new CacheInvalidator()
  const swept = filled({ ttl: 10 })
  const failure = new Error('no')
  invalidator.register('bad', failing(failure))
  invalidator.register('good', swept)
  vi.advanceTimersByTime(10)
  expect(() => invalidator.removeExpired()).toThrow(failure)
  expect(swept.getStats().memoryUsage).toBe(0)
})

test('sweeps on schedule until the timer is cleared, and survives a cache that throws', () => {
  const invalidator = new CacheInvalidator()
  const cache = filled({ ttl: 10 })
  invalidator.register('failing', failing(new Error('no')))
  invalidator.register('cache', cache)
  const timer = invalidator.scheduleCleanup(1_000)
  vi.advanceTimersByTime(999)
  expect(cache.getStats().memoryUsage).toBeGreaterThan(0)
  vi.advanceTimersByTime(1)
  expect(cache.getStats().memoryUsage).toBe(0)
  clearInterval(timer)
  expect(vi.getTimerCount()).toBe(0)
})

test('sweeps every five minutes unless told otherwise', () => {
  const invalidator = new CacheInvalidator()
  const cache = { clear() {}, removeExpired: vi.fn(() => 0), getStats: () => new LRUCache().getStats() }
  invalidator.register('cache', cache)
  clearInterval(invalidator.scheduleCleanup(undefined))
  invalidator.scheduleCleanup()
  vi.advanceTimersByTime(300_000)
  expect(cache.removeExpired).toHaveBeenCalledTimes(1)
})

test('the timer does not keep the process alive', () => {
  vi.useRealTimers()
  const timer = new CacheInvalidator().scheduleCleanup()
  expect(timer.hasRef()).toBe(false)
  clearInterval(timer)
})

test.each(badIntervals)('refuses an interval of %d', (interval) => {
  expect(() => new CacheInvalidator().scheduleCleanup(interval)).toThrow(RangeError)
  expect(vi.getTimerCount()).toBe(0)
})

test('refuses what is no cache', () => {
  const invalidator = new CacheInvalidator()
  expect(() => invalidator.register('x', undefined as any)).toThrow('Expected `cache` to be a cache')
  expect(() => invalidator.register('x', new Map() as any)).toThrow('Expected `cache.removeExpired` to be a function')
  expect(() => invalidator.register(7 as any, new LRUCache())).toThrow('Expected `name` to be a string')
  expect(invalidator.invalidate('x')).toBe(false)
})
