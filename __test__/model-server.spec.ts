import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import OpenAI, { APIError } from 'openai'
import { afterEach, expect, test, vi } from 'vitest'
import { logNormal, randomFor } from '../examples/model-server/random.ts'
import { type ModelServer, type ModelServerOptions, startModelServer } from '../examples/model-server.ts'

const run = promisify(execFile)

// Some tests wait for a hundred answers over HTTP, or for a process of their own: slow on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const QUESTIONS = Array.from({ length: 100 }, (_, index) => ({
  question: `What is ${index} plus 1,200?`,
  answer: index + 1200,
  check: `${index} + 1200`,
}))

const servers: ModelServer[] = []

async function start(options: Partial<ModelServerOptions> = {}) {
  const server = await startModelServer({ dataset: QUESTIONS, medianLatency: 0, failureRate: 0, ...options })
  servers.push(server)
  const client = new OpenAI({ apiKey: 'any', baseURL: server.url, maxRetries: 0 })
  const ask = (question: string, settings: object = {}) =>
    client.chat.completions.create({
      model: 'local-small',
      messages: [{ role: 'user', content: question }],
      ...settings,
    })
  return { server, client, ask }
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

/** The failure of a request that must fail. */
async function failure(request: Promise<unknown>): Promise<APIError> {
  return request.then(
    () => Promise.reject(new Error('the request was answered')),
    (error) => {
      expect(error).toBeInstanceOf(APIError)
      return error
    },
  )
}

function lastNumber(content: string | null | undefined): number {
  const line = content?.match(/A: (\S+)$/)?.[1] ?? ''
  return Number(line.replaceAll(',', '').replace(/\.$/, ''))
}

async function answers(ask: (question: string, settings?: object) => Promise<OpenAI.ChatCompletion>, settings = {}) {
  const completions = await Promise.all(QUESTIONS.map(({ question }) => ask(question, settings)))
  return completions.map((completion) => completion.choices[0]?.message.content)
}

test('a completion has a worked solution, a finish reason and token counts that add up', async () => {
  const { ask, server } = await start({ models: { sure: 1 } })
  const completion = await ask('What is 5 plus 1,200?', { model: 'sure' })
  const [choice] = completion.choices
  expect(completion).toMatchObject({ object: 'chat.completion', model: 'sure' })
  expect(choice?.finish_reason).toBe('stop')
  expect(choice?.message.content).toContain('5 + 1200 = 1205')
  expect(lastNumber(choice?.message.content)).toBe(1205)
  expect(completion.usage?.completion_tokens).toBeGreaterThan(10)
  expect(completion.usage?.total_tokens).toBe(
    (completion.usage?.prompt_tokens ?? 0) + (completion.usage?.completion_tokens ?? 0),
  )
  expect(server.stats).toMatchObject({ requests: 1, completions: 1, totalTokens: completion.usage?.total_tokens })
})

test('a model is right about its share of the questions, and wrong with numbers of a similar kind', async () => {
  const { ask } = await start()
  const given = (await answers(ask)).map(lastNumber)
  expect(given.every(Number.isFinite)).toBe(true)
  const right = given.filter((answer, index) => answer === QUESTIONS[index]?.answer).length
  expect(right / QUESTIONS.length).toBeGreaterThan(0.72)
  expect(right / QUESTIONS.length).toBeLessThan(0.92)
})

test('another server gives the same answers for the same seed and others for another', async () => {
  const [one, two, other] = await Promise.all([start(), start(), start({ seed: 3 })])
  const [first, second, third] = await Promise.all([answers(one.ask), answers(two.ask), answers(other.ask)])
  expect(second).toEqual(first)
  expect(third).not.toEqual(first)
})

test('the models differ in what they know, and the list of models names them', async () => {
  const { ask, client } = await start({ models: { always: 1, never: 0 } })
  const right = (await answers(ask, { model: 'always' })).map(lastNumber)
  const wrong = (await answers(ask, { model: 'never' })).map(lastNumber)
  expect(right).toEqual(QUESTIONS.map(({ answer }) => answer))
  expect(wrong.some((answer, index) => answer === QUESTIONS[index]?.answer)).toBe(false)
  const listed = []
  for await (const model of client.models.list()) listed.push(model.id)
  expect(listed).toEqual(['always', 'never'])
})

test('a question outside the dataset is answered without a number', async () => {
  const { ask } = await start()
  const completion = await ask('Who are you?')
  expect(completion.choices[0]?.message.content).not.toMatch(/\d/)
})

test('an answer longer than max_tokens is cut off and says so', async () => {
  const { ask } = await start()
  const completion = await ask('What is 5 plus 1,200?', { max_tokens: 3 })
  expect(completion.usage?.completion_tokens).toBe(3)
  expect(completion.choices[0]?.finish_reason).toBe('length')
})

test('requests above the limit are refused until the window has passed, and the headers say when', async () => {
  let now = 0
  const { ask, server } = await start({ requestsPerMinute: 3, now: () => now })
  const first = await ask('What is 1 plus 1,200?').withResponse()
  expect(first.response.headers.get('x-ratelimit-limit-requests')).toBe('3')
  expect(first.response.headers.get('x-ratelimit-remaining-requests')).toBe('2')
  now = 20_000
  await ask('What is 2 plus 1,200?')
  await ask('What is 3 plus 1,200?')
  const refused = await failure(ask('What is 4 plus 1,200?'))
  expect(refused).toMatchObject({ status: 429, code: 'rate_limit_exceeded' })
  expect(refused.headers?.get('retry-after')).toBe('39')
  expect(refused.headers?.get('retry-after-ms')).toBe('39000')
  expect(refused.headers?.get('x-ratelimit-remaining-requests')).toBe('0')
  now = 59_001
  await ask('What is 4 plus 1,200?')
  await failure(ask('What is 5 plus 1,200?'))
  expect(server.stats).toMatchObject({ requests: 6, completions: 4, rateLimited: 2 })
})

test('a failure on purpose comes once for a question, so that a retry passes', async () => {
  const { ask, server } = await start({ failureRate: 1 })
  const statuses = new Set<number | undefined>()
  for (const { question } of QUESTIONS.slice(0, 20)) {
    statuses.add((await failure(ask(question))).status)
    await ask(question)
  }
  expect(statuses).toEqual(new Set([429, 500]))
  expect(server.stats).toMatchObject({ injectedFailures: 20, completions: 20 })
})

test("the client's own retry gets past a failure on purpose", async () => {
  const { server } = await start({ failureRate: 1 })
  const client = new OpenAI({ apiKey: 'any', baseURL: server.url, maxRetries: 1 })
  const messages = [{ role: 'user' as const, content: 'What is 7 plus 1,200?' }]
  const completion = await client.chat.completions.create({ model: 'local-large', messages })
  expect(completion.choices[0]?.message.content).toContain('A: ')
  expect(server.stats.requests).toBe(2)
})

test('delays repeat for the same request, lie half below their median, and have a long tail', () => {
  const delays = (seed: number) => QUESTIONS.map(({ question }) => logNormal(randomFor(seed, question), 220, 0.45))
  expect(delays(1)).toEqual(delays(1))
  expect(delays(1)).not.toEqual(delays(2))
  const sorted = Array.from({ length: 20 }, (_, seed) => delays(seed))
    .flat()
    .sort((a, b) => a - b)
  const quantile = (share: number) => sorted[Math.floor(share * sorted.length)] as number
  // The logarithm is normal: quantiles lie 0 and 1.645 deviations above that of the median.
  expect(quantile(0.5) / 220).toBeCloseTo(1, 1)
  expect(quantile(0.95) / (220 * Math.exp(1.645 * 0.45))).toBeCloseTo(1, 1)
})

test.each([
  ['a model that does not exist', { model: 'gpt-0' }, 404, 'model'],
  ['no messages', { messages: [] }, 400, 'messages'],
  ['an unknown role', { messages: [{ role: 'wizard', content: 'x' }] }, 400, 'messages[0].role'],
  ['content that is no text', { messages: [{ role: 'user', content: 5 }] }, 400, 'messages[0].content'],
  ['a senseless temperature', { temperature: 9 }, 400, 'temperature'],
  ['several choices', { n: 2 }, 400, 'n'],
  ['a stream that is neither on nor off', { stream: 'yes' }, 400, 'stream'],
  ['a tool without a name', { tools: [{ type: 'function', function: {} }] }, 400, 'tools[0].function.name'],
  ['an unknown format', { response_format: { type: 'xml' } }, 400, 'response_format.type'],
  ['a senseless token limit', { max_tokens: 0 }, 400, 'max_tokens'],
])('%s is refused with an error that names the parameter', async (_, settings, status, param) => {
  const { ask, server } = await start()
  const error = await failure(ask('What is 1 plus 1,200?', settings))
  expect(error).toMatchObject({ status, param, type: 'invalid_request_error' })
  expect(server.stats).toMatchObject({ requests: 1, completions: 0, invalid: 1 })
})

test.each([
  ['a body that is not JSON', 'POST', 'chat/completions', '{"model":', 'Bearer x', 400],
  ['a body that is no object', 'POST', 'chat/completions', '[]', 'Bearer x', 400],
  ['a missing key', 'POST', 'chat/completions', '{}', '', 401],
  ['an unknown path', 'POST', 'images', '{}', 'Bearer x', 404],
  ['a body beyond the size limit', 'POST', 'chat/completions', 'x'.repeat(1_100_000), 'Bearer x', 413],
])('%s is answered with an error object', async (_, method, path, body, authorization, status) => {
  const { server } = await start()
  const response = await fetch(`${server.url}/${path}`, { method, body, headers: { authorization } })
  expect(response.status).toBe(status)
  expect(await response.json()).toMatchObject({ error: { message: expect.any(String), type: expect.any(String) } })
})

test('closing drops the requests under way', async () => {
  const { server, ask } = await start({ medianLatency: 3_600_000, latencySpread: 0 })
  const unanswered = failure(ask('What is 1 plus 1,200?'))
  await server.close()
  expect((await unanswered).status).toBeUndefined()
  await expect(fetch(`${server.url}/models`)).rejects.toThrow()
})

test('a process ends after closing, whatever was under way', async () => {
  const program = `
    const { startModelServer } = require('./examples/model-server.ts')
    const dataset = [{ question: 'What is 1 plus 1?', answer: 2 }]
    startModelServer({ dataset, medianLatency: 3600000, failureRate: 0 }).then(async ({ url, close, stats }) => {
      const body = JSON.stringify({ model: 'local-small', messages: [{ role: 'user', content: 'What is 1 plus 1?' }] })
      const headers = { authorization: 'Bearer x' }
      fetch(url + '/chat/completions', { method: 'POST', headers, body }).catch(() => console.log('dropped'))
      while (stats.requests === 0) await new Promise(setImmediate)
      await close()
      console.log('closed')
    })`
  const root = fileURLToPath(new URL('..', import.meta.url))
  const { stdout } = await run(process.execPath, ['--import', 'tsx', '--eval', program], { cwd: root })
  expect(stdout.trim().split('\n').sort()).toEqual(['closed', 'dropped'])
})
