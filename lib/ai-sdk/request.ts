// The key of a call to a language model: everything that its answer depends on, and nothing else.
//
// Invariant: two calls share a key only if the model was asked the same. What is left out: who waits how long
// (`abortSignal`), headers that carry credentials or name single requests, and which of several ways a tool call was
// numbered or the content of a file was written.

import { outOfRange, wrongType } from '../arguments.ts'
import { type CacheCallOptions, splitOptions } from './cache-options.ts'
import type { LanguageCall, LanguageModel, LanguageParams } from './sdk.ts'

export interface Request {
  /** As `ResponseCache` takes them. */
  readonly input: unknown
  readonly modelConfig: unknown
  /** What this call says of the cache. */
  readonly own: CacheCallOptions
  /** What the model is to see. */
  readonly params: LanguageParams
}

/** What a user can say about keys. */
export interface KeyOptions {
  readonly name: string | undefined
  /** In small letters. */
  readonly ignoredHeaders: ReadonlySet<string>
}

/** Headers with credentials, which no key may hold, and those that are new for each request. */
const VOLATILE_HEADER =
  /auth|api-?key|secret|token|cookie|credential|passw|signature|session|trace|span|baggage|sentry|^b3$|^x-b3|request-?id|correlation-?id|invocation-?id|idempotency|nonce|timestamp|^date$|^user-agent$|^x-stainless/

export function requestOf(type: 'generate' | 'stream', { params, model }: LanguageCall, options: KeyOptions): Request {
  const { own, rest: providerOptions } = splitOptions(params.providerOptions)
  const seen = { ...params, providerOptions }
  const { prompt, abortSignal: _, headers, includeRawChunks, ...settings } = seen
  const modelConfig = {
    ...identityOf(model, options.name),
    type,
    ...settings,
    headers: keyHeaders(headers, options.ignoredHeaders),
    includeRawChunks: includeRawChunks || undefined,
  }
  return { input: keyPrompt(prompt), modelConfig, own, params: seen }
}

/** What tells one model from another, as far as that can be seen from outside. */
export function identityOf(model: Pick<LanguageModel, 'provider' | 'modelId'>, name: string | undefined) {
  const { provider, modelId, specificationVersion } = model as LanguageModel
  return { specification: `ai-sdk ${specificationVersion}`, name, provider, model: modelId }
}

/** The headers that an answer may depend on, by their names in small letters; `undefined` where there are none. */
export function keyHeaders(headers: LanguageParams['headers'], ignored: ReadonlySet<string>): object | undefined {
  const kept: [string, string][] = []
  for (const [name, value] of Object.entries(headers ?? {})) {
    const known = name.toLowerCase()
    if (value !== undefined && !VOLATILE_HEADER.test(known) && !ignored.has(known)) kept.push([known, value])
  }
  return kept.length === 0 ? undefined : Object.fromEntries(kept)
}

/** The names of headers that a user wants to have ignored. */
export function ignoredHeadersOf(names: unknown): ReadonlySet<string> {
  if (names === undefined) return new Set()
  if (!Array.isArray(names)) throw wrongType('ignoreHeaders', 'an array of names', names)
  return new Set(
    names.map((name, index) => {
      if (typeof name !== 'string') throw wrongType(`ignoreHeaders[${index}]`, 'a string', name)
      if (name === '') throw outOfRange(`ignoreHeaders[${index}]`, 'the name of a header', name)
      return name.toLowerCase()
    }),
  )
}

/** Parts of messages, of which each version knows others; whatever is unknown stays as it is. */
type Part = Record<string, unknown>

function keyPrompt(prompt: LanguageParams['prompt']): unknown {
  const calls = new Map<unknown, string>()
  return prompt.map((message) => {
    const content: unknown = message.content
    return Array.isArray(content) ? { ...message, content: content.map((part) => keyPart(part, calls)) } : message
  })
}

function keyPart(part: Part, calls: Map<unknown, string>): Part {
  switch (part.type) {
    case 'file':
    case 'reasoning-file':
      return { ...part, data: contentOf(part.data) }
    case 'tool-call':
      // What the provider ran has an id that means something to it.
      if (!part.providerExecuted && !calls.has(part.toolCallId)) calls.set(part.toolCallId, `#${calls.size}`)
      return withKnownCall(part, calls)
    case 'tool-result':
      return withKnownCall({ ...part, output: keyOutput(part.output) }, calls)
    default:
      return part
  }
}

/** Ids of tool calls link results to calls and mean nothing else, so calls are numbered in their order. */
function withKnownCall(part: Part, calls: ReadonlyMap<unknown, string>): Part {
  const call = calls.get(part.toolCallId)
  return call === undefined ? part : { ...part, toolCallId: call }
}

function keyOutput(output: unknown): unknown {
  const { type, value } = Object(output) as Part
  if (type !== 'content' || !Array.isArray(value)) return output
  return { type, value: value.map((part: Part) => (part.type === 'file' ? keyPart(part, new Map()) : part)) }
}

/** The content of a file: equal bytes are equal, be they given as they are or in base64. A URL stands for itself. */
function contentOf(data: unknown): unknown {
  if (typeof data === 'string') {
    const bytes = Buffer.from(data, 'base64')
    return bytes.toString('base64') === data ? bytes : data
  }
  // Tagged since v4, with the content under the name of its type.
  const { type, data: inner } = Object(data) as Part
  return type === 'data' ? { type, data: contentOf(inner) } : data
}
