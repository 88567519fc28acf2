// Embeddings, one by one and many at once.

import { cacheManager, EmbeddingCache } from '@aah/ai-evals-performance'
import { cacheOptions, type EmbeddingMiddlewareOptions, embeddingMiddleware } from '@aah/ai-evals-performance/ai-sdk'
import { afterEach, describe, expect, test } from 'vitest'
import { deferred, settled } from '../helpers/deferred.ts'
import { CACHED, sdks } from './sdks.ts'

afterEach(() => cacheManager.clearAll())

/** The embedding of a text. */
const vector = (text: string) => [text.length, text.charCodeAt(0) / 256]

describe.each(sdks)('AI SDK $version', ({ ai, EmbeddingModel, version }) => {
  const { embed, embedMany, wrapEmbeddingModel } = ai

  /** A model that embeds with a token for each character, and the same one with a cache before it. */
  function models(options: EmbeddingMiddlewareOptions = {}, more: object = {}) {
    const inner = new EmbeddingModel({
      provider: 'test',
      modelId: 'm',
      maxEmbeddingsPerCall: 3,
      doEmbed: async ({ values }) => ({
        embeddings: values.map(vector),
        usage: { tokens: values.join('').length },
        warnings: [{ type: 'other', message: `${values.length}` }],
        providerMetadata: { test: { first: values[0]! } },
        response: { headers: { 'x-id': '1' } },
      }),
      ...more,
    })
    const asked: string[][] = []
    const doEmbed = inner.doEmbed
    inner.doEmbed = async (call) => {
      asked.push(call.values)
      return doEmbed(call)
    }
    const cache = options.cache ?? new EmbeddingCache()
    const model = wrapEmbeddingModel({ model: inner, middleware: embeddingMiddleware({ cache, ...options }) })
    return { model, inner, cache, asked }
  }

  test('a value is embedded once', async () => {
    const { model, asked } = models()
    const first = await embed({ model, value: 'visa' })
    expect(first).toMatchObject({
      embedding: vector('visa'),
      usage: { tokens: 4 },
      response: { headers: { 'x-id': '1' } },
    })
    const second = await embed({ model, value: 'visa' })
    expect(second).toMatchObject({ embedding: vector('visa'), usage: { tokens: 0 }, providerMetadata: CACHED })
    expect(asked).toEqual([['visa']])
  })

  test('of many values the missing ones are asked for together, once each, and come in their order', async () => {
    const { model, asked } = models({}, { maxEmbeddingsPerCall: Number.POSITIVE_INFINITY })
    await embed({ model, value: 'b' })
    const values = ['ccc', 'b', 'a', 'ccc', 'a', 'dd']
    const { embeddings, usage, warnings } = await embedMany({ model, values })
    expect(embeddings).toEqual(values.map(vector))
    expect(asked).toEqual([['b'], ['ccc', 'a', 'dd']])
    expect(usage).toEqual({ tokens: 6 })
    expect(warnings).toEqual([{ type: 'other', message: '3' }])
    expect(await embedMany({ model, values })).toMatchObject({ embeddings, usage: { tokens: 0 }, warnings: [] })
    expect(asked).toHaveLength(2)
  })

  test('the model still says how many values it takes at once', async () => {
    const { model, inner, asked } = models({}, { supportsParallelCalls: true })
    expect([await model.maxEmbeddingsPerCall, await model.supportsParallelCalls]).toEqual([3, true])
    expect(inner.specificationVersion).toBe(model.specificationVersion)
    const values = Array.from('abcdefgh')
    expect((await embedMany({ model, values })).embeddings).toEqual(values.map(vector))
    expect(asked.map(({ length }) => length).sort()).toEqual([2, 3, 3])
    await embedMany({ model, values: values.toReversed() })
    expect(asked).toHaveLength(3)
  })

  test('embeddings are told apart by model, name, options of the provider, dimensions and sample', async () => {
    const cache = new EmbeddingCache()
    const calls: [object, object, object][] = [
      [{}, {}, {}],
      [{ modelId: 'other' }, {}, {}],
      [{ provider: 'other' }, {}, {}],
      [{}, { name: 'another account' }, {}],
      [{}, {}, { providerOptions: { test: { dimensions: 2 } } }],
      [{}, {}, { providerOptions: cacheOptions({ sample: 1 }) }],
      [{}, {}, { headers: { 'x-region': 'eu' } }],
      ...(version === 7 ? [[{}, {}, { dimensions: 2 }] as [object, object, object]] : []),
    ]
    for (const repeated of [false, true]) {
      for (const [more, options, call] of calls) {
        const { model, asked } = models({ cache, ...options }, more)
        await model.doEmbed({ values: ['visa'], ...call })
        expect(asked).toHaveLength(repeated ? 0 : 1)
      }
    }
    expect(cache.getStats().entries).toBe(calls.length)
  })

  test('a cache that names the model knows what others have stored for it', async () => {
    const { model, cache } = models()
    await embed({ model, value: 'visa' })
    expect(cache.get('visa', { model: '["test","m"]' })).toEqual(vector('visa'))
    expect(cache.get('visa')).toBeUndefined()
  })

  test('without options the embedding cache of the cache manager is used', async () => {
    const { inner, asked } = models()
    const model = wrapEmbeddingModel({ model: inner, middleware: embeddingMiddleware() })
    await embed({ model, value: 'visa' })
    cacheManager.embeddingCache = new EmbeddingCache()
    await embed({ model, value: 'visa' })
    await embed({ model, value: 'visa' })
    expect(asked).toHaveLength(2)
  })

  test('who changes an embedding changes his own only', async () => {
    const { model } = models()
    for (let time = 0; time < 3; time++) {
      const { embedding } = await embed({ model, value: 'visa' })
      expect(embedding).toEqual(vector('visa'))
      embedding.fill(0)
    }
  })

  test('what the cached ones took is saved: tokens and cost', async () => {
    const cost = (result: { usage?: { tokens: number } }) => (result.usage?.tokens ?? 0) / 4
    const { model, cache } = models({ cost })
    await embedMany({ model, values: ['ab', 'cdefgh'] })
    await embedMany({ model, values: ['ab', 'cdefgh'] })
    expect(cache.getStats().savings).toMatchObject({ tokens: 8, cost: 2 })
  })

  test('equal calls at once are one request; who aborts leaves the others theirs', async () => {
    const answer = deferred<any>()
    const { model, asked } = models({}, { doEmbed: () => answer.promise })
    const leaving = new AbortController()
    const first = embed({ model, value: 'visa', abortSignal: leaving.signal })
    const second = embed({ model, value: 'visa' })
    await settled()
    leaving.abort()
    await expect(first).rejects.toMatchObject({ name: 'AbortError' })
    answer.resolve({ embeddings: [[1]], usage: { tokens: 1 }, warnings: [] })
    expect((await second).embedding).toEqual([1])
    expect(asked).toHaveLength(1)
  })

  test('options that say something of each value reach the model with all of them', async () => {
    // As a provider has it that takes other content for each value.
    const transformer = Symbol.for('vercel.ai.embeddingModel.providerOptionsTransformer')
    const cut = ({ providerOptions: { test }, startIndex, endIndex }: any) => ({
      test: { ...test, content: test.content?.slice(startIndex, endIndex) },
    })
    const inner = new EmbeddingModel({
      doEmbed: async ({ values }) => ({ embeddings: values.map(vector), warnings: [] }),
    })
    Object.assign(inner, { [transformer]: cut })
    const model = wrapEmbeddingModel({ model: inner, middleware: embeddingMiddleware({ cache: new EmbeddingCache() }) })
    const embedded = async (values: string[], test: any) => {
      const before = inner.doEmbedCalls.length
      await model.doEmbed({ values, providerOptions: { test } })
      return inner.doEmbedCalls.slice(before).map(({ values }) => values)
    }
    const values = ['a', 'b']
    expect(await embedded(values, { content: ['x', 'y'] })).toEqual([values])
    expect(await embedded(values, { content: ['x', 'y'] })).toEqual([values])
    expect(await embedded(['a'], { content: ['x'] })).toEqual([['a']])
    expect(await embedded(['a'], { content: ['x'] })).toEqual([])
    expect(await embedded(['a'], { content: ['y'] })).toEqual([['a']])
    expect(await embedded(values, { size: 1 })).toEqual([values])
    expect(await embedded(values.toReversed(), { size: 1 })).toEqual([])
  })

  test('a call can go past the cache, and the model does not see what is said to it', async () => {
    const { inner, model, cache } = models()
    const calls: object[] = []
    const { doEmbed } = inner
    inner.doEmbed = async (call) => {
      calls.push(call)
      return doEmbed(call)
    }
    const providerOptions: any = { ...cacheOptions({ skip: true }), test: { a: 1 } }
    await model.doEmbed({ values: ['visa'], providerOptions })
    expect(cache.getStats().entries).toBe(0)
    await model.doEmbed({ values: ['visa'], providerOptions: cacheOptions({ sample: 2 }) as any })
    expect(calls).toMatchObject([{ providerOptions: { test: { a: 1 } } }, { providerOptions: undefined }])
  })

  test('a model that was wrapped twice with one cache does not wait for itself', async () => {
    const { model, cache, asked } = models()
    const twice = wrapEmbeddingModel({ model, middleware: embeddingMiddleware({ cache }) })
    expect((await embed({ model: twice, value: 'visa' })).embedding).toEqual(vector('visa'))
    expect(asked).toHaveLength(1)
  })

  test('an error is passed on untouched; usage that is unknown stays so', async () => {
    const error = new Error('no')
    const { model } = models({}, { doEmbed: () => Promise.reject(error) })
    await expect(embed({ model, value: 'visa' })).rejects.toBe(error)
    const silent = models({}, { doEmbed: async () => ({ embeddings: [[1]], warnings: [] }) })
    expect((await embed({ model: silent.model, value: 'visa' })).usage.tokens).toBeNaN()
  })
})

test.each<[string, unknown, RegExp]>([
  ['no object', 'x', /`options` to be an object/],
  ['no cache', { cache: {} }, /`cache` to be an EmbeddingCache/],
  ['a name that is none', { name: 7 }, /`name` to be a string/],
  ['half a sample', { sample: 0.5 }, /`sample` to be an integer ≥ 0/],
  ['no time to live', { ttl: 0 }, /`ttl` to be a number > 0/],
  ['a negative cost', { cost: -1 }, /`cost` to be a number ≥ 0 or a function/],
  ['no wait', { maxWait: -1 }, /`maxWait` to be a number > 0/],
])('%s is refused as an option', (_, options, message) => {
  expect(() => embeddingMiddleware(options as any)).toThrow(message)
})
