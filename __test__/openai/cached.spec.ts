// What a user of the client types, and what he must not notice.

import { ResponseCache } from '@aah/ai-evals-performance'
import { cached, isCached, sample } from '@aah/ai-evals-performance/openai'
import OpenAI from 'openai'
import OpenAI7 from 'openai-7'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../helpers/folders.ts'
import { collect, QUESTION, startTestServer } from '../helpers/model-server.ts'

const request = { model: 'sure', messages: [{ role: 'user' as const, content: QUESTION }] }
const CLIENTS = { 6: OpenAI, 7: OpenAI7 as unknown as typeof OpenAI }

describe.each([6, 7] as const)('the client of openai %i', (major) => {
  async function start(options?: Parameters<typeof cached>[1], server?: Parameters<typeof startTestServer>[0]) {
    const started = await startTestServer(server)
    const client = new CLIENTS[major]({ apiKey: 'any', baseURL: started.server.url, logLevel: 'off' })
    return { ...started, client, openai: cached(client, options), stats: started.server.stats }
  }

  it('stays of its class, with its properties and its other resources, and leaves the original alone', async () => {
    const { client, openai, stats } = await start()
    expect(openai).toBeInstanceOf(CLIENTS[major])
    expect(openai).not.toBe(client)
    expect([openai.baseURL, openai.apiKey, openai.timeout]).toEqual([client.baseURL, client.apiKey, client.timeout])
    expect(openai.maxRetries).toBe(0)
    expect(client.maxRetries).toBe(2)
    expect((await openai.models.list()).data.map(({ id }) => id)).toEqual(['sure'])
    expect(Object.keys(openai)).toEqual(Object.keys(client.withOptions({})))
    await client.chat.completions.create(request)
    await client.chat.completions.create(request)
    expect(stats.requests).toBe(2)
  })

  it('answers an equal request without asking, with all that the provider gave', async () => {
    const { client, openai, stats } = await start()
    const plain = await client.chat.completions.create(request)
    const first = await openai.chat.completions.create(request)
    const second = await openai.chat.completions.create({ messages: request.messages, model: 'sure' })
    expect(stats.requests).toBe(2)
    expect(second).toEqual(first)
    expect(second).not.toBe(first)
    expect(Object.keys(second)).toEqual(Object.keys(plain))
    expect(second._request_id).toBe(first._request_id)
    expect(second.choices[0]!.message.content).toBe(plain.choices[0]!.message.content)
    expect([isCached(first), isCached(second)]).toEqual([false, true])
    second.choices[0]!.message.content = 'changed'
    expect((await openai.chat.completions.create(request)).choices[0]!.message.content).not.toBe('changed')
  })

  it('asks once for equal requests that are made at once', async () => {
    const { openai, stats } = await start()
    const answers = await Promise.all([1, 2, 3].map(() => openai.chat.completions.create(request)))
    expect(stats.requests).toBe(1)
    expect(answers[1]).toEqual(answers[0])
    expect(answers.map(isCached)).toEqual([false, true, true])
  })

  it('gives the response too, with `withResponse` and `asResponse`', async () => {
    const { openai } = await start()
    const live = await openai.chat.completions.create(request).withResponse()
    const hit = await openai.chat.completions.create(request).withResponse()
    expect(hit.data).toEqual(live.data)
    expect([live, hit].map(({ response }) => response.status)).toEqual([200, 200])
    expect(hit.response.url).toBe(live.response.url)
    expect([live, hit].map(({ response }) => isCached(response))).toEqual([false, true])
    const raw = await openai.chat.completions.create(request).asResponse()
    expect(await raw.json()).toEqual(live.data)
    expect(raw.headers.get('x-ai-evals-cache')).toBe('hit')
  })

  it('streams live and replays chunk by chunk what was streamed', async () => {
    const { client, openai, stats } = await start()
    const body = { ...request, stream: true, stream_options: { include_usage: true } } as const
    const expected = await collect(await client.chat.completions.create(body))
    const live = await openai.chat.completions.create(body)
    expect(live.constructor.name).toBe('Stream')
    const chunks = await collect(live)
    const replayed = await openai.chat.completions.create(body)
    expect(await collect(replayed)).toEqual(chunks)
    expect(chunks.length).toBe(expected.length)
    expect([isCached(live), isCached(replayed)]).toEqual([false, true])
    const [left, right] = (await openai.chat.completions.create(body)).tee()
    expect(await collect(left)).toEqual(chunks)
    expect(await collect(right)).toEqual(chunks)
    const lines = await new Response((await openai.chat.completions.create(body)).toReadableStream() as any).text()
    expect(
      lines
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(chunks)
    expect(stats.requests).toBe(2)
  })

  it('works with the helpers `parse` and `stream` of chat completions', async () => {
    const { openai, stats } = await start()
    const format = {
      type: 'json_schema' as const,
      json_schema: {
        name: 'answer',
        schema: { type: 'object', properties: { by: { type: 'integer' } }, required: ['by'] },
      },
    }
    const parse = () => openai.chat.completions.parse({ ...request, response_format: format })
    const [first, second] = [await parse(), await parse()]
    expect(second).toEqual(first)
    const events = async () => {
      const stream = openai.chat.completions.stream(request)
      const deltas: string[] = []
      stream.on('content', (delta) => deltas.push(delta))
      return { deltas, final: await stream.finalChatCompletion() }
    }
    const [live, hit] = [await events(), await events()]
    expect(hit).toEqual(live)
    expect(live.deltas.length).toBeGreaterThan(2)
    expect(stats.requests).toBe(2)
  })

  it('caches responses, streamed and parsed ones too', async () => {
    const { openai, stats } = await start()
    const body = { model: 'sure', input: QUESTION }
    const [first, second] = [await openai.responses.create(body), await openai.responses.create(body)]
    expect(second).toEqual(first)
    expect(second.output_text).toContain('42')
    expect(isCached(second)).toBe(true)
    const stream = async () => collect(await openai.responses.create({ ...body, stream: true }))
    expect(await stream()).toEqual(await stream())
    const final = async () => (await openai.responses.stream(body).finalResponse()).output_text
    expect(await final()).toBe(await final())
    expect((await openai.responses.parse(body)).output_text).toBe(first.output_text)
    expect(stats.requests).toBe(2)
  })

  it('does not cache responses that live on at the provider', async () => {
    const { openai, stats } = await start()
    for (let time = 0; time < 2; time++)
      await openai.responses.create({ model: 'sure', input: QUESTION, background: true })
    expect(stats.requests).toBe(2)
  })

  it('keeps samples apart, and does not tell the provider of them', async () => {
    const seen: (string | null)[] = []
    const started = await startTestServer()
    const client = new CLIENTS[major]({
      apiKey: 'any',
      baseURL: started.server.url,
      fetch: (url, init) => {
        seen.push(new Headers(init?.headers).get('x-ai-evals-sample'))
        return fetch(url as string, init)
      },
    })
    const openai = cached(client)
    await openai.chat.completions.create(request)
    await openai.chat.completions.create(request, { headers: sample(1) })
    await openai.chat.completions.create(request, { headers: { ...sample(1), 'x-request-id': 'a' } })
    await openai.chat.completions.create(request, { headers: sample(0) })
    expect(started.server.stats.requests).toBe(2)
    expect(seen).toEqual([null, null])
    await expect(openai.chat.completions.create(request, { headers: { 'x-ai-evals-sample': 'two' } })).rejects.toThrow(
      RangeError,
    )
  })

  it('leaves out of the key who asks, and nothing else', async () => {
    const { openai, stats } = await start()
    const ask = (more: object) => openai.chat.completions.create({ ...request, ...more })
    await ask({})
    await ask({ user: 'a', safety_identifier: 'b', prompt_cache_key: 'c' })
    expect(stats.requests).toBe(1)
    for (const more of [{ temperature: 0 }, { seed: 1 }, { metadata: { a: '1' } }, { store: true }, { n: 1 }])
      await ask(more)
    expect(stats.requests).toBe(6)
  })

  it('does not mix the answers of two URLs or projects, unless they are told to be the same', async () => {
    const cache = new ResponseCache()
    const [one, two] = [await startTestServer(), await startTestServer()]
    const ask = (url: string, more: object = {}, name?: string) => {
      const client = new CLIENTS[major]({ apiKey: 'any', baseURL: url, ...more })
      return cached(client, { cache, ...(name && { name }) }).chat.completions.create(request)
    }
    await ask(one.server.url)
    await ask(two.server.url)
    await ask(one.server.url, { project: 'p' })
    await ask(one.server.url, { apiKey: 'another' })
    expect([one.server.stats.requests, two.server.stats.requests]).toEqual([2, 1])
    await ask(one.server.url, {}, 'local')
    await ask(two.server.url, { project: 'p' }, 'local')
    expect([one.server.stats.requests, two.server.stats.requests]).toEqual([3, 1])
  })

  it('hands errors of the provider on as the client makes them, to all who wait, and keeps none', async () => {
    const { client, openai, stats } = await start()
    const wrong = { ...request, model: 'none' }
    const failure = await client.chat.completions.create(wrong).catch((error) => error)
    const failures = await Promise.all([1, 2].map(() => openai.chat.completions.create(wrong).catch((error) => error)))
    for (const error of failures) {
      expect(error).toBeInstanceOf(CLIENTS[major].NotFoundError)
      expect(error.message).toBe(failure.message)
      expect(error.error).toEqual(failure.error)
    }
    expect(stats.requests).toBe(2)
    await openai.chat.completions.create(wrong).catch(() => {})
    expect(stats.requests).toBe(3)
  })

  it('hands its own failures on as they are', async () => {
    const { openai, stats } = await start({ cache: new ResponseCache({ mode: 'replay' }) })
    await expect(openai.chat.completions.create(request)).rejects.toMatchObject({ code: 'ERR_REPLAY_MISS' })
    await expect(openai.chat.completions.create({ ...request, stream: true })).rejects.toMatchObject({
      code: 'ERR_REPLAY_MISS',
    })
    expect(stats.requests).toBe(0)
  })

  it('tells a connection that fails as the client does', async () => {
    const client = new CLIENTS[major]({ apiKey: 'any', baseURL: 'http://127.0.0.1:9/v1' })
    await expect(cached(client).chat.completions.create(request)).rejects.toBeInstanceOf(
      CLIENTS[major].APIConnectionError,
    )
  })

  it('retries where a call asks for it', async () => {
    const { openai, stats } = await start(undefined, { failureRate: 1 })
    await expect(openai.chat.completions.create(request)).rejects.toMatchObject({ status: expect.any(Number) })
    const other = { ...request, temperature: 0.5 }
    await openai.chat.completions.create(other, { maxRetries: 2 })
    await openai.withOptions({ maxRetries: 2 }).chat.completions.create({ ...other, temperature: 0.7 })
    expect(stats.completions).toBe(2)
  })

  it('keeps the cache with `withOptions`', async () => {
    const { openai, stats } = await start()
    await openai.chat.completions.create(request)
    const other = openai.withOptions({ timeout: 5_000 })
    expect(other).toBeInstanceOf(CLIENTS[major])
    expect(other.timeout).toBe(5_000)
    expect(isCached(await other.chat.completions.create(request))).toBe(true)
    expect(stats.requests).toBe(1)
  })

  it('ends a call with its signal or its time, and not the others that wait for the same', async () => {
    const sent: ((response: Response) => void)[] = []
    const answering = () => new Promise<Response>((resolve) => sent.push(resolve))
    const openai = cached(new CLIENTS[major]({ apiKey: 'any', fetch: answering, logLevel: 'off' }))
    const controller = new AbortController()
    const aborted = openai.chat.completions.create(request, { signal: controller.signal }).catch((error) => error)
    const late = openai.chat.completions.create(request, { timeout: 20 }).catch((error) => error)
    const patient = openai.chat.completions.create(request)
    expect(await late).toBeInstanceOf(CLIENTS[major].APIConnectionTimeoutError)
    controller.abort()
    expect(await aborted).toBeInstanceOf(CLIENTS[major].APIUserAbortError)
    sent[0]!(Response.json({ choices: [] }))
    expect((await patient).choices).toEqual([])
    expect(sent).toHaveLength(1)
  })

  it('keeps no answer that was cut off', async () => {
    const { openai, stats } = await start(undefined, { maxTokens: 3 })
    for (let time = 0; time < 2; time++) {
      const { choices } = await openai.chat.completions.create(request)
      expect(choices[0]!.finish_reason).toBe('length')
      await collect(await openai.chat.completions.create({ ...request, stream: true }))
      await collect(await openai.responses.create({ model: 'sure', input: QUESTION, stream: true }))
    }
    expect(stats.requests).toBe(6)
  })

  it('counts what hits save by the usage of the answer', async () => {
    const cache = new ResponseCache()
    const { openai } = await start({ cache, cost: ({ inputTokens = 0 }) => inputTokens / 2 })
    const { usage } = await openai.chat.completions.create(request)
    await openai.chat.completions.create(request)
    expect(cache.getStats().savings).toMatchObject({ tokens: usage!.total_tokens, cost: usage!.prompt_tokens / 2 })
    const body = { ...request, stream: true, stream_options: { include_usage: true } } as const
    for (let time = 0; time < 2; time++) await collect(await openai.chat.completions.create(body))
    expect(cache.getStats().savings.tokens).toBe(usage!.total_tokens * 2)
  })

  it('needs no request where a store has the answer', async () => {
    const folder = temporaryFolder()
    const { client, stats } = await start()
    const body = { ...request, stream: true } as const
    const input = ['a', 'b']
    const run = async () => {
      await using cache = new ResponseCache({ store: folder })
      const openai = cached(client, { cache })
      const answer = await openai.chat.completions.create(request)
      const chunks = await collect(await openai.chat.completions.create(body))
      const { data } = await openai.embeddings.create({ model: 'local-embedding', input })
      await cache.flush()
      return { answer, chunks, data }
    }
    const first = await run()
    expect(await run()).toEqual(first)
    expect(stats.requests).toBe(3)
  })
})

it('refuses what is no client, and options that make no sense', async () => {
  const client = new OpenAI({ apiKey: 'any' })
  expect(() => cached({} as OpenAI)).toThrow(
    new TypeError('Expected `client` to be a client of the `openai` package, got `an object`'),
  )
  const refused = (options: object) => () => cached(client, options)
  expect(refused({ cache: new Map() })).toThrow(TypeError)
  expect(refused({ limiter: {} })).toThrow(new TypeError('Expected `limiter` to be a RateLimiter, got `an object`'))
  expect(refused({ ttl: 0 })).toThrow(RangeError)
  expect(refused({ sample: -1 })).toThrow(RangeError)
  expect(refused({ name: 1 })).toThrow(TypeError)
  expect(refused({ ignore: 'user' })).toThrow(TypeError)
  expect(refused({ ignore: [1] })).toThrow(new TypeError('Expected `ignore[0]` to be a string, got `1`'))
  expect(refused({ cost: 1 })).toThrow(TypeError)
  expect(refused({ estimateTokens: 1 })).toThrow(TypeError)
  expect(() => sample(1.5)).toThrow(RangeError)
})
