import { type RateLimiter, ResponseCache } from '@aah/ai-evals-performance'
import { cached as cachedMessages } from '@aah/ai-evals-performance/anthropic'
import { type CachedOptions, cached, isCached, sample } from '@aah/ai-evals-performance/openai'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'

/** The clients, asking `fetch` instead of the network. */
export function clientsOf(fetch: typeof globalThis.fetch, limiter?: RateLimiter) {
  const options: CachedOptions = { cache: new ResponseCache({ maxSize: 100 }), ttl: 60_000, limiter }
  const openai: OpenAI = cached(new OpenAI({ apiKey: 'any', fetch }), options)
  const anthropic: Anthropic = cachedMessages(new Anthropic({ apiKey: 'any', fetch }), options)
  return { openai, anthropic }
}

type Clients = ReturnType<typeof clientsOf>

export async function chat({ openai }: Clients, content: string, number = 0) {
  const body = { model: 'gpt-5', messages: [{ role: 'user' as const, content }] }
  const answer = await openai.chat.completions.create(body, { headers: sample(number) })
  return { text: answer.choices[0]?.message.content, isCached: isCached(answer) }
}

export async function message({ anthropic }: Clients, content: string) {
  const answer = await anthropic.messages.create({
    model: 'claude-sonnet-5',
    max_tokens: 100,
    messages: [{ role: 'user', content }],
  })
  const text: string = answer.content.map((block) => (block.type === 'text' ? block.text : '')).join('')
  return { text, isCached: isCached(answer) }
}

// @ts-expect-error: it is no client.
export const wrong = () => cached({})
