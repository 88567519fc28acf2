// The SDK's own provider for OpenAI's protocol, against the local model server over HTTP, with a store on disk.

import { EmbeddingCache, ResponseCache } from '@aah/ai-evals-performance'
import { cacheMiddleware, embeddingMiddleware } from '@aah/ai-evals-performance/ai-sdk'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { temporaryFolder } from '../helpers/folders.ts'
import { QUESTION, startTestServer } from '../helpers/model-server.ts'
import { endAll, Program } from '../helpers/program.ts'
import { all, CACHED, sdks } from './sdks.ts'

vi.setConfig({ testTimeout: 60_000 })
afterEach(endAll)

/** Asks for a text, a stream, a tool's call and embeddings, all through one store; runs in another process. */
async function askEverything(
  { folder, url, packages }: { folder: string; url: string; packages: { ai: string; provider: string } },
  { require }: { require: NodeJS.Require },
) {
  const { Store, ResponseCache, EmbeddingCache } = require('@aah/ai-evals-performance')
  const { cacheMiddleware, embeddingMiddleware } = require('@aah/ai-evals-performance/ai-sdk')
  const ai = require(packages.ai)
  const provider = require(packages.provider).createOpenAICompatible({ name: 'local', baseURL: url, apiKey: 'any' })
  const store = Store.open(folder)
  const middleware = cacheMiddleware({ cache: new ResponseCache({ store, ttl: Infinity }) })
  const model = ai.wrapLanguageModel({ model: provider('sure'), middleware })
  const vectors = ai.wrapEmbeddingModel({
    model: provider.embeddingModel('local-embedding'),
    middleware: embeddingMiddleware({ cache: new EmbeddingCache({ store }) }),
  })
  const prompt = 'How many 🍎 are 3 × 14?'
  const [text, streamed, called, embedded] = await Promise.all([
    ai.generateText({ model, prompt }),
    (async () => {
      const { textStream } = ai.streamText({ model, prompt })
      let words = ''
      for await (const word of textStream) words += word
      return words
    })(),
    ai.generateText({
      model,
      prompt,
      stopWhen: ai.stepCountIs(3),
      tools: {
        multiply: ai.tool({
          inputSchema: ai.jsonSchema({ type: 'object', properties: { a: { type: 'number' } }, required: ['a'] }),
          execute: async ({ a }: { a: number }) => a * 14,
        }),
      },
    }),
    ai.embedMany({ model: vectors, values: ['eligibility', 'transfer'] }),
  ])
  await store.close()
  return {
    text: text.text,
    streamed,
    called: called.text,
    steps: called.steps.length,
    cached: [text, ...called.steps].map(({ providerMetadata }) => providerMetadata['ai-evals-performance'] ?? null),
    embeddings: embedded.embeddings,
    time: text.response.timestamp.getTime(),
  }
}

