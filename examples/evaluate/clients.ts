import type { OpenAI } from 'openai'
import type { Reply } from './model.ts'
import type { Client } from './options.ts'

export interface ClientSettings {
  apiKey: string
  baseURL: string
  model: string
  instructions: string
  fetch: typeof fetch
}

/** Asks the model one question. */
export type Ask = (question: string) => Promise<Reply>

const TEMPERATURE = 0
const TIMEOUT = 60_000

/**
 * Neither retries by itself: a repeated request has to pass the rate limiter like any other. Each is loaded when there is
 * something to ask: a run whose answers are all stored would be over before that.
 */
export const CLIENTS: Record<Client, (settings: ClientSettings) => Ask> = {
  openai: askThroughOpenAI,
  'ai-sdk': askThroughAiSdk,
}

function askThroughOpenAI({ model, instructions, ...settings }: ClientSettings): Ask {
  let loading: Promise<OpenAI> | undefined
  const load = async () => new (await import('openai')).OpenAI({ ...settings, maxRetries: 0, timeout: TIMEOUT })
  return async (question) => {
    loading ??= load()
    const client = await loading
    const completion = await client.chat.completions.create({
      model,
      temperature: TEMPERATURE,
      messages: [
        { role: 'system', content: instructions },
        { role: 'user', content: question },
      ],
    })
    return replyOf(completion)
  }
}

function replyOf({ choices: [choice], usage }: OpenAI.ChatCompletion): Reply {
  return {
    text: choice?.message.content ?? '',
    finishReason: choice?.finish_reason ?? 'unknown',
    usage: {
      inputTokens: usage?.prompt_tokens ?? 0,
      outputTokens: usage?.completion_tokens ?? 0,
      totalTokens: usage?.total_tokens ?? 0,
    },
  }
}

function askThroughAiSdk({ model, instructions, ...settings }: ClientSettings): Ask {
  const load = async () => {
    const [{ generateText }, { createOpenAICompatible }, { executorOptions }] = await Promise.all([
      import('ai'),
      import('@ai-sdk/openai-compatible'),
      import('@aah/ai-evals-performance/ai-sdk'),
    ])
    const call = {
      ...executorOptions().call,
      model: createOpenAICompatible({ name: 'provider', ...settings })(model),
      temperature: TEMPERATURE,
      system: instructions,
    }
    return (prompt: string) => generateText({ ...call, prompt, abortSignal: AbortSignal.timeout(TIMEOUT) })
  }
  let loading: ReturnType<typeof load> | undefined
  return async (question) => {
    loading ??= load()
    const ask = await loading
    const { text, finishReason, usage } = await ask(question)
    const { inputTokens = 0, outputTokens = 0, totalTokens = inputTokens + outputTokens } = usage
    return { text, finishReason, usage: { inputTokens, outputTokens, totalTokens } }
  }
}
