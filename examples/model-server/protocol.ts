import { randomUUID } from 'node:crypto'

/** The part of a chat-completions request that this server reads. */
export interface ChatRequest {
  model: string
  messages: { role: string; content: string }[]
  maxTokens: number
}

/** A refusal in the shape that OpenAI's clients understand. */
export class ApiError extends Error {
  readonly status: number
  readonly type: string
  readonly code: string | null
  readonly parameter: string | null
  readonly headers: Record<string, string>

  constructor(
    status: number,
    message: string,
    details: { type?: string; code?: string; parameter?: string; headers?: Record<string, string> } = {},
  ) {
    super(message)
    this.status = status
    this.type = details.type ?? 'invalid_request_error'
    this.code = details.code ?? null
    this.parameter = details.parameter ?? null
    this.headers = details.headers ?? {}
  }

  body() {
    return { error: { message: this.message, type: this.type, param: this.parameter, code: this.code } }
  }
}

const ROLES = new Set(['system', 'developer', 'user', 'assistant'])

/** Checks a request's body; throws an `ApiError` that says what is wrong with it. */
export function parseChatRequest(text: string): ChatRequest {
  const body = parseJson(text)
  const { model, messages, stream, n, temperature } = body
  if (typeof model !== 'string' || model === '') throw invalid('model', 'you must provide a model parameter')
  if (!Array.isArray(messages) || messages.length === 0) throw invalid('messages', 'expected a non-empty array')
  messages.forEach((message, index) => {
    const at = `messages[${index}]`
    if (!ROLES.has(message?.role)) throw invalid(`${at}.role`, `expected one of ${[...ROLES].join(', ')}`)
    if (typeof message.content !== 'string') throw invalid(`${at}.content`, 'expected a string')
  })
  if (stream) throw invalid('stream', 'this server does not stream')
  if (n !== undefined && n !== 1) throw invalid('n', 'this server gives one choice')
  if (temperature !== undefined && !(temperature >= 0 && temperature <= 2)) {
    throw invalid('temperature', 'expected a number from 0 to 2')
  }
  const maxTokens = body.max_completion_tokens ?? body.max_tokens ?? Number.POSITIVE_INFINITY
  if (!(maxTokens >= 1)) throw invalid('max_tokens', 'expected a number ≥ 1')
  return { model, messages, maxTokens }
}

function parseJson(text: string): Record<string, any> {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw new ApiError(400, 'We could not parse the JSON body of your request.')
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new ApiError(400, 'The body of the request must be a JSON object.')
  }
  return body as Record<string, any>
}

function invalid(parameter: string, reason: string): ApiError {
  return new ApiError(400, `Invalid '${parameter}': ${reason}.`, { parameter })
}

/** What the user asked last, which is what gets an answer here. */
export function lastQuestion({ messages }: ChatRequest): string {
  return messages.findLast(({ role }) => role === 'user')?.content.trim() ?? ''
}

/** The refusal of a client that sends too much at a time. */
export function tooManyRequests(message: string, headers: Record<string, string>): ApiError {
  return new ApiError(429, message, { type: 'requests', code: 'rate_limit_exceeded', headers })
}

/** About what a tokenizer would count: four letters or digits to a token, and one for each punctuation mark. */
export function tokens(text: string): string[] {
  return text.match(/\s?[\p{L}\p{N}]{1,4}|\s?[^\s\p{L}\p{N}]|\s+/gu) ?? []
}

/** The tokens of a question: each message costs a few more for its frame, as OpenAI counts them. */
export function promptTokens({ messages }: Pick<ChatRequest, 'messages'>): number {
  return messages.reduce((sum, { content }) => sum + 4 + tokens(content).length, 3)
}

/** The answer's body, cut off at `maxTokens` as a provider does it. */
export function chatCompletion(request: ChatRequest, solution: string, created: number) {
  const written = tokens(solution)
  const kept = written.slice(0, request.maxTokens)
  const prompt = promptTokens(request)
  return {
    id: `chatcmpl-${randomUUID()}`,
    object: 'chat.completion',
    created,
    model: request.model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: kept.join(''), refusal: null },
        logprobs: null,
        finish_reason: kept.length < written.length ? 'length' : 'stop',
      },
    ],
    usage: { prompt_tokens: prompt, completion_tokens: kept.length, total_tokens: prompt + kept.length },
  }
}