describe.each(sdks)('AI SDK $version', ({ ai, createOpenAICompatible, version }) => {
  const packages =
    version === 6
      ? { ai: 'ai', provider: '@ai-sdk/openai-compatible' }
      : { ai: 'ai-7', provider: '@ai-sdk/openai-compatible-3' }

  async function start(options: Parameters<typeof startTestServer>[0] = {}) {
    const { server } = await startTestServer(options)
    const settings = { name: 'local', baseURL: server.url, apiKey: 'any' }
    const provider = createOpenAICompatible({ ...settings, includeUsage: true, supportsStructuredOutputs: true })
    const cache = new ResponseCache()
    const model = ai.wrapLanguageModel({ model: provider('sure'), middleware: cacheMiddleware({ cache }) })
    return { server, provider, cache, model }
  }

  test('texts are generated and streamed once, and each hit saves their tokens', async () => {
    const { server, model, cache } = await start()
    const first = await ai.generateText({ model, prompt: QUESTION })
    const second = await ai.generateText({ model, prompt: QUESTION })
    expect(second.text).toBe(first.text)
    expect(second.text).toMatch(/A: 42/)
    expect(second.response.timestamp).toEqual(first.response.timestamp)
    expect(second.response.id).toBe(first.response.id)
    expect(cache.getStats().savings.tokens).toBe(server.stats.totalTokens)
    const streamed = [await all(ai.streamText({ model, prompt: QUESTION }).textStream as any)]
    streamed.push(await all(ai.streamText({ model, prompt: QUESTION }).textStream as any))
    expect(streamed[1]).toEqual(streamed[0])
    expect(streamed[1]!.length).toBeGreaterThan(3)
    expect(streamed[1]!.join('')).toBe(first.text)
    expect(server.stats.requests).toBe(2)
  })

  test('a tool loop and an object ask nothing the second time', async () => {
    const { server, model } = await start()
    const schema = z.object({ number: z.number() })
    const tools = { compute: ai.tool({ inputSchema: schema, execute: async ({ number }: any) => number * 3 }) }
    const run = async () => {
      const loop = await ai.generateText({ model, tools, stopWhen: ai.stepCountIs(4), prompt: QUESTION })
      const { output } = await ai.generateText({ model, output: ai.Output.object({ schema }), prompt: QUESTION })
      const { text, steps, usage } = loop
      return { text, output, usage, steps: steps.map(({ toolCalls, toolResults }) => ({ toolCalls, toolResults })) }
    }
    const first = await run()
    expect(first.steps).toHaveLength(2)
    expect(first.steps[0]!.toolResults).toHaveLength(1)
    const { requests } = server.stats
    expect(requests).toBe(3)
    expect(await run()).toEqual(first)
    expect(server.stats.requests).toBe(requests)
  })

  test('a stream whose connection breaks is not kept', async () => {
    const { server, model, cache } = await start({ cutStreamsAfter: 3 })
    for (let time = 1; time <= 2; time++) {
      const { fullStream } = ai.streamText({ model, prompt: QUESTION, maxRetries: 0, onError: () => {} })
      const parts = await all(fullStream as any).catch((error) => [{ type: 'error', error }])
      expect(parts.map(({ type }: any) => type)).toContain('error')
      expect(server.stats.requests).toBe(time)
    }
    expect(cache.getStats().entries).toBe(0)
  })

  test('an answer that the server cuts off is not kept', async () => {
    const { server, model, cache } = await start({ maxTokens: 2 })
    for (let time = 1; time <= 2; time++) {
      expect((await ai.generateText({ model, prompt: QUESTION })).finishReason).toBe('length')
      expect(server.stats.requests).toBe(time)
    }
    expect(cache.getStats().entries).toBe(0)
  })

  test('of embeddings only those that are missing are asked for', async () => {
    const { server, provider } = await start()
    const model = ai.wrapEmbeddingModel({
      model: provider.embeddingModel('local-embedding'),
      middleware: embeddingMiddleware({ cache: new EmbeddingCache() }),
    })
    const values = ['a', 'b', 'c', 'a']
    const plain = await ai.embedMany({ model: provider.embeddingModel('local-embedding'), values })
    await ai.embed({ model, value: 'b' })
    const { embeddings } = await ai.embedMany({ model, values })
    expect(embeddings).toEqual(plain.embeddings)
    const { requests } = server.stats
    expect(await ai.embedMany({ model, values })).toMatchObject({ embeddings, usage: { tokens: 0 } })
    expect(server.stats.requests).toBe(requests)
  })

  test('what one process has asked another does not ask again', async () => {
    const { server } = await start()
    const folder = temporaryFolder()
    const run = async () => {
      const program = Program.process()
      const answers = await program.run(askEverything, { folder, url: server.url, packages })
      await program.leave()
      return answers
    }
    const first = await run()
    expect(first).toMatchObject({ steps: 2, cached: [null, null, null] })
    const { requests } = server.stats
    expect(requests).toBe(5)
    expect(await run()).toEqual({ ...first, cached: Array(3).fill(CACHED['ai-evals-performance']) })
    expect(server.stats.requests).toBe(requests)
  })

  test('two processes at once share their requests', async () => {
    const { server } = await start({ medianLatency: 50 })
    const folder = temporaryFolder()
    const programs = [Program.process(), Program.process()]
    const answers = await Promise.all(
      programs.map((program) => program.run(askEverything, { folder, url: server.url, packages })),
    )
    await Promise.all(programs.map((program) => program.leave()))
    expect(answers[0]!.text).toBe(answers[1]!.text)
    expect(answers[0]!.time).toBe(answers[1]!.time)
    expect(server.stats.requests).toBe(5)
  })
})
