// Compiles only where index.d.ts provides everything the contract names. Each line that mentions `documented.NAME` is
// reported under that name by contract.spec.ts.

import type * as ours from '@aah/ai-evals-performance'
import type * as documented from './contract'

/** Whatever has type `Given` may be used as a `Wanted`. */
type Fits<Given extends Wanted, Wanted> = [Given, Wanted]

type AnyClass = new (...args: any) => any

/** A class may stand in for another: statics, instances, the parameters of constructor and methods. */
type Replaces<Given extends AnyClass, Wanted extends AnyClass> = [Given] extends [Wanted]
  ? [ConstructorParameters<Wanted>] extends [ConstructorParameters<Given>]
    ? [Narrower<Given, Wanted>] extends [never]
      ? true
      : ['methods that refuse what the documented ones take', Narrower<Given, Wanted>]
    : 'the constructor refuses what the documented one takes'
  : 'the class does not have what the documented one has'

/** The methods whose parameters are narrower than documented; assignability alone compares them loosely. */
type Narrower<Given extends AnyClass, Wanted extends AnyClass> = {
  [Member in keyof InstanceType<Wanted>]-?: InstanceType<Wanted>[Member] extends (...args: infer Documented) => any
    ? InstanceType<Given>[Member & keyof InstanceType<Given>] extends (...args: infer Taken) => any
      ? [Documented] extends [Taken]
        ? never
        : Member
      : Member
    : never
}[keyof InstanceType<Wanted>]

type Holds<Statement extends true> = Statement

/** The types that users read and write: either side may be used where the other is wanted. */
export type Types = [
  Fits<ours.Milliseconds, documented.Milliseconds>,
  Fits<documented.Milliseconds, ours.Milliseconds>,
  Fits<ours.Bytes, documented.Bytes>,
  Fits<documented.Bytes, ours.Bytes>,
  Fits<ours.CacheStats, documented.CacheStats>,
  Fits<documented.CacheStats, ours.CacheStats>,
  Fits<ours.CacheOptions, documented.CacheOptions>,
  Fits<documented.CacheOptions, ours.CacheOptions>,
  Fits<ours.PerformanceMeasurement, documented.PerformanceMeasurement>,
  Fits<documented.PerformanceMeasurement, ours.PerformanceMeasurement>,
  Fits<ours.ComponentTiming, documented.ComponentTiming>,
  Fits<documented.ComponentTiming, ours.ComponentTiming>,
  Fits<ours.Bottleneck, documented.Bottleneck>,
  Fits<documented.Bottleneck, ours.Bottleneck>,
  Fits<ours.PerformanceBaseline, documented.PerformanceBaseline>,
  Fits<documented.PerformanceBaseline, ours.PerformanceBaseline>,
  Fits<ours.PerformanceRegression, documented.PerformanceRegression>,
  Fits<documented.PerformanceRegression, ours.PerformanceRegression>,
  Fits<ours.PerformanceReport, documented.PerformanceReport>,
  Fits<documented.PerformanceReport, ours.PerformanceReport>,
  Fits<ours.BenchmarkConfig, documented.BenchmarkConfig>,
  Fits<documented.BenchmarkConfig, ours.BenchmarkConfig>,
  Fits<ours.BenchmarkResult, documented.BenchmarkResult>,
  Fits<documented.BenchmarkResult, ours.BenchmarkResult>,
  Fits<ours.BenchmarkComparison, documented.BenchmarkComparison>,
  Fits<documented.BenchmarkComparison, ours.BenchmarkComparison>,
  Fits<ours.BenchmarkSuiteResult, documented.BenchmarkSuiteResult>,
  Fits<documented.BenchmarkSuiteResult, ours.BenchmarkSuiteResult>,
  Fits<ours.StreamConfig, documented.StreamConfig>,
  Fits<documented.StreamConfig, ours.StreamConfig>,
  Fits<ours.StreamStats, documented.StreamStats>,
  Fits<documented.StreamStats, ours.StreamStats>,
  Fits<ours.TestCase, documented.TestCase>,
  Fits<documented.TestCase, ours.TestCase>,
  Fits<ours.RunResult, documented.RunResult>,
  Fits<documented.RunResult, ours.RunResult>,
  Fits<ours.RateLimit, documented.RateLimit>,
  Fits<documented.RateLimit, ours.RateLimit>,
  Fits<ours.WorkerConfig, documented.WorkerConfig>,
  Fits<documented.WorkerConfig, ours.WorkerConfig>,
  Fits<ours.ExecutionTask, documented.ExecutionTask>,
  Fits<documented.ExecutionTask, ours.ExecutionTask>,
  Fits<ours.ExecutionResult, documented.ExecutionResult>,
  Fits<documented.ExecutionResult, ours.ExecutionResult>,
  Fits<ours.EvalError, documented.EvalError>,
  Fits<documented.EvalError, ours.EvalError>,
  Fits<ours.ExecutionMetrics, documented.ExecutionMetrics>,
  Fits<documented.ExecutionMetrics, ours.ExecutionMetrics>,
  Fits<ours.TestCase<string, number>, documented.TestCase<string, number>>,
  Fits<documented.TestCase<string, number>, ours.TestCase<string, number>>,
  Fits<ours.RunResult<number>, documented.RunResult<number>>,
  Fits<documented.RunResult<number>, ours.RunResult<number>>,
  Fits<ours.ExecutionTask<string, number>, documented.ExecutionTask<string, number>>,
  Fits<documented.ExecutionTask<string, number>, ours.ExecutionTask<string, number>>,
  Fits<ours.ExecutionResult<number>, documented.ExecutionResult<number>>,
  Fits<documented.ExecutionResult<number>, ours.ExecutionResult<number>>,
]

