// POST /v1/messages, as Anthropic has it.

import { randomUUID } from 'node:crypto'
import {
  ApiError,
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
} from './protocol.ts'
import type { JsonSchema } from './schema.ts'

export const messages: Protocol = { parse, answer, events, limitHeaders, overloaded }

interface Turn {
  role: string
  content: string
  toolResult?: string
}

/** A refusal in the shape that Anthropic's clients understand. */
export function anthropicError({ status, message, type, parameter }: ApiError): object {
  const types: Record<number, string> = {
    401: 'authentication_error',
    404: 'not_found_error',
    413: 'request_too_large',
    429: 'rate_limit_error',
    500: 'api_error',
    529: 'overloaded_error',
  }
  const named = parameter === null || message.includes(parameter) ? message : `${parameter}: ${message}`
  return { type: 'error', error: { type: types[status] ?? type, message: named }, request_id: `req_${randomUUID()}` }
}

function parse(text: string): Prompt {
  const body = parseJson(text)
  const model = requireModel(body.model)
  if (!(body.max_tokens >= 1)) throw invalid('max_tokens', 'expected a number ≥ 1')
  if (!Array.isArray(body.messages) || body.messages.length === 0) {
    throw invalid('messages', 'expected a non-empty array')
  }
  const turns: Turn[] = body.messages.map((message: unknown, index: number) => readTurn(message, `messages.${index}`))
  if (turns[0]?.role !== 'user') throw invalid('messages.0.role', 'the first message must be of the user')
  checkTemperature(body.temperature, 1)
  const { toolResult } = turns.at(-1) as Turn
  const asked = turns.findLast((turn) => turn.role === 'user' && turn.toolResult === undefined)
  const system = body.system === undefined ? [] : [{ content: readBlocks(body.system, 'system').content }]
  return {
    model,
    question: asked?.content.trim() ?? '',
    promptTokens: promptTokens({ messages: [...system, ...turns] }),
    maxTokens: body.max_tokens,
    isStreamed: body.stream === true,
    tool: toolResult === undefined ? calledTool(body.tools, body.tool_choice) : undefined,
    toolResult,
    schema: schemaOf(body.output_config?.format ?? body.output_format),
  }
}

function readTurn(message: any, at: string): Turn {
  const role = message?.role
  if (role !== 'user' && role !== 'assistant') throw invalid(`${at}.role`, "expected 'user' or 'assistant'")
  return { role, ...readBlocks(message.content, `${at}.content`) }
}

function readBlocks(content: unknown, at: string): { content: string; toolResult?: string } {
  if (typeof content === 'string') return { content }
  if (!Array.isArray(content)) throw invalid(at, 'expected a string or an array of blocks')
  let toolResult: string | undefined
  const texts = content.map((block, index) => {
    if (typeof block?.type !== 'string') throw invalid(`${at}.${index}.type`, 'expected a string')
    if (block.type === 'tool_result') {
      if (typeof block.tool_use_id !== 'string') throw invalid(`${at}.${index}.tool_use_id`, 'expected a string')
      toolResult = readBlocks(block.content ?? '', `${at}.${index}.content`).content
    }
    return typeof block.text === 'string' ? block.text : ''
  })
  return { content: texts.join(''), toolResult }
}

function calledTool(tools: unknown, choice: any): Tool | undefined {
  if (tools === undefined || choice?.type === 'none') return undefined
  if (!Array.isArray(tools)) throw invalid('tools', 'expected an array')
  const read = tools.map((tool, index) => {
    if (typeof tool?.name !== 'string') throw invalid(`tools.${index}.name`, 'expected a string')
    if (!isObject(tool.input_schema)) throw invalid(`tools.${index}.input_schema`, 'expected an object')
    return { name: tool.name, schema: tool.input_schema }
  })
  return chosenTool(read, choice?.type === 'tool' ? choice.name : undefined)
}

function schemaOf(format: any): JsonSchema | undefined {
  if (format?.type !== 'json_schema') return undefined
  if (!isObject(format.schema)) throw invalid('output_config.format.schema', 'expected an object')
  return format.schema
}

function answer({ model }: Prompt, reply: Reply) {
  return {
    id: `msg_${randomUUID()}`,
    type: 'message',
    role: 'assistant',
    model,
    content: [block(reply)] as object[],
    stop_reason: stopReason(reply) as string | null,
    stop_sequence: null,
    usage: {
      input_tokens: reply.inputTokens,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      output_tokens: reply.outputTokens,
    },
  }
}

function block({ call, text, isCut }: Reply): object {
  if (!call) return { type: 'text', text, citations: null }
  // The arguments of a call that was cut off are no JSON.
  return { type: 'tool_use', id: `toolu_${call.id}`, name: call.name, input: isCut ? {} : JSON.parse(text) }
}

function stopReason({ isCut, call }: Reply): string {
  if (isCut) return 'max_tokens'
  return call ? 'tool_use' : 'end_turn'
}

function events(prompt: Prompt, reply: Reply): ServerEvent[] {
  const message = answer(prompt, reply)
  const begun = { ...message, content: [], stop_reason: null, usage: { ...message.usage, output_tokens: 1 } }
  const empty = reply.call ? { input: {} } : { text: '' }
  const delta = (piece: string) =>
    reply.call ? { type: 'input_json_delta', partial_json: piece } : { type: 'text_delta', text: piece }
  const sent: ({ type: string } & Record<string, unknown>)[] = [
    { type: 'message_start', message: begun },
    { type: 'content_block_start', index: 0, content_block: { ...block(reply), ...empty } },
    { type: 'ping' },
    ...reply.pieces.map((piece) => ({ type: 'content_block_delta', index: 0, delta: delta(piece) })),
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta: { stop_reason: message.stop_reason, stop_sequence: null },
      usage: { output_tokens: reply.outputTokens },
    },
    { type: 'message_stop' },
  ]
  return sent.map((data) => ({ event: data.type, data }))
}

/** What Anthropic tells about a limit in the headers of every answer. */
function limitHeaders({ limit, remaining, reset }: { limit: number; remaining: number; reset: number }) {
  return {
    'anthropic-ratelimit-requests-limit': String(limit),
    'anthropic-ratelimit-requests-remaining': String(remaining),
    'anthropic-ratelimit-requests-reset': new Date(Date.now() + reset).toISOString(),
  }
}

function overloaded(headers: Record<string, string>): ApiError {
  return new ApiError(529, 'Overloaded', { headers })
}
