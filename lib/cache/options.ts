// What the methods of the caches can be told, and the checks of it.

import { checkFunction, checkOptions, checkSignal, integerOption, positiveOption } from '../arguments.ts'
import type { Milliseconds } from '../units.ts'
import { checkCost, checkUsage, type TokenUsage } from './usage.ts'

/** Which of several answers to one request is meant. */
export interface SampleOptions {
  /**
   * The number of the answer: an integer ≥ 0. Each is an entry of its own, so asking for more samples later reuses the
   * first ones.
   *
   * @default 0
   */
  sample?: number
}

/** How an entry is stored. */
export interface EntryOptions {
  /** Time to live of this entry: a number > 0, `Infinity` for ever. In mode `record` nothing expires. Default: that of the cache. */
  ttl?: Milliseconds
  /** The tokens that the answer took: what each hit saves. Default: what the answer itself says. */
  usage?: TokenUsage
  /** What the answer cost, in whatever currency: a number ≥ 0. */
  cost?: number
}

/** How an entry is stored, and which of several answers to one request it is. */
export interface SetOptions extends SampleOptions, EntryOptions {}

/** How long to wait for an answer that somebody else is fetching, and when to stop. */
export interface WaitOptions {
  /**
   * Ends the waiting of this caller: it rejects with the signal's reason at once. The function that was called goes on as
   * long as others wait for it; then the signal that it was given aborts.
   */
  signal?: AbortSignal
  /**
   * How long to wait for another thread or process that asks for the same, before asking oneself: a number > 0.
   *
   * @default 600000, ten minutes
   */
  maxWait?: Milliseconds
}

/** How an answer is fetched and stored. */
export interface FetchOptions<T = any> extends WaitOptions {
  /** As in {@link EntryOptions}. */
  ttl?: Milliseconds
  /** As in {@link EntryOptions}, or a function that finds it in the answer. */
  usage?: TokenUsage | ((value: T) => TokenUsage | undefined)
  /** As in {@link EntryOptions}, or a function that finds it in the answer. */
  cost?: number | ((value: T) => number | undefined)
  /**
   * Whether an answer is stored; all who wait for it get it either way. `undefined` is never stored.
   *
   * Default: all answers are, save those of a model that were refused, cut off or ended by an error, as
   * `finishReason`, `finish_reason`, `stop_reason` or `status` say in the responses of OpenAI, Anthropic and the AI SDK.
   */
  shouldStore?: (value: T) => boolean
}

/** How an answer is fetched and stored, and which of several to one request it is. */
export interface GetOrSetOptions<T = any> extends SampleOptions, FetchOptions<T> {}

/** How embeddings are fetched and stored. */
export interface GetOrSetManyOptions<T = any> extends SampleOptions, WaitOptions {
  /** As in {@link EntryOptions}. */
  ttl?: Milliseconds
  /** What all that were fetched took together, or a function that finds it; each is taken for an equal part of it. */
  usage?: TokenUsage | ((values: readonly T[]) => TokenUsage | undefined)
  /** What they cost together, in whatever currency: a number ≥ 0, or a function that finds it. */
  cost?: number | ((values: readonly T[]) => number | undefined)
}

const DEFAULT_MAX_WAIT: Milliseconds = 600_000

/** The sample that `options` mean. */
export function sampleOf(options: SampleOptions | undefined): number {
  if (options === undefined) return 0
  checkOptions('options', options)
  return integerOption('sample', options.sample, 0, 0)
}

export function checkEntryOptions(options: EntryOptions | undefined): void {
  if (options === undefined) return
  checkOptions('options', options)
  checkTtl(options.ttl)
  checkUsage(options.usage, false)
  checkCost(options.cost, false)
}

export function checkFetchOptions(options: FetchOptions | undefined): void {
  if (options === undefined) return
  checkOptions('options', options)
  checkTtl(options.ttl)
  checkUsage(options.usage, true)
  checkCost(options.cost, true)
  if (options.shouldStore !== undefined) checkFunction('shouldStore', options.shouldStore)
  checkWaitOptions(options)
}

export function checkManyOptions(options: GetOrSetManyOptions | undefined): void {
  if (options === undefined) return
  checkOptions('options', options)
  checkTtl(options.ttl)
  checkUsage(options.usage, true)
  checkCost(options.cost, true)
  checkWaitOptions(options)
}

function checkWaitOptions(options: WaitOptions | undefined): void {
  checkSignal('signal', options?.signal)
  maxWaitOf(options)
}

export function maxWaitOf(options: WaitOptions | undefined): Milliseconds {
  return positiveOption('maxWait', options?.maxWait, DEFAULT_MAX_WAIT)
}

function checkTtl(ttl: unknown): void {
  positiveOption('ttl', ttl, 1)
}
