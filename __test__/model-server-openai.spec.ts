import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { embed, generateObject, generateText, stepCountIs, streamText, tool } from 'ai'
import type OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { collect, QUESTION, startTestServer } from './helpers/model-server.ts'

const messages = [{ role: 'user' as const, content: QUESTION }]
const schema = {
  type: 'object',
  properties: { answer: { type: 'number' }, unit: { enum: ['apples', 'pears'] }, note: { type: 'string' } },
  required: ['answer', 'unit'],
}
const chatTool = { type: 'function' as const, function: { name: 'multiply', parameters: schema } }
const responseTool = { type: 'function' as const, name: 'multiply', parameters: schema, strict: false }

describe.each(['openai', 'openai7'] as const)('with the client %s', (version) => {
  const start = async (options = {}) => {
    const { server, [version]: client } = await startTestServer(options)
    return { server, client: client as OpenAI }
  }

  test('a streamed completion has the text and the usage of one that is not streamed', async () => {
    const { client, server } = await start()
    const plain = await client.chat.completions.create({ model: 'sure', messages })
    const stream = client.chat.completions.stream({ model: 'sure', messages, stream_options: { include_usage: true } })
    const chunks = await collect(stream)
    expect(chunks.length).toBeGreaterThan(5)
    const streamed = await stream.finalChatCompletion()
    expect(streamed.choices[0]?.message.content).toBe(plain.choices[0]?.message.content)
    expect(streamed.choices[0]?.message.content).toContain('3 × 14 → 🍎 = 42')
    expect(streamed.choices[0]?.finish_reason).toBe('stop')
    expect(streamed.usage).toEqual(plain.usage)
    expect(server.stats).toMatchObject({ requests: 2, routes: { '/v1/chat/completions': 2 }, completions: 2 })
  })

  test.each([false, true])('a tool is called once, then its answer is used (streamed: %s)', async (isStreamed) => {
    const { client } = await start()
    const ask = (more: OpenAI.ChatCompletionMessageParam[]) => {
      const request = { model: 'sure', messages: [...messages, ...more], tools: [chatTool] }
      return isStreamed
        ? client.chat.completions.stream(request).finalChatCompletion()
        : client.chat.completions.create(request)
    }
    const first = (await ask([])).choices[0]!
    const again = (await ask([])).choices[0]!
    expect(first.finish_reason).toBe('tool_calls')
    expect(again.message.tool_calls).toEqual(first.message.tool_calls)
    const call = first.message.tool_calls![0] as OpenAI.ChatCompletionMessageFunctionToolCall
    expect(call.function.name).toBe('multiply')
    expect(JSON.parse(call.function.arguments)).toEqual({ answer: 14, unit: 'apples' })
    const second = (await ask([first.message, { role: 'tool', tool_call_id: call.id, content: 'forty-two' }]))
      .choices[0]!
    expect(second.finish_reason).toBe('stop')
    expect(second.message.content).toContain('forty-two')
  })

  test('an answer that has to fit a schema does', async () => {
    const { client } = await start()
    const format = { type: 'json_schema' as const, json_schema: { name: 'answer', schema } }
    const completion = await client.chat.completions.create({ model: 'sure', messages, response_format: format })
    expect(JSON.parse(completion.choices[0]?.message.content ?? '')).toEqual({ answer: 42, unit: 'apples' })
    const text = { format: { type: 'json_schema' as const, name: 'answer', schema } }
    const response = await client.responses.create({ model: 'sure', input: QUESTION, text })
    expect(JSON.parse(response.output_text)).toEqual({ answer: 42, unit: 'apples' })
  })

  test('a stream that is cut off fails, and what came before it is whole', async () => {
    const { client, server } = await start({ cutStreamsAfter: 4 })
    const received: string[] = []
    const reading = async () => {
      for await (const chunk of await client.chat.completions.create({ model: 'sure', messages, stream: true })) {
        received.push(chunk.choices[0]?.delta.content ?? '')
      }
    }
    await expect(reading()).rejects.toThrow()
    expect(received).toHaveLength(4)
    await expect.poll(() => server.stats.brokenStreams).toBe(1)
    expect(server.stats.completions).toBe(0)
  })

  test('a client that stops reading ends its stream', async () => {
    const { client, server } = await start({ medianLatency: 200, latencySpread: 0 })
    for await (const _ of await client.chat.completions.create({ model: 'sure', messages, stream: true })) break
    await expect.poll(() => server.stats.brokenStreams).toBe(1)
  })

  test('an answer longer than the model gives says so, streamed or not', async () => {
    const { client } = await start({ maxTokens: 3 })
    const plain = await client.chat.completions.create({ model: 'sure', messages })
    const streamed = await client.chat.completions.stream({ model: 'sure', messages, stream: true }).finalMessage()
    expect(plain.choices[0]?.finish_reason).toBe('length')
    expect(streamed.content).toBe(plain.choices[0]?.message.content)
    const response = await client.responses.create({ model: 'sure', input: QUESTION })
    expect(response).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } })
    expect(response.usage?.output_tokens).toBe(3)
  })

  test('a response is the same streamed and not, and its events are in order', async () => {
    const { client, server } = await start()
    const plain = await client.responses.create({ model: 'sure', input: QUESTION, instructions: 'Be short.' })
    expect(plain.output_text).toContain('A: 42')
    const stream = client.responses.stream({ model: 'sure', input: messages, instructions: 'Be short.' })
    const events = await collect(stream)
    const types = events.map(({ type }) => type)
    expect(types.slice(0, 4)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
    ])
    expect(types.filter((type) => type === 'response.output_text.delta').length).toBeGreaterThan(3)
    expect(types.at(-1)).toBe('response.completed')
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, index) => index))
    const streamed = await stream.finalResponse()
    expect(streamed.output_text).toBe(plain.output_text)
    expect(streamed.usage).toEqual(plain.usage)
    expect(server.stats.routes).toEqual({ '/v1/responses': 2 })
  })

  test.each([false, true])('a response calls a tool, then uses its answer (streamed: %s)', async (isStreamed) => {
    const { client } = await start()
    const ask = (input: OpenAI.Responses.ResponseInput) => {
      const request = { model: 'sure', input, tools: [responseTool] }
      return isStreamed ? client.responses.stream(request).finalResponse() : client.responses.create(request)
    }
    const call = (await ask(messages)).output[0] as OpenAI.Responses.ResponseFunctionToolCall
    expect(call).toMatchObject({ type: 'function_call', name: 'multiply' })
    expect(JSON.parse(call.arguments)).toEqual({ answer: 14, unit: 'apples' })
    const output = { type: 'function_call_output' as const, call_id: call.call_id, output: 'forty-two' }
    expect((await ask([...messages, call, output])).output_text).toContain('forty-two')
  })

  test('embeddings are unit vectors of their text, as floats and in base64', async () => {
    const { client, server } = await start()
    const create = async (more: object) => {
      const { data } = await client.embeddings.create({ model: 'local-embedding', input: 'one apple', ...more })
      return data.map(({ embedding }) => embedding)
    }
    // Without a format the client asks for base64 and decodes it.
    const [decoded] = await create({})
    const [floats] = await create({ encoding_format: 'float' })
    const [base64] = await create({ encoding_format: 'base64' })
    expect(decoded).toHaveLength(16)
    expect(floats).toEqual(decoded)
    expect(Buffer.from(base64 as unknown as string, 'base64')).toHaveLength(64)
    expect(Math.hypot(...decoded!)).toBeCloseTo(1, 5)
    const [apple, near, far] = await create({ input: ['one apple', 'an apple', 'nothing like it'], dimensions: 256 })
    const similarity = (other: number[]) => apple!.reduce((sum, value, index) => sum + value * other[index]!, 0)
    expect(apple).toHaveLength(256)
    expect(similarity(near!)).toBeGreaterThan(similarity(far!) + 0.2)
    expect(server.stats).toMatchObject({ routes: { '/v1/embeddings': 4 }, embeddings: 4, completions: 0 })
  })

  test.each([
    [{ input: '' }, 'input'],
    [{ input: [] }, 'input'],
    [{ input: ['a', ''] }, 'input[1]'],
    [{ dimensions: 0 }, 'dimensions'],
    [{ encoding_format: 'hex' }, 'encoding_format'],
    [{ model: 'none' }, 'model'],
  ])('embeddings of %j are refused', async (settings, param) => {
    const { client, server } = await start()
    const request = { model: 'local-embedding', input: 'a', ...settings } as OpenAI.EmbeddingCreateParams
    await expect(client.embeddings.create(request)).rejects.toMatchObject({ param, type: 'invalid_request_error' })
    expect(server.stats.invalid).toBe(1)
  })

  test.each([
    [{ input: 5 }, 'input'],
    [{ input: [{ role: 'wizard', content: 'x' }] }, 'input[0].role'],
    [{ input: [{ type: 'function_call_output', output: 'x' }] }, 'input[0].call_id'],
    [{ max_output_tokens: 0 }, 'max_output_tokens'],
    [{ tools: [{ type: 'function' }] }, 'tools[0].name'],
    [{ tools: [responseTool], tool_choice: { type: 'function', name: 'add' } }, 'tool_choice'],
  ])('a response to %j is refused', async (settings, param) => {
    const { client } = await start()
    const request = { model: 'sure', input: 'a', ...settings } as OpenAI.Responses.ResponseCreateParamsNonStreaming
    await expect(client.responses.create(request)).rejects.toMatchObject({ status: 400, param })
  })
})

