import { EmbeddingCache } from '@aah/ai-evals-performance'
import { expect, test } from 'vitest'
import { temporaryFolder } from './helpers/folders.ts'

test('gives back a plain Array, bit for bit', () => {
  const cache = new EmbeddingCache()
  const embedding = [-0, 0, Number.NaN, Number.MIN_VALUE, Number.MAX_VALUE, 0.1 + 0.2, Number.NEGATIVE_INFINITY]
  cache.set('text', embedding)
  const found = cache.get('text') as number[]
  expect(Array.isArray(found)).toBe(true)
  expect(found.length).toBe(embedding.length)
  for (const [index, number] of embedding.entries()) expect(Object.is(found[index], number)).toBe(true)
})

test('batchGet() has an entry for each distinct text in order, and looks each up once', () => {
  const cache = new EmbeddingCache()
  cache.set('a', [1])
  cache.set('b', [2])
  expect([...cache.batchGet(['b', 'x', 'a', 'b', 'x'])]).toEqual([
    ['b', [2]],
    ['x', undefined],
    ['a', [1]],
  ])
  expect(cache.getStats()).toMatchObject({ hits: 2, misses: 1 })
  expect(cache.batchGet([]).size).toBe(0)
})

test('batchSet() leaves what one set() after another would', () => {
  const byEntries = [1, 2, 3, 5, 8].map((maxSize) => ({ maxSize }))
  const byBytes = [1, 60, 120, 180, 250, 300].map((maxMemory) => ({ maxMemory }))
  for (const options of [...byEntries, ...byBytes]) {
    const single = new EmbeddingCache(options)
    const batched = new EmbeddingCache(options)
    for (const cache of [single, batched]) {
      for (const text of ['a', 'b', 'c']) cache.set(text, [0])
      cache.get('a')
    }
    const batch = new Map(['x', 'b', 'y', 'a', 'z'].map((text, index) => [text, Array(index * index).fill(index)]))
    for (const [text, embedding] of batch) single.set(text, embedding)
    batched.batchSet(batch)
    const texts = ['a', 'b', 'c', 'x', 'y', 'z']
    expect(batched.batchGet(texts)).toEqual(single.batchGet(texts))
    const { avgAccessTime: _, ...expected } = single.getStats()
    expect(batched.getStats()).toMatchObject(expected)
    batched.set('new', [1])
    single.set('new', [1])
    expect(texts.map((text) => batched.has(text))).toEqual(texts.map((text) => single.has(text)))
  }
})

test('batchSet() gives back the references it was given, and accounts for them', () => {
  const cache = new EmbeddingCache({ maxSize: 2 })
  const vector = [1, 2, 3]
  cache.batchSet(new Map([['a', vector]]))
  expect(cache.get('a')).toBe(vector)
  cache.batchSet(new Map())
  cache.batchSet(new Map(Array.from({ length: 100 }, (_, index) => [`text ${index}`, [index]])))
  expect(cache.getStats()).toMatchObject({ entries: 2, evictions: 99 })
  expect(cache.get('text 99')).toEqual([99])
  const cleared = new EmbeddingCache({ maxSize: 2 })
  cleared.set('text 98', [98])
  cleared.set('text 99', [99])
  expect(cache.getStats().memoryUsage).toBe(cleared.getStats().memoryUsage)
})

test('batchSet() takes what a subclass of Map shows when it is gone through, whatever else it says', () => {
  class Odd extends Map<string, number[]> {
    override get size() {
      return 0
    }
    override *[Symbol.iterator](): MapIterator<[string, number[]]> {
      yield ['shown', [1, 2]]
    }
  }
  const cache = new EmbeddingCache()
  cache.batchSet(new Odd([['held', [3]]]))
  const plain = new EmbeddingCache()
  plain.set('shown', [1, 2])
  expect(cache.getStats()).toEqual(plain.getStats())
  expect([cache.get('shown'), cache.get('held')]).toEqual([[1, 2], undefined])
})

test.each([
  ['Expected `embedding[3]` to be a number, got `"4"`', [1, 2, 3, '4']],
  ['Expected `embedding[1]` to be a number, got `undefined`', Object.assign([1], { 2: 3 })],
  ['Expected `embedding[0]` to be a number, got `1n`', [1n]],
  ['Expected `embedding` to be an array of numbers, got `an object`', new Float64Array(3)],
  ['Expected `embedding` to be an array of numbers, got `null`', null],
])('set() refuses: %s', (message, embedding: any) => {
  const cache = new EmbeddingCache()
  expect(() => cache.set('text', embedding)).toThrow(TypeError)
  expect(() => cache.set('text', embedding)).toThrow(message)
  expect(cache.has('text')).toBe(false)
})

test('batchSet() stores all or nothing', () => {
  const cache = new EmbeddingCache()
  const bad: any = new Map<any, any>([
    ['good', [1]],
    ['bad', [1, 'x']],
  ])
  expect(() => cache.batchSet(bad)).toThrow('Expected `embeddings.get("bad")[1]` to be a number, got `"x"`')
  expect(() =>
    cache.batchSet(
      new Map<any, any>([
        ['good', [1]],
        [7, [1]],
      ]),
    ),
  ).toThrow(TypeError)
  expect(() => cache.batchSet({ good: [1] } as any)).toThrow('Expected `embeddings` to be a Map')
  expect(cache.getStats()).toMatchObject({ entries: 0, memoryUsage: 0 })
})

test('batchGet() refuses before it looks anything up', () => {
  const cache = new EmbeddingCache()
  expect(() => cache.batchGet(['a', 7] as any)).toThrow('Expected `texts[1]` to be a string, got `7`')
  expect(() => cache.batchGet('a' as any)).toThrow(TypeError)
  expect(cache.getStats().misses).toBe(0)
})

test('one cache holds embeddings of several models, and knows them apart everywhere', async () => {
  const cache = new EmbeddingCache({ model: 'own' })
  cache.set('a', [1])
  cache.set('a', [2], { model: 'other' })
  cache.set('a', [3], { model: '' })
  await cache.getOrSet('a', () => [4], { model: 'other', sample: 1 })
  await cache.getOrSetMany(['a', 'b'], (texts) => texts.map(() => [5]), { model: 'third' })
  const look = (model?: string, sample?: number) => cache.get('a', { model, sample })?.[0]
  expect([look(), look('own'), look('other'), look(''), look('other', 1), look('third'), look('fourth')]).toEqual([
    ...[1, 1, 2, 3, 4, 5],
    undefined,
  ])
  expect(cache.getStats().entries).toBe(6)
  expect(cache.has('a', { model: 'other' })).toBe(true)
  expect(cache.has('b', { model: 'other' })).toBe(false)
  expect(cache.explain('a', { model: 'fourth' })).toMatchObject({ nearest: expect.anything() })
  expect(cache.delete('a', { model: 'other' })).toBe(true)
  expect([look('other'), look()]).toEqual([undefined, 1])
  expect(() => cache.get('a', { model: 1 as any })).toThrow('Expected `model` to be a string, got `1`')
  cache.clear()
  expect(cache.getStats()).toMatchObject({ entries: 0, memoryUsage: 0 })
})

test('a model that a call names is the same that a cache of it names, also on disk', async () => {
  const folder = temporaryFolder()
  const several = new EmbeddingCache({ store: folder })
  several.set('a', [1], { model: 'small' })
  await several.close()
  const small = new EmbeddingCache({ store: folder, model: 'small' })
  expect(small.get('a')).toEqual([1])
  expect(small.get('a', { model: 'small' })).toEqual([1])
  expect(small.get('a', { model: 'large' })).toBeUndefined()
  await small.close()
})
