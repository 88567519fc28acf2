// What a provider's headers mean for a limiter.

import { retryAfterOf } from '../executor/retry-after.ts'
import type { RateLimiter, RateLimitObservation } from '../index.ts'
import { rateLimitRemaining, rateLimitReset } from '../native.ts'
import type { LimitHeaders } from './protocol.ts'

/** Asked for a pause: too many requests, or too many for the provider as a whole (Anthropic: 529). */
const PAUSING = new Set([429, 503, 529])

const NAMES = {
  requests: ['remainingRequests', 'requestsResetIn'],
  tokens: ['remainingTokens', 'tokensResetIn'],
  inputTokens: ['remainingInputTokens', 'inputTokensResetIn'],
  outputTokens: ['remainingOutputTokens', 'outputTokensResetIn'],
} as const

/** Tells a limiter what the headers of a real response say. */
export function heed(limiter: RateLimiter, names: LimitHeaders, { status, headers }: Response): void {
  const observation: RateLimitObservation = {}
  for (const [kind, [remaining, resetIn]] of Object.entries(NAMES)) {
    const [remainingHeader, resetHeader] = names[kind as keyof LimitHeaders] ?? []
    const left = numberIn(headers, remainingHeader, rateLimitRemaining)
    const reset = numberIn(headers, resetHeader, (text) => rateLimitReset(text, Date.now()))
    if (left !== undefined)
      Object.assign(observation, { [remaining]: left, ...(reset !== undefined && { [resetIn]: reset }) })
  }
  limiter.observe(observation)
  const pause = PAUSING.has(status) ? retryAfterOf({ headers }) : undefined
  if (pause !== undefined) limiter.block(pause)
}

function numberIn(headers: Headers, name: string | undefined, parse: (text: string) => number): number | undefined {
  const text = name === undefined ? null : headers.get(name)
  const number = text === null ? Number.NaN : parse(text)
  return Number.isNaN(number) ? undefined : number
}