export type Classes = [
  Holds<Replaces<typeof ours.LRUCache, typeof documented.LRUCache>>,
  Holds<Replaces<typeof ours.ResponseCache, typeof documented.ResponseCache>>,
  Holds<Replaces<typeof ours.EmbeddingCache, typeof documented.EmbeddingCache>>,
  Holds<Replaces<typeof ours.QueryCache, typeof documented.QueryCache>>,
  Holds<Replaces<typeof ours.CacheInvalidator, typeof documented.CacheInvalidator>>,
  Holds<Replaces<typeof ours.CacheManager, typeof documented.CacheManager>>,
  Holds<Replaces<typeof ours.PerformanceMonitor, typeof documented.PerformanceMonitor>>,
  Holds<Replaces<typeof ours.Benchmark, typeof documented.Benchmark>>,
  Holds<Replaces<typeof ours.BenchmarkSuite, typeof documented.BenchmarkSuite>>,
  Holds<Replaces<typeof ours.DatasetStream, typeof documented.DatasetStream>>,
  Holds<Replaces<typeof ours.BatchProcessor, typeof documented.BatchProcessor>>,
  Holds<Replaces<typeof ours.ResultWriter, typeof documented.ResultWriter>>,
  Holds<Replaces<typeof ours.ParallelExecutor, typeof documented.ParallelExecutor>>,
  Holds<Replaces<typeof ours.ScoringWorkerPool, typeof documented.ScoringWorkerPool>>,
  Fits<ours.LRUCache, documented.LRUCache>,
  Fits<ours.LRUCache<string>, documented.LRUCache<string>>,
  Fits<ours.DatasetStream, documented.DatasetStream>,
  Fits<ours.DatasetStream<string>, documented.DatasetStream<string>>,
  Fits<ours.BatchProcessor, documented.BatchProcessor>,
  Fits<ours.BatchProcessor<string, number>, documented.BatchProcessor<string, number>>,
  Fits<ours.ResultWriter, documented.ResultWriter>,
  Fits<ours.ResultWriter<string>, documented.ResultWriter<string>>,
]

export type Values = [
  Fits<typeof ours.cacheManager, typeof documented.cacheManager>,
  Fits<typeof ours.performanceMonitor, typeof documented.performanceMonitor>,
  Fits<typeof ours.Measure, typeof documented.Measure>,
  Fits<typeof ours.benchmarkCache, typeof documented.benchmarkCache>,
]
