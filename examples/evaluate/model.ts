import { startModelServer } from '../model-server.ts'
import { CLIENTS } from './clients.ts'
import type { Question } from './dataset.ts'
import type { Client, Options } from './options.ts'
import { UsageError } from './usage-error.ts'

/** In the words of the AI SDK: the cache reads in them what an answer cost, and keeps none that was cut off. */
export interface Reply {
  text: string
  finishReason: string
  usage: { inputTokens: number; outputTokens: number; totalTokens: number }
}

export interface Model {
  name: string
  /** Whatever the answer depends on besides the question: with it, the key of the cache. */
  config: Record<string, unknown>
  ask(question: Question): Promise<Reply>
}

export interface Provider {
  /** Where the answers come from. */
  description: string
  models: Model[]
  /** What went over the network so far. */
  traffic: { requests: number; rateLimited: number }
  close(): Promise<void>
}

const INSTRUCTIONS =
  'Solve the problem. Show your steps briefly, and end with a line of the form "A: 42" that holds nothing but the number.'

/** The provider that the options and the environment ask for. */
export async function openProvider(options: Options, questions: Question[]): Promise<Provider> {
  if (options.recorded) return recordedProvider(options, questions)
  const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseURL } = process.env
  if (baseURL && !URL.canParse(baseURL)) throw new UsageError(`OPENAI_BASE_URL is no URL: \`${baseURL}\``)
  if (apiKey) {
    const url = baseURL || 'https://api.openai.com/v1'
    const provider = chatProvider(options.client, url, apiKey, options.model ?? 'gpt-4o-mini')
    return { ...provider, description: new URL(url).host, close: async () => {} }
  }
  if (baseURL) throw new UsageError('OPENAI_BASE_URL is set, but OPENAI_API_KEY is not')
  const server = await startModelServer({ dataset: questions, requestsPerMinute: options.requestsPerMinute })
  const provider = chatProvider(options.client, server.url, 'local', options.model ?? 'local-small', 'local')
  return { ...provider, description: 'the model server on this machine', close: server.close }
}

/** A model behind OpenAI's protocol, whether that is OpenAI, another provider or the server on this machine. */
function chatProvider(client: Client, baseURL: string, apiKey: string, name: string, provider = baseURL) {
  const traffic = { requests: 0, rateLimited: 0 }
  const countingFetch: typeof fetch = async (url, init) => {
    traffic.requests++
    const response = await fetch(url, init)
    if (response.status === 429) traffic.rateLimited++
    return response
  }
  const ask = CLIENTS[client]({ apiKey, baseURL, model: name, instructions: INSTRUCTIONS, fetch: countingFetch })
  let refusal: unknown
  const model: Model = {
    name,
    config: { provider, instructions: INSTRUCTIONS, model: name, temperature: 0 },
    async ask({ question }) {
      // A key or a model that was refused once will be refused every time.
      if (refusal !== undefined) throw refusal
      try {
        return await ask(question)
      } catch (error) {
        if (isRefusal(error)) refusal = error
        throw error
      }
    },
  }
  return { models: [model], traffic }
}

/** The models whose answers the dataset holds. */
function recordedProvider(options: Options, questions: Question[]): Provider {
  const names = [...(questions[0]?.recorded.keys() ?? [])]
  if (names.length === 0) throw new UsageError(`${options.dataset} holds no recorded answers`)
  if (options.model !== undefined && !names.includes(options.model)) {
    throw new UsageError(`No answers of \`${options.model}\` are recorded; there are: ${names.join(', ')}`)
  }
  const chosen = options.model === undefined ? names : [options.model]
  return {
    description: 'the recording in the file',
    models: chosen.map((name) => ({
      name,
      config: { provider: 'recorded', model: name },
      async ask({ id, recorded }) {
        const answer = recorded.get(name)
        if (answer === undefined) throw new Error(`No answer of ${name} to ${id} is recorded`)
        const usage = { inputTokens: 0, outputTokens: 0, totalTokens: 0 }
        return { text: answer.solution, finishReason: 'stop', usage }
      },
    })),
    traffic: { requests: 0, rateLimited: 0 },
    close: async () => {},
  }
}

/** Whether a provider will never answer: it does not know the key or the model. */
export function isRefusal(error: unknown): boolean {
  const { status, statusCode } = Object(error) as { status?: number; statusCode?: number }
  return [401, 403, 404].includes(status ?? statusCode ?? 0)
}
