// What tasks and results say about tokens. They are the caller's objects, so that reading them may throw.

import { types } from 'node:util'
import { checkString, outOfRange, wrongType } from '../arguments.ts'
import { read } from '../values/read.ts'
import { sizeOf } from '../values/size-of.ts'
import { type Demand, UNKNOWN_DEMAND } from './job.ts'
import type { ExecutionTask, WorkerConfig } from './types.ts'

const OUTPUT_LIMITS = [
  'maxTokens',
  'max_tokens',
  'maxOutputTokens',
  'max_output_tokens',
  'maxCompletionTokens',
  'max_completion_tokens',
]

/** How usage is named: as this package documents it, by the AI SDK and by providers. */
const TOTAL_NAMES = ['totalTokens', 'total_tokens']
const INPUT_NAMES = ['input', 'inputTokens', 'input_tokens', 'prompt', 'promptTokens', 'prompt_tokens']
const OUTPUT_NAMES = ['output', 'outputTokens', 'output_tokens', 'completion', 'completionTokens', 'completion_tokens']

/** What an attempt used; `NaN` where it did not say. */
export class Use {
  /** Of question and answer; of the question alone where there was no answer. */
  readonly characters: number
  readonly tokens: number
  readonly inputTokens: number
  readonly outputTokens: number

  constructor(characters: number, tokens = Number.NaN, inputTokens = Number.NaN, outputTokens = Number.NaN) {
    this.characters = characters
    this.tokens = tokens
    this.inputTokens = inputTokens
    this.outputTokens = outputTokens
  }
}

/** The key of a task as the user's function says; `''` where there is none. */
export function keyOf(task: ExecutionTask, key: WorkerConfig['key']): string {
  if (key === undefined) return ''
  const found: unknown = key(task)
  ignoreRejection(found)
  checkString('key(task)', found)
  return found
}

/** The tokens that a task is expected to use: as the user's function says, else as its `runnerConfig` does. */
export function demandOf(task: ExecutionTask, estimateTokens: WorkerConfig['estimateTokens']): Demand {
  const estimate = estimateTokens?.(task)
  if (estimate === undefined) {
    const limit = outputTokenLimit(read(task, 'runnerConfig'))
    return limit === undefined ? UNKNOWN_DEMAND : { ...UNKNOWN_DEMAND, outputTokens: limit }
  }
  if (typeof estimate === 'number')
    return { ...UNKNOWN_DEMAND, tokens: checkedTokens('estimateTokens(task)', estimate) }
  if (typeof estimate !== 'object' || estimate === null || Array.isArray(estimate) || ignoreRejection(estimate)) {
    throw wrongType('estimateTokens(task)', 'a number or an object', estimate)
  }
  const { inputTokens, outputTokens } = estimate
  return {
    tokens: Number.NaN,
    inputTokens: checkedTokens('estimateTokens(task).inputTokens', inputTokens),
    outputTokens: checkedTokens('estimateTokens(task).outputTokens', outputTokens),
  }
}

/** Whether `answer` is a promise, which nobody waits for. */
function ignoreRejection(answer: unknown): boolean {
  if (!types.isPromise(answer)) return false
  answer.catch(() => {})
  return true
}

/** `NaN` where they are left out. */
function checkedTokens(name: string, tokens: unknown): number {
  if (tokens === undefined) return Number.NaN
  const expected = 'a number ≥ 0'
  if (typeof tokens !== 'number') throw wrongType(name, expected, tokens)
  if (!(tokens >= 0 && tokens < Number.POSITIVE_INFINITY)) throw outOfRange(name, expected, tokens)
  return Math.ceil(tokens)
}

/** The most tokens that a model may answer with, where a task's `runnerConfig` says so. */
function outputTokenLimit(runnerConfig: unknown): number | undefined {
  if (runnerConfig === undefined) return undefined
  for (const name of OUTPUT_LIMITS) {
    const limit = count(read(runnerConfig, name))
    if (limit !== undefined) return limit
  }
  return undefined
}

/** What an attempt used of the limits, as its result reports it. */
export function useOf(result: unknown, inputCharacters: number): Use {
  const usage = read(read(result, 'metadata'), 'tokenUsage')
  const characters = inputCharacters + charactersOf(read(result, 'actual'))
  if (usage === undefined || usage === null) return new Use(characters)
  return new Use(
    characters,
    count(read(usage, 'total')) ?? firstOf(usage, TOTAL_NAMES),
    firstOf(usage, INPUT_NAMES),
    firstOf(usage, OUTPUT_NAMES),
  )
}

function firstOf(usage: unknown, names: readonly string[]): number {
  for (const name of names) {
    const tokens = count(read(usage, name))
    if (tokens !== undefined) return tokens
  }
  return Number.NaN
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
