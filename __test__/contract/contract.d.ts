// What programs written for `@aah/ai-evals/performance` rely on. They compile and run against this package unchanged, so
// nothing here may be changed to suit index.d.ts.
//
// Times are milliseconds (fractional, never rounded to whole ones), sizes are bytes, rates are 0..1.

import type { EventEmitter } from 'node:events'

export type Milliseconds = number
export type Bytes = number

// ── caches ──

export interface CacheStats {
  hits: number
  misses: number
  /** hits / (hits + misses); 0 before the first look-up. */
  hitRate: number
  /** Live entries; the same as `entries`. */
  size: number
  maxSize: number
  entries: number
  /** Entries removed to make room. Expired and invalidated ones are not counted here. */
  evictions: number
  /** Bytes held by keys and values, kept up to date on every write, not computed on demand. */
  memoryUsage: Bytes
  /** Mean time of a look-up, measured with a nanosecond clock: never 0 once there was a look-up. */
  avgAccessTime: Milliseconds
}

export interface CacheOptions {
  /** Most entries held. */
  maxSize?: number
  /** Time to live. `Infinity` keeps an entry until it is evicted. */
  ttl?: Milliseconds
}

/** The cache the three others are built on. Defaults: 100 entries, 1 hour. */
export class LRUCache<T = any> {
  constructor(options?: CacheOptions)
  get(key: string): T | undefined
  set(key: string, value: T): void
  has(key: string): boolean // changes neither statistics nor recency
  delete(key: string): boolean
  clear(): void // also resets the statistics
  keys(): string[] // live keys, least recently used first
  getStats(): CacheStats
  removeExpired(): number
}

/** Defaults: 500 entries, 2 hours. */
export class ResponseCache {
  constructor(options?: CacheOptions)
  get<T = any>(input: any, modelConfig: any): T | undefined
  set(input: any, modelConfig: any, response: any): void
  has(input: any, modelConfig: any): boolean
  clear(): void
  getStats(): CacheStats
  removeExpired(): number
}

/** Defaults: 1,000 entries, 24 hours. */
export class EmbeddingCache {
  constructor(options?: CacheOptions)
  get(text: string): number[] | undefined // a plain Array, equal to what was stored, bit for bit
  set(text: string, embedding: number[]): void
  has(text: string): boolean
  batchGet(texts: string[]): Map<string, number[] | undefined> // one entry per distinct text, in order
  batchSet(embeddings: Map<string, number[]>): void
  clear(): void
  getStats(): CacheStats
  removeExpired(): number
}

/** Defaults: 200 entries, 5 minutes. */
export class QueryCache {
  constructor(options?: CacheOptions)
  get<T = any>(query: string, params?: any): T | undefined
  set(query: string, params: any | undefined, result: any): void
  has(query: string, params?: any): boolean
  /**
   * Removes every entry whose query text, or query text followed by its parameters as JSON, matches.
   * A string matches where it occurs literally or, if it is a valid regular expression, where that matches:
   * removing too much is safe, a stale result is not. Sticky and global expressions match like any other.
   */
  invalidate(pattern: RegExp | string): number
  clear(): void
  getStats(): CacheStats
  removeExpired(): number
}

export class CacheInvalidator {
  register(name: string, cache: { clear(): void; removeExpired(): number; getStats(): CacheStats }): void
  invalidateAll(): void
  invalidate(name: string): boolean
  removeExpired(): Map<string, number>
  getStats(): Map<string, CacheStats>
  scheduleCleanup(intervalMs?: number): NodeJS.Timeout // does not keep the process alive
}

export class CacheManager {
  static getInstance(): CacheManager
  constructor()
  /** The three caches can be replaced; every method acts on the ones in place at the time of the call. */
  responseCache: ResponseCache
  embeddingCache: EmbeddingCache
  queryCache: QueryCache
  clearAll(): void
  getAllStats(): { response: CacheStats; embedding: CacheStats; query: CacheStats }
  startCleanup(intervalMs?: number): void // default 300,000; does not keep the process alive
  stopCleanup(): void
}
export const cacheManager: CacheManager

// ── monitoring ──

export interface PerformanceMeasurement {
  name: string
  startTime: number
  endTime?: number
  duration?: Milliseconds
  metadata?: Record<string, any>
}
export interface ComponentTiming {
  component: string
  totalCalls: number
  totalDuration: Milliseconds
  avgDuration: Milliseconds
  minDuration: Milliseconds
  maxDuration: Milliseconds
  p50Duration: Milliseconds
  p95Duration: Milliseconds
  p99Duration: Milliseconds
}
export interface Bottleneck {
  component: string
  severity: 'critical' | 'high' | 'medium' | 'low'
  avgDuration: Milliseconds
  percentOfTotal: number // 0..100
  impact: string
  recommendation: string
}
export interface PerformanceBaseline {
  id: string
  timestamp: Date
  components: Map<string, ComponentTiming>
  totalDuration: Milliseconds
}
export interface PerformanceRegression {
  component: string
  baselineDuration: Milliseconds
  currentDuration: Milliseconds
  percentChange: number
  severity: 'critical' | 'major' | 'minor'
  threshold: number
}
export interface PerformanceReport {
  id: string
  timestamp: Date
  totalDuration: Milliseconds
  components: ComponentTiming[] // largest total first
  bottlenecks: Bottleneck[] // largest share first
  regressions: PerformanceRegression[] // largest change first
  summary: {
    totalComponents: number
    totalCalls: number
    avgCallDuration: Milliseconds
    slowestComponent: string // by mean; 'N/A' when nothing was measured
    fastestComponent: string
  }
  baseline?: string
}

