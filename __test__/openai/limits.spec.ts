// The client with a limiter, against a provider that counts for itself, in virtual time over real HTTP.

import { ParallelExecutor, RateLimiter, type RateLimiterOptions, ResponseCache } from '@aah/ai-evals-performance'
import { cached } from '@aah/ai-evals-performance/openai'
import OpenAI from 'openai'
import OpenAI7 from 'openai-7'
import { describe, expect, it } from 'vitest'
import { promptTokens } from '../../examples/model-server/protocol.ts'
import type { ProviderOptions } from '../helpers/provider/provider.ts'
import { questions, type Session, sessions } from '../helpers/provider/session.ts'

const CLIENTS = { 6: OpenAI, 7: OpenAI7 as unknown as typeof OpenAI }
const startSession = sessions()

interface Limited extends Session {
  limiter: RateLimiter
  openai: OpenAI
  ask(question: string, options?: object): Promise<OpenAI.ChatCompletion>
}

async function start(limits: RateLimiterOptions, options: ProviderOptions = {}, major: 6 | 7 = 6): Promise<Limited> {
  const session = await startSession(options)
  const client = new CLIENTS[major]({ apiKey: 'any', baseURL: session.provider.url, fetch: session.time.traffic.fetch })
  const limiter = new RateLimiter(limits)
  const estimateTokens = (body: Record<string, unknown>) => ({
    inputTokens: promptTokens({ messages: body.messages as never }),
  })
  const cache = new ResponseCache({ maxSize: 10_000 })
  const openai = cached(client, { limiter, cache, estimateTokens })
  const ask = (question: string, options?: object) =>
    openai.chat.completions.create({ model: 'simulated', max_tokens: 200, messages: messagesOf(question) }, options)
  return { ...session, limiter, openai, ask }
}

function messagesOf(content: string) {
  return [{ role: 'user' as const, content }]
}

function several(count: number, ask: (question: string) => Promise<unknown>): Promise<unknown[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => ask(`What is ${index}?`)))
}

function refused({ provider }: Session): number {
  return provider.log.filter(({ outcome }) => outcome === 'refused').length
}

describe.each([6, 7] as const)('the client of openai %i', (major) => {
  it('is never refused where the limits are true, and uses the time it has', async () => {
    const limits = { requestsPerMinute: 40, tokensPerMinute: 6_000 }
    const session = await start({ ...limits, guarantee: 'strict' }, { limits }, major)
    await session.time.until(several(150, session.ask))
    expect(refused(session)).toBe(0)
    expect(session.provider.log).toHaveLength(150)
    expect(session.limiter.getState()).toMatchObject({ inFlight: 0, waiting: 0 })
    await session.time.until(several(150, session.ask))
    expect(session.provider.log).toHaveLength(150)
  })
})

it('counts what the provider says was used, and not what was estimated', async () => {
  const session = await start({ requestsPerMinute: 1_000, tokensPerMinute: 100_000 })
  const answer = await session.time.until(session.ask('How much?'))
  expect(session.limiter.getState().tokens).toBe(answer.usage!.total_tokens)
})

it.each([true, false])(
  'follows what the headers say of others who use the same key (if it listens: %s)',
  async (listens) => {
    const limits = { requestsPerMinute: 60 }
    const session = await start({ ...limits, concurrency: 4 }, { limits, retryAfter: 'none' })
    if (!listens) session.limiter.observe = () => {}
    const other = session.client.chat.completions
    await session.time.until(
      several(40, (question) =>
        other.create({ model: 'simulated', max_tokens: 9, messages: messagesOf(`Other: ${question}`) }),
      ),
    )
    const outcomes = session.time.until(several(60, (question) => session.ask(question).catch(() => undefined)))
    await outcomes
    if (listens) expect(refused(session)).toBe(0)
    else expect(refused(session)).toBeGreaterThan(10)
  },
)

it('pauses for as long as a refusal asks, and an executor brings every task to its answer', async () => {
  const session = await start({ requestsPerMinute: 1_000, concurrency: 1 }, { limits: { requestsPerMinute: 5 } })
  session.limiter.observe = () => {}
  const executor = new ParallelExecutor({ concurrency: 50, retry: true })
  const results = await session.time.until(
    executor.executeTasks(questions(12), async ({ testCase }) => {
      const { choices } = await session.ask(testCase.input)
      return { actual: choices[0]!.message.content! }
    }),
  )
  expect(results).toHaveLength(12)
  const { log } = session.provider
  const told = log.filter(({ until }) => until !== undefined)
  expect(told.length).toBeGreaterThan(0)
  for (const { at, until } of told) {
    expect(log.filter((other) => other.at > at && other.at < until!)).toEqual([])
  }
  expect(session.limiter.getState().inFlight).toBe(0)
})

it('gives its permit back whatever becomes of a request', async () => {
  const failures = { overloaded: 1, broken: 2, unavailable: 3, reset: 4, truncated: 5, hanging: 6 } as const
  const names = Object.keys(failures) as (keyof typeof failures)[]
  const session = await start(
    { requestsPerMinute: 1_000, concurrency: 2 },
    { failures: (question) => names.find((name) => question.startsWith(name)) },
  )
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 100)
  const asked = [
    ...names.map((name) => session.ask(`${name}?`, { timeout: 5_000 })),
    session.ask('hanging too?', { signal: controller.signal }),
    session.ask('and this?'),
  ]
  const outcomes = await session.time.until(Promise.allSettled(asked))
  expect(outcomes.map(({ status }) => status)).toEqual([...names.map(() => 'rejected'), 'rejected', 'fulfilled'])
  await session.time.pass(0)
  expect(session.limiter.getState()).toMatchObject({ inFlight: 0, waiting: 0 })
})

it('does not count the wait for a permit towards the time of a request', async () => {
  const session = await start({ requestsPerMinute: 1 })
  await session.time.until(session.ask('first?'))
  expect((await session.time.until(session.ask('second?', { timeout: 10_000 }))).choices).toHaveLength(1)
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 1_000)
  await expect(session.time.until(session.ask('third?', { signal: controller.signal }))).rejects.toBeInstanceOf(
    OpenAI.APIUserAbortError,
  )
  expect(session.limiter.getState()).toMatchObject({ inFlight: 0, waiting: 0 })
  expect(session.provider.log).toHaveLength(2)
})

it('hands the refusal of a request that is larger than a limit on as it is', async () => {
  const session = await start({ requestsPerMinute: 10, tokensPerMinute: 100 })
  await expect(session.time.until(session.ask('too much?'))).rejects.toMatchObject({ code: 'ERR_REQUEST_TOO_LARGE' })
})
