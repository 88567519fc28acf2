import { checkOptions, integerOption, limitOption } from '../arguments.ts'
import type { RateLimit, WorkerConfig } from './types.ts'

/** A configuration with nothing left out; no `tokensPerMinute` is no limit. */
export interface Settings {
  maxWorkers: number
  concurrency: number
  rateLimit: RateLimit
}

const DEFAULTS: Settings = {
  maxWorkers: 4,
  concurrency: 10,
  rateLimit: { requestsPerMinute: 60, tokensPerMinute: 150_000 },
}

/** The settings of a new executor: a `rateLimit` that names no token limit has none. */
export function initialSettings(config: WorkerConfig | undefined): Settings {
  checkOptions('config', config)
  const rateLimit = config?.rateLimit === undefined ? DEFAULTS.rateLimit : { requestsPerMinute: 60 }
  return changedSettings({ ...DEFAULTS, rateLimit }, config ?? {})
}

/** `settings` with what `config` names, at either level; nothing is changed in place, and all of it is checked. */
export function changedSettings(settings: Settings, config: Partial<WorkerConfig>): Settings {
  checkOptions('config', config)
  const { maxWorkers, concurrency, rateLimit } = config ?? {}
  checkOptions('rateLimit', rateLimit)
  const { requestsPerMinute, tokensPerMinute } = settings.rateLimit
  return {
    maxWorkers: integerOption('maxWorkers', maxWorkers, settings.maxWorkers),
    concurrency: integerOption('concurrency', concurrency, settings.concurrency),
    rateLimit: {
      requestsPerMinute: limitOption('rateLimit.requestsPerMinute', rateLimit?.requestsPerMinute, requestsPerMinute),
      tokensPerMinute: limitOption('rateLimit.tokensPerMinute', rateLimit?.tokensPerMinute, tokensPerMinute),
    },
  }
}
