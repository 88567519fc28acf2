// What tasks and results say about tokens. They are the caller's objects, so that reading them may throw.

import { read } from '../values/read.ts'
import { sizeOf } from '../values/size-of.ts'

const OUTPUT_LIMITS = [
  'maxTokens',
  'max_tokens',
  'maxOutputTokens',
  'max_output_tokens',
  'maxCompletionTokens',
  'max_completion_tokens',
]

/** The most tokens that a model may answer with, where a task's `runnerConfig` says so. */
export function outputTokenLimit(runnerConfig: unknown): number | undefined {
  for (const name of OUTPUT_LIMITS) {
    const limit = count(read(runnerConfig, name))
    if (limit !== undefined) return limit
  }
  return undefined
}

/** The tokens that a result reports. */
export function reportedTokens(result: unknown): number | undefined {
  return count(read(read(read(result, 'metadata'), 'tokenUsage'), 'total'))
}

/** About how many characters a question or an answer has. */
export function charactersOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  try {
    return sizeOf(value)
  } catch {
    return 0
  }
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && Number.isFinite(value) ? value : undefined
}
