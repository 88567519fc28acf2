// Clients that are not plain ones, and what is left behind.

import { getEventListeners } from 'node:events'
import { cached, isCached } from '@aah/ai-evals-performance/openai'
import OpenAI, { AzureOpenAI } from 'openai'
import { AzureOpenAI as AzureOpenAI7 } from 'openai-7'
import { expect, it, vi } from 'vitest'
import { collect, QUESTION, startTestServer } from '../helpers/model-server.ts'
import { eventually } from '../helpers/script-server.ts'

const request = { model: 'sure', messages: [{ role: 'user' as const, content: QUESTION }] }

it.each([
  [6, AzureOpenAI],
  [7, AzureOpenAI7 as unknown as typeof AzureOpenAI],
])('keeps the class of a client of Azure (openai %i), and its way to a deployment', async (_, Azure) => {
  const urls: string[] = []
  const client = new Azure({
    apiKey: 'any',
    endpoint: 'https://azure.invalid',
    apiVersion: '2026-01-01',
    deployment: 'mine',
    fetch: async (url) => {
      urls.push(String(url))
      return Response.json({ choices: [{ index: 0, message: { content: '5' }, finish_reason: 'stop' }] })
    },
  })
  const azure = cached(client)
  expect(azure).toBeInstanceOf(Azure)
  for (let time = 0; time < 2; time++) await azure.chat.completions.create(request)
  await azure.withOptions({ timeout: 100 }).chat.completions.create(request)
  expect(urls).toEqual(['https://azure.invalid/openai/deployments/mine/chat/completions?api-version=2026-01-01'])
})

it('keeps what a class of the user’s own adds, and what it does before each request', async () => {
  const { server } = await startTestServer()
  class Client extends OpenAI {
    prepared = 0
    override async prepareOptions() {
      this.prepared++
    }
    greet() {
      return 'hello'
    }
  }
  const client = cached(new Client({ apiKey: 'any', baseURL: server.url }))
  for (let time = 0; time < 2; time++) await client.chat.completions.create(request)
  expect([client.greet(), client.prepared, server.stats.requests]).toEqual(['hello', 2, 1])
})

it('leaves no listener on a signal that outlives its calls', async () => {
  const { openai } = await startTestServer()
  const client = cached(openai)
  const { signal } = new AbortController()
  const options = { signal }
  for (let time = 0; time < 3; time++) {
    await client.chat.completions.create(request, options)
    await collect(await client.chat.completions.create({ ...request, stream: true }, options))
    await client.chat.completions.create({ ...request, model: 'none' }, options).catch(() => {})
    await client.embeddings.create({ model: 'local-embedding', input: 'a' }, options)
  }
  await eventually(() => expect(getEventListeners(signal, 'abort')).toEqual([]))
})

it('passes everything else through as it is', async () => {
  const { server, openai } = await startTestServer()
  const client = cached(openai)
  const models = await client.models.list()
  expect(models.data).toHaveLength(1)
  expect(isCached(models)).toBe(false)
  await expect(client.post('/nothing', { body: {} })).rejects.toBeInstanceOf(OpenAI.NotFoundError)
  expect(server.stats.requests).toBe(0)
})

it('is what other wrappers can wrap again', async () => {
  const { server, openai } = await startTestServer()
  const create = vi.fn()
  const inner = cached(openai)
  const traced = new Proxy(inner, {
    get(target, property) {
      create(property)
      return Reflect.get(target, property, target)
    },
  })
  const outer = cached(traced)
  for (let time = 0; time < 2; time++) await outer.chat.completions.create(request)
  for (let time = 0; time < 2; time++) await traced.chat.completions.create(request)
  expect(server.stats.requests).toBe(1)
  expect(create).toHaveBeenCalledWith('chat')
})
