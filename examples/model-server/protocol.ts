// What all protocols of the server share: what is asked, what is answered, and how a request is refused.

import type { JsonSchema } from './schema.ts'

/** The part of a request that this server reads, whatever protocol it came in. */
export interface Prompt {
  model: string
  /** What the user asked last, which is what gets an answer here. */
  question: string
  promptTokens: number
  maxTokens: number
  isStreamed: boolean
  /** The tool that this model calls before it answers. */
  tool?: Tool
  /** What a tool answered, once it was called. */
  toolResult?: string
  /** What the answer must be a value of, as JSON. */
  schema?: JsonSchema
}

export interface Tool {
  name: string
  schema: JsonSchema
}

/** What a model says: a text, or the call of a tool with its arguments as JSON. */
export interface Reply {
  /** The text or the arguments as they are streamed. */
  pieces: string[]
  text: string
  call?: { id: string; name: string }
  /** Whether it is longer than it was allowed to be. */
  isCut: boolean
  inputTokens: number
  outputTokens: number
}

/** A protocol in which models are asked. */
export interface Protocol<P extends Prompt = Prompt> {
  /** Checks a request's body; throws an `ApiError` that says what is wrong with it. */
  parse(body: string): P
  answer(prompt: P, reply: Reply): unknown
  events(prompt: P, reply: Reply): ServerEvent[]
  /** What the provider calls its rate-limit headers, and how it tells about times. */
  limitHeaders(limit: { limit: number; remaining: number; reset: number }): Record<string, string>
  /** How it says that it has too much to do. */
  overloaded(headers: Record<string, string>): ApiError
}

/** One event of a stream; a string is sent as it is, anything else as JSON. */
export interface ServerEvent {
  event?: string
  data: unknown
}

/** A refusal, in the shape that OpenAI's clients understand. */
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

  body(): unknown {
    return { error: { message: this.message, type: this.type, param: this.parameter, code: this.code } }
  }
}

export function parseJson(text: string): Record<string, any> {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw new ApiError(400, 'We could not parse the JSON body of your request.')
  }
  if (!isObject(body)) throw new ApiError(400, 'The body of the request must be a JSON object.')
  return body
}

export function isObject(value: unknown): value is Record<string, any> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function invalid(parameter: string, reason: string): ApiError {
  return new ApiError(400, `Invalid '${parameter}': ${reason}.`, { parameter })
}

export function requireModel(model: unknown): string {
  if (typeof model !== 'string' || model === '') throw invalid('model', 'you must provide a model parameter')
  return model
}

export function checkTemperature(temperature: unknown, most: number): void {
  if (temperature === undefined || temperature === null) return
  if (typeof temperature === 'number' && temperature >= 0 && temperature <= most) return
  throw invalid('temperature', `expected a number from 0 to ${most}`)
}

/** The tool that is asked for by its name, or else the first. */
export function chosenTool(tools: Tool[], name: string | undefined): Tool | undefined {
  const chosen = name === undefined ? tools[0] : tools.find((tool) => tool.name === name)
  if (chosen === undefined && name !== undefined) throw invalid('tool_choice', `there is no tool '${name}'`)
  return chosen
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
export function promptTokens({ messages }: { messages: { content: string }[] }): number {
  return messages.reduce((sum, { content }) => sum + 4 + tokens(content).length, 3)
}
