import type { Bytes } from '../units.ts'

/**
 * How a stream batches and how much it holds in memory. Each is an integer of at least 1; anything else is a `TypeError`
 * or a `RangeError`. `batchSize` may exceed `bufferSize`: a {@link DatasetStream} then hands out what its buffer holds,
 * the two others fill their batches from disk. {@link ParallelExecutor.executeTasksStreaming} heeds `bufferSize` alone.
 */
export interface StreamConfig {
  /**
   * Most items handed to your function at once.
   * @default 50; 100 for a {@link ResultWriter}
   */
  batchSize?: number
  /**
   * Most bytes that waiting items may take in memory, by an estimate of each item's size. One item larger than that is
   * taken when nothing else waits, since it could never pass otherwise.
   * @default 100 MiB; 50 MiB for a {@link ResultWriter}
   */
  maxMemory?: Bytes
  /**
   * Most items that may wait in memory. The batch in flight counts until it is done.
   * @default 1,000; 500 for a {@link ResultWriter}; 1 for {@link ParallelExecutor.executeTasksStreaming}
   */
  bufferSize?: number
}

/** One question of a dataset. A framework's own type fits: nothing beyond these fields is asked for. */
export interface TestCase<TInput = any, TOutput = any> {
  id: string
  input: TInput
  expected: TOutput
  [field: string]: any
}

/** What running a test case gave. A framework's own type fits. */
export interface RunResult<TOutput = any> {
  actual?: TOutput
  /** `tokenUsage.total` settles the token limit of a {@link ParallelExecutor} where it is given. */
  metadata?: any
  [field: string]: any
}