/** Events: 'start' {name, startTime, metadata}, 'end' {name, duration}, 'baseline-set' {id, baseline}, 'reset'. */
export class PerformanceMonitor extends EventEmitter {
  start(name: string, metadata?: Record<string, any>): void
  /** Ends the most recent open measurement of that name. Throws `No active timer found for: NAME` where there is none. */
  end(name: string): Milliseconds
  /** Any number of these may overlap, under one name or several; each is timed by itself. */
  measure<T>(name: string, fn: () => Promise<T>, metadata?: Record<string, any>): Promise<T>
  measureSync<T>(name: string, fn: () => T, metadata?: Record<string, any>): T
  getComponentTiming(component: string): ComponentTiming | undefined
  getAllTimings(): ComponentTiming[]
  identifyBottlenecks(thresholds?: { criticalMs?: number; criticalPercent?: number }): Bottleneck[] // 1000, 20
  setBaseline(id: string): PerformanceBaseline
  getBaseline(id: string): PerformanceBaseline | undefined
  listBaselines(): string[]
  clearBaselines(): void
  detectRegressions(
    baselineId: string,
    thresholds?: { critical?: number; major?: number; minor?: number }, // percent slower: 50, 25, 10
  ): PerformanceRegression[]
  generateReport(baselineId?: string): PerformanceReport
  reset(): void // measurements and open timers; baselines stay
}
export const performanceMonitor: PerformanceMonitor

/** Times a method through `performanceMonitor`, as a legacy or a standard decorator, for sync and async methods alike. */
export function Measure(name?: string): any

// ── benchmarking ──

export interface BenchmarkConfig {
  name: string
  description?: string
  iterations?: number // 100 for run, 1,000 for runSync
  warmupIterations?: number // 10 and 100
  parallel?: boolean
  concurrency?: number
}
export interface BenchmarkResult {
  name: string
  description?: string
  iterations: number
  totalDuration: Milliseconds
  avgDuration: Milliseconds
  minDuration: Milliseconds
  maxDuration: Milliseconds
  medianDuration: Milliseconds
  p95Duration: Milliseconds
  p99Duration: Milliseconds
  stdDeviation: Milliseconds
  throughput: number // per second; always finite
  memoryUsage?: { before: Bytes; after: Bytes; delta: Bytes }
}
export interface BenchmarkComparison {
  baseline: BenchmarkResult
  current: BenchmarkResult
  improvement: { durationPercent: number; throughputPercent: number; memoryPercent: number } // positive is better
  verdict: 'faster' | 'slower' | 'similar'
  significance: 'significant' | 'moderate' | 'minor' | 'negligible'
}
export interface BenchmarkSuiteResult {
  name: string
  timestamp: Date
  benchmarks: BenchmarkResult[]
  summary: {
    totalBenchmarks: number
    totalDuration: Milliseconds
    fastestBenchmark: string
    slowestBenchmark: string
    avgThroughput: number
  }
}
export class Benchmark {
  run<T>(config: BenchmarkConfig, fn: () => Promise<T>): Promise<BenchmarkResult>
  runSync<T>(config: BenchmarkConfig, fn: () => T): BenchmarkResult
  compare(baseline: BenchmarkResult, current: BenchmarkResult): BenchmarkComparison
  getHistory(name: string): BenchmarkResult[]
  clear(): void
  static print(result: BenchmarkResult): void
  static printComparison(comparison: BenchmarkComparison): void
}
export class BenchmarkSuite {
  add(config: BenchmarkConfig, fn: () => Promise<any>): this
  run(): Promise<BenchmarkSuiteResult>
  getResults(): BenchmarkResult[]
  clear(): void
  static printSummary(suite: BenchmarkSuiteResult): void
}
export function benchmarkCache(
  cache: { get(key: string): any; set(key: string, value: any): void; getStats(): CacheStats },
  operations?: number, // 10,000
): Promise<{ reads: BenchmarkResult; writes: BenchmarkResult; stats: CacheStats }>

// ── streaming ──

export interface StreamConfig {
  batchSize?: number // 50; ResultWriter 100
  maxMemory?: Bytes // 100 MiB; ResultWriter 50 MiB
  bufferSize?: number // 1,000; ResultWriter 500
}
export interface StreamStats {
  itemsProcessed: number
  itemsBuffered: number
  memoryUsage: Bytes
  backpressureEvents: number
  avgProcessingTime: Milliseconds // per batch
  throughput: number // items per second of processing
}

