import {
  booleanOption,
  checkFunction,
  checkOptions,
  checkSignal,
  checkString,
  delayOption,
  integerOption,
  limitOption,
  outOfRange,
  positiveOption,
  wrongType,
} from '../arguments.ts'
import type { JournalOptions } from '../journal/journal.ts'
import { RateLimiter } from '../limiter/rate-limiter.ts'
import type { RateLimit } from '../limiter/types.ts'
import type { RetryOptions, WorkerConfig } from './types.ts'

/** A configuration with nothing left out; no `tokensPerMinute` is no limit. */
export interface Settings {
  readonly maxWorkers: number
  readonly concurrency: number
  readonly rateLimit: RateLimit
  readonly retry: Required<RetryOptions> | undefined
  readonly timeout: number
  readonly estimateTokens: WorkerConfig['estimateTokens']
  readonly maxErrors: number
  readonly signal: AbortSignal | undefined
  readonly adaptive: boolean
  readonly key: WorkerConfig['key']
  readonly limiter: WorkerConfig['limiter']
  readonly journal: WorkerConfig['journal']
}

const DEFAULTS: Settings = {
  maxWorkers: 4,
  concurrency: 10,
  rateLimit: { requestsPerMinute: 60, tokensPerMinute: 150_000 },
  retry: undefined,
  timeout: Number.POSITIVE_INFINITY,
  estimateTokens: undefined,
  maxErrors: Number.POSITIVE_INFINITY,
  signal: undefined,
  adaptive: false,
  key: undefined,
  limiter: undefined,
  journal: undefined,
}
const RETRY_DEFAULTS: Required<RetryOptions> = { attempts: 6, baseDelay: 1_000, maxDelay: 60_000 }
/** What lanes are made by, or a run begins with, so that it cannot change under either. */
const FIXED = ['signal', 'adaptive', 'key', 'limiter', 'journal'] as const

/** The settings of a new executor: a `rateLimit` that names no token limit has none. */
export function initialSettings(config: WorkerConfig | undefined): Settings {
  checkOptions('config', config)
  const rateLimit = config?.rateLimit === undefined ? DEFAULTS.rateLimit : { requestsPerMinute: 60 }
  const { signal, adaptive, key, limiter, journal, ...changeable } = config ?? {}
  checkSignal('signal', signal)
  if (key !== undefined) checkFunction('key', key)
  if (limiter !== undefined && typeof limiter !== 'function' && !(limiter instanceof RateLimiter)) {
    throw wrongType('limiter', 'a RateLimiter or a function', limiter)
  }
  return {
    ...changedSettings({ ...DEFAULTS, rateLimit }, changeable),
    signal,
    adaptive: booleanOption('adaptive', adaptive, DEFAULTS.adaptive),
    key,
    limiter,
    journal: journalOptions(journal),
  }
}

/** `settings` with what `config` names, at either level; nothing is changed in place, and all of it is checked. */
export function changedSettings(settings: Settings, config: Partial<WorkerConfig>): Settings {
  checkOptions('config', config)
  for (const name of FIXED) {
    if (config?.[name] !== undefined) throw outOfRange(name, 'left to the constructor', config[name])
  }
  const { maxWorkers, concurrency, rateLimit, retry, timeout, estimateTokens, maxErrors } = config ?? {}
  if (estimateTokens !== undefined) checkFunction('estimateTokens', estimateTokens)
  return {
    ...settings,
    maxWorkers: integerOption('maxWorkers', maxWorkers, settings.maxWorkers),
    concurrency: integerOption('concurrency', concurrency, settings.concurrency),
    rateLimit: changedRateLimit(settings.rateLimit, rateLimit),
    retry: retry === undefined ? settings.retry : retryOptions(retry),
    timeout: positiveOption('timeout', timeout, settings.timeout),
    estimateTokens: estimateTokens ?? settings.estimateTokens,
    maxErrors: limitOption('maxErrors', maxErrors, settings.maxErrors),
  }
}

function changedRateLimit(settings: RateLimit, change: Partial<RateLimit> | undefined): RateLimit {
  checkOptions('rateLimit', change)
  const { guarantee } = change ?? {}
  if (guarantee !== undefined && guarantee !== 'strict' && guarantee !== 'balanced') {
    const refuse = typeof guarantee === 'string' ? outOfRange : wrongType
    throw refuse('rateLimit.guarantee', 'one of strict, balanced', guarantee)
  }
  const limit = <T extends keyof RateLimit>(name: T): RateLimit[T] =>
    limitOption(`rateLimit.${name}`, change?.[name], settings[name] as number) as RateLimit[T]
  return {
    requestsPerMinute: limit('requestsPerMinute'),
    tokensPerMinute: limit('tokensPerMinute'),
    inputTokensPerMinute: limit('inputTokensPerMinute'),
    outputTokensPerMinute: limit('outputTokensPerMinute'),
    burst: limit('burst'),
    guarantee: guarantee ?? settings.guarantee,
  }
}

/** @throws TypeError or RangeError for a setting of the wrong type or without sense. */
export function retryOptions(retry: RetryOptions | true): Required<RetryOptions> {
  if (retry === true) return RETRY_DEFAULTS
  if (typeof retry !== 'object' || retry === null || Array.isArray(retry)) {
    throw wrongType('retry', 'an object or true', retry)
  }
  return {
    attempts: integerOption('retry.attempts', retry.attempts, RETRY_DEFAULTS.attempts),
    baseDelay: delayOption('retry.baseDelay', retry.baseDelay, RETRY_DEFAULTS.baseDelay),
    maxDelay: delayOption('retry.maxDelay', retry.maxDelay, RETRY_DEFAULTS.maxDelay),
  }
}

function journalOptions(journal: unknown): WorkerConfig['journal'] {
  if (journal === undefined || typeof journal === 'string') return journal
  if (typeof journal !== 'object' || journal === null || Array.isArray(journal)) {
    throw wrongType('journal', 'the path of a file or an object', journal)
  }
  checkString('journal.path', (journal as JournalOptions).path)
  return journal as JournalOptions
}
