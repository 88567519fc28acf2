// Both versions of the AI SDK, in the types of the older one: what the tests use is named alike in both.

import * as openai2 from '@ai-sdk/openai-compatible'
import * as openai3 from '@ai-sdk/openai-compatible-3'
import * as ai6 from 'ai'
import * as test6 from 'ai/test'
import * as ai7 from 'ai-7'
import * as test7 from 'ai-7/test'

// It would print what the tests warn of.
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false })

type Sdk6 = typeof ai6

export interface Sdk {
  /** Of the SDK, and of the interfaces of its models. */
  version: number
  specification: 'v3' | 'v4'
  ai: Sdk6
  LanguageModel: typeof test6.MockLanguageModelV3
  EmbeddingModel: typeof test6.MockEmbeddingModelV3
  createOpenAICompatible: typeof openai2.createOpenAICompatible
  /** The data of a file in a result of a model. */
  fileData(data: string | Uint8Array): any
}

export const sdks: Sdk[] = [
  {
    version: 6,
    specification: 'v3',
    ai: ai6,
    LanguageModel: test6.MockLanguageModelV3,
    EmbeddingModel: test6.MockEmbeddingModelV3,
    createOpenAICompatible: openai2.createOpenAICompatible,
    fileData: (data) => data,
  },
  {
    version: 7,
    specification: 'v4',
    ai: ai7 as unknown as Sdk6,
    LanguageModel: test7.MockLanguageModelV4 as any,
    EmbeddingModel: test7.MockEmbeddingModelV4 as any,
    createOpenAICompatible: openai3.createOpenAICompatible as any,
    fileData: (data) => ({ type: 'data', data }),
  },
]

export type Model = Parameters<Sdk6['wrapLanguageModel']>[0]['model']
export type Result = Awaited<ReturnType<Model['doGenerate']>>
export type StreamPart = Awaited<ReturnType<Model['doStream']>>['stream'] extends ReadableStream<infer P> ? P : never

export const USAGE: Result['usage'] = {
  inputTokens: { total: 10, noCache: 10, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 5, text: 5, reasoning: undefined },
}
export const STOP: Result['finishReason'] = { unified: 'stop', raw: 'stop' }

/** A result of a model that says `text`. */
export function saying(text: string, more: Partial<Result> = {}): Result {
  return { content: [{ type: 'text', text }], finishReason: STOP, usage: USAGE, warnings: [], ...more }
}

/** The parts of a stream that says some words. */
export function partsSaying(words: string[], finishReason = STOP): StreamPart[] {
  return [
    { type: 'stream-start', warnings: [] },
    { type: 'response-metadata', id: 'r1', modelId: 'real', timestamp: new Date(1_700_000_000_000) },
    { type: 'text-start', id: '1' },
    ...words.map((delta): StreamPart => ({ type: 'text-delta', id: '1', delta })),
    { type: 'text-end', id: '1' },
    { type: 'finish', finishReason, usage: USAGE },
  ]
}

/** All parts of a stream. */
export async function all<T>(stream: ReadableStream<T>): Promise<T[]> {
  const parts: T[] = []
  for await (const part of stream as any) parts.push(part)
  return parts
}

/** A call of a language model. */
export const asking = (text: string, more: object = {}): Parameters<Model['doGenerate']>[0] => ({
  prompt: [{ role: 'user', content: [{ type: 'text', text }] }],
  ...more,
})

export const CACHED = { 'ai-evals-performance': { cached: true } }
