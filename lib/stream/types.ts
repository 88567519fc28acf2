import type { Bytes } from '../units.ts'

export interface StreamConfig {
  batchSize?: number // 50; ResultWriter 100
  maxMemory?: Bytes // 100 MiB; ResultWriter 50 MiB
  bufferSize?: number // 1,000; ResultWriter 500
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
