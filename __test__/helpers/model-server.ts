import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import OpenAI7 from 'openai-7'
import { onTestFinished } from 'vitest'
import { type ModelServerOptions, startModelServer } from '../../examples/model-server.ts'

/** Known to the models of `startTestServer`, with characters of two, three and four bytes in the solution. */
export const QUESTION = 'How many 🍎 are 3 × 14?'

/** Starts a server for one test, whose model `sure` is always right, and clients of it that do not retry. */
export async function startTestServer(options: Partial<ModelServerOptions> = {}) {
  const server = await startModelServer({
    dataset: [
      { question: QUESTION, answer: 42, check: '3 × 14 → 🍎' },
      { question: 'What is 2 plus 3?', answer: 5 },
    ],
    models: { sure: 1 },
    medianLatency: 0,
    failureRate: 0,
    ...options,
  })
  onTestFinished(() => server.close())
  const settings = { apiKey: 'any', baseURL: server.url, maxRetries: 0 }
  return {
    server,
    openai: new OpenAI(settings),
    openai7: new OpenAI7(settings) as unknown as OpenAI,
    anthropic: new Anthropic({ ...settings, baseURL: server.origin }),
  }
}

/** Everything that comes, in an array. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}
