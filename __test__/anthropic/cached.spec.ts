// What a user of Anthropic's client types, and what he must not notice.

import { RateLimiter, ResponseCache } from '@aah/ai-evals-performance'
import { cached, isCached, sample } from '@aah/ai-evals-performance/anthropic'
import Anthropic from '@anthropic-ai/sdk'
import { expect, it, vi } from 'vitest'
import { collect, QUESTION, startTestServer } from '../helpers/model-server.ts'
import { eventually, startScript } from '../helpers/script-server.ts'

const request = { model: 'sure', max_tokens: 1_000, messages: [{ role: 'user' as const, content: QUESTION }] }

async function start(options?: Parameters<typeof cached>[1], server?: Parameters<typeof startTestServer>[0]) {
  const started = await startTestServer(server)
  const client = new Anthropic({ apiKey: 'any', baseURL: started.server.origin, logLevel: 'off' })
  return { client, anthropic: cached(client, options), stats: started.server.stats }
}

it('answers an equal message without asking, and stays a client of its class', async () => {
  const { client, anthropic, stats } = await start()
  expect(anthropic).toBeInstanceOf(Anthropic)
  expect([anthropic.maxRetries, client.maxRetries]).toEqual([0, 2])
  const plain = await client.messages.create(request)
  const first = await anthropic.messages.create(request)
  const second = await anthropic.messages.create({ ...request, metadata: { user_id: 'me' } })
  expect(second).toEqual(first)
  expect(Object.keys(second)).toEqual(Object.keys(plain))
  expect(second._request_id).toBe(first._request_id)
  expect([isCached(first), isCached(second)]).toEqual([false, true])
  const { data, response } = await anthropic.messages.create(request).withResponse()
  expect(data).toEqual(first)
  expect(isCached(response)).toBe(true)
  expect(isCached(await anthropic.withOptions({ timeout: 9_000 }).messages.create(request))).toBe(true)
  await anthropic.messages.create(request, { headers: sample(1) })
  expect(stats.requests).toBe(3)
})

it('replays a stream event by event, also through the helper', async () => {
  const { client, anthropic, stats } = await start()
  const body = { ...request, stream: true } as const
  const plain = await collect(await client.messages.create(body))
  const live = await collect(await anthropic.messages.create(body))
  expect(live.map(({ type }) => type)).toEqual(plain.map(({ type }) => type))
  const replayed = await anthropic.messages.create(body)
  expect(isCached(replayed)).toBe(true)
  expect(await collect(replayed)).toEqual(live)
  const texts: string[] = []
  const stream = anthropic.messages.stream(request).on('text', (text) => texts.push(text))
  const message = await stream.finalMessage()
  expect(message.content).toEqual([expect.objectContaining({ type: 'text', text: texts.join('') })])
  expect(texts.length).toBeGreaterThan(2)
  expect(stats.requests).toBe(2)
})

it('keeps no message that was cut off, and counts what hits save', async () => {
  const cut = await start(undefined, { maxTokens: 3 })
  for (let time = 0; time < 2; time++) {
    expect((await cut.anthropic.messages.create(request)).stop_reason).toBe('max_tokens')
    await collect(await cut.anthropic.messages.create({ ...request, stream: true }))
  }
  expect(cut.stats.requests).toBe(4)
  const cache = new ResponseCache()
  const { anthropic } = await start({ cache })
  const { usage } = await anthropic.messages.create(request)
  await anthropic.messages.create(request)
  expect(cache.getStats().savings.tokens).toBe(usage.input_tokens + usage.output_tokens)
})

it('hands errors on: those of the provider as the client makes them, those of the cache as they are', async () => {
  const { anthropic, client } = await start()
  const wrong = { ...request, model: 'none' }
  const expected = await client.messages.create(wrong).catch((error) => error)
  const failure = await anthropic.messages.create(wrong).catch((error) => error)
  expect(failure).toBeInstanceOf(Anthropic.NotFoundError)
  expect(failure.error.error).toEqual(expected.error.error)
  expect(failure.type).toBe(expected.type)
  const replaying = cached(client, { cache: new ResponseCache({ mode: 'replay' }) })
  await expect(replaying.messages.create(request)).rejects.toMatchObject({ code: 'ERR_REPLAY_MISS' })
})

it('hangs up when a stream is left by all, gives the permit back and keeps nothing', async () => {
  const { url, responses, closed, arrived } = await startScript()
  const cache = new ResponseCache()
  const limiter = new RateLimiter({ requestsPerMinute: 9, concurrency: 1 })
  const client = new Anthropic({ apiKey: 'any', baseURL: new URL(url).origin })
  const anthropic = cached(client, { cache, limiter })
  const asked = anthropic.messages.create({ ...request, stream: true })
  await arrived(1)
  responses[0]!.write('event: message_start\ndata: {"type":"message_start","message":{"id":"m"}}\n\n')
  for await (const event of await asked) {
    expect(event.type).toBe('message_start')
    break
  }
  await eventually(() => expect(closed[0]).toBe(true))
  await eventually(() => expect(limiter.getState().inFlight).toBe(0))
  expect(cache.getStats().size).toBe(0)
})

it('settles tokens with those of the provider’s cache, and believes its headers', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'], now: Date.parse('2026-05-01T12:00:00Z') })
  try {
    const usage = { input_tokens: 10, output_tokens: 5, cache_creation_input_tokens: 20, cache_read_input_tokens: 300 }
    const message = { type: 'message', role: 'assistant', content: [], stop_reason: 'end_turn', usage }
    const headers = {
      'anthropic-ratelimit-requests-remaining': '40',
      'anthropic-ratelimit-requests-reset': '2026-05-01T12:00:30Z',
      'anthropic-ratelimit-output-tokens-remaining': '1000',
      'anthropic-ratelimit-output-tokens-reset': '2026-05-01T12:00:10Z',
    }
    const cache = new ResponseCache()
    const limiter = new RateLimiter({
      requestsPerMinute: 100,
      inputTokensPerMinute: 10_000,
      outputTokensPerMinute: 10_000,
    })
    const client = new Anthropic({ apiKey: 'any', fetch: async () => Response.json(message, { headers }) })
    const anthropic = cached(client, { cache, limiter })
    for (let time = 0; time < 2; time++) await anthropic.messages.create(request)
    // 9,000 are left of the answers' tokens when 1,000 are reserved; the provider says 1,000.
    expect(limiter.getState()).toMatchObject({ requests: 60, inputTokens: 30, outputTokens: 8_005, inFlight: 0 })
    expect(cache.getStats().savings.tokens).toBe(335)
    vi.advanceTimersByTime(10_000)
    expect(limiter.getState()).toMatchObject({ requests: 60, outputTokens: 5 })
    vi.advanceTimersByTime(20_000)
    expect(limiter.getState()).toMatchObject({ requests: 1 })
  } finally {
    vi.useRealTimers()
  }
})

it('refuses what is no client', () => {
  expect(() => cached({} as Anthropic)).toThrow(
    new TypeError('Expected `client` to be a client of the `@anthropic-ai/sdk` package, got `an object`'),
  )
})
