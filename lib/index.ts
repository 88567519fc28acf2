// The public API, in the order in which index.d.ts shows it.

// Caches
export type { Explanation, KeyDifference, NearestEntry } from './cache/explanation.ts'
export type { CacheOptions, CacheStats, DetailedCacheStats, InvalidatableCache } from './cache/cache-stats.ts'
export type { CacheIsolation } from './cache/isolation.ts'
export type { CacheMode } from './cache/mode.ts'
export type {
  FetchOptions,
  GetOrSetManyOptions,
  GetOrSetOptions,
  SampleOptions,
  SetOptions,
  EntryOptions,
  WaitOptions,
} from './cache/options.ts'
export { ReplayMissError } from './cache/replay-miss-error.ts'
export type { LifetimeSavings, Savings } from './cache/savings.ts'
export type { TokenUsage } from './cache/usage.ts'
export { LRUCache } from './cache/lru-cache.ts'
export { ResponseCache } from './cache/response-cache.ts'
export { EmbeddingCache, type EmbeddingCacheOptions, type EmbeddingModelOptions } from './cache/embedding-cache.ts'
export { QueryCache } from './cache/query-cache.ts'
export { CacheManager, cacheManager } from './cache/cache-manager.ts'
export { CacheInvalidator } from './cache/cache-invalidator.ts'

// The store on disk
export { Store } from './store/store.ts'
export type { DegradedEvent, StoreOptions, StoreStats, UnstorableEvent, VerifyReport } from './store/types.ts'

// Monitoring
export type {
  Bottleneck,
  BottleneckThresholds,
  ComponentTiming,
  PerformanceBaseline,
  PerformanceMeasurement,
  PerformanceRegression,
  PerformanceReport,
  RegressionThresholds,
} from './monitor/types.ts'
export { PerformanceMonitor, performanceMonitor } from './monitor/performance-monitor.ts'
export { Measure } from './monitor/measure.ts'

// Benchmarking
export type {
  BenchmarkComparison,
  BenchmarkConfig,
  BenchmarkResult,
  BenchmarkSuiteResult,
} from './benchmark/types.ts'
export { Benchmark } from './benchmark/benchmark.ts'
export { BenchmarkSuite } from './benchmark/benchmark-suite.ts'
export { benchmarkCache } from './benchmark/benchmark-cache.ts'

// Streaming
export type { RunResult, StreamConfig, TestCase } from './stream/types.ts'
export type { StreamStats } from './stream/stats.ts'
export { type BackpressureEvent, type BatchCompleteEvent, DatasetStream } from './stream/dataset-stream.ts'
export { BatchProcessor } from './stream/batch-processor.ts'
export { ResultWriter } from './stream/result-writer.ts'

// Parallel execution
export type {
  AdaptiveDecision,
  DetailedExecutionMetrics,
  EvalError,
  ExecutionMetrics,
  ExecutionResult,
  ExecutionTask,
  ExecutorFunction,
  RetryOptions,
  RunOptions,
  TaskContext,
  TokenEstimate,
  WorkerConfig,
} from './executor/types.ts'
export type { RateLimit, WaitReason } from './limiter/types.ts'
export type { ProgressEvent } from './executor/events.ts'
export type { JournalOptions } from './journal/journal.ts'
export type { Permit } from './limiter/permit.ts'
export type { PermitRequest, PermitUse } from './limiter/permit-request.ts'
export type { RateLimitObservation } from './limiter/observation.ts'
export { RateLimiter, type RateLimiterOptions, type RateLimiterState, type Refusal } from './limiter/rate-limiter.ts'
export { ParallelExecutor } from './executor/parallel-executor.ts'
export { type ProgressBarHandle, type ProgressBarOptions, progressBar } from './executor/progress-bar.ts'
export { ScoringWorkerPool } from './scoring/scoring-worker-pool.ts'

// Scoring
export type { ScoreOptions, TextPair, TextScorer, Vector, VectorPair, VectorScorer } from './scoring/types.ts'
export { scoreAll } from './scoring/score-all.ts'

// Values
export { registerCodec, type ValueCodec } from './values/codec/registry.ts'

// Common
export { RunStoppedError } from './executor/run-stopped-error.ts'
export { SourceError } from './executor/source-error.ts'
export { PerformanceError } from './errors.ts'
export type { Bytes, Milliseconds } from './units.ts'
