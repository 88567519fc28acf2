import type Anthropic from '@anthropic-ai/sdk'
import { expect, test } from 'vitest'
import { collect, QUESTION, startTestServer } from './helpers/model-server.ts'

const messages = [{ role: 'user' as const, content: QUESTION }]
const request = { model: 'sure', max_tokens: 1_000, messages }
const schema = { type: 'object' as const, properties: { by: { type: 'integer' } }, required: ['by'] }
const tools = [{ name: 'multiply', input_schema: schema }]

function textOf({ content }: Anthropic.Message): string {
  return content.map((block) => (block.type === 'text' ? block.text : '')).join('')
}

test('a streamed message is the one that is not streamed, in events of Anthropic’s names', async () => {
  const { anthropic, server } = await startTestServer()
  const plain = await anthropic.messages.create({ ...request, system: 'Be short.' })
  expect(plain).toMatchObject({ type: 'message', role: 'assistant', model: 'sure', stop_reason: 'end_turn' })
  expect(textOf(plain)).toContain('3 × 14 → 🍎 = 42')
  const stream = anthropic.messages.stream({ ...request, system: 'Be short.' })
  const types = (await collect(stream)).map(({ type }) => type)
  expect(types.filter((type) => type === 'content_block_delta').length).toBeGreaterThan(3)
  expect([...new Set(types)]).toEqual([
    'message_start',
    'content_block_start',
    'content_block_delta',
    'content_block_stop',
    'message_delta',
    'message_stop',
  ])
  const streamed = await stream.finalMessage()
  expect(textOf(streamed)).toBe(textOf(plain))
  expect(streamed.usage).toMatchObject(plain.usage)
  expect(server.stats).toMatchObject({ routes: { '/v1/messages': 2 }, completions: 2 })
})

test.each([false, true])('a tool is called once, then its answer is used (streamed: %s)', async (isStreamed) => {
  const { anthropic } = await startTestServer()
  const ask = (more: Anthropic.MessageParam[]) => {
    const body = { ...request, messages: [...messages, ...more], tools }
    return isStreamed ? anthropic.messages.stream(body).finalMessage() : anthropic.messages.create(body)
  }
  const first = await ask([])
  expect(first.stop_reason).toBe('tool_use')
  const call = first.content[0] as Anthropic.ToolUseBlock
  expect(call).toMatchObject({ type: 'tool_use', name: 'multiply', input: { by: 14 } })
  const result = { type: 'tool_result' as const, tool_use_id: call.id, content: 'forty-two' }
  const second = await ask([
    { role: 'assistant', content: first.content },
    { role: 'user', content: [result] },
  ])
  expect(textOf(second)).toContain('forty-two')
})

test('an answer fits the schema that is asked for', async () => {
  const { anthropic } = await startTestServer()
  const format = { type: 'json_schema' as const, schema: { ...schema, additionalProperties: false } }
  const message = await anthropic.messages.create({ ...request, output_config: { format } })
  expect(JSON.parse(textOf(message))).toEqual({ by: 42 })
})

test('an answer that is too long says so', async () => {
  const { anthropic } = await startTestServer()
  const message = await anthropic.messages.create({ ...request, max_tokens: 4 })
  expect(message).toMatchObject({ stop_reason: 'max_tokens', usage: { output_tokens: 4 } })
})

test('a stream that is cut off fails', async () => {
  const { anthropic, server } = await startTestServer({ cutStreamsAfter: 5 })
  await expect(anthropic.messages.stream(request).finalMessage()).rejects.toThrow()
  await expect.poll(() => server.stats.brokenStreams).toBe(1)
})

test('the headers tell how many requests are left, and when they come back', async () => {
  const { anthropic } = await startTestServer({ requestsPerMinute: 1, now: () => 0 })
  const { response } = await anthropic.messages.create(request).withResponse()
  expect(response.headers.get('anthropic-ratelimit-requests-limit')).toBe('1')
  expect(response.headers.get('anthropic-ratelimit-requests-remaining')).toBe('0')
  const reset = Date.parse(response.headers.get('anthropic-ratelimit-requests-reset') ?? '')
  expect(Math.abs(reset - Date.now() - 59_000)).toBeLessThan(30_000)
  const refused = await anthropic.messages.create(request).catch((error) => error)
  expect(refused).toMatchObject({ status: 429, error: { type: 'error', error: { type: 'rate_limit_error' } } })
  expect(refused.headers.get('retry-after')).toBe('59')
})

test('failures on purpose are Anthropic’s', async () => {
  const { anthropic } = await startTestServer({ failureRate: 1 })
  const types = new Set<string>()
  for (let index = 0; index < 20; index++) {
    const asked = [{ role: 'user' as const, content: `Question ${index}` }]
    const error = await anthropic.messages.create({ ...request, messages: asked }).catch((failure) => failure)
    types.add(`${error.status} ${error.error.error.type}`)
  }
  expect([...types].sort()).toEqual(['500 api_error', '529 overloaded_error'])
})

test.each([
  [{ max_tokens: 0 }, 'max_tokens', 'invalid_request_error'],
  [{ messages: [] }, 'messages', 'invalid_request_error'],
  [{ messages: [{ role: 'system', content: 'x' }] }, 'messages.0.role', 'invalid_request_error'],
  [{ messages: [{ role: 'assistant', content: 'x' }] }, 'messages.0.role', 'invalid_request_error'],
  [{ messages: [{ role: 'user', content: [{ text: 'x' }] }] }, 'messages.0.content.0.type', 'invalid_request_error'],
  [{ temperature: 1.5 }, 'temperature', 'invalid_request_error'],
  [{ tools: [{ name: 'x' }] }, 'tools.0.input_schema', 'invalid_request_error'],
  [{ tools, tool_choice: { type: 'tool', name: 'add' } }, 'tool_choice', 'invalid_request_error'],
  [{ model: 'none' }, 'model', 'not_found_error'],
])('%j is refused with an error that names what is wrong', async (settings, name, type) => {
  const { anthropic, server } = await startTestServer()
  const refused = anthropic.messages.create({ ...request, ...settings } as Anthropic.MessageCreateParamsNonStreaming)
  const error = await refused.catch((failure) => failure)
  expect(error.error).toMatchObject({ type: 'error', error: { type, message: expect.stringContaining(name) } })
  expect(server.stats.invalid).toBe(1)
})

test('without a key nobody is answered', async () => {
  const { server } = await startTestServer()
  const response = await fetch(`${server.url}/messages`, { method: 'POST', body: '{}' })
  expect(response.status).toBe(401)
  expect(await response.json()).toMatchObject({ type: 'error', error: { type: 'authentication_error' } })
})
