/** What a provider allows in any 60 seconds. */
export interface RateLimit {
  /** The most tasks started in any 60 seconds: an integer ≥ 1, or `Infinity`. */
  requestsPerMinute: number
  /** The most tokens of the tasks started in any 60 seconds: an integer ≥ 1, or `Infinity`. Left out: no limit. */
  tokensPerMinute?: number
  /** The same for the tokens of the questions alone. */
  inputTokensPerMinute?: number
  /** The same for the tokens of the answers alone. */
  outputTokensPerMinute?: number
  /**
   * How many tasks may start at once before starts are spread over the minute: an integer ≥ 1. 1 spreads them evenly, for
   * providers that also count seconds.
   *
   * @default `requestsPerMinute`: starts are not spread
   */
  burst?: number
  /**
   * What is reserved for a task whose most is known: always that (`strict`: token limits are never exceeded), or, once 30
   * tasks of a key have ended, 1.1 times what 95 in 100 of them stayed below, where that is less (`balanced`).
   *
   * @default 'balanced'
   */
  guarantee?: 'strict' | 'balanced'
}

/** What a task can wait for. */
export type WaitReason = 'requests' | 'tokens' | 'input-tokens' | 'output-tokens' | 'concurrency' | 'provider'