/** A framework's own test case and result types fit these: only what we read is named. */
export interface TestCase<TInput = any, TOutput = any> {
  id: string
  input: TInput
  expected: TOutput
  [field: string]: any
}
export interface RunResult<TOutput = any> {
  actual?: TOutput
  /** `tokenUsage.total` settles the token limit where it is given. */
  metadata?: any
  [field: string]: any
}

/** Events: 'data', 'backpressure', 'memory-pressure', 'batch-complete', 'pause', 'resume', 'error' (only where somebody listens). */
export class DatasetStream<T = any> extends EventEmitter {
  constructor(config?: StreamConfig)
  /** `false`: `bufferSize` or `maxMemory` is reached, the item was not taken, offer it again later. `true`: it will be processed. */
  push(item: T): boolean
  /** Everything taken, in order. While paused it waits; it never returns early. A failing batch stays in front of the rest. */
  process<R>(processor: (batch: T[]) => Promise<R[]>): Promise<R[]>
  pause(): void
  resume(): void
  isPaused(): boolean
  clear(): void
  getStats(): StreamStats
}

/** Takes whatever it is given: beyond `bufferSize` or `maxMemory` items wait on disk, none is dropped. */
export class BatchProcessor<TInput = any, TOutput = any> {
  constructor(config?: StreamConfig)
  addTestCase(testCase: TestCase<TInput, TOutput>): boolean // always true: taken
  addTestCases(testCases: Iterable<TestCase<TInput, TOutput>>): void
  processAll(
    executor: (testCases: TestCase<TInput, TOutput>[]) => Promise<RunResult<TOutput>[]>,
  ): Promise<RunResult<TOutput>[]>
  getStats(): StreamStats
  /** The results so far, also those before a batch that failed. */
  getResults(): RunResult<TOutput>[]
  clear(): void
}

export class ResultWriter<T = any> {
  constructor(config?: StreamConfig)
  write(result: T, writer: (results: T[]) => Promise<void>): Promise<void>
  writeMany(results: T[], writer: (results: T[]) => Promise<void>): Promise<void>
  flush(writer: (results: T[]) => Promise<void>): Promise<void>
  getStats(): { itemsWritten: number; itemsBuffered: number; flushes: number; errors: number }
  clear(): void
}

// ── parallel execution ──

export interface RateLimit {
  requestsPerMinute: number
  tokensPerMinute?: number
}
export interface WorkerConfig {
  maxWorkers?: number // 4
  concurrency?: number // 10
  rateLimit?: RateLimit // 60 requests, 150,000 tokens
}
export interface ExecutionTask<TInput = any, TOutput = any> {
  id: string
  testCase: TestCase<TInput, TOutput>
  runnerConfig?: any
  datasetId?: string
  priority?: number // higher first
}
export interface ExecutionResult<TOutput = any> {
  task: ExecutionTask
  result?: RunResult<TOutput>
  error?: EvalError
  executionTime: Milliseconds
}
export interface EvalError {
  type: 'execution' | 'scoring' | 'system'
  severity: 'fatal' | 'error' | 'warning'
  message: string
  testCaseId?: string
  stack?: string
  retryable: boolean // timeouts, rate limits, network failures, 429 and 5xx
  timestamp?: Date
  cause?: unknown // what was thrown
}
export interface ExecutionMetrics {
  totalExecutionTime: Milliseconds
  avgExecutionTime: Milliseconds
  parallelEfficiency: number
  throttleTime: Milliseconds
  workerUtilization: number
}

/** Events: 'start', 'taskStart', 'taskComplete', 'taskError', 'progress', 'throttle' {reason, waitTime, limit, …}, 'complete'. */
export class ParallelExecutor extends EventEmitter {
  constructor(config?: WorkerConfig)
  /** One result per task, in the order of `tasks`. */
  executeTasks<TInput = any, TOutput = any>(
    tasks: ExecutionTask<TInput, TOutput>[],
    executor: (task: ExecutionTask<TInput, TOutput>) => Promise<RunResult<TOutput>>,
  ): Promise<ExecutionResult<TOutput>[]>
  executeTasksStreaming<TInput = any, TOutput = any>(
    tasks: Iterable<ExecutionTask<TInput, TOutput>> | AsyncIterable<ExecutionTask<TInput, TOutput>>,
    executor: (task: ExecutionTask<TInput, TOutput>) => Promise<RunResult<TOutput>>,
    streamConfig?: StreamConfig,
  ): Promise<ExecutionResult<TOutput>[]>
  updateConfig(config: Partial<WorkerConfig>): void // takes effect at once, waits already running included
  getMetrics(): ExecutionMetrics
  getRateLimiterState(): RateLimit & { currentRequests: number; currentTokens: number; lastReset: number }
  resetRateLimiter(): void
}

/** Runs tasks at most `maxWorkers` at a time. A closure runs on the calling thread; see `scoreAll` for real parallelism. */
export class ScoringWorkerPool {
  constructor(maxWorkers?: number) // cores − 1, at least 1
  execute<T>(task: () => Promise<T>): Promise<T>
  getStats(): { maxWorkers: number; activeWorkers: number; queuedTasks: number; utilization: number }
}
