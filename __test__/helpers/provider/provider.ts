import type { IncomingMessage, ServerResponse } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import { chat } from '../../../examples/model-server/chat.ts'
import { type Answer, serveApi } from '../../../examples/model-server/http.ts'
import { ApiError, invalid, type Prompt, tokens, tooManyRequests } from '../../../examples/model-server/protocol.ts'
import { logNormal, randomFor } from '../../../examples/model-server/random.ts'
import { replyTo } from '../../../examples/model-server/reply.ts'
import { type Arrival, type Limit, type Limits, limitHeaders, refusal } from './limits.ts'
import { type RetryAfterForm, retryAfter } from './retry-after.ts'
import { NUMBER_HEADER, type Traffic } from './traffic.ts'

/**
 * How a request that was let in may come to nothing:
 * - `overloaded`, `broken`, `unavailable`: status 429, 500, 503 after the time that an answer would have taken
 * - `reset`: the connection breaks when the answer is ready, before a byte of it is sent
 * - `truncated`: the connection breaks in the middle of the answer
 * - `hanging`: nothing ever comes
 */
export type Failure = 'overloaded' | 'broken' | 'unavailable' | 'reset' | 'truncated' | 'hanging'

export interface ProviderOptions {
  limits?: Limits
  /**
   * What a request counts for in the limits of output tokens while it is under way: the most that it may come to
   * (`most`, as OpenAI counts) or a single token (`used`, as Anthropic counts). When it has ended, it counts what it came to.
   *
   * @default 'most'
   */
  counts?: 'most' | 'used'
  /** Whether a refused request counts in the limits of requests as if it had been let in. @default false */
  countsRefused?: boolean
  /** How it says when to come back, to those it refuses and to those it fails with 429 or 503. @default 'milliseconds' */
  retryAfter?: RetryAfterForm
  /** How long answers take, in milliseconds: log-normally distributed. @default { median: 800, spread: 0.5 } */
  latency?: Distribution
  /** How long answers are, in tokens: log-normally distributed. @default { median: 40, spread: 0.5 } */
  length?: Distribution
  /** The shares of requests, 0 to 1, that fail in each way, or the failure of each attempt at a question. */
  failures?: Partial<Record<Failure, number>> | ((question: string, attempt: number) => Failure | undefined)
  /** Another seed gives other delays, lengths and failures. @default 1 */
  seed?: number
}

export interface Distribution {
  /** Half of the values are less. */
  median: number
  /** The deviation of their logarithm: 0 for values that are all the same. */
  spread: number
}

/** One request, in the order of their arrival. */
export interface LoggedRequest extends Arrival {
  readonly question: string
  /** How often this question has arrived, with this time. */
  readonly attempt: number
  outputTokens: number
  isUnderWay: boolean
  /** `hung up`: the client did not wait for the end. */
  outcome: 'under way' | 'answered' | 'refused' | 'hung up' | Failure
  /** The first limit that it would have exceeded. */
  refusedFor?: Limit
  /** When it was told to come back. */
  until?: number
  endedAt?: number
}

export interface Provider {
  /** The base URL for a client, such as `http://127.0.0.1:40123/v1`. */
  readonly url: string
  readonly limits: Limits
  readonly log: readonly LoggedRequest[]
  /** Drops open requests and resolves when the port is free. */
  close(): Promise<void>
}

/** What the provider answers to a question, before it goes on talking until the answer is as long as it should be. */
export function answerTo(question: string): string {
  return `You asked: ${question} That is all.`
}

/** How long it asks to wait where it fails with 429 or 503. */
export const OVERLOAD_WAIT = 1_700
/** The answer of a request that names no `max_tokens` may come to so many. */
const MOST_OUTPUT_TOKENS = 4_096

/**
 * Starts a provider on a free port of the loopback interface. It speaks OpenAI's chat completions over HTTP, refuses
 * what exceeds its limits, and keeps account of everything that arrives. It lives on the clock of this process, which
 * may be a virtual one: then `traffic` is told whenever a request is kept waiting.
 */
export async function startProvider(options: ProviderOptions, traffic?: Traffic): Promise<Provider> {
  const simulator = new Simulator(options, traffic)
  const { url, server, close } = await serveApi({
    'POST /v1/chat/completions': (body, request, response) => simulator.complete(body, request, response),
  })
  // Idle connections are left to the client: else one may close in real time at the moment at which it is used again.
  server.keepAliveTimeout = 0
  return { url, limits: options.limits ?? {}, log: simulator.log, close }
}

class Simulator {
  readonly log: LoggedRequest[] = []
  readonly #options: Required<ProviderOptions>
  readonly #traffic: Traffic | undefined

