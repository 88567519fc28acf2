// The key of a call to a language model: everything that its answer depends on, and nothing else.
//
// Invariant: two calls share a key only if the model was asked the same. What is left out: who waits how long
// (`abortSignal`), headers that carry credentials or name single requests, and which of several ways a tool call was
// numbered or the content of a file was written.

import { keyHeaders } from '../key/headers.ts'
import { read } from '../values/read.ts'
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
function identityOf(model: LanguageModel, name: string | undefined) {
  const { provider, modelId, specificationVersion } = model
  const address = name === undefined ? addressOf(model) : undefined
  return { specification: `ai-sdk ${specificationVersion}`, name, provider, model: modelId, address }
}

/**
 * Where a model is asked: the providers of the SDK hold it in the model's `config`, as a text or as a function that makes
 * URLs. That is not public API, so whatever else is found there says nothing.
 */
export function addressOf(model: { modelId: string }): string | undefined {
  const config = read(model, 'config')
  const [base, urlOf] = [read(config, 'baseURL'), read(config, 'url')]
  try {
    const found =
      typeof urlOf === 'function' ? Reflect.apply(urlOf, config, [{ path: '', modelId: model.modelId }]) : base
    if (typeof found !== 'string') return undefined
    const { protocol, host, pathname } = new URL(found)
    // No credentials, which other parts may contain.
    return `${protocol}//${host}${pathname}`
  } catch {
    return undefined
  }
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
