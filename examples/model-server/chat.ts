// POST /v1/chat/completions, as OpenAI has it.

import { randomUUID } from 'node:crypto'
import {
  type ApiError,
  checkTemperature,
  chosenTool,
  invalid,
  isObject,
  type Prompt,
  type Protocol,
  parseJson,
  promptTokens,
  type Reply,
  requireModel,
  type ServerEvent,
  type Tool,
  tooManyRequests,
} from './protocol.ts'
import type { JsonSchema } from './schema.ts'

export interface ChatPrompt extends Prompt {
  /** Whether a stream ends with a chunk that has the usage. */
  includesUsage: boolean
}

const ROLES = new Set(['system', 'developer', 'user', 'assistant', 'tool'])

export const chat = { parse, answer, events, limitHeaders, overloaded } satisfies Protocol<ChatPrompt>

function parse(text: string): ChatPrompt {
  const body = parseJson(text)
  const { messages, stream, stream_options: streamOptions } = body
  const model = requireModel(body.model)
  if (!Array.isArray(messages) || messages.length === 0) throw invalid('messages', 'expected a non-empty array')
  const read = messages.map((message, index) => readMessage(message, `messages[${index}]`))
  if (body.n !== undefined && body.n !== null && body.n !== 1) throw invalid('n', 'this server gives one choice')
  checkTemperature(body.temperature, 2)
  const maxTokens = body.max_completion_tokens ?? body.max_tokens ?? Number.POSITIVE_INFINITY
  if (!(maxTokens >= 1)) throw invalid('max_tokens', 'expected a number ≥ 1')
  if (stream !== undefined && stream !== null && typeof stream !== 'boolean')
    throw invalid('stream', 'expected a boolean')
  if (streamOptions && !stream) throw invalid('stream_options', 'only allowed when `stream` is true')
  const asked = read.findLastIndex(({ role }) => role === 'user')
  const toolResult = read.slice(asked + 1).findLast(({ role }) => role === 'tool')?.content
  const tool = toolResult === undefined ? calledTool(body.tools, body.tool_choice) : undefined
  return {
    model,
    question: read[asked]?.content.trim() ?? '',
    promptTokens: promptTokens({ messages: read }),
    maxTokens,
    isStreamed: stream === true,
    includesUsage: streamOptions?.include_usage === true,
    tool,
    toolResult,
    schema: schemaOf(body.response_format),
  }
}

function readMessage(message: any, at: string): { role: string; content: string } {
  const role = message?.role
  if (!ROLES.has(role)) throw invalid(`${at}.role`, `expected one of ${[...ROLES].join(', ')}`)
  if (role === 'tool' && typeof message.tool_call_id !== 'string') {
    throw invalid(`${at}.tool_call_id`, 'expected a string')
  }
  if (role === 'assistant' && message.tool_calls && !message.content) return { role, content: '' }
  return { role, content: textOf(message.content, `${at}.content`) }
}

/** The text of a message; images and files are looked at by nobody. */
export function textOf(content: unknown, at: string): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) throw invalid(at, 'expected a string or an array of parts')
  return content
    .map((part, index) => {
      if (typeof part?.type !== 'string') throw invalid(`${at}[${index}].type`, 'expected a string')
      return typeof part.text === 'string' ? part.text : ''
    })
    .join('')
}

function calledTool(tools: unknown, choice: any): Tool | undefined {
  if (tools === undefined || tools === null || choice === 'none') return undefined
  if (!Array.isArray(tools) || tools.length === 0) throw invalid('tools', 'expected a non-empty array')
  const read = tools.map((tool, index) => {
    if (tool?.type !== 'function') throw invalid(`tools[${index}].type`, "expected 'function'")
    if (typeof tool.function?.name !== 'string') throw invalid(`tools[${index}].function.name`, 'expected a string')
    return { name: tool.function.name, schema: tool.function.parameters ?? { type: 'object' } }
  })
  return chosenTool(read, choice?.function?.name)
}

function schemaOf(format: any): JsonSchema | undefined {
  switch (format?.type) {
    case undefined:
    case 'text':
      return undefined
    case 'json_object':
      return { type: 'object', properties: { answer: { type: 'number' } }, required: ['answer'] }
    case 'json_schema':
      if (!isObject(format.json_schema?.schema))
        throw invalid('response_format.json_schema.schema', 'expected an object')
      return format.json_schema.schema
    default:
      throw invalid('response_format.type', 'expected text, json_object or json_schema')
  }
}

/** A completion, whose text is cut off at `maxTokens` as a provider does it. */
function answer(prompt: Pick<Prompt, 'model'>, reply: Reply) {
  const { call, text } = reply
  const message = call
    ? { role: 'assistant', content: null, refusal: null, tool_calls: [toolCall(call, text)] }
    : { role: 'assistant', content: text, refusal: null }
  return {
    id: `chatcmpl-${randomUUID()}`,
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model: prompt.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(reply) }],
    usage: usage(reply),
  }
}

function toolCall({ id, name }: { id: string; name: string }, text: string) {
  return { id: `call_${id}`, type: 'function', function: { name, arguments: text } }
}

function finishReason({ isCut, call }: Reply): string {
  if (isCut) return 'length'
  return call ? 'tool_calls' : 'stop'
}

function usage({ inputTokens, outputTokens }: Reply) {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
  }
}

function events(prompt: ChatPrompt, reply: Reply): ServerEvent[] {
  const { id, created, model } = answer(prompt, reply)
  const frame = { id, object: 'chat.completion.chunk', created, model }
  const withUsage = prompt.includesUsage ? { usage: null } : {}
  const chunk = (delta: object, finish: string | null = null): ServerEvent => ({
    data: { ...frame, choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }], ...withUsage },
  })
  const { call, pieces } = reply
  const sent = call
    ? [
        chunk({ role: 'assistant', content: null, tool_calls: [{ index: 0, ...toolCall(call, '') }] }),
        ...pieces.map((piece) => chunk({ tool_calls: [{ index: 0, function: { arguments: piece } }] })),
      ]
    : [chunk({ role: 'assistant', content: '', refusal: null }), ...pieces.map((content) => chunk({ content }))]
  sent.push(chunk({}, finishReason(reply)))
  if (prompt.includesUsage) sent.push({ data: { ...frame, choices: [], usage: usage(reply) } })
  return [...sent, { data: '[DONE]' }]
}

/** What OpenAI tells about a limit in the headers of every answer. */
export function limitHeaders({ limit, remaining, reset }: { limit: number; remaining: number; reset: number }) {
  return {
    'x-ratelimit-limit-requests': String(limit),
    'x-ratelimit-remaining-requests': String(remaining),
    'x-ratelimit-reset-requests': `${Math.ceil(reset)}ms`,
  }
}

export function overloaded(headers: Record<string, string>): ApiError {
  return tooManyRequests('The engine is currently overloaded, please try again later.', headers)
}
