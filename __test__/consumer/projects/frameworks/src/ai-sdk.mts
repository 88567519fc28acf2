import { ParallelExecutor, ResponseCache } from '@aah/ai-evals-performance'
import {
  type CacheMiddlewareOptions,
  cacheMiddleware,
  cacheOptions,
  embeddingMiddleware,
  executorOptions,
} from '@aah/ai-evals-performance/ai-sdk'
import { embedMany, generateText, streamText, wrapEmbeddingModel, wrapLanguageModel } from 'ai'

export type LanguageModel = Parameters<typeof wrapLanguageModel>[0]['model']
export type EmbeddingModel = Parameters<typeof wrapEmbeddingModel>[0]['model']

const { executor, call } = executorOptions({ attempts: 2 })

/** A function that asks the model each question once. */
export function asking(languageModel: LanguageModel) {
  const options: CacheMiddlewareOptions = { cache: new ResponseCache({ ttl: Number.POSITIVE_INFINITY }) }
  const model = wrapLanguageModel({ model: languageModel, middleware: cacheMiddleware(options) })
  return async (prompts: string[], number = 0) => {
    const providerOptions = cacheOptions({ sample: number })
    const tasks = prompts.map((input, index) => ({ id: `${index}`, testCase: { id: `${index}`, input, expected: '' } }))
    const results = await new ParallelExecutor(executor).executeTasks(tasks, async ({ testCase }, { signal }) => {
      const { text } = await generateText({
        ...call,
        model,
        prompt: testCase.input,
        providerOptions,
        abortSignal: signal,
      })
      return { actual: text }
    })
    return results.map(({ result, error }) => result?.actual ?? String(error))
  }
}

export async function streamed(languageModel: LanguageModel, prompt: string): Promise<string> {
  const model = wrapLanguageModel({ model: languageModel, middleware: cacheMiddleware() })
  return streamText({ model, prompt }).text
}

export async function embeddings(embeddingModel: EmbeddingModel, values: string[]) {
  const model = wrapEmbeddingModel({ model: embeddingModel, middleware: embeddingMiddleware() })
  return (await embedMany({ model, values })).embeddings
}
