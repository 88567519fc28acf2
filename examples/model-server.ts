// A model provider on this machine: speaks OpenAI's chat-completions protocol over HTTP, knows a dataset, is right
// about a fixed share of it, takes a realistic time, and refuses what exceeds its rate limit. It costs nothing, and
// the same questions bring the same answers, delays and failures in every run.

import { type KnownQuestion, solve } from './model-server/answers.ts'
import { type Answer, serveApi } from './model-server/http.ts'
import { ApiError, chatCompletion, lastQuestion, parseChatRequest, tooManyRequests } from './model-server/protocol.ts'
import { logNormal, randomFor } from './model-server/random.ts'
import { SlidingWindow } from './model-server/sliding-window.ts'

export interface ModelServerOptions {
  /** What the models know. Whatever else they are asked, they admit that they cannot say. */
  dataset: Iterable<KnownQuestion>
  /** The models by name, each with the share of questions, 0 to 1, that it answers correctly. */
  models?: Record<string, number>
  /** Requests above this in a sliding minute are refused with status 429. @default Infinity */
  requestsPerMinute?: number
  /** Half of the answers take less than this many milliseconds. @default 220 */
  medianLatency?: number
  /** How far the latencies spread: the deviation of their logarithm. @default 0.45 */
  latencySpread?: number
  /** The share of questions, 0 to 1, whose first request fails with status 429 or 500. @default 0.01 */
  failureRate?: number
  /** Another seed gives other answers, delays and failures. @default 2 */
  seed?: number
  /** The clock that the rate limit follows, in milliseconds. */
  now?: () => number
}

export interface ModelServerStats {
  /** Requests for a completion, however they ended. */
  requests: number
  completions: number
  /** Refused because the rate limit was exceeded. */
  rateLimited: number
  /** Failed on purpose, as providers do now and then. */
  injectedFailures: number
  /** Refused because the request made no sense. */
  invalid: number
  totalTokens: number
}

export interface ModelServer {
  /** The base URL for a client, such as `http://127.0.0.1:40123/v1`. */
  url: string
  stats: ModelServerStats
  /** Drops open requests and resolves when the port is free. */
  close(): Promise<void>
}

const MODELS = { 'local-small': 0.82, 'local-large': 0.95 }

/** Starts a server on a free port of the loopback interface. */
export async function startModelServer(options: ModelServerOptions): Promise<ModelServer> {
  const provider = new Provider(options)
  const { url, close } = await serveApi({
    'GET /v1/models': () => provider.listModels(),
    'POST /v1/chat/completions': (body) => provider.complete(body),
  })
  return {
    url,
    stats: provider.stats,
    close: () => {
      provider.stop()
      return close()
    },
  }
}

class Provider {
  readonly stats: ModelServerStats = {
    requests: 0,
    completions: 0,
    rateLimited: 0,
    injectedFailures: 0,
    invalid: 0,
    totalTokens: 0,
  }
  readonly #options: Required<Omit<ModelServerOptions, 'dataset' | 'requestsPerMinute'>>
  readonly #known: Map<string, KnownQuestion>
  readonly #window: SlidingWindow
  /** How often each model was asked each question: only the first request may fail on purpose. */
  readonly #asked = new Map<string, number>()
  readonly #pending = new Set<NodeJS.Timeout>()

  constructor({ dataset, requestsPerMinute, ...options }: ModelServerOptions) {
    this.#options = {
      models: options.models ?? MODELS,
      medianLatency: options.medianLatency ?? 220,
      latencySpread: options.latencySpread ?? 0.45,
      failureRate: options.failureRate ?? 0.01,
      seed: options.seed ?? 2,
      now: options.now ?? (() => performance.now()),
    }
    this.#known = new Map(Array.from(dataset, (row) => [row.question.trim(), row]))
    this.#window = new SlidingWindow(requestsPerMinute ?? Number.POSITIVE_INFINITY)
  }

  /** Forgets the answers that are still being waited for. */
  stop(): void {
    for (const timer of this.#pending) clearTimeout(timer)
  }

  async complete(text: string): Promise<Answer> {
    this.stats.requests++
    const chat = this.#validate(text)
    this.#enforceLimit()
    const question = lastQuestion(chat)
    const random = this.#randomForRequest(chat.model, question)
    await this.#wait(logNormal(random, this.#options.medianLatency, this.#options.latencySpread))
    const known = this.#known.get(question)
    const accuracy = this.#options.models[chat.model] as number
    const solution = known ? solve(known, chat.model, accuracy, this.#options.seed) : 'I cannot tell.'
    const body = chatCompletion(chat, solution, Math.floor(Date.now() / 1000))
    this.stats.completions++
    this.stats.totalTokens += body.usage.total_tokens
    return { body, headers: this.#window.headers(this.#options.now()) }
  }

  #validate(text: string) {
    try {
      const chat = parseChatRequest(text)
      if (!Object.hasOwn(this.#options.models, chat.model)) {
        const message = `The model '${chat.model}' does not exist. There are: ${Object.keys(this.#options.models).join(', ')}.`
        throw new ApiError(404, message, { code: 'model_not_found', parameter: 'model' })
      }
      return chat
    } catch (error) {
      this.stats.invalid++
      throw error
    }
  }

  #enforceLimit(): void {
    const now = this.#options.now()
    const wait = this.#window.admit(now)
    if (wait === 0) return
    this.stats.rateLimited++
    const message = `Rate limit reached: ${this.#window.limit} requests per minute. Please try again in ${Math.ceil(wait)}ms.`
    throw tooManyRequests(message, { ...this.#window.headers(now), ...waitHeaders(wait) })
  }

  /** The random numbers of this request, after the few questions that fail at first have failed. */
  #randomForRequest(model: string, question: string): () => number {
    const key = `${model}\n${question}`
    const attempt = (this.#asked.get(key) ?? 0) + 1
    this.#asked.set(key, attempt)
    const random = randomFor(this.#options.seed, 'request', model, question, attempt)
    const fails = random() < this.#options.failureRate
    if (!fails || attempt > 1) return random
    this.stats.injectedFailures++
    if (random() < 0.5)
      throw tooManyRequests('The engine is currently overloaded, please try again later.', waitHeaders(250))
    throw new ApiError(500, 'The server had an error while processing your request.', { type: 'server_error' })
  }

  #wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#pending.delete(timer)
        resolve()
      }, milliseconds)
      this.#pending.add(timer)
    })
  }

  async listModels(): Promise<Answer> {
    const data = Object.keys(this.#options.models).map((id) => ({ id, object: 'model', created: 0, owned_by: 'local' }))
    return { body: { object: 'list', data }, headers: {} }
  }
}

/** Tells how long to wait in both of the headers that OpenAI's clients read. */
function waitHeaders(wait: number): Record<string, string> {
  return { 'retry-after': String(Math.ceil(wait / 1000)), 'retry-after-ms': String(Math.ceil(wait)) }
}
