import { checkOptions, integerOption } from '../arguments.ts'
import type { StreamConfig } from './types.ts'

const MEBIBYTE = 1024 * 1024

export const STREAM_DEFAULTS: Required<StreamConfig> = {
  batchSize: 50,
  maxMemory: 100 * MEBIBYTE,
  bufferSize: 1_000,
}

export const WRITER_DEFAULTS: Required<StreamConfig> = {
  batchSize: 100,
  maxMemory: 50 * MEBIBYTE,
  bufferSize: 500,
}

/** For `executeTasksStreaming`, which starts tasks one by one and reads no further than it needs to. */
export const EXECUTOR_DEFAULTS: Required<StreamConfig> = { ...STREAM_DEFAULTS, bufferSize: 1 }

/** The configuration with its defaults filled in; `name` is what its caller's user calls it. */
export function streamConfig(
  name: string,
  config: StreamConfig | undefined,
  defaults = STREAM_DEFAULTS,
): Readonly<Required<StreamConfig>> {
  checkOptions(name, config)
  return {
    batchSize: integerOption('batchSize', config?.batchSize, defaults.batchSize),
    maxMemory: integerOption('maxMemory', config?.maxMemory, defaults.maxMemory),
    bufferSize: integerOption('bufferSize', config?.bufferSize, defaults.bufferSize),
  }
}
