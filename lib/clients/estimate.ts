// How many tokens a request will take, told from its text, and what an answer says it took.

import type { PermitRequest, PermitUse, TokenUsage } from '../index.ts'
import { read } from '../values/read.ts'
import type { ClientRequest } from './request.ts'

/** The rule of thumb for English text of common tokenizers. */
const CHARACTERS_PER_TOKEN = 4
/** Where a request holds binary content, which says nothing about tokens. */
const BINARY = new Set(['data', 'file_data', 'image_url', 'url'])
const NO_TEXT = new Set(['model', 'metadata', 'user'])

export function estimateOf({ body, model, protocol }: ClientRequest): PermitRequest {
  const inputTokens = Math.ceil(textLength(body, NO_TEXT) / CHARACTERS_PER_TOKEN) + tokensGiven(body.input)
  const outputTokens = protocol.mostOutput(body)
  return { key: model, inputTokens, ...(outputTokens !== undefined && { outputTokens }) }
}

/** Of all texts in a value, save those under these names. */
function textLength(value: unknown, without: ReadonlySet<string>): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 0
  return Object.entries(value)
    .filter(([name]) => !without.has(name))
    .reduce((length, [, part]) => length + textLength(part, BINARY), 0)
}

/** What is to be embedded can be given as tokens, or as several lists of them. */
function tokensGiven(input: unknown): number {
  if (!Array.isArray(input)) return 0
  return input.reduce((count: number, part) => count + (typeof part === 'number' ? 1 : tokensGiven(part)), 0)
}

/** What counts towards limits: of Anthropic's tokens, those that its cache was read for do not. */
export function permitUseOf(answer: unknown): PermitUse | undefined {
  const usage = read(answer, 'usage')
  const input = count(usage, 'prompt_tokens') ?? count(usage, 'input_tokens')
  const output = count(usage, 'completion_tokens') ?? count(usage, 'output_tokens')
  if (input === undefined && output === undefined) return undefined
  const written = count(usage, 'cache_creation_input_tokens') ?? 0
  return {
    ...(input !== undefined && { inputTokens: input + written }),
    // Embeddings have no answer in tokens.
    outputTokens: output ?? 0,
  }
}

/** All tokens that were paid for. */
export function tokenUsageOf(answer: unknown): TokenUsage | undefined {
  const usage = permitUseOf(answer)
  if (usage === undefined) return undefined
  const cached = count(read(answer, 'usage'), 'cache_read_input_tokens') ?? 0
  return { inputTokens: (usage.inputTokens ?? 0) + cached, outputTokens: usage.outputTokens ?? 0 }
}

function count(usage: unknown, name: string): number | undefined {
  const value = read(usage, name)
  return typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY ? value : undefined
}
