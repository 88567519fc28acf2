// Answers of language models that are asked for all at once, through the SDK's own functions.

import { cacheManager, ReplayMissError, ResponseCache } from '@aah/ai-evals-performance'
import { cacheMiddleware, cacheOptions } from '@aah/ai-evals-performance/ai-sdk'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { deferred, settled } from '../helpers/deferred.ts'
import { asking, CACHED, type Result, saying, sdks } from './sdks.ts'

afterEach(() => cacheManager.clearAll())

describe.each(sdks)('AI SDK $version', ({ ai, LanguageModel, fileData }) => {
  const { generateObject, generateText, stepCountIs, tool, wrapLanguageModel } = ai

  /** A model that answers each call with the next result, and the same one with a cache before it. */
  function models(results: Result | Result[] | (() => Promise<Result>), options: object = {}) {
    const list = Array.isArray(results) ? results : undefined
    let next = 0
    const doGenerate = list ? async () => list[next++] as Result : results
    const inner = new LanguageModel({ provider: 'test', modelId: 'm', doGenerate: doGenerate as any })
    const cache = new ResponseCache()
    const model = wrapLanguageModel({ model: inner, middleware: cacheMiddleware({ cache, ...options }) })
    return { inner, cache, model, calls: inner.doGenerateCalls }
  }

  test('the second equal call is answered by the cache, with usage and metadata, and says so', async () => {
    const { model, calls, cache } = models(saying('42', { providerMetadata: { test: { seed: 7 } } }))
    const ask = () => generateText({ model, prompt: 'What is 6 × 7?', temperature: 0 })
    const first = await ask()
    const second = await ask()
    expect(calls).toHaveLength(1)
    expect(second.text).toBe('42')
    expect(second.usage).toEqual(first.usage)
    expect(first.providerMetadata).toEqual({ test: { seed: 7 } })
    expect(second.providerMetadata).toEqual({ test: { seed: 7 }, ...CACHED })
    expect(cache.getStats()).toMatchObject({ hits: 1, misses: 1, savings: { tokens: 15 } })
  })

  test('without options the response cache of the cache manager is used', async () => {
    const inner = new LanguageModel({ doGenerate: saying('yes') })
    const model = wrapLanguageModel({ model: inner, middleware: cacheMiddleware() })
    await generateText({ model, prompt: 'a' })
    cacheManager.responseCache = new ResponseCache()
    await generateText({ model, prompt: 'a' })
    await generateText({ model, prompt: 'a' })
    expect(inner.doGenerateCalls).toHaveLength(2)
  })

  test('what is kept comes back equal: dates, bytes, warnings, metadata; without bodies and headers', async () => {
    const result = saying('a picture', {
      content: [
        { type: 'reasoning', text: 'hm', providerMetadata: { test: { signature: 'x' } } },
        { type: 'file', mediaType: 'image/png', data: fileData(new Uint8Array([1, 2, 250])) },
        { type: 'source', sourceType: 'url', id: 's', url: 'https://example.com' },
        { type: 'text', text: 'there', providerMetadata: { test: { itemId: 'i' } } },
      ],
      warnings: [{ type: 'other', message: 'careful' }],
      providerMetadata: { test: { logprobs: [0.5, null] } },
      request: { body: { large: 'x' } },
      response: {
        id: 'r',
        modelId: 'real',
        timestamp: new Date(1_700_000_000_000),
        headers: { 'set-cookie': 'secret' },
        body: {},
      },
    })
    const { model } = models(result)
    const { request: _, response, ...rest } = result
    expect(await model.doGenerate(asking('a'))).toEqual(result)
    expect(await model.doGenerate(asking('a'))).toEqual({
      ...rest,
      response: { id: 'r', modelId: 'real', timestamp: response!.timestamp },
      providerMetadata: { ...result.providerMetadata, ...CACHED },
    })
  })

  test('who changes an answer changes his own only', async () => {
    const { model } = models(async () => saying('as it was'))
    for (let time = 0; time < 3; time++) {
      const { content } = await model.doGenerate(asking('a'))
      expect(content).toEqual([{ type: 'text', text: 'as it was' }])
      Object.assign(content[0]!, { text: 'changed' })
      content.push({ type: 'text', text: 'added' })
    }
  })

  test('objects are generated once, and told apart by their schema', async () => {
    const { model, calls } = models(saying('{"answer":42}'))
    const ask = (schema: z.ZodType) => generateObject({ model, schema, prompt: 'What is 6 × 7?' })
    expect((await ask(z.object({ answer: z.number() }))).object).toEqual({ answer: 42 })
    expect(await ask(z.object({ answer: z.number() }))).toMatchObject({
      object: { answer: 42 },
      providerMetadata: CACHED,
    })
    await ask(z.object({ answer: z.number().int() }))
    expect(calls).toHaveLength(2)
  })

  test('output schemas of generateText are part of the key', async () => {
    const { model, calls } = models(saying('{"answer":42}'))
    const ask = (schema: z.ZodType) =>
      generateText({ model, output: ai.Output.object({ schema }), prompt: 'What is 6 × 7?' })
    await ask(z.object({ answer: z.number() }))
    expect((await ask(z.object({ answer: z.number() }))).output).toEqual({ answer: 42 })
    expect(calls).toHaveLength(1)
    await ask(z.object({ answer: z.number(), why: z.string().optional() }))
    expect(calls).toHaveLength(2)
  })

  test('all steps of a tool loop are answered by the cache, whatever the ids of the calls', async () => {
    let id = 0
    const steps = async () => {
      const isLast = inner.doGenerateCalls.at(-1)!.prompt.some(({ role }) => role === 'tool')
      if (isLast) return saying('It is 42.')
      return saying('', {
        content: [
          { type: 'tool-call', toolCallId: `call-${id++}`, toolName: 'multiply', input: '{"a":6,"b":7}' },
          { type: 'tool-call', toolCallId: `call-${id++}`, toolName: 'multiply', input: '{"a":7,"b":6}' },
        ],
        finishReason: { unified: 'tool-calls', raw: 'tool_calls' },
      })
    }
    const { model, inner, calls, cache } = models(steps)
    const multiply = tool({
      inputSchema: z.object({ a: z.number(), b: z.number() }),
      execute: async ({ a, b }: { a: number; b: number }) => a * b,
    })
    const run = () => generateText({ model, tools: { multiply }, stopWhen: stepCountIs(5), prompt: 'What is 6 × 7?' })
    const first = await run()
    expect(first.steps).toHaveLength(2)
    expect(calls).toHaveLength(2)
    const second = await run()
    expect(calls).toHaveLength(2)
    expect(second.text).toBe('It is 42.')
    expect(second.steps.map(({ providerMetadata }) => providerMetadata)).toEqual([CACHED, CACHED])
    // The first step anew, and so with other ids: the second one is the same question even so.
    expect(calls[1]!.prompt.at(-1)).toMatchObject({ content: [{ toolCallId: 'call-0' }, { toolCallId: 'call-1' }] })
    const renamed = JSON.parse(JSON.stringify(calls[1]!.prompt).replaceAll('call-', 'other-'))
    const { hits } = cache.getStats()
    await model.doGenerate({ ...calls[1]!, prompt: renamed, abortSignal: undefined })
    expect(cache.getStats().hits).toBe(hits + 1)
    const swapped = JSON.parse(
      JSON.stringify(calls[1]!.prompt[1])
        .replaceAll('call-0', 'x')
        .replaceAll('call-1', 'call-0')
        .replaceAll('x', 'call-1'),
    )
    await model.doGenerate({ ...calls[1]!, prompt: calls[1]!.prompt.with(1, swapped), abortSignal: undefined })
    expect(cache.getStats().hits).toBe(hits + 1)
  })

  test('sample lanes are entries of their own, per call and per middleware, and the model does not see them', async () => {
    const { inner, cache, model, calls } = models(['a', 'b', 'c'].map((text) => saying(text)))
    const ask = async (options: Parameters<typeof cacheOptions>[0], by = model) => {
      const providerOptions = { ...cacheOptions(options), test: { effort: 'low' } }
      return (await generateText({ model: by, prompt: 'a prime', providerOptions })).text
    }
    expect([await ask({}), await ask({ sample: 1 }), await ask({ sample: 2 })]).toEqual(['a', 'b', 'c'])
    expect([await ask({ sample: 2 }), await ask({ sample: 0 }), await ask({ sample: 1 })]).toEqual(['c', 'a', 'b'])
    const second = wrapLanguageModel({ model: inner, middleware: cacheMiddleware({ cache, sample: 1 }) })
    expect(await ask({}, second)).toBe('b')
    expect(calls.map(({ providerOptions }) => providerOptions)).toEqual(Array(3).fill({ test: { effort: 'low' } }))
  })

  test('a call can go past the cache, or say how long its answer is good', async () => {
    vi.useFakeTimers()
    try {
      const { model, calls, cache } = models(saying('yes'))
      const ask = (options: Parameters<typeof cacheOptions>[0]) =>
        model.doGenerate(asking('a', { providerOptions: cacheOptions(options) }))
      await ask({ skip: true })
      expect(await ask({ skip: true })).toEqual(saying('yes'))
      expect([calls.length, cache.getStats().entries]).toEqual([2, 0])
      expect(calls[0]!.providerOptions).toBeUndefined()
      await ask({ ttl: 1_000 })
      vi.advanceTimersByTime(999)
      await ask({})
      expect(calls).toHaveLength(3)
      vi.advanceTimersByTime(1)
      await ask({})
      expect(calls).toHaveLength(4)
    } finally {
      vi.useRealTimers()
    }
  })

  test.each([
    ['cut off', { unified: 'length', raw: 'length' }],
    ['filtered', { unified: 'content-filter', raw: 'safety' }],
    ['failed', { unified: 'error', raw: undefined }],
  ] as const)('an answer that was %s is given out and not kept, unless that is asked for', async (_, finishReason) => {
    const { model, calls } = models(saying('I', { finishReason }))
    await model.doGenerate(asking('a'))
    expect(await model.doGenerate(asking('a'))).toEqual(saying('I', { finishReason }))
    expect(calls).toHaveLength(2)
    const keeping = models(saying('I', { finishReason }), { shouldStore: () => true })
    await keeping.model.doGenerate(asking('a'))
    await keeping.model.doGenerate(asking('a'))
    expect(keeping.calls).toHaveLength(1)
  })

  test('an error is passed on untouched, and not kept', async () => {
    const error = new Error('no')
    const { model, calls } = models(() => Promise.reject(error))
    await expect(generateText({ model, prompt: 'a' })).rejects.toBe(error)
    await expect(generateText({ model, prompt: 'a' })).rejects.toBe(error)
    expect(calls).toHaveLength(2)
  })

  test('a replay asks nobody, and says what is missing', async () => {
    const { inner } = models(saying('yes'))
    const cache = new ResponseCache({ mode: 'replay' })
    const model = wrapLanguageModel({ model: inner, middleware: cacheMiddleware({ cache }) })
    await expect(generateText({ model, prompt: 'a' })).rejects.toBeInstanceOf(ReplayMissError)
    expect(inner.doGenerateCalls).toHaveLength(0)
  })

  test('in mode off each call asks the model', async () => {
    const { model, calls } = models(saying('yes'), { cache: new ResponseCache({ mode: 'off' }) })
    await Promise.all([model.doGenerate(asking('a')), model.doGenerate(asking('a'))])
    expect(calls).toHaveLength(2)
  })

  test('equal calls at once are one request; who aborts leaves the others theirs', async () => {
    const answer = deferred<Result>()
    const { model, calls } = models(() => answer.promise)
    const leaving = new AbortController()
    const first = generateText({ model, prompt: 'a', abortSignal: leaving.signal })
    const second = generateText({ model, prompt: 'a', abortSignal: new AbortController().signal })
    await settled()
    leaving.abort()
    await expect(first).rejects.toMatchObject({ name: 'AbortError' })
    expect(calls).toHaveLength(1)
    expect(calls[0]!.abortSignal!.aborted).toBe(false)
    answer.resolve(saying('yes'))
    expect(await second).toMatchObject({ text: 'yes', providerMetadata: CACHED })
  })

  test('when all have aborted, so is the request', async () => {
    const { model, calls } = models(() => new Promise(() => {}))
    const controllers = [new AbortController(), new AbortController()]
    const asked = controllers.map(({ signal }) => model.doGenerate(asking('a', { abortSignal: signal })))
    await settled()
    const reasons = controllers.map((controller, index) => {
      controller.abort(new Error(`reason ${index}`))
      return controller.signal.reason
    })
    for (const [index, call] of asked.entries()) await expect(call).rejects.toBe(reasons[index])
    expect(calls).toHaveLength(1)
    expect(calls[0]!.abortSignal!.aborted).toBe(true)
  })

  test('a model that is wrapped twice with one cache does not wait for itself', async () => {
    const { model, cache, calls } = models(saying('yes'))
    const between = { specificationVersion: 'v3' as const, wrapGenerate: ({ doGenerate }: any) => doGenerate() }
    const other = cacheMiddleware({ cache: new ResponseCache() })
    const twice = wrapLanguageModel({ model, middleware: [cacheMiddleware({ cache }), between, other] })
    expect((await generateText({ model: twice, prompt: 'a' })).text).toBe('yes')
    expect((await generateText({ model: twice, prompt: 'a' })).text).toBe('yes')
    expect(calls).toHaveLength(1)
  })

  test('what an answer cost is saved by each hit', async () => {
    const cost = vi.fn(({ usage }: Pick<Result, 'usage'>) => usage.outputTokens.total! / 10)
    const { model, cache } = models(saying('yes'), { cost })
    for (let time = 0; time < 3; time++) await model.doGenerate(asking('a'))
    expect(cost).toHaveBeenCalledOnce()
    expect(cache.getStats().savings).toMatchObject({ tokens: 30, cost: 1 })
  })
})
