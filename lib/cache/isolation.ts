// What a cache does so that those who change what they were given do not change what others get.

import { outOfRange, wrongType } from '../arguments.ts'
import { copyValue, freezeValue } from '../values/codec/isolation.ts'
import { Unstorable } from '../values/codec/unstorable.ts'

/**
 * What a cache holds and gives out:
 *
 * - `reference`: the very value that was stored. Costs nothing; who changes it, changes it for all.
 * - `copy`: a copy is held, and each caller gets a copy of his own.
 * - `frozen`: a deeply frozen copy is held and given to all. What freezing does not protect, as Maps, Sets, dates and
 *   typed arrays, is copied for each caller.
 *
 * What cannot be copied, such as a function, is held and given by reference, and counted as `notStorable`.
 */
export type CacheIsolation = 'reference' | 'copy' | 'frozen'

export interface Isolation {
  /** A value as it is held, or why there is no copy of it. */
  hold(value: unknown): { value: unknown } | Unstorable
  /** A value for one caller. */
  give(held: unknown): unknown
}

/** What freezing did not protect. */
class Changeable {
  readonly value: unknown

  constructor(value: unknown) {
    this.value = value
  }
}

const ISOLATIONS: Record<CacheIsolation, Isolation | undefined> = {
  reference: undefined,
  copy: { hold: copyValue, give: copyOf },
  frozen: {
    hold(value) {
      const outcome = freezeValue(value)
      if (outcome instanceof Unstorable || outcome.isFrozen) return outcome
      return { value: new Changeable(outcome.value) }
    },
    give: (held) => (held instanceof Changeable ? copyOf(held.value) : held),
  },
}

function copyOf(value: unknown): unknown {
  const copy = copyValue(value)
  return copy instanceof Unstorable ? value : copy.value
}

/** `undefined` where values are held and given as they are. */
export function isolationOf(option: unknown): Isolation | undefined {
  if (option === undefined) return undefined
  const expected = 'one of reference, copy, frozen'
  if (typeof option !== 'string') throw wrongType('isolation', expected, option)
  if (!Object.hasOwn(ISOLATIONS, option)) throw outOfRange('isolation', expected, option)
  return ISOLATIONS[option as CacheIsolation]
}
