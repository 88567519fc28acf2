// Texts too long for the engine to hash: it would compare each with all others of its length.

import { LRUCache, QueryCache, ResponseCache } from '@aah/ai-evals-performance'
import { expect, test } from 'vitest'

const prompt = 'x'.repeat(30_000)
const numbered = (index: number) => prompt + String(index).padStart(6, '0')
/** The same text in another string, which the engine cannot recognise by its address. */
const copyOf = (text: string) => Buffer.from(text).toString()

test('long keys of one length are told apart, listed, replaced, removed and evicted like others', () => {
  const cache = new LRUCache<number>({ maxSize: 3 })
  for (const index of [1, 2, 3]) cache.set(numbered(index), index)
  cache.set(copyOf(numbered(1)), 10)
  expect([1, 2, 3].map((index) => cache.get(copyOf(numbered(index))))).toEqual([10, 2, 3])
  expect(cache.delete(copyOf(numbered(2)))).toBe(true)
  expect(cache.keys()).toEqual([numbered(1), numbered(3)])
  cache.set('short', 4)
  cache.set(numbered(5), 5)
  expect(cache.keys()).toEqual([numbered(3), 'short', numbered(5)])
  expect(cache.has(numbered(1))).toBe(false)
})

test('long inputs, configurations and queries are found and invalidated', () => {
  const responses = new ResponseCache()
  const configs = [1, 2].map((index) => Array.from({ length: 600 }, (_, item) => `${item} ${'y'.repeat(60)} ${index}`))
  for (const [index, config] of configs.entries()) responses.set(numbered(index), config, index)
  expect(responses.get(copyOf(numbered(1)), configs[1])).toBe(1)
  expect(responses.has(numbered(1), configs[0])).toBe(false)

  const queries = new QueryCache()
  for (const index of [1, 2]) queries.set(numbered(index), { index }, index)
  expect(queries.get(copyOf(numbered(2)), { index: 2 })).toBe(2)
  expect(queries.invalidate(/1$/)).toBe(1)
  expect(queries.getStats().entries).toBe(1)
  queries.invalidate('')
  expect(queries.getStats()).toMatchObject({ entries: 0, memoryUsage: 0 })
})

// A second or two; minutes if each were compared with all others.
test('4,000 long keys of one length do not slow each other down', { timeout: 60_000 }, () => {
  const cache = new LRUCache<number>({ maxSize: 4_000 })
  for (let index = 0; index < 4_000; index++) cache.set(copyOf(numbered(index)), index)
  expect(cache.getStats().entries).toBe(4_000)
  expect(cache.get(numbered(2_500))).toBe(2_500)
})
