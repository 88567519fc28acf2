// The public API of `@aah/ai-evals-performance/ai-sdk`.

export { type CacheMiddlewareOptions, cacheMiddleware, type LanguageModelAnswer } from './cache-middleware.ts'
export { type CacheCallOptions, cacheOptions } from './cache-options.ts'
export { type EmbeddingMiddlewareOptions, embeddingMiddleware } from './embedding-middleware.ts'
export { type ExecutorOptions, executorOptions } from './executor-options.ts'
