// What a cache does and leaves alone in each of its modes.

import { outOfRange, wrongType } from '../arguments.ts'

/**
 * What a cache does with the requests it is asked for:
 *
 * - `live` uses what is there, and stores what is new.
 * - `record` does the same, and what it stores or finds in the store never expires.
 * - `replay` uses what is there and nothing else: a request that is not there throws `ERR_REPLAY_MISS` and calls nothing.
 * - `readonly` uses what is there, and stores nothing.
 * - `refresh` finds nothing, and overwrites what is there.
 * - `off` finds nothing and stores nothing, as if there were no cache.
 */
export type CacheMode = 'live' | 'record' | 'replay' | 'readonly' | 'refresh' | 'off'

export interface ModeRules {
  readonly name: CacheMode
  /** Whether look-ups find anything. Where they do not, nothing is held in memory either. */
  readonly reads: boolean
  /** Whether anything is stored or, in a store, removed. */
  readonly writes: boolean
  /** Whether a miss calls a function, rather than throws. */
  readonly calls: boolean
  /** Whether callers that ask for one thing at once share one call. */
  readonly coalesces: boolean
  /** Whether what is stored never expires. */
  readonly keeps: boolean
}

const LIVE: ModeRules = { name: 'live', reads: true, writes: true, calls: true, coalesces: true, keeps: false }
const MODES: Record<CacheMode, ModeRules> = {
  live: LIVE,
  record: { ...LIVE, name: 'record', keeps: true },
  replay: { ...LIVE, name: 'replay', writes: false, calls: false },
  readonly: { ...LIVE, name: 'readonly', writes: false },
  refresh: { ...LIVE, name: 'refresh', reads: false },
  off: { ...LIVE, name: 'off', reads: false, writes: false, coalesces: false },
}

const VARIABLE = 'AI_EVALS_CACHE'
const EXPECTED = `one of ${Object.keys(MODES).join(', ')}`

/**
 * The rules of the mode that an option names, or else the environment.
 *
 * @throws TypeError or RangeError that names whichever of the two it was that said something else.
 */
export function rulesOf(mode: unknown): ModeRules {
  if (mode !== undefined) {
    if (typeof mode !== 'string') throw wrongType('mode', EXPECTED, mode)
    return rulesNamed('mode', mode)
  }
  const variable = process.env[VARIABLE]
  return variable === undefined || variable === '' ? LIVE : rulesNamed(VARIABLE, variable)
}

function rulesNamed(name: string, mode: string): ModeRules {
  if (!Object.hasOwn(MODES, mode)) throw outOfRange(name, EXPECTED, mode)
  return MODES[mode as CacheMode]
}
