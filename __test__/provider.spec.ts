import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay, setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import OpenAI from 'openai'
import { expect, test, vi } from 'vitest'
import type { Limits } from './helpers/provider/limits.ts'
import {
  answerTo,
  type Failure,
  OVERLOAD_WAIT,
  type ProviderOptions,
  startProvider,
} from './helpers/provider/provider.ts'
import type { RetryAfterForm } from './helpers/provider/retry-after.ts'
import { inputTokens, type Session, sessions } from './helpers/provider/session.ts'
import { mostLetIn, statistics } from './helpers/provider/statistics.ts'

vi.setConfig({ testTimeout: 120_000 })

const start = sessions()
/** Every answer takes a second and has 50 tokens. */
const EVEN: ProviderOptions = { latency: { median: 1_000, spread: 0 }, length: { median: 50, spread: 0 } }
const QUESTION = 'What is question 0?'

/** What became of a request: its answer or its failure, when. */
async function outcome(request: Promise<OpenAI.ChatCompletion>): Promise<{ error?: any; text?: string; at: number }> {
  return request.then(
    ({ choices }) => ({ text: choices[0]!.message.content!, at: performance.now() }),
    (error) => ({ error, at: performance.now() }),
  )
}

/** Asks at each of the times, and waits for all the answers. */
async function askAt({ time, ask }: Session, times: number[], settings?: { max_tokens: number }) {
  const asked = times.map(
    (at, index) =>
      new Promise<Awaited<ReturnType<typeof outcome>>>((resolve) => {
        setTimeout(() => resolve(outcome(ask(`What is question ${index}?`, settings))), at)
      }),
  )
  return time.until(Promise.all(asked))
}

const statuses = (outcomes: { error?: any }[]) => outcomes.map(({ error }) => error?.status ?? 200)

test('an answer is the right one, takes its time and has its length, and travels in no time', async () => {
  const session = await start(EVEN)
  const [first] = await askAt(session, [500])
  expect(first).toMatchObject({ text: expect.stringContaining(answerTo(QUESTION)), at: 1_500 })
  const expected = { at: 500, endedAt: 1_500, inputTokens: inputTokens(QUESTION), outputTokens: 50, attempt: 1 }
  expect(session.provider.log).toMatchObject([{ ...expected, outcome: 'answered', isUnderWay: false }])
})

// The first of each exhausts the limit, the second finds it exhausted to the last millisecond, the third finds it free.
test.each<[keyof Limits, Limits, number[]]>([
  ['requestsPerMinute', { requestsPerMinute: 1 }, [0, 59_999, 60_000]],
  ['requestsPerSecond', { requestsPerSecond: 1 }, [0, 999, 1_000]],
  ['tokensPerMinute', { tokensPerMinute: inputTokens(QUESTION) + 50 }, [0, 59_999, 60_000]],
  ['inputTokensPerMinute', { inputTokensPerMinute: inputTokens(QUESTION) }, [0, 59_999, 60_000]],
  ['outputTokensPerMinute', { outputTokensPerMinute: 50 }, [0, 59_999, 60_000]],
  ['concurrency', { concurrency: 1 }, [0, 999, 1_001]],
])('what exceeds %s is refused, to the millisecond and to the last token', async (limit, limits, times) => {
  const session = await start({ ...EVEN, limits })
  expect(statuses(await askAt(session, times, { max_tokens: 50 }))).toEqual([200, 429, 200])
  const { refused, refusedShare } = statistics(session.provider)
  expect(refused).toEqual({ [limit]: 1 })
  expect(mostLetIn(session.provider, limit)).toBe(limits[limit])
  expect(refusedShare).toBeCloseTo(1 / 3)
})

test('tokens count with the most that they may come to while under way, or with what they came to', async () => {
  const limits = { outputTokensPerMinute: 150 }
  const reserving = await start({ ...EVEN, limits })
  expect(statuses(await askAt(reserving, [0, 999, 1_001], { max_tokens: 100 }))).toEqual([200, 429, 200])
  const trusting = await start({ ...EVEN, limits, counts: 'used' })
  const times = [0, 0, 0, 999, 1_001]
  expect(statuses(await askAt(trusting, times, { max_tokens: 100 }))).toEqual([200, 200, 200, 200, 429])
})

test('a refused request counts towards the limit only where the provider says so', async () => {
  const limits = { requestsPerMinute: 1 }
  const lenient = await start({ ...EVEN, limits })
  expect(statuses(await askAt(lenient, [0, 30_000, 60_000]))).toEqual([200, 429, 200])
  const harsh = await start({ ...EVEN, limits, countsRefused: true })
  expect(statuses(await askAt(harsh, [0, 30_000, 60_000, 120_000]))).toEqual([200, 429, 429, 200])
})

