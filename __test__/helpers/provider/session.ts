import type { ExecutionTask, RunResult } from '@aah/ai-evals-performance'
import OpenAI from 'openai'
import { afterEach, beforeEach, vi } from 'vitest'
import { promptTokens } from '../../../examples/model-server/protocol.ts'
import { randomFor } from '../../../examples/model-server/random.ts'
import { type Provider, type ProviderOptions, startProvider } from './provider.ts'
import { VirtualTime } from './virtual-time.ts'

const MODEL = 'simulated'

/** A provider of one test, its client, and the clock that both live on. */
export interface Session {
  time: VirtualTime
  provider: Provider
  /** OpenAI's own client, which does not retry by itself. */
  client: OpenAI
  ask(question: string, settings?: { max_tokens?: number; signal?: AbortSignal }): Promise<OpenAI.ChatCompletion>
  /** For an executor: asks a task's question and reports the tokens. */
  execute(task: ExecutionTask<string, string>, context?: { signal: AbortSignal }): Promise<RunResult<string>>
}

/** Virtual time and repeatable chance for every test of a file, and a function that starts providers in them. */
export function sessions(): (options?: ProviderOptions) => Promise<Session> {
  let time: VirtualTime
  let providers: Provider[]
  beforeEach(() => {
    time = new VirtualTime()
    providers = []
    vi.spyOn(Math, 'random').mockImplementation(randomFor('chance'))
  })
  afterEach(async () => {
    try {
      await time.end()
    } finally {
      vi.restoreAllMocks()
      await Promise.all(providers.map((provider) => provider.close()))
    }
  })
  return async (options = {}) => {
    const provider = await startProvider(options, time.traffic)
    providers.push(provider)
    return session(time, provider)
  }
}

function session(time: VirtualTime, provider: Provider): Session {
  const client = new OpenAI({ apiKey: 'any', baseURL: provider.url, maxRetries: 0, fetch: time.traffic.fetch })
  const ask: Session['ask'] = (question, { signal, max_tokens = 200 } = {}) =>
    client.chat.completions.create({ model: MODEL, max_tokens, messages: messagesOf(question) }, { signal })
  const execute: Session['execute'] = async ({ testCase, runnerConfig }, context) => {
    const { choices, usage } = await ask(testCase.input, { ...runnerConfig?.request, signal: context?.signal })
    const { prompt_tokens: input, completion_tokens: output, total_tokens: total } = usage!
    return { actual: choices[0]!.message.content!, metadata: { tokenUsage: { input, output, total } } }
  }
  return { time, provider, client, ask, execute }
}

function messagesOf(content: string) {
  return [{ role: 'user' as const, content }]
}

/** Tasks with a question each, of which the provider may answer each with up to `maxTokens`. */
export function questions(count: number, maxTokens = 200): ExecutionTask<string, string>[] {
  return Array.from({ length: count }, (_, index) => {
    const input = `What is question ${index}?`
    const testCase = { id: `${index}`, input, expected: '' }
    // An executor that is not told otherwise takes a quarter of the characters for the question: here it is told more.
    const most = maxTokens + inputTokens(input)
    return { id: `${index}`, testCase, runnerConfig: { maxTokens: most, request: { max_tokens: maxTokens } } }
  })
}

export function inputTokens(question: string): number {
  return promptTokens({ messages: messagesOf(question) })
}