describe('with the AI SDK', () => {
  const start = async (options = {}) => {
    const { server } = await startTestServer(options)
    const provider = createOpenAICompatible({
      name: 'local',
      baseURL: server.url,
      apiKey: 'any',
      includeUsage: true,
      supportsStructuredOutputs: true,
    })
    return { server, provider, model: provider('sure') }
  }

  test('text is generated and streamed with its usage', async () => {
    const { model } = await start()
    const plain = await generateText({ model, prompt: QUESTION })
    const streamed = streamText({ model, prompt: QUESTION })
    expect((await collect(streamed.textStream)).join('')).toBe(plain.text)
    expect(plain.text).toContain('3 × 14 → 🍎 = 42')
    expect((await streamed.usage).totalTokens).toBe(plain.usage.totalTokens)
    expect(await streamed.finishReason).toBe('stop')
  })

  test('objects and tool calls fit their schemas', async () => {
    const { model } = await start()
    const { object } = await generateObject({ model, prompt: QUESTION, schema: z.object({ answer: z.number() }) })
    expect(object).toEqual({ answer: 42 })
    const multiply = tool({ inputSchema: z.object({ by: z.number() }), execute: ({ by }) => `3 times ${by}` })
    const { text, steps } = await generateText({
      model,
      prompt: QUESTION,
      tools: { multiply },
      stopWhen: stepCountIs(3),
    })
    expect(steps).toHaveLength(2)
    expect(text).toContain('3 times 14')
  })

  test('embeddings come as numbers', async () => {
    const { provider } = await start()
    const { embedding, usage } = await embed({ model: provider.embeddingModel('local-embedding'), value: 'one apple' })
    expect(embedding).toHaveLength(16)
    expect(usage.tokens).toBeGreaterThan(0)
  })
})

test('a stream comes in chunks that end in the middle of events and characters', async () => {
  const { server } = await startTestServer({ dataset: [{ question: QUESTION, answer: 1, check: '🍎'.repeat(200) }] })
  const response = await fetch(`${server.url}/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer any' },
    body: JSON.stringify({ model: 'sure', messages, stream: true }),
  })
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  const chunks = (await collect(response.body!)).map((chunk) => Buffer.from(chunk))
  expect(chunks.length).toBeGreaterThan(5)
  expect(chunks.slice(0, -1).every((chunk) => chunk.toString().endsWith('\n\n'))).toBe(false)
  expect(chunks.some((chunk) => chunk.toString().includes('\uFFFD'))).toBe(true)
  expect(Buffer.concat(chunks).toString()).toMatch(/^data: \{.*\n\ndata: \[DONE\]\n\n$/s)
})
