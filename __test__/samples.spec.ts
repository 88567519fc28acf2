// Several answers to one request, each an entry of its own.

import { EmbeddingCache, QueryCache, ResponseCache } from '@aah/ai-evals-performance'
import { describe, expect, test, vi } from 'vitest'

const config = { model: 'gpt-4' }

describe.each([
  ['a string', 'Who may transfer?'],
  ['an object', { messages: [{ role: 'user', content: 'Who may transfer?' }] }],
])('ResponseCache with %s as input', (_name, input) => {
  test('keeps each sample apart; none is the same as the first', () => {
    const cache = new ResponseCache()
    for (const sample of [0, 1, 2, 11]) cache.set(input, config, `answer ${sample}`, { sample })
    expect(cache.get(input, config)).toBe('answer 0')
    expect([0, 1, 2, 11].map((sample) => cache.get(input, config, { sample }))).toEqual([
      'answer 0',
      'answer 1',
      'answer 2',
      'answer 11',
    ])
    expect(cache.has(input, config, { sample: 3 })).toBe(false)
    expect(cache.delete(input, config, { sample: 1 })).toBe(true)
    expect(cache.delete(input, config, { sample: 1 })).toBe(false)
    expect(cache.has(input, config, { sample: 1 })).toBe(false)
    expect(cache.getStats().entries).toBe(3)
    cache.clear()
    expect(cache.getStats()).toMatchObject({ entries: 0, memoryUsage: 0 })
  })

  test('reuses the first samples where more are asked for later', async () => {
    const cache = new ResponseCache()
    const fn = vi.fn(async () => Math.random())
    const ask = (count: number) =>
      Promise.all(Array.from({ length: count }, (_, sample) => cache.getOrSet(input, config, fn, { sample })))
    const first = await ask(2)
    const more = await ask(5)
    expect(more.slice(0, 2)).toEqual(first)
    expect(new Set(more).size).toBe(5)
    expect(fn).toHaveBeenCalledTimes(5)
  })
})

test('no text is mistaken for a sample of another', () => {
  const texts = new EmbeddingCache()
  texts.set('a', [1], { sample: 1 })
  expect(['a', '1:a', '#1', 'a#1'].map((text) => texts.get(text))).toEqual([undefined, undefined, undefined, undefined])
  const responses = new ResponseCache()
  responses.set('a', config, 1, { sample: 1 })
  for (const input of ['a#1', 's1:a#1', ['a', '#1']]) expect(responses.get(input, config)).toBeUndefined()
})

test('embeddings have samples, also many at once', async () => {
  const cache = new EmbeddingCache()
  await cache.getOrSetMany(['a', 'b'], async (texts) => texts.map(() => [1]), { sample: 1 })
  await cache.getOrSet('a', async () => [2], { sample: 2 })
  expect([0, 1, 2].map((sample) => cache.get('a', { sample }))).toEqual([undefined, [1], [2]])
  expect(cache.has('b', { sample: 1 })).toBe(true)
})

test('queries have samples, which are invalidated with their query', () => {
  const cache = new QueryCache()
  cache.set('students', { id: 1 }, 'first')
  cache.set('students', { id: 1 }, 'second', { sample: 1 })
  cache.set('students', undefined, 'third', { sample: 1 })
  expect(cache.get('students', undefined)).toBeUndefined()
  expect(cache.invalidate('"id":1')).toBe(2)
  expect(cache.get('students', undefined, { sample: 1 })).toBe('third')
})
