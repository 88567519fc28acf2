// What two calls have to have in common to share an answer.

import { EmbeddingCache, ResponseCache } from '@aah/ai-evals-performance'
import {
  type CacheMiddlewareOptions,
  cacheMiddleware,
  cacheOptions,
  type EmbeddingMiddlewareOptions,
  embeddingMiddleware,
} from '@aah/ai-evals-performance/ai-sdk'
import { describe, expect, test } from 'vitest'
import { asking, saying, sdks } from './sdks.ts'

describe.each(sdks)('AI SDK $version', ({ ai, LanguageModel, createOpenAICompatible, version }) => {
  /** Whether the second call is answered by what the first one left. */
  async function isShared(first: object, second: object, options: CacheMiddlewareOptions = {}): Promise<boolean> {
    const inner = new LanguageModel({ doGenerate: saying('yes') })
    const cache = new ResponseCache()
    const model = ai.wrapLanguageModel({ model: inner, middleware: cacheMiddleware({ cache, ...options }) })
    await model.doGenerate(asking('a', first))
    await model.doGenerate(asking('a', second))
    return inner.doGenerateCalls.length === 1
  }

  /** A message with a file, as this version of the SDK hands it to a model. */
  const withFile = (data: unknown, mediaType = 'image/png') => {
    const tagged = data instanceof URL ? { type: 'url', url: data } : { type: 'data', data }
    return { prompt: [{ role: 'user', content: [{ type: 'file', mediaType, data: version === 6 ? data : tagged }] }] }
  }
  const bytes = Uint8Array.from({ length: 1_000 }, (_, index) => index % 251)
  const base64 = Buffer.from(bytes).toString('base64')

  test.each<[string, object, object]>([
    ['in the order of properties', { temperature: 0, topP: 1 }, { topP: 1, temperature: 0 }],
    [
      'in the order of properties of a tool',
      { tools: [{ type: 'function', name: 't', inputSchema: { type: 'object', title: 'x' } }] },
      { tools: [{ inputSchema: { title: 'x', type: 'object' }, name: 't', type: 'function' }] },
    ],
    ['in what is undefined', { seed: undefined }, {}],
    ['in their signals', { abortSignal: new AbortController().signal }, { abortSignal: new AbortController().signal }],
    ['in credentials', { headers: { Authorization: 'Bearer a' } }, { headers: { authorization: 'Bearer b' } }],
    [
      'in headers that name or trace a request',
      { headers: { 'x-request-id': '1', traceparent: '00-a', 'user-agent': 'ai/1' } },
      { headers: { 'x-request-id': '2', traceparent: '00-b', 'user-agent': 'ai/2', baggage: 'x' } },
    ],
    ['in the case of headers', { headers: { 'Anthropic-Beta': 'x' } }, { headers: { 'anthropic-beta': 'x' } }],
    ['in whether raw chunks are asked not to come', { includeRawChunks: false }, {}],
    ['in who made the bytes of a file', withFile(bytes), withFile(Buffer.from(bytes))],
    ['in how the bytes of a file are written', withFile(bytes), withFile(base64)],
    ['in which object a URL is', withFile(new URL('https://a.example')), withFile(new URL('https://a.example/'))],
  ])('calls share an answer that differ %s', async (_, first, second) => {
    expect(await isShared(first, second)).toBe(true)
    expect(await isShared(second, first)).toBe(true)
  })

  test.each<[string, object, object]>([
    ['the prompt', asking('a'), asking('b')],
    ['a role', asking('a'), { prompt: [{ role: 'assistant', content: [{ type: 'text', text: 'a' }] }] }],
    ['the temperature', { temperature: 0 }, { temperature: 0.5 }],
    ['the seed', { seed: 1 }, { seed: 2 }],
    ['the most tokens', { maxOutputTokens: 10 }, {}],
    ['stop sequences', { stopSequences: ['a'] }, { stopSequences: ['a', 'b'] }],
    ['the format', { responseFormat: { type: 'json' } }, { responseFormat: { type: 'text' } }],
    ['tools', { tools: [{ type: 'function', name: 't', inputSchema: {} }] }, {}],
    ['the choice of a tool', { toolChoice: { type: 'auto' } }, { toolChoice: { type: 'required' } }],
    ['what the provider is told', { providerOptions: { test: { a: 1 } } }, { providerOptions: { test: { a: 2 } } }],
    ['the sample', { providerOptions: cacheOptions({ sample: 1 }) }, {}],
    ['a header that may matter', { headers: { 'anthropic-beta': 'a' } }, { headers: { 'anthropic-beta': 'b' } }],
    ['a setting of a later version', { reasoning: 'low' }, { reasoning: 'high' }],
    ['the bytes of a file', withFile(bytes), withFile(bytes.with(999, 7))],
    ['the kind of a file', withFile(bytes), withFile(bytes, 'image/jpeg')],
    ['the address of a file', withFile(new URL('https://a.example')), withFile(new URL('https://b.example'))],
    ['bytes and text that looks like them', withFile('YWI'), withFile('YWI=')],
  ])('calls do not share an answer that differ in %s', async (_, first, second) => {
    expect(await isShared(first, second)).toBe(false)
  })

  test('headers that say nothing can be named', async () => {
    const calls = [{ headers: { 'X-Run': '1' } }, { headers: { 'x-run': '2' } }] as const
    expect(await isShared(...calls)).toBe(false)
    expect(await isShared(...calls, { ignoreHeaders: ['X-RUN'] })).toBe(true)
  })

  test('credentials are in no key', async () => {
    const cache = new ResponseCache()
    const inner = new LanguageModel({ doGenerate: saying('yes') })
    const model = ai.wrapLanguageModel({ model: inner, middleware: cacheMiddleware({ cache }) })
    const secrets = ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key', 'cookie', 'x-amz-security-token']
    const headers = Object.fromEntries([...secrets, 'x-kept'].map((name) => [name, `secret of ${name}`]))
    await model.doGenerate(asking('a', { headers }))
    await model.doGenerate(asking('b', { headers: { 'x-kept': 'secret of x-kept' } }))
    await model.doGenerate(asking('a', { headers: { 'x-kept': 'secret of x-kept' } }))
    expect(inner.doGenerateCalls).toHaveLength(2)
  })

  test('models are told apart by provider, id and name, and streams from what is generated', async () => {
    const cache = new ResponseCache()
    const asked: string[] = []
    const ask = async (provider: string, modelId: string, name?: string) => {
      const doGenerate = async () => {
        asked.push(`${provider} ${modelId} ${name}`)
        return saying('yes')
      }
      const model = new LanguageModel({ provider, modelId, doGenerate })
      await ai.wrapLanguageModel({ model, middleware: cacheMiddleware({ cache, name }) }).doGenerate(asking('a'))
    }
    for (let time = 0; time < 2; time++) {
      await ask('p', 'm')
      await ask('p', 'n')
      await ask('q', 'm')
      await ask('p', 'm', 'another account')
    }
    expect(asked).toEqual(['p m undefined', 'p n undefined', 'q m undefined', 'p m another account'])
  })

  test('models at two addresses are told apart, unless they have one name', async () => {
    const requests = async (options: CacheMiddlewareOptions = {}) => {
      const cache = new ResponseCache()
      const urls: string[] = []
      for (const baseURL of ['https://a.invalid/v1', 'https://a.invalid/v2', 'https://b.invalid/v1']) {
        const fetch = async (url: unknown) => {
          urls.push(String(url))
          return Response.json({ choices: [{ index: 0, message: { content: 'yes' }, finish_reason: 'stop' }] })
        }
        const provider = createOpenAICompatible({ name: 'local', baseURL, fetch, queryParams: { key: baseURL } })
        const middleware = cacheMiddleware({ cache, ...options })
        for (let time = 0; time < 2; time++) {
          await ai.generateText({ model: ai.wrapLanguageModel({ model: provider('m'), middleware }), prompt: 'a' })
        }
      }
      return urls.length
    }
    expect(await requests()).toBe(3)
    expect(await requests({ name: 'all' })).toBe(1)
  })

  test('embedding models at two addresses are told apart, unless they have one name', async () => {
    const requests = async (options: EmbeddingMiddlewareOptions = {}) => {
      const cache = new EmbeddingCache()
      let count = 0
      for (const baseURL of ['https://a.invalid/v1', 'https://b.invalid/v1']) {
        const fetch = async () => {
          count++
          return Response.json({ data: [{ embedding: [1, 2] }] })
        }
        const model = createOpenAICompatible({ name: 'local', baseURL, fetch }).embeddingModel('m')
        const middleware = embeddingMiddleware({ cache, ...options })
        for (let time = 0; time < 2; time++) {
          await ai.embed({ model: ai.wrapEmbeddingModel({ model, middleware }), value: 'a' })
        }
      }
      return count
    }
    expect(await requests()).toBe(2)
    expect(await requests({ name: 'all' })).toBe(1)
  })

  test('what a wrapped model calls itself outside does not matter', async () => {
    const cache = new ResponseCache()
    const model = new LanguageModel({ doGenerate: saying('yes') })
    for (const modelId of ['alias', 'other']) {
      await ai.wrapLanguageModel({ model, modelId, middleware: cacheMiddleware({ cache }) }).doGenerate(asking('a'))
    }
    expect(model.doGenerateCalls).toHaveLength(1)
  })

  test('what differs is explained in the words of the call', async () => {
    const cache = new ResponseCache()
    const inner = new LanguageModel({ provider: 'p', modelId: 'm', doGenerate: saying('yes') })
    const model = ai.wrapLanguageModel({ model: inner, middleware: cacheMiddleware({ cache }) })
    await model.doGenerate(asking('a', { temperature: 0 }))
    const replaying = new ResponseCache({ mode: 'replay' })
    const replayed = ai.wrapLanguageModel({ model: inner, middleware: cacheMiddleware({ cache: replaying }) })
    await expect(replayed.doGenerate(asking('a'))).rejects.toMatchObject({ code: 'ERR_REPLAY_MISS' })
    const { prompt } = asking('a')
    const { specificationVersion } = inner
    const config = { specification: `ai-sdk ${specificationVersion}`, provider: 'p', model: 'm', type: 'generate' }
    expect(cache.has(prompt, { ...config, temperature: 0 })).toBe(true)
    expect(cache.explain(prompt, { ...config, temperature: 1 }).nearest?.differences).toEqual([
      expect.objectContaining({ path: 'modelConfig.temperature' }),
    ])
  })
})

