import { checkObject, checkOptions, checkString, outOfRange, wrongType } from '../arguments.ts'

/**
 * The most that a request will use. Where `tokens` alone is known, all of them count towards a limit of input tokens and
 * one of output tokens too. Where nothing is known, a request is taken to use what the largest of the last ones of its
 * `key` did; before there is one, an equal share of the limit.
 */
export interface PermitRequest {
  /** Tokens in all: a number ≥ 0. */
  tokens?: number
  /** Tokens of the question: a number ≥ 0. */
  inputTokens?: number
  /** The most tokens that the model may answer with: a number ≥ 0. */
  outputTokens?: number
  /**
   * What kind of request it is: the model's name, say. With `guarantee: 'balanced'`, what requests really use is learned for
   * each kind. There should be tens of them; those beyond 4,096 count as requests without a `key`.
   */
  key?: string
}

/** What a request really used. What is left out, and does not follow from the rest, stays as it was reserved. */
export interface PermitUse {
  /** Tokens in all: a number ≥ 0. */
  tokens?: number
  /** Tokens of the question: a number ≥ 0. */
  inputTokens?: number
  /** Tokens of the answer: a number ≥ 0. */
  outputTokens?: number
}

/** A request as the native limiter takes it: `NaN` is unknown. */
export interface Demand {
  readonly tokens: number
  readonly inputTokens: number
  readonly outputTokens: number
  /** The number of its key. */
  readonly key: number
}

const UNKNOWN: Demand = { tokens: Number.NaN, inputTokens: Number.NaN, outputTokens: Number.NaN, key: 0 }

/** `request`, checked; `numberOf` knows its key. */
export function demandOf(request: PermitRequest | undefined, numberOf: (key: string) => number): Demand {
  if (request === undefined) return UNKNOWN
  checkOptions('request', request)
  checkTokens(request)
  const { tokens = Number.NaN, inputTokens = Number.NaN, outputTokens = Number.NaN, key } = request
  if (key !== undefined) checkString('key', key)
  return { tokens, inputTokens, outputTokens, key: key === undefined ? 0 : numberOf(key) }
}

export function checkUse(actual: PermitUse): void {
  checkObject('actual', actual)
  checkTokens(actual)
}

export function saysAnything({ tokens, inputTokens, outputTokens }: PermitUse): boolean {
  return tokens !== undefined || inputTokens !== undefined || outputTokens !== undefined
}

function checkTokens({ tokens, inputTokens, outputTokens }: PermitUse): void {
  checkCount('tokens', tokens)
  checkCount('inputTokens', inputTokens)
  checkCount('outputTokens', outputTokens)
}

function checkCount(name: string, value: unknown): void {
  if (value === undefined) return
  const expected = 'a number ≥ 0'
  if (typeof value !== 'number') throw wrongType(name, expected, value)
  if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) throw outOfRange(name, expected, value)
}
