// Answers that are streamed.

import { isWhole } from '../cache/admission.ts'
import { type CallOptions, ON_CALL } from '../cache/get-or-set.ts'
import { isAskedByCache, signalOfCache } from '../cache/nested.ts'
import { perCall } from '../cache/per-call.ts'
import { SharedStream } from '../cache/shared-stream.ts'
import { deferred } from '../deferred.ts'
import type { GetOrSetOptions } from '../index.ts'
import { whenAborted } from '../when-aborted.ts'
import type { LanguageModelAnswer, Settings } from './cache-middleware.ts'
import { givenAgain, replay } from './replay.ts'
import { requestOf } from './request.ts'
import { copied, type LanguageCall, type LanguageModelStream, type LanguageModelStreamPart } from './sdk.ts'

type Parts = SharedStream<LanguageModelStreamPart>

/** The stream of a model, once it has begun. */
const liveOf = perCall(() => deferred<Parts>())

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
  let onLive!: (parts: Parts) => void
  const live = new Promise<Parts>((resolve) => {
    onLive = resolve
  })
  let asked: LanguageModelStream | undefined
  const settled: Promise<StreamAnswer> = cache.getOrSet(
    input,
    modelConfig,
    async (signal) => {
      asked = await model.doStream({ ...params, abortSignal: signalOfCache(signal, cache, abortSignal) })
      const parts = SharedStream.begin<LanguageModelStreamPart>()
      liveOf(signal).resolve(parts)
      return answerOf(await readAll(asked.stream, parts, signal))
    },
    {
      ...settings.fetch,
      shouldStore: settings.fetch.shouldStore ?? endedWell,
      sample: own.sample ?? settings.sample,
      ttl: own.ttl ?? settings.fetch.ttl,
      signal: leaving.signal,
      [ON_CALL]: (signal: AbortSignal) => liveOf(signal).promise.then(onLive),
    } as GetOrSetOptions<StreamAnswer> & CallOptions,
  )
  settled.then(stopListening, stopListening)
  const first = await Promise.race([live, settled])
  if (!(first instanceof SharedStream)) return { stream: replay(first.parts, settings.pace, abortSignal) }
  const onEnd = (isEarly: boolean, reason: unknown) => {
    if (isEarly) leave(reason)
  }
  const give = asked === undefined ? givenAgain : copied
  return { ...asked, stream: first.listen({ give, settled, signal: abortSignal, onEnd }) }
}

/** Reads at the model's pace until it ends or `signal` aborts, which the model is told. */
async function readAll(stream: LanguageModelStream['stream'], parts: Parts, signal: AbortSignal) {
  const reader = stream.getReader()
  let stop: { reason: unknown } | undefined
  const stopListening = whenAborted(signal, (reason) => {
    stop = { reason }
    // Ends a read that is waiting, too. What the model makes of it is its own affair.
    reader.cancel(reason).catch(() => {})
  })
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (stop !== undefined) throw stop.reason
      if (done) return parts.items
      parts.push(value)
    }
  } finally {
    stopListening()
    parts.end()
  }
}

/** The parts, and what the last of them says of all. */
function answerOf(parts: readonly LanguageModelStreamPart[]): StreamAnswer {
  const finish = parts.findLast((part) => part.type === 'finish')
  // The types have no word for what a stream is that was cut off, and it is not kept.
  const { finishReason, usage, providerMetadata } = (finish ?? {}) as NonNullable<typeof finish>
  return { finishReason, usage, providerMetadata, parts: parts as LanguageModelStreamPart[] }
}

/** Streams can be cut off without anybody noticing, so the provider must have said how it ended. */
function endedWell(answer: StreamAnswer): boolean {
  const { unified, raw } = answer.finishReason ?? {}
  if (unified === undefined || (unified === 'other' && raw === undefined)) return false
  return isWhole(answer) && !answer.parts.some(({ type }) => type === 'error')
}
