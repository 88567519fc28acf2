// Answers that are asked for all at once.

import { isAskedByCache, signalOfCache } from '../cache/nested.ts'
import type { Settings } from './cache-middleware.ts'
import { requestOf } from './request.ts'
import { copied, type LanguageCall, type LanguageModelResult, markedAsCached } from './sdk.ts'

export async function generate(settings: Settings, call: LanguageCall): Promise<LanguageModelResult> {
  const { model } = call
  const { input, modelConfig, own, params } = requestOf('generate', call, settings.key)
  const { abortSignal } = params
  const cache = settings.cache()
  if (own.skip || isAskedByCache(abortSignal, cache)) return model.doGenerate(params)
  let asked: LanguageModelResult | undefined
  const answer = await cache.getOrSet(
    input,
    modelConfig,
    async (signal) => {
      asked = await model.doGenerate({ ...params, abortSignal: signalOfCache(signal, cache, abortSignal) })
      return kept(asked)
    },
    {
      ...settings.fetch,
      sample: own.sample ?? settings.sample,
      ttl: own.ttl ?? settings.fetch.ttl,
      signal: abortSignal,
    },
  )
  // Who asked the model has its answer as it is.
  return asked ?? markedAsCached(copied(answer))
}

/** Without what belongs to the one request that was made: it can be large, and hold what nobody wants to have on disk. */
function kept({ request: _, response, ...answer }: LanguageModelResult): LanguageModelResult {
  if (response === undefined) return copied(answer)
  const { headers, body, ...metadata } = response
  return copied({ ...answer, response: metadata })
}
