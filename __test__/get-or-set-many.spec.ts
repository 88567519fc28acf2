// getOrSetMany: one call of the function for all texts that are missing.

import { EmbeddingCache } from '@aah/ai-evals-performance'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { deferred } from './helpers/deferred.ts'

afterEach(() => {
  vi.useRealTimers()
})

describe('EmbeddingCache.getOrSetMany', () => {
  const embed = (text: string) => [text.length, 0.5]

  test('asks for each missing text once, in the order they first occur in, and answers in the order of all', async () => {
    const cache = new EmbeddingCache()
    cache.set('bb', [9])
    const fn = vi.fn(async (texts: string[]) => texts.map(embed))
    expect(await cache.getOrSetMany(['ccc', 'bb', 'a', 'ccc'], fn)).toEqual([[3, 0.5], [9], [1, 0.5], [3, 0.5]])
    expect(fn.mock.calls.map(([texts]) => texts)).toEqual([['ccc', 'a']])
    expect(await cache.getOrSetMany(['a', 'ccc'], fn)).toEqual([
      [1, 0.5],
      [3, 0.5],
    ])
    expect(fn).toHaveBeenCalledTimes(1)
    expect(cache.getStats()).toMatchObject({ hits: 3, misses: 2, entries: 3 })
  })

  test('calls nothing where nothing is missing', async () => {
    const cache = new EmbeddingCache()
    const fn = vi.fn()
    expect(await cache.getOrSetMany([], fn)).toEqual([])
    cache.set('a', [1])
    expect(await cache.getOrSetMany(['a', 'a'], fn)).toEqual([[1], [1]])
    expect(fn).not.toHaveBeenCalled()
  })

  test('waits for texts that another call is fetching, be it of many or of one', async () => {
    const cache = new EmbeddingCache()
    const [one, many] = [deferred<number[]>(), deferred<number[][]>()]
    const single = cache.getOrSet('a', () => one.promise)
    const first = cache.getOrSetMany(['a', 'b'], () => many.promise)
    const fn = vi.fn(async (texts: string[]) => texts.map(embed))
    const second = cache.getOrSetMany(['b', 'c', 'a'], fn)
    const last = cache.getOrSet('b', fn as any)
    many.resolve([[2]])
    one.resolve([1])
    expect(await second).toEqual([[2], [1, 0.5], [1]])
    expect(await Promise.all([single, first, last])).toEqual([[1], [[1], [2]], [2]])
    expect(fn.mock.calls.map(([texts]) => texts)).toEqual([['c']])
    expect(cache.getStats()).toMatchObject({ savings: { coalesced: 4 }, misses: 7 })
  })

  test.each([
    ['fewer embeddings than texts', [[1]], 'ERR_RESULT_COUNT'],
    ['more', [[1], [2], [3]], 'ERR_RESULT_COUNT'],
  ])('refuses %s and stores none of them', async (_name, given, code) => {
    const cache = new EmbeddingCache()
    await expect(cache.getOrSetMany(['a', 'b'], async () => given)).rejects.toMatchObject({ code })
    expect(cache.getStats().entries).toBe(0)
  })

  test.each([
    ['no array', 'x', TypeError, 'Expected `fn()` to be an array of embeddings, got `"x"`'],
    ['a typed array', [[1, 2], new Float32Array(2)], TypeError, 'Expected `fn()[1]` to be an array of numbers'],
    ['a hole', [[1, 2]].concat(new Array(1)), TypeError, 'Expected `fn()[1]` to be an array'],
    [
      'what is no number',
      [
        [1, 2],
        [1, '2'],
      ],
      TypeError,
      'Expected `fn()[1][1]` to be a number, got `"2"`',
    ],
    ['another length', [[1, 2], [1]], RangeError, 'Expected `fn()[1].length` to be 2, the `dimensions` of this cache'],
  ])('refuses %s and stores nothing', async (_name, given, type, message) => {
    const cache = new EmbeddingCache({ dimensions: 2 })
    const asked = cache.getOrSetMany(['a', 'b'], async () => given as any)
    await expect(asked).rejects.toThrow(type)
    await expect(asked).rejects.toThrow(message)
    expect(cache.getStats().entries).toBe(0)
    expect(await cache.getOrSetMany(['a'], async () => [[1, 2]])).toEqual([[1, 2]])
  })

  test('aborts the function once all have turned away from every text of it', async () => {
    const cache = new EmbeddingCache()
    const [many, one] = [new AbortController(), new AbortController()]
    let given: AbortSignal | undefined
    const first = cache.getOrSetMany(
      ['a', 'b'],
      (_texts, signal) => {
        given = signal
        return new Promise<number[][]>(() => {})
      },
      { signal: many.signal },
    )
    const second = cache.getOrSet('b', async () => [1], { signal: one.signal })
    many.abort('first')
    await expect(first).rejects.toBe('first')
    expect(given?.aborted).toBe(false)
    one.abort('second')
    await expect(second).rejects.toBe('second')
    expect(given?.aborted).toBe(true)
    expect(await cache.getOrSetMany(['a'], async () => [[7]])).toEqual([[7]])
  })
})
