// POST /v1/responses, as OpenAI has it.

import { randomUUID } from 'node:crypto'
import { limitHeaders, overloaded, textOf } from './chat.ts'
import {
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

export const responses: Protocol = { parse, answer, events, limitHeaders, overloaded }

interface Item {
  role: string
  content: string
}

const ROLES = new Set(['system', 'developer', 'user', 'assistant'])

function parse(text: string): Prompt {
  const body = parseJson(text)
  const model = requireModel(body.model)
  const items = readInput(body.input)
  if (body.instructions !== undefined && body.instructions !== null) {
    if (typeof body.instructions !== 'string') throw invalid('instructions', 'expected a string')
    items.unshift({ role: 'system', content: body.instructions })
  }
  checkTemperature(body.temperature, 2)
  const maxTokens = body.max_output_tokens ?? Number.POSITIVE_INFINITY
  if (!(maxTokens >= 1)) throw invalid('max_output_tokens', 'expected a number ≥ 1')
  const asked = items.findLastIndex(({ role }) => role === 'user')
  const toolResult = items.slice(asked + 1).findLast(({ role }) => role === 'tool')?.content
  return {
    model,
    question: items[asked]?.content.trim() ?? '',
    promptTokens: promptTokens({ messages: items }),
    maxTokens,
    isStreamed: body.stream === true,
    tool: toolResult === undefined ? calledTool(body.tools, body.tool_choice) : undefined,
    toolResult,
    schema: schemaOf(body.text?.format),
  }
}

function readInput(input: unknown): Item[] {
  if (typeof input === 'string') return [{ role: 'user', content: input }]
  if (!Array.isArray(input) || input.length === 0) throw invalid('input', 'expected a string or a non-empty array')
  return input.map((item, index) => readItem(item, `input[${index}]`))
}

function readItem(item: any, at: string): Item {
  switch (item?.type) {
    case 'function_call':
    case 'reasoning':
      return { role: 'assistant', content: '' }
    case 'function_call_output':
      if (typeof item.call_id !== 'string') throw invalid(`${at}.call_id`, 'expected a string')
      return { role: 'tool', content: textOf(item.output, `${at}.output`) }
    case undefined:
    case 'message':
      if (!ROLES.has(item?.role)) throw invalid(`${at}.role`, `expected one of ${[...ROLES].join(', ')}`)
      return { role: item.role, content: textOf(item.content, `${at}.content`) }
    default:
      throw invalid(`${at}.type`, `'${item.type}' is not supported by this server`)
  }
}

function calledTool(tools: unknown, choice: any): Tool | undefined {
  if (tools === undefined || tools === null || choice === 'none') return undefined
  if (!Array.isArray(tools)) throw invalid('tools', 'expected an array')
  const read = tools.map((tool, index) => {
    if (tool?.type !== 'function') throw invalid(`tools[${index}].type`, "expected 'function'")
    if (typeof tool.name !== 'string') throw invalid(`tools[${index}].name`, 'expected a string')
    return { name: tool.name, schema: tool.parameters ?? { type: 'object' } }
  })
  return chosenTool(read, choice?.name)
}

function schemaOf(format: any): JsonSchema | undefined {
  if (format?.type !== 'json_schema') return undefined
  if (!isObject(format.schema)) throw invalid('text.format.schema', 'expected an object')
  return format.schema
}

function answer(prompt: Prompt, reply: Reply) {
  const status = reply.isCut ? 'incomplete' : 'completed'
  return { ...frame(prompt), ...ending(reply, status), status, output: [outputItem(reply, status)] }
}

function frame({ model, maxTokens }: Prompt) {
  return {
    id: `resp_${randomUUID()}`,
    object: 'response',
    created_at: Math.floor(Date.now() / 1000),
    status: 'in_progress',
    error: null,
    incomplete_details: null as { reason: string } | null,
    instructions: null,
    max_output_tokens: Number.isFinite(maxTokens) ? maxTokens : null,
    metadata: {},
    model,
    output: [] as object[],
    parallel_tool_calls: true,
    temperature: 1,
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    usage: null as object | null,
  }
}

function ending({ isCut, inputTokens, outputTokens }: Reply, status: string) {
  return {
    status,
    incomplete_details: isCut ? { reason: 'max_output_tokens' } : null,
    usage: {
      input_tokens: inputTokens,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: outputTokens,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: inputTokens + outputTokens,
    },
  }
}

function outputItem({ call, text }: Reply, status: string, id: string = randomUUID()) {
  if (call) {
    const item = { type: 'function_call', id: `fc_${id}`, call_id: `call_${call.id}`, name: call.name }
    return { ...item, arguments: text, status }
  }
  return { type: 'message', id: `msg_${id}`, status, role: 'assistant', content: [textPart(text)] }
}

function textPart(text: string) {
  return { type: 'output_text', text, annotations: [], logprobs: [] }
}

function events(prompt: Prompt, reply: Reply): ServerEvent[] {
  const response = frame(prompt)
  const status = reply.isCut ? 'incomplete' : 'completed'
  const id = randomUUID()
  const item = outputItem(reply, status, id)
  const sent: [string, object][] = [
    ['response.created', { response }],
    ['response.in_progress', { response }],
    ...(reply.call ? callEvents(reply, item) : textEvents(reply, item)),
    ['response.output_item.done', { output_index: 0, item }],
    [`response.${status}`, { response: { ...response, ...ending(reply, status), output: [item] } }],
  ]
  return sent.map(([type, data], index) => ({ event: type, data: { type, sequence_number: index, ...data } }))
}

function textEvents({ pieces, text }: Reply, item: { id: string }): [string, object][] {
  const place = { item_id: item.id, output_index: 0, content_index: 0 }
  const begun = { ...item, status: 'in_progress', content: [] }
  return [
    ['response.output_item.added', { output_index: 0, item: begun }],
    ['response.content_part.added', { ...place, part: textPart('') }],
    ...pieces.map((delta): [string, object] => ['response.output_text.delta', { ...place, delta, logprobs: [] }]),
    ['response.output_text.done', { ...place, text, logprobs: [] }],
    ['response.content_part.done', { ...place, part: textPart(text) }],
  ]
}

function callEvents({ pieces, text, call }: Reply, item: { id: string }): [string, object][] {
  const place = { item_id: item.id, output_index: 0 }
  return [
    ['response.output_item.added', { output_index: 0, item: { ...item, status: 'in_progress', arguments: '' } }],
    ...pieces.map((delta): [string, object] => ['response.function_call_arguments.delta', { ...place, delta }]),
    ['response.function_call_arguments.done', { ...place, name: call?.name, arguments: text }],
  ]
}
