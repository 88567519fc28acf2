import { COUNTED, type Limit } from './limits.ts'
import type { LoggedRequest, Provider } from './provider.ts'

export interface Statistics {
  requests: number
  /** How many requests came to what. */
  outcomes: Partial<Record<LoggedRequest['outcome'], number>>
  /** Answers with status 429, by the limit that was exceeded. */
  refused: Partial<Record<Limit, number>>
  /** The share of all requests that were answered with 429. */
  refusedShare: number
  /** Requests that came although the provider had asked for a pause: after it said so, before the pause was over. */
  tooEarly: number
}

export function statistics({ log }: Provider): Statistics {
  const refused = log.filter(({ outcome }) => outcome === 'refused')
  return {
    requests: log.length,
    outcomes: counted(log.map(({ outcome }) => outcome)),
    refused: counted(refused.map(({ refusedFor }) => refusedFor!)),
    refusedShare: log.length === 0 ? 0 : refused.length / log.length,
    tooEarly: log.filter((request) => refused.some(({ at, until = at }) => at < request.at && request.at < until))
      .length,
  }
}

/**
 * The most that was let in within any window, or at a time: adds up, for each request that was let in, all of those that
 * count at its arrival.
 */
export function mostLetIn({ log }: Provider, limit: Limit): number {
  const { span, amount } = COUNTED[limit]
  const admitted = log.filter(({ outcome }) => outcome !== 'refused')
  const sums = admitted.map((last, index) => {
    const inside = admitted.slice(0, index + 1).filter(({ at, endedAt = Number.POSITIVE_INFINITY }, place) => {
      return span === undefined ? place === index || endedAt > last.at : at > last.at - span
    })
    return inside.reduce((sum, request) => sum + amount(request), 0)
  })
  return Math.max(0, ...sums)
}

function counted<T extends string>(values: T[]): Partial<Record<T, number>> {
  const counts: Partial<Record<T, number>> = {}
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1
  return counts
}
