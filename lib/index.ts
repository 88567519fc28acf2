export { Benchmark } from './benchmark/benchmark.ts'
export { benchmarkCache } from './benchmark/benchmark-cache.ts'
export { BenchmarkSuite } from './benchmark/benchmark-suite.ts'
export type {
  BenchmarkComparison,
  BenchmarkConfig,
  BenchmarkResult,
  BenchmarkSuiteResult,
} from './benchmark/types.ts'
export { CacheInvalidator } from './cache/cache-invalidator.ts'
export { CacheManager, cacheManager } from './cache/cache-manager.ts'
export type { CacheOptions, CacheStats, InvalidatableCache } from './cache/cache-stats.ts'
export { EmbeddingCache } from './cache/embedding-cache.ts'
export { LRUCache } from './cache/lru-cache.ts'
export { QueryCache } from './cache/query-cache.ts'
export { ResponseCache } from './cache/response-cache.ts'
export { PerformanceError } from './errors.ts'
export { Measure } from './monitor/measure.ts'
export { PerformanceMonitor, performanceMonitor } from './monitor/performance-monitor.ts'
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
export { ParallelExecutor } from './parallel/parallel-executor.ts'
export { ScoringWorkerPool } from './parallel/scoring-worker-pool.ts'
export { SourceError } from './parallel/source-error.ts'
export type {
  EvalError,
  ExecutionMetrics,
  ExecutionResult,
  ExecutionTask,
  RateLimit,
  WorkerConfig,
} from './parallel/types.ts'
export { BatchProcessor } from './stream/batch-processor.ts'
export { type BackpressureEvent, type BatchCompleteEvent, DatasetStream } from './stream/dataset-stream.ts'
export { ResultWriter } from './stream/result-writer.ts'
export type { StreamStats } from './stream/stats.ts'
export type { RunResult, StreamConfig, TestCase } from './stream/types.ts'
export type { Bytes, Milliseconds } from './units.ts'