test('whatever arrives, no more is let in than allowed, and nothing is refused that would have been within', async () => {
  const session = await start()
  await session.time.until(
    fc.assert(
      fc.asyncProperty(limitsAndTimes, async ([limits, gaps]) => {
        const { provider, ask } = await start({ limits, latency: { median: 1_501, spread: 0 } })
        await Promise.all(gaps.map((_, index) => outcomeAfter(ask, sum(gaps.slice(0, index + 1)))))
        expect(provider.log).toHaveLength(gaps.length)
        for (const request of provider.log) {
          const would = wouldCount(provider.log, request)
          const exceeded = Object.entries(limits).filter(([limit, most]) => would[limit as keyof Limits] > most)
          expect(exceeded.length > 0).toBe(request.outcome === 'refused')
        }
      }),
      { numRuns: 25 },
    ),
  )
})

const limitsAndTimes = fc.tuple(
  fc.record(
    {
      requestsPerMinute: fc.integer({ min: 1, max: 20 }),
      requestsPerSecond: fc.integer({ min: 1, max: 5 }),
      inputTokensPerMinute: fc.integer({ min: 30, max: 300 }),
      concurrency: fc.integer({ min: 1, max: 5 }),
    },
    { requiredKeys: [] },
  ),
  // Arrivals at even milliseconds and ends at odd ones: which of two at the same one comes first is not the question.
  fc.array(
    fc.integer({ min: 0, max: 4_000 }).map((half) => 2 * half),
    { maxLength: 30 },
  ),
)

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

function outcomeAfter(ask: Session['ask'], milliseconds: number) {
  return new Promise((resolve) => setTimeout(() => resolve(outcome(ask(QUESTION))), milliseconds))
}

/** What a request would have brought each count to: told with loops and sums of its own. */
function wouldCount(log: Session['provider']['log'], request: (typeof log)[number]) {
  const inputTokensPerMinute = inputTokens(QUESTION)
  const counts = { requestsPerMinute: 1, requestsPerSecond: 1, concurrency: 1, inputTokensPerMinute }
  for (const earlier of log) {
    if (earlier === request) break
    if (earlier.outcome === 'refused') continue
    const age = request.at - earlier.at
    if (age < 60_000) counts.requestsPerMinute += 1
    if (age < 60_000) counts.inputTokensPerMinute += earlier.inputTokens
    if (age < 1_000) counts.requestsPerSecond += 1
    if (earlier.endedAt! > request.at) counts.concurrency += 1
  }
  return counts as Record<keyof Limits, number>
}

test.each<[RetryAfterForm, Record<string, string | null>, number | undefined]>([
  ['seconds', { 'retry-after': '57', 'retry-after-ms': null }, 3_456 + 57_000],
  ['milliseconds', { 'retry-after': null, 'retry-after-ms': '56544' }, 60_000],
  ['date', { 'retry-after': 'Tue, 01 Sep 2026 12:01:01 GMT', 'retry-after-ms': null }, 60_750],
  ['none', { 'retry-after': null, 'retry-after-ms': null }, undefined],
])('a refusal says in %s when it would not be one any more', async (form, headers, until) => {
  vi.setSystemTime(Date.UTC(2026, 8, 1, 12, 0, 0, 250))
  const session = await start({ ...EVEN, limits: { requestsPerMinute: 1 }, retryAfter: form })
  const [, refused] = await askAt(session, [0, 3_456])
  expect(refused!.error).toBeInstanceOf(OpenAI.RateLimitError)
  for (const [name, value] of Object.entries(headers)) expect(refused!.error.headers.get(name)).toBe(value)
  expect(session.provider.log[1]!.until).toBe(until)
})

test('whoever comes back before the pause is over is noticed', async () => {
  const session = await start({ ...EVEN, limits: { requestsPerMinute: 1 } })
  await askAt(session, [0, 20_000, 20_000, 59_999, 60_000])
  expect(statistics(session.provider)).toMatchObject({ tooEarly: 1, outcomes: { answered: 2, refused: 3 } })
})

test.each<[Failure, object]>([
  ['overloaded', { status: 429, code: 'rate_limit_exceeded' }],
  ['broken', { status: 500 }],
  ['unavailable', { status: 503 }],
  ['reset', { status: undefined, cause: { cause: { code: 'ECONNRESET' } } }],
  ['truncated', { message: 'terminated', cause: { code: 'UND_ERR_SOCKET' } }],
])('a request that is %s fails after its time with what the client makes of that', async (failure, error) => {
  const session = await start({ ...EVEN, failures: (_, attempt) => (attempt === 1 ? failure : undefined) })
  const failed = await session.time.until(outcome(session.ask(QUESTION)))
  expect(failed).toMatchObject({ error, at: 1_000 })
  const expectedWait = failure === 'overloaded' || failure === 'unavailable' ? String(OVERLOAD_WAIT) : undefined
  expect(failed.error.headers?.get('retry-after-ms') ?? undefined).toBe(expectedWait)
  const again = await session.time.until(outcome(session.ask(QUESTION)))
  expect(again.text).toContain(answerTo(QUESTION))
  expect(statistics(session.provider).outcomes).toEqual({ [failure]: 1, answered: 1 })
})

