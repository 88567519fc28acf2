// Who changes what he was given, or what he stored, and who notices.

import { EmbeddingCache, LRUCache, QueryCache, ResponseCache, Store } from '@aah/ai-evals-performance'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from './helpers/folders.ts'

const config = { model: 'gpt-4' }
const answer = () => ({ text: 'yes', parts: [{ number: 1 }] })

describe('reference', () => {
  test('is the default: all share one value', async () => {
    const cache = new ResponseCache()
    const stored = answer()
    cache.set('a', config, stored)
    expect(cache.get('a', config)).toBe(stored)
    const fetched = answer()
    expect(await cache.getOrSet('b', config, async () => fetched)).toBe(fetched)
    expect(cache.get('b', config)).toBe(fetched)
  })
})

describe('copy', () => {
  test('keeps the value apart from who stored it and from all who get it', async () => {
    const cache = new ResponseCache({ isolation: 'copy' })
    const stored = answer()
    cache.set('a', config, stored)
    stored.text = 'changed'
    const first = cache.get('a', config)
    expect(first).toEqual(answer())
    first.parts[0].number = 2
    expect(cache.get('a', config)).toEqual(answer())
  })

  test('gives each who waited for one answer a copy of his own', async () => {
    const cache = new LRUCache({ isolation: 'copy' })
    const fetched = answer()
    const answers = await Promise.all([1, 2, 3].map(() => cache.getOrSet('a', async () => fetched)))
    for (const given of answers) expect(given).toEqual(answer())
    expect(new Set([...answers, fetched]).size).toBe(4)
  })

  test('holds for embeddings and queries too, one by one and many at once', async () => {
    const embeddings = new EmbeddingCache({ isolation: 'copy' })
    const vector = [1, 2]
    embeddings.batchSet(new Map([['a', vector]]))
    vector[0] = 9
    embeddings.get('a')![0] = 8
    expect(embeddings.batchGet(['a']).get('a')).toEqual([1, 2])
    const [given] = await embeddings.getOrSetMany(['b'], async () => [vector])
    given![0] = 7
    expect(embeddings.get('b')).toEqual([9, 2])
    const queries = new QueryCache({ isolation: 'copy' })
    queries.set('q', undefined, new Map([['a', 1]]))
    queries.get('q').clear()
    expect(queries.get('q')).toEqual(new Map([['a', 1]]))
  })

  test('keeps by reference what cannot be copied, and counts it', () => {
    const cache = new LRUCache({ isolation: 'copy' })
    const stored = { run: () => 1 }
    cache.set('a', stored)
    expect(cache.get('a')).toBe(stored)
    expect(cache.getStats().notStorable).toBe(1)
  })

  test('holds for what comes from a store', async () => {
    await using store = Store.open(temporaryFolder())
    new LRUCache({ store }).set('a', answer())
    const cache = new LRUCache({ store, isolation: 'copy' })
    cache.get('a').text = 'changed'
    expect(cache.get('a')).toEqual(answer())
    cache.set('b', () => 1)
    expect(cache.getStats().notStorable).toBe(1)
  })
})

describe('frozen', () => {
  test('gives all the same value, which nobody can change', async () => {
    const cache = new LRUCache({ isolation: 'frozen' })
    const stored = answer()
    cache.set('a', stored)
    stored.text = 'changed'
    const given = cache.get('a')
    expect(given).toEqual(answer())
    expect(cache.get('a')).toBe(given)
    expect(() => {
      given.parts[0].number = 2
    }).toThrow(TypeError)
    const fetched = await cache.getOrSet('b', async () => answer())
    expect(Object.isFrozen(fetched.parts[0])).toBe(true)
    expect(cache.get('b')).toBe(fetched)
  })

  test.each([
    ['a Map', () => new Map([['a', 1]]), (given: any) => given.clear()],
    ['a date', () => new Date(7), (given: any) => given.setTime(8)],
    ['a typed array', () => new Float64Array(2), (given: any) => given.fill(1)],
    ['a Set inside', () => ({ deep: [new Set([1])] }), (given: any) => given.deep[0].add(2)],
  ])('gives each a copy of %s, which freezing does not protect', (_name, make, change) => {
    const cache = new LRUCache({ isolation: 'frozen' })
    cache.set('a', make())
    change(cache.get('a'))
    expect(cache.get('a')).toEqual(make())
  })

  test('takes as many bytes as the value alone would', () => {
    const [frozen, plain] = [new LRUCache({ isolation: 'frozen' }), new LRUCache()]
    for (const cache of [frozen, plain]) cache.set('a', new Map([['a', answer()]]))
    expect(frozen.getStats().memoryUsage).toBe(plain.getStats().memoryUsage)
  })
})
