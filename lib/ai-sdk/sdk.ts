// The AI SDK as it is installed: the version of its interfaces, and their types as its own declarations have them.
//
// Version 6 has interfaces called v3, version 7 called v4. What is used of them here is named alike in both, and what
// differs (parts of files, reasons of ends, further settings) is carried as it is, so one implementation serves both.

import type { EmbeddingModelMiddleware, LanguageModelMiddleware } from 'ai'
import { peerVersion } from '../peer.ts'
import { copyValue } from '../values/codec/isolation.ts'
import { Unstorable } from '../values/codec/unstorable.ts'

const version = peerVersion('ai-sdk', { name: 'ai', majors: [6, 7] })

/** The version of the middleware's interface; its type is the one that this package is compiled with. */
export const SPECIFICATION: 'v3' = (Number.parseInt(version, 10) === 6 ? 'v3' : 'v4') as 'v3'

/** Under this name calls say what the cache is to do with them, and results that they come from it. */
export const OWN_NAME = 'ai-evals-performance'

type GenerateCall = Parameters<NonNullable<LanguageModelMiddleware['wrapGenerate']>>[0]
type StreamCall = Parameters<NonNullable<LanguageModelMiddleware['wrapStream']>>[0]
type EmbedCall = Parameters<NonNullable<EmbeddingModelMiddleware['wrapEmbed']>>[0]

/** What a language model is asked, and the model. */
export type LanguageCall = Pick<GenerateCall, 'params' | 'model'>
/** Settings and prompt of one call. */
export type LanguageParams = GenerateCall['params']
export type LanguageModel = GenerateCall['model']
export type LanguageModelResult = Awaited<ReturnType<GenerateCall['doGenerate']>>
export type LanguageModelStream = Awaited<ReturnType<StreamCall['doStream']>>
export type LanguageModelStreamPart = LanguageModelStream['stream'] extends ReadableStream<infer Part> ? Part : never

/** What an embedding model is asked, and the model. */
export type EmbeddingCall = Pick<EmbedCall, 'params' | 'model'>
export type EmbeddingResult = Awaited<ReturnType<EmbedCall['doEmbed']>>

/** A copy, so that whoever changes what he was given changes it for himself; the value itself, if it has no copy. */
export function copied<T>(value: T): T {
  const copy = copyValue(value)
  return copy instanceof Unstorable ? value : (copy.value as T)
}

/** The result of a model, or the part of a stream that ends it, saying that it was not asked for this. */
export function markedAsCached<T extends { providerMetadata?: LanguageModelResult['providerMetadata'] }>(result: T): T {
  return { ...result, providerMetadata: { ...result.providerMetadata, [OWN_NAME]: { cached: true } } }
}