test('versions of the SDK, whose results differ, do not share answers', async () => {
  const cache = new ResponseCache()
  for (const { ai, LanguageModel } of sdks) {
    const model = new LanguageModel({ doGenerate: saying('yes') })
    await ai.wrapLanguageModel({ model, middleware: cacheMiddleware({ cache }) }).doGenerate(asking('a'))
    expect(model.doGenerateCalls).toHaveLength(1)
  }
})

test.each<[string, unknown, RegExp]>([
  ['no object', 'x', /`options` to be an object/],
  ['no cache', { cache: {} }, /`cache` to be a ResponseCache/],
  ['a name that is none', { name: 7 }, /`name` to be a string/],
  ['half a sample', { sample: 0.5 }, /`sample` to be an integer ≥ 0/],
  ['no time to live', { ttl: 0 }, /`ttl` to be a number > 0/],
  ['a negative cost', { cost: -1 }, /`cost` to be a number ≥ 0 or a function/],
  ['no function', { shouldStore: true }, /`shouldStore` to be a function/],
  ['no names', { ignoreHeaders: 'x-run' }, /`ignoreHeaders` to be an array of names/],
  ['a name of another type', { ignoreHeaders: [1] }, /`ignoreHeaders\[0\]` to be a string/],
  ['an empty name', { ignoreHeaders: [''] }, /`ignoreHeaders\[0\]` to be the name of a header/],
  ['no wait', { maxWait: -1 }, /`maxWait` to be a number > 0/],
  ['a delay that is none', { chunkDelayInMs: '5' }, /`chunkDelayInMs` to be a number from 0/],
  ['a delay without sense', { initialDelayInMs: -1 }, /`initialDelayInMs` to be a number from 0/],
])('%s is refused as an option', (_, options, message) => {
  expect(() => cacheMiddleware(options as any)).toThrow(message)
})

test.each<[string, unknown, RegExp]>([
  ['no object', 1, /to be an object/],
  ['another name', { samples: 1 }, /to be an object with sample, ttl, skip, got `"samples"`/],
  ['a sample below 0', { sample: -1 }, /`sample` to be an integer ≥ 0/],
  ['no time to live', { ttl: 0 }, /`ttl` to be a number > 0/],
  ['a skip that is none', { skip: 1 }, /`skip` to be a boolean/],
])('%s is refused as an option of a call', async (_, options, message) => {
  expect(() => cacheOptions(options as any)).toThrow(message)
  const { ai, LanguageModel } = sdks[0]!
  const model = ai.wrapLanguageModel({ model: new LanguageModel(), middleware: cacheMiddleware() })
  const providerOptions: any = { 'ai-evals-performance': options }
  await expect(model.doGenerate(asking('a', { providerOptions }))).rejects.toThrow(message)
})
