import { checkObject, outOfRange, wrongType } from '../arguments.ts'
import type { Milliseconds } from '../units.ts'

/**
 * What a provider says is left of its limits, as its headers do: for all who use them, in this process or elsewhere.
 * A reset is when the whole limit is there again: it counts for 60 seconds at the most, and where it is left out for
 * those 60 seconds.
 */
export interface RateLimitObservation {
  /** Requests: a number ≥ 0. */
  remainingRequests?: number
  /** A number ≥ 0. */
  requestsResetIn?: Milliseconds
  /** Tokens in all: a number ≥ 0. */
  remainingTokens?: number
  /** A number ≥ 0. */
  tokensResetIn?: Milliseconds
  /** Tokens of questions: a number ≥ 0. */
  remainingInputTokens?: number
  /** A number ≥ 0. */
  inputTokensResetIn?: Milliseconds
  /** Tokens of answers: a number ≥ 0. */
  remainingOutputTokens?: number
  /** A number ≥ 0. */
  outputTokensResetIn?: Milliseconds
}

const LONGEST_RESET: Milliseconds = 60_000

/** In this order the native limiter takes them. */
const NAMES = [
  ['remainingRequests', 'requestsResetIn'],
  ['remainingTokens', 'tokensResetIn'],
  ['remainingInputTokens', 'inputTokensResetIn'],
  ['remainingOutputTokens', 'outputTokensResetIn'],
] as const

/** An observation, checked, as the native limiter takes it: `NaN` is unknown. */
export function numbersOf(observation: RateLimitObservation): Float64Array {
  checkObject('observation', observation)
  const numbers = NAMES.flatMap(([remaining, resetIn]) => [
    amount(remaining, observation[remaining], Number.NaN),
    amount(resetIn, observation[resetIn], LONGEST_RESET),
  ])
  return Float64Array.from(numbers)
}

function amount(name: string, value: unknown, fallback: number): number {
  if (value === undefined) return fallback
  const expected = 'a finite number ≥ 0'
  if (typeof value !== 'number') throw wrongType(name, expected, value)
  if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) throw outOfRange(name, expected, value)
  return value
}
