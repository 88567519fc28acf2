// A model provider on this machine: speaks the protocols of OpenAI (chat completions, responses, embeddings) and of
// Anthropic (messages) over HTTP, streams, knows a dataset, is right about a fixed share of it, takes a realistic time,
// and refuses what exceeds its rate limit. It costs nothing, and the same questions bring the same answers, delays and
// failures in every run.

import type { ServerResponse } from 'node:http'
import { type KnownQuestion, solve } from './model-server/answers.ts'
import { chat } from './model-server/chat.ts'
import { embeddingList, parseEmbeddingRequest } from './model-server/embeddings.ts'
import { sendEvents } from './model-server/event-stream.ts'
import { type Answer, serveApi } from './model-server/http.ts'
import { messages } from './model-server/messages.ts'
import { ApiError, type Prompt, type Protocol, tooManyRequests } from './model-server/protocol.ts'
import { logNormal, randomFor } from './model-server/random.ts'
import { replyTo } from './model-server/reply.ts'
import { responses } from './model-server/responses.ts'
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
  /** The share of questions, 0 to 1, whose first request fails with status 429 (Anthropic's: 529) or 500. @default 0.01 */
  failureRate?: number
  /** Whatever a request asks for, answers are cut off after so many tokens. @default Infinity */
  maxTokens?: number
  /** The connection of a stream breaks after so many events, in the middle of the next. @default Infinity */
  cutStreamsAfter?: number
  /** Another seed gives other answers, delays and failures. @default 2 */
  seed?: number
  /** The clock that the rate limit follows, in milliseconds. */
  now?: () => number
}

export interface ModelServerStats {
  /** Requests for an answer or for embeddings, however they ended. */
  requests: number
  /** The same by path, such as `/v1/chat/completions`. */
  routes: Record<string, number>
  /** Answers that were sent, to the end of their stream. */
  completions: number
  /** Lists of embeddings that were sent. */
  embeddings: number
  /** Streams that ended early: cut off, or left by their client. */
  brokenStreams: number
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
  /** The base URL for a client that adds the `/v1` itself, as Anthropic's does. */
  origin: string
  stats: ModelServerStats
  /** Drops open requests and resolves when the port is free. */
  close(): Promise<void>
}

const MODELS = { 'local-small': 0.82, 'local-large': 0.95 }
const EMBEDDING_MODEL = 'local-embedding'

/** The part of a stream's time that passes before it begins. */
const FIRST_EVENT = 0.3

const PROTOCOLS: Record<string, Protocol<any>> = {
  '/v1/chat/completions': chat,
  '/v1/responses': responses,
  '/v1/messages': messages,
}

