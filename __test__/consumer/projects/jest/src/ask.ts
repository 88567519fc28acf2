import { cacheManager, performanceMonitor } from '@aah/ai-evals/performance'
import type { Completion, Model } from './model'

const modelConfig = { provider: 'openai', model: 'gpt-4', temperature: 0 }

/** Answers from the cache where the same question was asked before. */
export async function ask(model: Model, question: string): Promise<Completion> {
  const cached = cacheManager.responseCache.get<Completion>(question, modelConfig)
  if (cached) return cached
  const completion = await performanceMonitor.measure('model', () => model.complete(question), { question })
  cacheManager.responseCache.set(question, modelConfig, completion)
  return completion
}
