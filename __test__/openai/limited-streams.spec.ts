import { RateLimiter } from '@aah/ai-evals-performance'
import { cached } from '@aah/ai-evals-performance/openai'
import OpenAI from 'openai'
import { expect, it } from 'vitest'
import { collect } from '../helpers/model-server.ts'
import { chunk, END, eventually, startScript } from '../helpers/script-server.ts'

const request: OpenAI.ChatCompletionCreateParamsStreaming = {
  model: 'm',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'What?' }],
  stream: true,
}

async function start() {
  const script = await startScript()
  const limiter = new RateLimiter({ requestsPerMinute: 100, tokensPerMinute: 10_000, concurrency: 1 })
  const openai = cached(new OpenAI({ apiKey: 'any', baseURL: script.url }), { limiter })
  const ask = (seed: number) => openai.chat.completions.create({ ...request, seed })
  const inFlight = () => limiter.getState().inFlight
  return { ...script, limiter, ask, inFlight }
}

it('holds a permit until a stream has ended, and settles it by the usage that was asked for', async () => {
  const { ask, responses, arrived, limiter, inFlight } = await start()
  const stream = ask(1)
  await arrived(1)
  responses[0]!.write(chunk('a'))
  expect(inFlight()).toBe(1)
  expect(limiter.getState().tokens).toBeGreaterThan(100)
  const usage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 }
  responses[0]!.end(`${chunk('', 'stop')}data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`)
  await collect(await stream)
  await eventually(() => expect(inFlight()).toBe(0))
  expect(limiter.getState().tokens).toBe(10)
})

it.each([
  [
    'left',
    async (stream: AsyncIterable<unknown>) => {
      for await (const _ of stream) break
    },
  ],
  ['aborted', async (stream: { controller: AbortController }) => stream.controller.abort()],
])('gives the permit of a stream back that is %s, and nothing keeps the next from starting', async (_, leave) => {
  const { ask, responses, arrived, inFlight } = await start()
  const first = ask(1)
  await arrived(1)
  responses[0]!.write(chunk('a'))
  const second = ask(2)
  await leave((await first) as never)
  await arrived(2)
  responses[1]!.end(chunk('b') + END)
  expect(await collect(await second)).toHaveLength(2)
  await eventually(() => expect(inFlight()).toBe(0))
})

it('gives the permit of a stream back that nobody reads, or that the server breaks off', async () => {
  const { ask, responses, arrived, inFlight } = await start()
  const unread = ask(1)
  await arrived(1)
  responses[0]!.end(chunk('a') + END)
  await unread
  await eventually(() => expect(inFlight()).toBe(0))
  const broken = ask(2)
  await arrived(2)
  responses[1]!.write(chunk('a'))
  const stream = await broken
  responses[1]!.destroy()
  await expect(collect(stream)).rejects.toThrow()
  await eventually(() => expect(inFlight()).toBe(0))
})

it('is held back by what headers say, and by a pause that is asked for', async () => {
  const limiter = new RateLimiter({ requestsPerMinute: 100, tokensPerMinute: 10_000 })
  let response = () => Response.json({ choices: [] }, { headers: LEFT })
  const openai = cached(new OpenAI({ apiKey: 'any', fetch: async () => response() }), { limiter })
  const ask = (seed: number) => openai.chat.completions.create({ ...request, stream: false, seed })
  await ask(1)
  const left = limiter.tryAcquire({ tokens: 1 })
  expect(limiter.getState()).toMatchObject({ requests: 98, tokens: expect.any(Number) })
  expect('release' in left).toBe(true)
  response = () => Response.json({ error: {} }, { status: 503, headers: { 'retry-after': '30' } })
  await ask(2).catch(() => {})
  expect(limiter.tryAcquire()).toMatchObject({ reason: 'provider' })
})

const LEFT = {
  'x-ratelimit-remaining-requests': '3',
  'x-ratelimit-reset-requests': '6m0s',
  'x-ratelimit-remaining-tokens': 'many',
  'x-ratelimit-reset-tokens': '-1s',
}