/** Starts a server on a free port of the loopback interface. */
export async function startModelServer(options: ModelServerOptions): Promise<ModelServer> {
  const provider = new Provider(options)
  const { url, close } = await serveApi({
    'GET /v1/models': () => provider.listModels(),
    'POST /v1/embeddings': (body) => provider.embed('/v1/embeddings', body),
    ...Object.fromEntries(
      Object.keys(PROTOCOLS).map((path) => [
        `POST ${path}`,
        (body: string, _: unknown, response: ServerResponse) => provider.complete(path, body, response),
      ]),
    ),
  })
  return {
    url,
    origin: new URL(url).origin,
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
    routes: {},
    completions: 0,
    embeddings: 0,
    brokenStreams: 0,
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
      maxTokens: options.maxTokens ?? Number.POSITIVE_INFINITY,
      cutStreamsAfter: options.cutStreamsAfter ?? Number.POSITIVE_INFINITY,
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

  /** Answers a request in the protocol of its path. */
  async complete(path: string, text: string, response: ServerResponse): Promise<Answer | undefined> {
    const protocol = PROTOCOLS[path] as Protocol<any>
    this.#count(path)
    const prompt = this.#validate<Prompt>(() => protocol.parse(text))
    this.#enforceLimit(protocol)
    const { model, question } = prompt
    const random = this.#randomForRequest(protocol, model, question)
    const latency = logNormal(random, this.#options.medianLatency, this.#options.latencySpread)
    await this.#wait(prompt.isStreamed ? latency * FIRST_EVENT : latency)
    const known = this.#known.get(question)
    const accuracy = this.#options.models[model] as number
    const solution = known ? solve(known, model, accuracy, this.#options.seed) : 'I cannot tell.'
    const reply = replyTo(prompt, solution, this.#options.maxTokens)
    this.stats.totalTokens += reply.inputTokens + reply.outputTokens
    const headers = this.#limitHeaders(protocol)
    if (!prompt.isStreamed) {
      this.stats.completions++
      return { body: protocol.answer(prompt, reply), headers }
    }
    const events = protocol.events(prompt, reply)
    const interval = (latency * (1 - FIRST_EVENT)) / events.length
    const pause = () => this.#wait(interval)
    const isComplete = await sendEvents(response, events, { headers, cutAfter: this.#options.cutStreamsAfter, pause })
    this.stats[isComplete ? 'completions' : 'brokenStreams']++
    return undefined
  }

  async embed(path: string, text: string): Promise<Answer> {
    this.#count(path)
    const request = this.#validate(() => parseEmbeddingRequest(text), EMBEDDING_MODEL)
    this.#enforceLimit(chat)
    const random = this.#randomForRequest(chat, request.model, request.texts.join('\n'))
    await this.#wait(logNormal(random, this.#options.medianLatency, this.#options.latencySpread))
    this.stats.embeddings++
    this.stats.totalTokens += request.promptTokens
    return { body: embeddingList(request), headers: this.#limitHeaders(chat) }
  }

  #count(path: string): void {
    this.stats.requests++
    this.stats.routes[path] = (this.stats.routes[path] ?? 0) + 1
  }

  /** Parses a request, and finds its model among those there are. */
  #validate<T extends { model: string }>(parse: () => T, ...more: string[]): T {
    try {
      const request = parse()
      const names = [...Object.keys(this.#options.models), ...more]
      if (!names.includes(request.model)) {
        const message = `The model '${request.model}' does not exist. There are: ${names.join(', ')}.`
        throw new ApiError(404, message, { code: 'model_not_found', parameter: 'model' })
      }
      return request
    } catch (error) {
      this.stats.invalid++
      throw error
    }
  }

  #enforceLimit(protocol: Pick<Protocol, 'limitHeaders'>): void {
    const wait = this.#window.admit(this.#options.now())
    if (wait === 0) return
    this.stats.rateLimited++
    const message = `Rate limit reached: ${this.#window.limit} requests per minute. Please try again in ${Math.ceil(wait)}ms.`
    throw tooManyRequests(message, { ...this.#limitHeaders(protocol), ...waitHeaders(wait) })
  }

  /** What the headers of every answer tell about the limit, if there is one. */
  #limitHeaders(protocol: Pick<Protocol, 'limitHeaders'>): Record<string, string> {
    return Number.isFinite(this.#window.limit) ? protocol.limitHeaders(this.#window.left(this.#options.now())) : {}
  }

  /** The random numbers of this request, after the few questions that fail at first have failed. */
  #randomForRequest(protocol: Pick<Protocol, 'overloaded'>, model: string, question: string): () => number {
    const key = `${model}\n${question}`
    const attempt = (this.#asked.get(key) ?? 0) + 1
    this.#asked.set(key, attempt)
    const random = randomFor(this.#options.seed, 'request', model, question, attempt)
    const fails = random() < this.#options.failureRate
    if (!fails || attempt > 1) return random
    this.stats.injectedFailures++
    if (random() < 0.5) throw protocol.overloaded(waitHeaders(250))
    throw new ApiError(500, 'The server had an error while processing your request.', { type: 'server_error' })
  }

  async #wait(milliseconds: number): Promise<void> {
    if (milliseconds === 0) return
    await new Promise<void>((resolve) => {
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
