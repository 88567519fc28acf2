import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ParallelExecutor } from '@aah/ai-evals-performance'
import OpenAI from 'openai'
import { expect, test } from 'vitest'
import { task } from './helpers/tasks.ts'

/** The error that a task gets whose executor throws this. */
async function errorOf(thrown: unknown) {
  const [result] = await new ParallelExecutor().executeTasks([task('1')], () => Promise.reject(thrown))
  return result!.error!
}

const withFields = (message: string, fields: object, options?: ErrorOptions) =>
  Object.assign(new Error(message, options), fields)

const RETRYABLE: [string, unknown][] = [
  ...[408, 409, 425, 429, 500, 502, 503, 504, 529].map((status): [string, unknown] => [
    `status ${status}`,
    withFields('an HTTP failure', { status }),
  ]),
  ['statusCode 503, as the AI SDK has it', withFields('Service Unavailable', { statusCode: 503 })],
  ['a status in response, as axios has it', withFields('Request failed', { response: { status: 429 } })],
  ['a status in $metadata, as AWS has it', withFields('slow down', { $metadata: { httpStatusCode: 503 } })],
  ['a status as a code, as Google has it', withFields('exhausted', { code: '429' })],
  ...['ECONNRESET', 'ECONNREFUSED', 'ETIMEDOUT', 'EAI_AGAIN', 'EPIPE', 'ENOTFOUND', 'UND_ERR_SOCKET'].map(
    (code): [string, unknown] => [code, withFields('failed', { code })],
  ),
  ['fetch failed', new TypeError('fetch failed', { cause: withFields('connect', { code: 'ECONNREFUSED' }) })],
  [
    'a cause of a cause',
    new Error('outer', { cause: new Error('inner', { cause: withFields('x', { status: 500 }) }) }),
  ],
  ['several tries', new AggregateError([new Error('a'), withFields('b', { code: 'ETIMEDOUT' })], 'all failed')],
  [
    'the last try of the AI SDK',
    withFields('Failed after 3 attempts', { lastError: withFields('x', { statusCode: 500 }) }),
  ],
  ['an error body of Anthropic', { type: 'error', error: { type: 'overloaded_error', message: 'busy' } }],
  ['a rate limit by code', withFields('slow down', { code: 'rate_limit_exceeded' })],
  ['a timeout', AbortSignal.timeout(0).reason ?? new DOMException('too late', 'TimeoutError')],
  ['an abort', new DOMException('stopped', 'AbortError')],
  ['a timeout in words', new Error('Request timed out')],
  ['a rate limit in words', 'Rate limit reached'],
  ['a connection lost in words', new Error('socket hang up')],
  ['what declares itself so', withFields('x', { isRetryable: true })],
  ['what declares itself so against its status', withFields('x', { statusCode: 404, isRetryable: true })],
]
test.each(RETRYABLE)('%s is retryable', async (_, thrown) => {
  const error = await errorOf(thrown)
  expect(error.retryable).toBe(true)
  expect(error.cause).toBe(thrown)
})

const circular = new Error('circular')
circular.cause = circular
const FINAL: [string, unknown][] = [
  ...[400, 401, 403, 404, 413, 422].map((status): [string, unknown] => [
    `status ${status}`,
    withFields('bad timeout value', { status }),
  ]),
  [
    'a refused request that failed before',
    withFields('bad', { status: 400 }, { cause: withFields('x', { status: 500 }) }),
  ],
  ['an ordinary error', new Error('Cannot read properties of undefined')],
  ['a number', 503],
  ['null', null],
  ['undefined', undefined],
  ['a symbol', Symbol('why')],
  ['an object without prototype', Object.create(null)],
  ['a circular cause', circular],
  ['what declares itself so', withFields('timeout', { isRetryable: false })],
  ['a spent budget of the AI SDK', withFields('quota', { statusCode: 429, isRetryable: false })],
  ['a status that is none', withFields('x', { status: 'failed', statusCode: 0 })],
]
test.each(FINAL)('%s is not retryable', async (_, thrown) => {
  const error = await errorOf(thrown)
  expect(error.retryable).toBe(false)
  expect(error.cause).toBe(thrown)
})

test.each([
  [new Error('words'), 'words'],
  ['text', 'text'],
  [undefined, 'undefined'],
  [Symbol('s'), 'Symbol(s)'],
  [{ message: 'of an object' }, 'of an object'],
  [{ reason: 7 }, '{"reason":7}'],
  [{ toJSON: () => undefined }, 'Unknown error'],
  [{ big: 1n }, 'Unknown error'],
])('%o has a message', async (thrown, message) => {
  expect((await errorOf(thrown)).message).toBe(message)
})

test.each([
  [401, false],
  [429, true],
  [503, true],
])('a status %i through the openai client', async (status, retryable) => {
  const server = createServer((_, response) => response.writeHead(status).end('{"error":{"message":"no"}}'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = new OpenAI({ apiKey: 'none', baseURL, maxRetries: 0 })
  const ask = () => client.chat.completions.create({ model: 'm', messages: [] })
  const [answered] = await new ParallelExecutor().executeTasks([task('1')], ask as any)
  expect(answered!.error).toMatchObject({ retryable })
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  const [refused] = await new ParallelExecutor().executeTasks([task('1')], ask as any)
  expect(refused!.error).toMatchObject({ message: 'Connection error.', retryable: true })
})
