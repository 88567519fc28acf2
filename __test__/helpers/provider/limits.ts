// What a provider refuses. Nothing here is shared with the limiter that is put to the test: all that arrived is kept in
// one array, and each question ("how many in the last minute?") goes through it from the start.

/** What a provider allows; what is left out, it does not count. */
export interface Limits {
  requestsPerMinute?: number
  /** Many providers refuse a minute's worth of requests that come in one second, whatever the minute allows. */
  requestsPerSecond?: number
  /** Input and output together. */
  tokensPerMinute?: number
  inputTokensPerMinute?: number
  outputTokensPerMinute?: number
  /** Requests under way at a time. */
  concurrency?: number
}

export type Limit = keyof Limits

/** A request that was let in: it counts from its arrival, for a minute or a second. */
export interface Arrival {
  readonly at: number
  readonly inputTokens: number
  /** The most that it may come to until it has ended, then what it came to. */
  readonly outputTokens: number
  readonly isUnderWay: boolean
}

export const MINUTE = 60_000
export const SECOND = 1_000

/** What one arrival counts for, and for how long: `undefined` for as long as it is under way. */
export const COUNTED: Record<Limit, { span: number | undefined; amount(arrival: Arrival): number }> = {
  requestsPerMinute: { span: MINUTE, amount: () => 1 },
  requestsPerSecond: { span: SECOND, amount: () => 1 },
  tokensPerMinute: { span: MINUTE, amount: ({ inputTokens, outputTokens }) => inputTokens + outputTokens },
  inputTokensPerMinute: { span: MINUTE, amount: ({ inputTokens }) => inputTokens },
  outputTokensPerMinute: { span: MINUTE, amount: ({ outputTokens }) => outputTokens },
  concurrency: { span: undefined, amount: () => 1 },
}

/** Nobody can tell when a place becomes free; this is what a provider then says. */
const WAIT_FOR_A_PLACE = SECOND

/** The first limit that a newcomer would exceed, and when none of them would be exceeded any more. */
export function refusal(
  limits: Limits,
  arrivals: Arrival[],
  newcomer: Arrival,
): { limit: Limit; wait: number } | undefined {
  const exceeded = (Object.keys(COUNTED) as Limit[])
    .map((limit) => ({ limit, wait: waitFor(limit, limits[limit], arrivals, newcomer) }))
    .filter(({ wait }) => wait > 0)
  if (exceeded.length === 0) return undefined
  return { limit: exceeded[0]!.limit, wait: Math.max(...exceeded.map(({ wait }) => wait)) }
}

/** What is left at this moment, and when all of it will be there again, as OpenAI's headers say it. */
export function limitHeaders(limits: Limits, arrivals: Arrival[], now: number): Record<string, string> {
  const named = { requests: 'requestsPerMinute', tokens: 'tokensPerMinute' } as const
  return Object.assign(
    {},
    ...Object.entries(named).map(([name, limit]) => {
      const most = limits[limit]
      if (most === undefined) return {}
      const counting = arrivals.filter(({ at }) => at > now - MINUTE)
      const used = counting.reduce((sum, arrival) => sum + COUNTED[limit].amount(arrival), 0)
      const reset = Math.max(0, ...counting.map(({ at }) => at + MINUTE - now))
      return {
        [`x-ratelimit-limit-${name}`]: String(most),
        [`x-ratelimit-remaining-${name}`]: String(Math.max(0, most - used)),
        [`x-ratelimit-reset-${name}`]: `${Math.ceil(reset)}ms`,
      }
    }),
  )
}

/** Milliseconds until the newcomer would not exceed this limit; 0 where it does not. */
function waitFor(limit: Limit, most: number | undefined, arrivals: Arrival[], newcomer: Arrival): number {
  if (most === undefined) return 0
  const { span, amount } = COUNTED[limit]
  const counting = arrivals.filter(({ at, isUnderWay }) => (span === undefined ? isUnderWay : at > newcomer.at - span))
  let used = counting.reduce((sum, arrival) => sum + amount(arrival), amount(newcomer))
  if (used <= most) return 0
  if (span === undefined) return WAIT_FOR_A_PLACE
  for (const arrival of counting) {
    used -= amount(arrival)
    if (used <= most) return arrival.at + span - newcomer.at
  }
  return span // A newcomer larger than the limit: it will be refused then, too.
}
