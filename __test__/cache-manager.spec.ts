import { CacheManager, cacheManager, EmbeddingCache, QueryCache, ResponseCache } from '@aah/ai-evals-performance'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { badIntervals, failing } from './helpers/cleanup.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test('the shared one is the instance; one made with new is separate', () => {
  expect(CacheManager.getInstance()).toBe(cacheManager)
  expect(cacheManager).toBeInstanceOf(CacheManager)
  const separate = new CacheManager()
  separate.queryCache.set('q', undefined, 1)
  expect(cacheManager.queryCache.has('q')).toBe(false)
})

test('has the three caches with their defaults', () => {
  const { response, embedding, query } = new CacheManager().getAllStats()
  expect([response.maxSize, embedding.maxSize, query.maxSize]).toEqual([500, 1_000, 200])
})

test('acts on the caches in place at the time of the call', () => {
  const manager = new CacheManager()
  manager.startCleanup(1_000)
  manager.responseCache = new ResponseCache({ maxSize: 7, ttl: 10 })
  manager.embeddingCache = new EmbeddingCache({ maxSize: 8, ttl: 10 })
  manager.queryCache = new QueryCache({ maxSize: 9 })
  manager.responseCache.set('input', {}, 1)
  manager.embeddingCache.set('text', [1])
  manager.queryCache.set('q', {}, 1)
  vi.advanceTimersByTime(1_000)
  const { response, embedding, query } = manager.getAllStats()
  expect([response.memoryUsage, embedding.memoryUsage, query.entries]).toEqual([0, 0, 1])
  expect([response.maxSize, embedding.maxSize, query.maxSize]).toEqual([7, 8, 9])
  manager.clearAll()
  expect(manager.queryCache.getStats().memoryUsage).toBe(0)
  manager.stopCleanup()
})

test('started twice it has one timer, stopped it has none', () => {
  const manager = new CacheManager()
  manager.startCleanup()
  manager.startCleanup(1_000)
  expect(vi.getTimerCount()).toBe(1)
  manager.stopCleanup()
  manager.stopCleanup()
  expect(vi.getTimerCount()).toBe(0)
})

test('ends a timer of the real clock while a fake one is in place', () => {
  vi.useRealTimers()
  const clearInterval = vi.spyOn(globalThis, 'clearInterval')
  const manager = new CacheManager()
  manager.startCleanup()
  vi.useFakeTimers()
  manager.stopCleanup()
  expect(clearInterval).toHaveBeenCalledTimes(1)
  vi.useRealTimers()
  clearInterval.mockRestore()
})

test.each(badIntervals)('refuses an interval of %d and leaves the running timer as it is', (interval) => {
  const manager = new CacheManager()
  manager.startCleanup(1_000)
  expect(() => manager.startCleanup(interval)).toThrow(RangeError)
  expect(vi.getTimerCount()).toBe(1)
  manager.stopCleanup()
})

test('a cache that throws neither ends the sweep nor the process', () => {
  const manager = new CacheManager()
  manager.responseCache = failing(new Error('no')) as any
  manager.queryCache = new QueryCache({ ttl: 10 })
  manager.queryCache.set('q', {}, 1)
  manager.startCleanup(1_000)
  vi.advanceTimersByTime(1_000)
  expect(manager.queryCache.getStats().memoryUsage).toBe(0)
  manager.stopCleanup()
})

test('sweeps and clears what there is, whatever the environment would have said of the rest', () => {
  const manager = new CacheManager()
  vi.stubEnv('AI_EVALS_CACHE', 'nonsense')
  manager.queryCache = new QueryCache({ ttl: 10, mode: 'live' })
  manager.queryCache.set('q', {}, 1)
  manager.startCleanup(1_000)
  vi.advanceTimersByTime(1_000)
  expect(manager.queryCache.getStats().memoryUsage).toBe(0)
  manager.clearAll()
  manager.stopCleanup()
  expect(() => manager.responseCache).toThrow('AI_EVALS_CACHE')
  vi.unstubAllEnvs()
})
