// Which requests share an answer, besides those with the same body.

import { RateLimiter, ResponseCache } from '@aah/ai-evals-performance'
import { type CachedOptions, cached } from '@aah/ai-evals-performance/openai'
import OpenAI from 'openai'
import { expect, it } from 'vitest'
import { collect } from '../helpers/model-server.ts'
import { chunk, END } from '../helpers/script-server.ts'

const request = { model: 'm', messages: [{ role: 'user' as const, content: 'What?' }] }
const ANSWER = { choices: [{ index: 0, message: { content: '5' }, finish_reason: 'stop' }] }

/** How many requests come of one call for each of these headers. */
async function requestsWith(headers: Record<string, string>[], options: CachedOptions = {}): Promise<number> {
  let requests = 0
  const fetch = async () => {
    requests++
    return Response.json(ANSWER)
  }
  const cache = new ResponseCache()
  for (const defaultHeaders of headers) {
    const openai = cached(new OpenAI({ apiKey: 'any', defaultHeaders, fetch }), { cache, ...options })
    await openai.chat.completions.create(request)
  }
  return requests
}

it.each([
  ['a gateway’s choice of the provider', [{ 'x-portkey-provider': 'a' }, { 'x-portkey-provider': 'b' }], 2],
  ['the version of an interface', [{ 'OpenAI-Beta': 'a' }, { 'OpenAI-Beta': 'b' }], 2],
  ['the organisation', [{ 'OpenAI-Organization': 'a' }, { 'OpenAI-Organization': 'b' }], 2],
  ['credentials', [{ 'api-key': 'a' }, { 'api-key': 'b' }], 1],
  ['the client’s version', [{ 'user-agent': 'a' }, { 'user-agent': 'b', 'x-stainless-lang': 'other' }], 1],
  ['what traces a request', [{ traceparent: 'a', 'x-request-id': 'a' }, { traceparent: 'b' }], 1],
  ['who tells them apart in small letters', [{ 'X-A': 'a' }, { 'x-a': 'a' }], 1],
])('tells requests apart by their headers as far as those matter: %s', async (_, headers, requests) => {
  expect(await requestsWith(headers as Record<string, string>[])).toBe(requests)
})

it('leaves out headers that are named, and with a name of its own the account', async () => {
  const runs = [{ 'x-run': '1' }, { 'x-run': '2' }]
  expect(await requestsWith(runs)).toBe(2)
  expect(await requestsWith(runs, { ignoreHeaders: ['X-Run'] })).toBe(1)
  expect(() => cached(new OpenAI({ apiKey: 'any' }), { ignoreHeaders: 'x-run' as never })).toThrow(/`ignoreHeaders`/)
  const accounts = [{ 'OpenAI-Organization': 'a' }, { 'OpenAI-Organization': 'b' }]
  expect(await requestsWith(accounts, { name: 'both' })).toBe(1)
})

it('does not wait for itself where a client is cached twice in one cache, and limits as its inner client does', async () => {
  let requests = 0
  const fetch = async (_: unknown, init?: RequestInit) => {
    requests++
    const isStreamed = JSON.parse(init?.body as string).stream === true
    const headers = { 'content-type': 'text/event-stream' }
    return isStreamed ? new Response(chunk('a') + END, { headers }) : Response.json(ANSWER)
  }
  const cache = new ResponseCache()
  const limiter = new RateLimiter({ requestsPerMinute: 10 })
  const openai = cached(cached(new OpenAI({ apiKey: 'any', fetch }), { cache, limiter }), { cache })
  for (let time = 0; time < 2; time++) {
    expect(await openai.chat.completions.create(request)).toMatchObject(ANSWER)
    expect(await collect(await openai.chat.completions.create({ ...request, stream: true }))).toHaveLength(2)
  }
  expect([requests, limiter.getState().requests, limiter.getState().inFlight]).toEqual([2, 2, 0])
})
