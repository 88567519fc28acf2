import { createRequire } from 'node:module'
import * as performance from '@aah/ai-evals/performance'
import { cacheManager, EmbeddingCache, ResponseCache } from '@aah/ai-evals/performance'
import { afterEach, expect, test, vi } from 'vitest'

afterEach(() => {
  vi.useRealTimers()
})

test('import and require see the same singletons', () => {
  const required = createRequire(import.meta.url)('@aah/ai-evals/performance')
  expect(required.cacheManager).toBe(cacheManager)
  expect(required.CacheManager.getInstance()).toBe(cacheManager)
  expect(required.PerformanceMonitor).toBe(performance.PerformanceMonitor)
})

test('embeddings come back equal, bit for bit', () => {
  const cache = new EmbeddingCache()
  const embedding = [0.1, -0, Number.MIN_VALUE, 1 / 3]
  cache.set('text', embedding)
  expect(cache.get('text')).toEqual(embedding)
  expect([...cache.batchGet(['text', 'other'])]).toEqual([
    ['text', embedding],
    ['other', undefined],
  ])
})

test('a cache of the manager can be replaced', () => {
  const before = cacheManager.responseCache
  cacheManager.responseCache = new ResponseCache({ maxSize: 2, ttl: 1_000 })
  vi.useFakeTimers()
  for (const input of ['a', 'b', 'c']) cacheManager.responseCache.set(input, { model: 'm' }, input)
  expect(cacheManager.getAllStats().response).toMatchObject({ entries: 2, maxSize: 2, evictions: 1 })
  vi.setSystemTime(Date.now() + 1_001)
  expect(cacheManager.responseCache.get('c', { model: 'm' })).toBeUndefined()
  cacheManager.responseCache = before
})

test('cleanup runs on fake timers', () => {
  vi.useFakeTimers()
  const removeExpired = vi.spyOn(cacheManager.queryCache, 'removeExpired')
  cacheManager.startCleanup(300_000)
  vi.advanceTimersByTime(300_000)
  expect(removeExpired).toHaveBeenCalledTimes(1)
  cacheManager.stopCleanup()
  vi.advanceTimersByTime(600_000)
  expect(removeExpired).toHaveBeenCalledTimes(1)
})
