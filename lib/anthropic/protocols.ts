// The endpoint of Anthropic.

import { objectOf } from '../clients/events.ts'
import type { Family, Protocol, StreamSummary } from '../clients/protocol.ts'

class MessageSummary implements StreamSummary {
  isOver = false
  #message: Record<string, unknown> | undefined

  add(event: string, data: string): void {
    const { type = event, message, delta, usage } = objectOf(data)
    if (type === 'message_start') this.#message = { ...message }
    if (type === 'message_delta' && this.#message !== undefined) {
      this.#message = { ...this.#message, ...delta, usage: { ...(this.#message.usage as object), ...usage } }
    }
    if (type === 'error') this.#message = undefined
    if (type === 'message_stop' || type === 'error') this.isOver = true
  }

  get answer(): object | undefined {
    return this.isOver && this.#message?.stop_reason ? this.#message : undefined
  }
}

const messages: Protocol = {
  path: '/v1/messages',
  ignored: ['metadata'],
  mostOutput: ({ max_tokens }) => (typeof max_tokens === 'number' && max_tokens >= 0 ? max_tokens : undefined),
  isAnswer: ({ content, error }) => Array.isArray(content) && !error,
  summary: () => new MessageSummary(),
}

function limit(name: string): readonly [string, string] {
  return [`anthropic-ratelimit-${name}-remaining`, `anthropic-ratelimit-${name}-reset`]
}

export const ANTHROPIC: Family = {
  package: '@anthropic-ai/sdk',
  protocols: [messages],
  limitHeaders: {
    requests: limit('requests'),
    tokens: limit('tokens'),
    inputTokens: limit('input-tokens'),
    outputTokens: limit('output-tokens'),
  },
}
