// Why a look-up found nothing: what callers of `explain` get, and the same as a text.

import { formatCount } from '../format.ts'

/** A place in which the request differs from the nearest one that is stored. */
export interface KeyDifference {
  /** The way to it from the request, such as `modelConfig.temperature` or `input[2].content`. */
  path: string
  /** What the request says there, in at most 80 characters; `undefined` where it has nothing. */
  wanted?: string
  /** What the stored one says there, in at most 80 characters; `undefined` where it has nothing. */
  stored?: string
}

/** The stored request that has most in common with the one that was looked for. */
export interface NearestEntry {
  /** When it was stored. */
  created: Date
  /** The first 100 places in which the two differ, in the order of their paths. */
  differences: KeyDifference[]
  /** How many further places there are. */
  omitted: number
}

/** What a look-up finds, or why it finds nothing. */
export interface Explanation {
  /** `'expired'`: the entry is there, but its time to live has passed. */
  outcome: 'hit' | 'expired' | 'miss'
  /** Where the entry is: in the memory of this thread, or in the store on disk. Not given for a miss. */
  tier?: 'memory' | 'store'
  /** When the entry was stored. Not given for a miss. */
  created?: Date
  /** When the entry's time to live passed. Given for what has expired only. */
  expired?: Date
  /** Given for a miss, unless there is no entry at all. */
  nearest?: NearestEntry
  /** How many live entries the request was compared with. */
  entries: number
}

/** Differences that a text lists. */
const MOST_LINES = 20

/**
 * Why nothing is stored for a request, as text of several lines.
 *
 * @param what what was looked for, such as `'response'`
 * @param where where it was looked for, such as `'responses of /home/me/store'`
 */
export function describeMiss({ expired, nearest, entries }: Explanation, what: string, where: string): string {
  const place = `${formatCount(entries)} ${entries === 1 ? 'entry' : 'entries'} in ${where}`
  if (expired !== undefined) return `The ${what} stored for this request expired at ${minute(expired)} (${place}).`
  const begin = `No stored ${what} to this request (${place}).`
  if (nearest === undefined) return begin
  const lines = nearest.differences.slice(0, MOST_LINES).map(describeDifference)
  const further = nearest.differences.length - lines.length + nearest.omitted
  if (further > 0) lines.push(`and ${formatCount(further)} further ${further === 1 ? 'place' : 'places'}`)
  return [`${begin} The nearest, stored ${minute(nearest.created)}, differs in:`, ...lines].join('\n  ')
}

function describeDifference({ path, wanted, stored }: KeyDifference): string {
  const place = path === '' ? 'the whole request' : path
  return `${place}: ${wanted ?? 'absent'}, ${stored === undefined ? 'absent in the stored one' : `stored ${stored}`}`
}

/** `2026-11-20 14:03` in the time zone of the machine. */
function minute(date: Date): string {
  const two = (number: number) => String(number).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`
}

/** As the native addon writes it: points of time are milliseconds since 1970. */
interface NativeExplanation {
  outcome: Explanation['outcome']
  created?: number
  expired?: number
  nearest?: { created: number; differences: NativeDifference[]; omitted: number }
  entries: number
}

interface NativeDifference {
  path: string
  wanted: string | null
  stored: string | null
}

/** Reads what `storeExplain` and `explainNearest` write. `tier` is where they looked. */
export function readExplanation(json: string, tier: 'memory' | 'store'): Explanation {
  const { outcome, created, expired, nearest, entries } = JSON.parse(json) as NativeExplanation
  const explanation: Explanation = { outcome, entries }
  if (outcome !== 'miss') explanation.tier = tier
  if (created !== undefined) explanation.created = new Date(created)
  if (expired !== undefined) explanation.expired = new Date(expired)
  if (nearest !== undefined) {
    const differences = nearest.differences.map(readDifference)
    explanation.nearest = { created: new Date(nearest.created), differences, omitted: nearest.omitted }
  }
  return explanation
}

function readDifference({ path, wanted, stored }: NativeDifference): KeyDifference {
  return { path, ...(wanted === null ? {} : { wanted }), ...(stored === null ? {} : { stored }) }
}
