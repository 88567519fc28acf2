// What the statistics say was saved.

import { EmbeddingCache, LRUCache, ResponseCache } from '@aah/ai-evals-performance'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { deferred } from './helpers/deferred.ts'

const config = { model: 'gpt-4' }

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A function that takes so long by the fake clock. */
const taking = (milliseconds: number, answer: unknown) => async () => {
  vi.advanceTimersByTime(milliseconds)
  return answer
}

test('each hit saves the time that the answer took when it was fetched', async () => {
  const cache = new ResponseCache()
  await cache.getOrSet('slow', config, taking(800, 'yes'))
  await cache.getOrSet('quick', config, taking(20.5, 'no'))
  expect(cache.getStats().savings).toEqual({ coalesced: 0, time: 0, tokens: 0, cost: 0 })
  for (let hits = 0; hits < 3; hits++) cache.get('slow', config)
  await cache.getOrSet('quick', config, taking(1_000, 'no'))
  expect(cache.getStats().savings.time).toBeCloseTo(3 * 800 + 20.5, 6)
  cache.clear()
  expect(cache.getStats().savings).toEqual({ coalesced: 0, time: 0, tokens: 0, cost: 0 })
})

describe('tokens are read from', () => {
  test.each([
    ['a chat completion', { usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } }, 15],
    ["OpenAI's response", { usage: { input_tokens: 10, output_tokens: 7, total_tokens: 17 } }, 17],
    ["Anthropic's message", { usage: { input_tokens: 10, output_tokens: 7 } }, 17],
    [
      "Anthropic's message with a cached prompt",
      {
        usage: {
          input_tokens: 1,
          output_tokens: 7,
          cache_creation_input_tokens: 100,
          cache_read_input_tokens: 20,
        },
      },
      128,
    ],
    ['the AI SDK 4', { usage: { promptTokens: 3, completionTokens: 4, totalTokens: 7 } }, 7],
    ['the AI SDK 5', { usage: { inputTokens: 3, outputTokens: 4, totalTokens: 9 } }, 9],
    ['the models of the AI SDK 6', { usage: { inputTokens: { total: 3, noCache: 1 }, outputTokens: { total: 4 } } }, 7],
    ['models that know half of it', { usage: { inputTokens: { total: undefined }, outputTokens: { total: 4 } } }, 4],
    ['models that know nothing', { usage: { inputTokens: {}, outputTokens: null } }, 0],
    ['all steps of the AI SDK 5', { usage: { totalTokens: 9 }, totalUsage: { totalTokens: 30 } }, 30],
    ['numbers that make sense only', { usage: { promptTokens: Number.NaN, completionTokens: 4, totalTokens: -1 } }, 4],
    ['no string', 'usage', 0],
    ['no usage of another kind', { usage: 'much' }, 0],
  ])('%s', async (_name, answer, tokens) => {
    const cache = new ResponseCache()
    cache.set('set', config, answer)
    await cache.getOrSet('fetched', config, async () => answer)
    cache.get('set', config)
    expect(cache.getStats().savings.tokens).toBe(tokens)
    cache.get('fetched', config)
    expect(cache.getStats().savings.tokens).toBe(2 * tokens)
  })
})

test('usage and cost that are given win over those of the answer', async () => {
  const cache = new ResponseCache()
  const answer = { usage: { total_tokens: 1 }, price: 0.25 }
  cache.set('a', config, answer, { usage: { inputTokens: 10, outputTokens: 5 }, cost: 0.5 })
  await cache.getOrSet('b', config, async () => answer, {
    usage: () => ({ totalTokens: 100 }),
    cost: ({ price }) => price,
  })
  cache.get('a', config)
  cache.get('b', config)
  cache.get('b', config)
  expect(cache.getStats().savings).toMatchObject({ tokens: 215, cost: 1 })
})

test('a usage that a function does not know counts nothing', async () => {
  const cache = new LRUCache()
  await cache.getOrSet('a', async () => ({ usage: { total_tokens: 7 } }), {
    usage: () => undefined,
    cost: () => Number.NaN,
  })
  cache.get('a')
  expect(cache.getStats().savings).toMatchObject({ cost: 0 })
})

test('those who wait for an answer together save its tokens and cost, and wait as long', async () => {
  const cache = new ResponseCache()
  const answer = deferred<object>()
  const asked = Array.from({ length: 4 }, () => cache.getOrSet('a', config, () => answer.promise, { cost: 2 }))
  vi.advanceTimersByTime(500)
  answer.resolve({ usage: { total_tokens: 10 } })
  await Promise.all(asked)
  expect(cache.getStats().savings).toEqual({ coalesced: 3, time: 0, tokens: 30, cost: 6 })
  cache.get('a', config)
  expect(cache.getStats().savings).toEqual({ coalesced: 3, time: 500, tokens: 40, cost: 8 })
})

test('an answer set again saves what the new one cost', () => {
  const cache = new LRUCache()
  cache.set('a', 1, { cost: 5 })
  cache.set('a', 2)
  cache.get('a')
  expect(cache.getStats().savings.cost).toBe(0)
})

test('embeddings fetched together share the time', async () => {
  const cache = new EmbeddingCache()
  await cache.getOrSetMany(['a', 'b'], async (texts) => {
    vi.advanceTimersByTime(100)
    return texts.map(() => [1])
  })
  cache.get('b')
  expect(cache.getStats().savings.time).toBe(50)
})

test('without a store there is nothing of its life', () => {
  expect(new LRUCache().getStats()).toMatchObject({ lifetime: undefined, storedEntries: 0, storedBytes: 0 })
})

test('each of many embeddings saves its part of what they took together', async () => {
  const cache = new EmbeddingCache()
  await cache.getOrSetMany(['a', 'b', 'c', 'd'], (texts) => texts.map(() => [1]), {
    usage: (embeddings) => ({ inputTokens: 10 * embeddings.length }),
    cost: 2,
  })
  cache.batchGet(['a', 'b', 'c'])
  expect(cache.getStats().savings).toMatchObject({ tokens: 30, cost: 1.5 })
  const wrong = (options: object) => cache.getOrSetMany(['e'], () => [[1]], options)
  await expect(wrong({ usage: 7 })).rejects.toThrow('Expected `usage` to be an object or a function, got `7`')
  await expect(wrong({ cost: -1 })).rejects.toThrow('Expected `cost` to be a number ≥ 0 or a function, got `-1`')
})
