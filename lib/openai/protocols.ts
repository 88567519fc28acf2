// The endpoints of OpenAI, and of all who speak its protocols.

import { objectOf } from '../clients/events.ts'
import type { Family, Protocol, StreamSummary } from '../clients/protocol.ts'

/** A choice of a chat completion, as far as it is needed. */
interface Choice {
  finish_reason: unknown
  message: { refusal: string | null }
}

class ChatSummary implements StreamSummary {
  isOver = false
  #hasFailed = false
  #usage: unknown
  readonly #choices = new Map<unknown, Choice>()

  add(_event: string, data: string): void {
    if (data.startsWith('[DONE]')) {
      this.isOver = true
      return
    }
    const chunk = objectOf(data)
    if (chunk.error) this.#hasFailed = true
    if (chunk.usage) this.#usage = chunk.usage
    for (const { index, delta, finish_reason } of Array.isArray(chunk.choices) ? chunk.choices : []) {
      const choice = this.#choices.get(index) ?? { finish_reason: null, message: { refusal: null } }
      this.#choices.set(index, choice)
      choice.finish_reason = finish_reason ?? choice.finish_reason
      if (delta?.refusal) choice.message.refusal = (choice.message.refusal ?? '') + delta.refusal
    }
  }

  get answer(): object | undefined {
    const choices = [...this.#choices.values()]
    const isComplete = choices.length > 0 && choices.every(({ finish_reason }) => finish_reason !== null)
    if (!this.isOver || this.#hasFailed || !isComplete) return undefined
    return { choices, ...(this.#usage !== undefined && { usage: this.#usage }) }
  }
}

const LAST_EVENTS = new Set(['response.completed', 'response.incomplete', 'response.failed'])

class ResponseSummary implements StreamSummary {
  answer: object | undefined

  get isOver(): boolean {
    return this.answer !== undefined
  }

  add(_event: string, data: string): void {
    const { type, response } = objectOf(data)
    if (LAST_EVENTS.has(type) && typeof response === 'object' && response !== null) this.answer = response
  }
}

function numberOf(...candidates: unknown[]): number | undefined {
  return candidates.find((candidate): candidate is number => typeof candidate === 'number' && candidate >= 0)
}

const chat: Protocol = {
  path: '/chat/completions',
  ignored: ['user', 'safety_identifier', 'prompt_cache_key', 'prompt_cache_retention'],
  mostOutput({ max_completion_tokens, max_tokens, n }) {
    const most = numberOf(max_completion_tokens, max_tokens)
    return most === undefined ? undefined : most * (numberOf(n) ?? 1)
  },
  isAnswer: ({ choices, error }) => Array.isArray(choices) && choices.length > 0 && !error,
  summary: () => new ChatSummary(),
}

const responses: Protocol = {
  path: '/responses',
  // Such an answer repeats whatever it was asked with.
  ignored: [],
  mostOutput: ({ max_output_tokens }) => numberOf(max_output_tokens),
  isAnswer: ({ output, error }) => Array.isArray(output) && !error,
  summary: () => new ResponseSummary(),
  isStateful: ({ background, conversation }) => background === true || (conversation ?? null) !== null,
}

const embeddings: Protocol = {
  path: '/embeddings',
  ignored: ['user'],
  mostOutput: () => 0,
  isAnswer: ({ data }) => Array.isArray(data),
}

export const OPENAI: Family = {
  package: 'openai',
  protocols: [chat, responses, embeddings],
  limitHeaders: {
    requests: ['x-ratelimit-remaining-requests', 'x-ratelimit-reset-requests'],
    tokens: ['x-ratelimit-remaining-tokens', 'x-ratelimit-reset-tokens'],
    inputTokens: undefined,
    outputTokens: undefined,
  },
}
