// What tasks and results say about tokens. They are the caller's objects, so that reading them may throw.

import { types } from 'node:util'
import { checkString, outOfRange, wrongType } from '../arguments.ts'
import { sizeOf } from '../values/size-of.ts'
import { type Demand, UNKNOWN_DEMAND } from './job.ts'
import type { ExecutionTask, WorkerConfig } from './types.ts'

/** Of one property by its name: looked up by a variable, one that most have not is found missing far more slowly. */
type Look = (usage: any) => unknown

const OUTPUT_LIMITS: readonly Look[] = [
  (usage) => usage.maxTokens,
  (usage) => usage.max_tokens,
  (usage) => usage.maxOutputTokens,
  (usage) => usage.max_output_tokens,
  (usage) => usage.maxCompletionTokens,
  (usage) => usage.max_completion_tokens,
]

/** How usage is named: as this package documents it, by the AI SDK and by providers. */
const TOTALS: readonly Look[] = [(usage) => usage.totalTokens, (usage) => usage.total_tokens]
const INPUTS: readonly Look[] = [
  (usage) => usage.input,
  (usage) => usage.inputTokens,
  (usage) => usage.input_tokens,
  (usage) => usage.prompt,
  (usage) => usage.promptTokens,
  (usage) => usage.prompt_tokens,
]
const OUTPUTS: readonly Look[] = [
  (usage) => usage.output,
  (usage) => usage.outputTokens,
  (usage) => usage.output_tokens,
  (usage) => usage.completion,
  (usage) => usage.completionTokens,
  (usage) => usage.completion_tokens,
]

const tokenUsage: Look = (result) => result.metadata?.tokenUsage
const actual: Look = (result) => result.actual
const total: Look = (usage) => usage.total
const input: Look = (task) => task.testCase?.input
const runnerConfig: Look = (task) => task.runnerConfig

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
    const limit = outputTokenLimit(seen(task, runnerConfig))
    return limit === undefined ? UNKNOWN_DEMAND : { tokens: Number.NaN, inputTokens: Number.NaN, outputTokens: limit }
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
  for (const look of OUTPUT_LIMITS) {
    const limit = count(seen(runnerConfig, look))
    if (limit !== undefined) return limit
  }
  return undefined
}

/** What an attempt used of the limits, as its result reports it. */
export function useOf(result: unknown, inputCharacters: number): Use {
  const usage = seen(result, tokenUsage)
  const characters = inputCharacters + charactersOf(seen(result, actual))
  if (usage === undefined || usage === null) return new Use(characters)
  return new Use(
    characters,
    count(seen(usage, total)) ?? firstOf(usage, TOTALS),
    firstOf(usage, INPUTS),
    firstOf(usage, OUTPUTS),
  )
}

function firstOf(usage: unknown, looks: readonly Look[]): number {
  for (const look of looks) {
    const tokens = count(seen(usage, look))
    if (tokens !== undefined) return tokens
  }
  return Number.NaN
}

/** What `look` sees of the user's object; nothing where looking throws. */
function seen(value: unknown, look: Look): unknown {
  try {
    return look(value)
  } catch {
    return undefined
  }
}

/** How long the question of a task is. */
export function inputCharactersOf(task: ExecutionTask): number {
  return charactersOf(seen(task, input))
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