  constructor(options: ProviderOptions, traffic: Traffic | undefined) {
    this.#options = {
      limits: {},
      counts: 'most',
      countsRefused: false,
      retryAfter: 'milliseconds',
      latency: { median: 800, spread: 0.5 },
      length: { median: 40, spread: 0.5 },
      failures: {},
      seed: 1,
      ...options,
    }
    this.#traffic = traffic
  }

  async complete(body: string, message: IncomingMessage, response: ServerResponse): Promise<Answer | undefined> {
    const prompt = chat.parse(body)
    if (prompt.isStreamed) throw invalid('stream', 'this provider does not stream')
    // A client that hangs up and then asks again is seen doing so in this order: what else has arrived by now, be it the
    // end of another connection, is dealt with at the end of this turn of the event loop, after the first of these.
    await setImmediate()
    await setImmediate()
    const request = this.#arrived(prompt)
    this.#admit(request)
    const { failure, latency, length } = this.#fate(request)
    const isHeard = await this.#wait(failure === 'hanging' ? undefined : latency, message, response)
    const answer = chat.answer(prompt, replyTo(prompt, longAnswer(request.question, length)))
    const isComplete = isHeard && (failure === undefined || failure === 'reset' || failure === 'truncated')
    request.outcome = isHeard ? (failure ?? 'answered') : 'hung up'
    request.outputTokens = isComplete ? answer.usage.completion_tokens : 0
    this.#ended(request)
    if (!isHeard) return undefined
    if (failure === undefined) return { body: answer, headers: this.#limitHeaders() }
    return this.#fail(failure, request, response, JSON.stringify(answer))
  }

  /** Enters a request into the log. */
  #arrived(prompt: Prompt): LoggedRequest {
    const { question } = prompt
    const request: LoggedRequest = {
      at: performance.now(),
      question,
      attempt: 1 + this.log.filter((earlier) => earlier.question === question).length,
      inputTokens: prompt.promptTokens,
      outputTokens: this.#options.counts === 'most' ? Math.min(prompt.maxTokens, MOST_OUTPUT_TOKENS) : 1,
      isUnderWay: true,
      outcome: 'under way',
    }
    this.log.push(request)
    return request
  }

  /** Refuses what exceeds a limit. */
  #admit(request: LoggedRequest): void {
    const { limits, countsRefused, retryAfter: form } = this.#options
    const earlier = this.log.filter((other) => other !== request && (countsRefused || other.outcome !== 'refused'))
    const refused = refusal(limits, earlier, request)
    if (refused === undefined) return
    const { headers, until } = retryAfter(form, refused.wait)
    Object.assign(request, { outcome: 'refused', refusedFor: refused.limit, until, inputTokens: 0, outputTokens: 0 })
    this.#ended(request)
    throw tooManyRequests(`Rate limit reached: ${refused.limit}.`, { ...headers, ...this.#limitHeaders() })
  }

  #limitHeaders(): Record<string, string> {
    const counted = this.log.filter(({ outcome }) => outcome !== 'refused')
    return limitHeaders(this.#options.limits, counted, performance.now())
  }

  #ended(request: LoggedRequest): void {
    request.isUnderWay = false
    request.endedAt = performance.now()
  }

  /** What becomes of this attempt: the same in every run, and something else for the next attempt. */
  #fate({ question, attempt }: LoggedRequest) {
    const { failures, latency, length, seed } = this.#options
    const random = randomFor(seed, question, attempt)
    return {
      failure: typeof failures === 'function' ? failures(question, attempt) : drawn(failures, random()),
      latency: Math.round(logNormal(random, latency.median, latency.spread)),
      length: Math.round(logNormal(random, length.median, length.spread)),
    }
  }

  /** Whether the client is still there after so many milliseconds; without a number, waits until it has gone. */
  async #wait(milliseconds: number | undefined, message: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const number = Number(message.headers[NUMBER_HEADER])
    this.#traffic?.park(number)
    const isHeard = await new Promise<boolean>((resolve) => {
      const timer = milliseconds === undefined ? undefined : setTimeout(() => resolve(true), milliseconds)
      response.once('close', () => {
        clearTimeout(timer)
        resolve(false)
      })
    })
    this.#traffic?.unpark(number)
    return isHeard
  }

  #fail(failure: Failure, request: LoggedRequest, response: ServerResponse, answer: string): undefined {
    const told = retryAfter(this.#options.retryAfter, OVERLOAD_WAIT)
    switch (failure) {
      case 'overloaded':
        request.until = told.until
        throw tooManyRequests('The engine is currently overloaded, please try again later.', told.headers)
      case 'unavailable':
        request.until = told.until
        throw new ApiError(503, 'The service is unavailable.', { type: 'server_error', headers: told.headers })
      case 'broken':
        throw new ApiError(500, 'The server had an error.', { type: 'server_error' })
      case 'truncated':
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) })
        response.write(answer.slice(0, answer.length / 2), () => response.destroy())
        return
      case 'reset':
        response.socket?.resetAndDestroy()
        return
      case 'hanging':
        throw new Error('it was waited for the client to go')
    }
  }
}

/** The failure whose share of [0, 1) the number falls into. */
function drawn(shares: Partial<Record<Failure, number>>, number: number): Failure | undefined {
  let below = 0
  for (const [failure, share] of Object.entries(shares)) {
    below += share
    if (number < below) return failure as Failure
  }
  return undefined
}

function longAnswer(question: string, length: number): string {
  const answer = answerTo(question)
  return answer + ' more'.repeat(Math.max(0, length - tokens(answer).length))
}