test('a client that hangs up is noticed at once, and nothing is left of its request', async () => {
  const { time, ask, provider } = await start({ latency: { median: 3_600_000, spread: 0 } })
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 5_000)
  const { error, at } = await time.until(outcome(ask(QUESTION, { signal: controller.signal })))
  expect(error).toBeInstanceOf(OpenAI.APIUserAbortError)
  expect(at).toBe(5_000)
  expect(provider.log).toMatchObject([{ outcome: 'hung up', endedAt: 5_000, isUnderWay: false }])
})

test('a place that a client gives up is free for what it asks next', async () => {
  const provider = await startProvider({ limits: { concurrency: 1 }, failures: { hanging: 1 } })
  const body = JSON.stringify({ model: 'any', messages: [{ role: 'user', content: QUESTION }] })
  const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nContent-Length: ${body.length}`
  const [first, second] = [await connected(provider.url), await connected(provider.url)]
  try {
    first.write(`${head}\r\n\r\n${body}`)
    while (provider.log.length < 1) await setImmediate()
    // Both reach the provider at once.
    first.destroy()
    second.write(`${head}\r\n\r\n${body}`)
    while (provider.log.length < 2) await setImmediate()
    expect(provider.log).toMatchObject([{ outcome: 'hung up' }, { outcome: 'under way' }])
  } finally {
    second.destroy()
    await provider.close()
  }
})

function connected(url: string): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => resolve(socket))
  })
}

test('failures, delays and lengths come in their shares, repeat, and differ with the seed', async () => {
  const failures = { broken: 0.2, reset: 0.1 }
  const logOf = async (seed: number) => {
    const session = await start({ failures, seed, latency: { median: 1_000, spread: 0.7 } })
    await askAt(session, Array(120).fill(0))
    return session.provider.log
  }
  const [one, same, other] = [await logOf(1), await logOf(1), await logOf(2)]
  const told = (log: typeof one) =>
    log
      .map(({ question, outcome, outputTokens, at, endedAt }) => [question, outcome, outputTokens, endedAt! - at])
      .sort()
  expect(told(same)).toEqual(told(one))
  expect(told(other)).not.toEqual(told(one))
  const share = (outcome: string) => one.filter((request) => request.outcome === outcome).length / one.length
  expect(Math.abs(share('broken') - 0.2)).toBeLessThan(0.07)
  expect(Math.abs(share('reset') - 0.1)).toBeLessThan(0.06)
  const durations = one.map(({ at, endedAt }) => endedAt! - at).sort((a, b) => a - b)
  expect(durations[60]! / 1_000).toBeCloseTo(1, 0)
  expect(durations[114]! / (1_000 * Math.exp(1.645 * 0.7))).toBeCloseTo(1, 0)
})

test('time stands still while requests travel, however long that takes', async () => {
  const { time, client, provider } = await start(EVEN)
  const detour = await detourTo(Number(new URL(provider.url).port))
  const far = client.withOptions({ baseURL: `http://127.0.0.1:${detour.port}/v1` })
  const ask = () => far.chat.completions.create({ model: 'any', messages: [{ role: 'user', content: QUESTION }] })
  // Something else would make time pass all the while.
  const ticks = setInterval(() => {}, 10)
  try {
    await time.until(Promise.all([ask(), ask().then(ask)]))
  } finally {
    clearInterval(ticks)
    detour.close()
  }
  const times = provider.log.map(({ at, endedAt }) => [at, endedAt])
  expect(times).toEqual([
    [0, 1_000],
    [0, 1_000],
    [1_000, 2_000],
  ])
})

/** A way to a port on which everything is held up for a while, in real time. */
async function detourTo(target: number) {
  const sockets: Socket[] = []
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1')
    sockets.push(near, far)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (chunk) => delay(20).then(() => to.write(chunk)))
      from.on('close', () => to.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  return { port: (server.address() as AddressInfo).port, close }
}

test('a run that waits for what will never come fails at once and says what is open', async () => {
  const { time, ask } = await start({ failures: { hanging: 1 } })
  const controller = new AbortController()
  const hanging = outcome(ask(QUESTION, { signal: controller.signal }))
  await expect(time.until(new Promise(() => {}))).rejects.toThrow(/Stuck at .*no timer is left/)
  controller.abort()
  await time.until(hanging)
})
