// Answers that are streamed.

import { isWhole } from '../cache/admission.ts'
import type { LanguageModelAnswer, Settings } from './cache-middleware.ts'
import { isAskedByCache, signalOfCache } from './nested.ts'
import { Recording, whenAborted } from './recording.ts'
import { replay } from './replay.ts'
import { requestOf } from './request.ts'
import type { LanguageCall, LanguageModelStream, LanguageModelStreamPart } from './sdk.ts'

/** What this caller sees as it comes, because it was he who asked the model. */
interface Live {
  readonly result: LanguageModelStream
  readonly recording: Recording
}

/** The answer of a stream. */
type StreamAnswer = LanguageModelAnswer & { parts: LanguageModelStreamPart[] }

export async function stream(settings: Settings, call: LanguageCall): Promise<LanguageModelStream> {
  const { model } = call
  const { input, modelConfig, own, params } = requestOf('stream', call, settings.key)
  const { abortSignal } = params
  const cache = settings.cache()
  if (own.skip || isAskedByCache(abortSignal, cache)) return model.doStream(params)
  const leaving = new AbortController()
  const leave = (reason: unknown) => leaving.abort(reason)
  const stopListening = whenAborted(abortSignal, leave)
  let begin: (live: Live) => void = () => {}
  const begun = new Promise<Live>((resolve) => {
    begin = resolve
  })
  const settled: Promise<StreamAnswer> = cache.getOrSet(
    input,
    modelConfig,
    async (signal) => {
      const result = await model.doStream({ ...params, abortSignal: signalOfCache(signal, cache, abortSignal) })
      const recording = new Recording(result.stream, signal)
      begin({ result, recording })
      return answerOf(await recording.whole)
    },
    {
      ...settings.fetch,
      shouldStore: settings.fetch.shouldStore ?? endedWell,
      sample: own.sample ?? settings.sample,
      ttl: own.ttl ?? settings.fetch.ttl,
      signal: leaving.signal,
    },
  )
  settled.then(stopListening, stopListening)
  const first = await Promise.race([begun, settled])
  if ('parts' in first) return { stream: replay(first.parts, settings.pace, abortSignal) }
  const { result, recording } = first
  return { ...result, stream: recording.look(settled, abortSignal, leave) }
}

/** The parts, and what the last of them says of all. */
function answerOf(parts: LanguageModelStreamPart[]): StreamAnswer {
  const finish = parts.findLast((part) => part.type === 'finish')
  // The types have no word for what a stream is that was cut off, and it is not kept.
  const { finishReason, usage, providerMetadata } = (finish ?? {}) as NonNullable<typeof finish>
  return { finishReason, usage, providerMetadata, parts }
}

/** Streams can be cut off without anybody noticing, so the provider must have said how it ended. */
function endedWell(answer: StreamAnswer): boolean {
  const { unified, raw } = answer.finishReason ?? {}
  if (unified === undefined || (unified === 'other' && raw === undefined)) return false
  return isWhole(answer) && !answer.parts.some(({ type }) => type === 'error')
}
