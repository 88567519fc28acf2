// What an answer cost, as its caller or the answer itself says.

import { outOfRange, wrongType } from '../arguments.ts'

/** The tokens that an answer took. What is left out is unknown; a total that is left out is the sum of the two. */
export interface TokenUsage {
  inputTokens?: number
  outputTokens?: number
  totalTokens?: number
}

/** What an entry was paid with, and so what each hit on it saves. 0 is unknown, or nothing. */
export interface Price {
  /** Milliseconds that the making took. */
  readonly time: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly totalTokens: number
  readonly cost: number
}

export const FREE: Price = { time: 0, inputTokens: 0, outputTokens: 0, totalTokens: 0, cost: 0 }

/** The price of an answer that took `time`, by what its caller says and otherwise by what the answer does. */
export function priceOf(answer: unknown, usage: unknown, cost: unknown, time: number): Price {
  const tokens = usage === undefined ? usageOf(answer) : tokensOf(usage)
  const known = amount(cost) ?? 0
  if (tokens === undefined && known === 0 && time === 0) return FREE
  const { inputTokens, outputTokens, totalTokens } = tokens ?? FREE
  return { time, inputTokens, outputTokens, totalTokens, cost: known }
}

/** `usage` or, of an answer in several steps, the `totalUsage` of all of them. */
function usageOf(answer: any): Tokens | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined
  try {
    return tokensOf(answer.totalUsage) ?? tokensOf(answer.usage)
  } catch {
    return undefined
  }
}

type Tokens = Pick<Price, 'inputTokens' | 'outputTokens' | 'totalTokens'>

/**
 * As OpenAI's chat completions, OpenAI's responses and Anthropic say it, and the AI SDK before and since version 5, whose
 * models since version 6 say it in objects with a `total`; `undefined` where no number of tokens is said. Each name is
 * written out: looking up a name in a variable takes many times as long, and every `set` comes by here.
 */
function tokensOf(usage: any): Tokens | undefined {
  if (typeof usage !== 'object' || usage === null) return undefined
  try {
    const { inputTokens: asked, outputTokens: answered } = usage
    const input = first(usage.prompt_tokens, usage.input_tokens, usage.promptTokens, asked) ?? amount(asked?.total)
    const output =
      first(usage.completion_tokens, usage.output_tokens, usage.completionTokens, answered) ?? amount(answered?.total)
    const total = amount(usage.total_tokens) ?? amount(usage.totalTokens)
    if (input === undefined && output === undefined && total === undefined) return undefined
    // Anthropic counts these apart from `input_tokens`.
    const cached = (amount(usage.cache_creation_input_tokens) ?? 0) + (amount(usage.cache_read_input_tokens) ?? 0)
    const inputTokens = (input ?? 0) + cached
    const outputTokens = output ?? 0
    return { inputTokens, outputTokens, totalTokens: total ?? inputTokens + outputTokens }
  } catch {
    return undefined
  }
}

function first(one: unknown, another: unknown, third: unknown, last: unknown): number | undefined {
  return amount(one) ?? amount(another) ?? amount(third) ?? amount(last)
}

function amount(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY ? value : undefined
}

/** Refuses a `usage` that is no object of numbers, or a function where those are welcome. */
export function checkUsage(usage: unknown, functions: boolean): void {
  if (usage === undefined || (functions && typeof usage === 'function')) return
  if (typeof usage !== 'object' || usage === null || Array.isArray(usage)) {
    throw wrongType('usage', functions ? 'an object or a function' : 'an object', usage)
  }
  for (const name of ['inputTokens', 'outputTokens', 'totalTokens']) {
    checkAmount(`usage.${name}`, (usage as Record<string, unknown>)[name])
  }
}

/** Refuses a `cost` that is no number ≥ 0, or a function where those are welcome. */
export function checkCost(cost: unknown, functions: boolean): void {
  if (functions && typeof cost === 'function') return
  checkAmount('cost', cost, functions ? 'a number ≥ 0 or a function' : 'a number ≥ 0')
}

function checkAmount(name: string, value: unknown, expected = 'a number ≥ 0'): void {
  if (value === undefined) return
  if (typeof value !== 'number') throw wrongType(name, expected, value)
  if (amount(value) === undefined) throw outOfRange(name, expected, value)
}
