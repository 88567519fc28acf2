// What providers and gateways send in the place of an answer, and what never comes.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RateLimiter, ResponseCache } from '@aah/ai-evals-performance'
import { cached as cachedAnthropic } from '@aah/ai-evals-performance/anthropic'
import { cached } from '@aah/ai-evals-performance/openai'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import OpenAI7 from 'openai-7'
import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../helpers/script-server.ts'

const request = { model: 'm', messages: [{ role: 'user' as const, content: 'What?' }] }
const CLIENTS = { 6: OpenAI, 7: OpenAI7 as unknown as typeof OpenAI }
const failure = { error: { message: 'overloaded' } }
const choice = { index: 0, message: { content: '5' } }

/** How many of two equal requests are made, when this is what each is answered with, and how much is kept. */
async function requestsFor(
  body: object,
  ask: (fetch: () => Promise<Response>, cache: ResponseCache) => Promise<unknown>,
) {
  let requests = 0
  const fetch = async () => {
    requests++
    return Response.json(body)
  }
  const cache = new ResponseCache()
  for (let time = 0; time < 2; time++) await ask(fetch, cache)
  return requests
}

describe.each([6, 7] as const)('the client of openai %i', (major) => {
  it.each<[string, object, number]>([
    ['a failure', failure, 2],
    ['no choices', { choices: [] }, 2],
    ['something else for choices', { choices: null }, 2],
    ['a choice that failed', { choices: [{ ...choice, finish_reason: 'error' }] }, 2],
    ['a failure beside a choice', { ...failure, choices: [{ ...choice, finish_reason: 'stop' }] }, 2],
    ['calls of tools', { choices: [{ ...choice, finish_reason: 'tool_calls' }] }, 1],
    ['a choice that does not say how it ended', { choices: [choice] }, 1],
  ])('keeps only what is an answer of a chat, as to %s', async (_, body, requests) => {
    const ask = (fetch: () => Promise<Response>, cache: ResponseCache) =>
      cached(new CLIENTS[major]({ apiKey: 'any', fetch }), { cache }).chat.completions.create(request)
    expect(await requestsFor(body, ask)).toBe(requests)
  })

  it.each<[string, object, number]>([
    ['a failure', failure, 2],
    ['one that waits', { object: 'response', status: 'queued', output: [] }, 2],
    ['one that is being made', { object: 'response', status: 'in_progress', output: [] }, 2],
    ['one that is complete', { object: 'response', status: 'completed', error: null, output: [] }, 1],
  ])('keeps only what is a response, as to %s', async (_, body, requests) => {
    const ask = (fetch: () => Promise<Response>, cache: ResponseCache) =>
      cached(new CLIENTS[major]({ apiKey: 'any', fetch }), { cache })
        .responses.create({ model: 'm', input: 'What?' })
        .asResponse()
    expect(await requestsFor(body, ask)).toBe(requests)
  })

  it('gives up an answer of which only the headers come, after its time, with the permit', async () => {
    const server = createServer((message, response) => {
      message.resume()
      response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const limiter = new RateLimiter({ requestsPerMinute: 10, concurrency: 1 })
    const openai = cached(new CLIENTS[major]({ apiKey: 'any', baseURL }), { limiter })
    const asked = openai.chat.completions.create(request, { timeout: 20 })
    await expect(asked).rejects.toBeInstanceOf(CLIENTS[major].APIConnectionTimeoutError)
    await eventually(() => expect(limiter.getState().inFlight).toBe(0))
  })
})

it.each<[string, object, number]>([
  ['a failure', { type: 'error', ...failure }, 2],
  ['a message', { type: 'message', content: [], stop_reason: 'end_turn' }, 1],
  ['a turn that is to go on', { type: 'message', content: [], stop_reason: 'pause_turn' }, 1],
  ['a call of a tool', { type: 'message', content: [], stop_reason: 'tool_use' }, 1],
  ['a message that was cut off', { type: 'message', content: [], stop_reason: 'max_tokens' }, 2],
  ['a refusal', { type: 'message', content: [], stop_reason: 'refusal' }, 2],
])('the client of Anthropic keeps only what is an answer, as to %s', async (_, body, requests) => {
  const ask = (fetch: () => Promise<Response>, cache: ResponseCache) =>
    cachedAnthropic(new Anthropic({ apiKey: 'any', fetch }), { cache }).messages.create({ ...request, max_tokens: 9 })
  expect(await requestsFor(body, ask)).toBe(requests)
})
