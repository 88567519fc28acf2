// A run in one line: what matters most comes first, and what has no room is left out.

import { stripVTControlCharacters } from 'node:util'
import { columns, formatCount, formatPercent, shorten } from '../../format.ts'
import type { Milliseconds } from '../../units.ts'
import type { Figures } from './figures.ts'

/** What the done and the open part of a bar are made of. */
export interface Glyphs {
  readonly done: string
  readonly open: string
}

export const UNICODE: Glyphs = { done: '━', open: '─' }
export const ASCII: Glyphs = { done: '#', open: '-' }

interface Layout {
  readonly head: string[]
  readonly tail: string[]
}

const LONGEST_BAR = 30
const SHORTEST_BAR = 10
const LONGEST_LABEL = 20

/** With a bar where the number of tasks is known, in at most `width` columns. */
export function barLine(figures: Figures, width: number, glyphs: Glyphs): string {
  const { needed, wanted, welcome } = parts(figures)
  const label = cleaned(figures.label, Math.min(LONGEST_LABEL, Math.floor(width / 6)))
  const full = Math.max(SHORTEST_BAR, Math.min(LONGEST_BAR, Math.round(width / 4)))
  const share = shareOf(figures)
  const bar = (length: number) => (share === undefined ? '' : drawBar(share, length, glyphs))
  // The bar gives way to what is wanted, but goes only for what is needed.
  const choices: Layout[] = [
    { head: [label, bar(full)], tail: [...needed, ...wanted] },
    { head: [label, bar(SHORTEST_BAR)], tail: [...needed, ...wanted] },
    { head: [label, bar(SHORTEST_BAR)], tail: needed },
    { head: [label], tail: needed },
    { head: [], tail: needed },
  ]
  const fits = (layout: Layout) => columns(join(layout)) <= width
  const { head, tail } = choices.find(fits) ?? (choices.at(-1) as Layout)
  const added = [...tail]
  for (const part of welcome) if (fits({ head, tail: [...added, part] })) added.push(part)
  return shorten(join({ head, tail: added }), width)
}

/** The same without a bar and without a bound, for a file. */
export function plainLine(figures: Figures): string {
  const { needed, wanted, welcome } = parts(figures)
  return join({ head: [cleaned(figures.label, Number.POSITIVE_INFINITY)], tail: [...needed, ...wanted, ...welcome] })
}

function join({ head, tail }: Layout): string {
  return [...head, tail.join(', ')].filter((part) => part !== '').join(' ')
}

function drawBar(share: number, width: number, { done, open }: Glyphs): string {
  const filled = Math.floor(share * width)
  return done.repeat(filled) + open.repeat(width - filled)
}

function shareOf({ done, total }: Figures): number | undefined {
  if (total === undefined) return undefined
  return total === 0 ? 1 : Math.min(1, done / total)
}

function parts(figures: Figures): { needed: string[]; wanted: string[]; welcome: string[] } {
  const { done, failed, total, inFlight, rate, left, wait, took, hasFailed } = figures
  const needed = [
    total === undefined
      ? `${formatCount(done)} done`
      : `${formatCount(done)}/${formatCount(total)} ${percent(figures)}`,
  ]
  if (failed > 0) needed.push(`${formatCount(failed)} failed`)
  if (wait !== undefined) needed.push(waiting(wait))
  if (took !== undefined) needed.push(`${hasFailed ? 'stopped' : 'ended'} after ${time(took)}`)
  const wanted = left !== undefined && done > 0 ? [`${time(left)} left`] : []
  const welcome: string[] = []
  if (rate !== undefined && rate > 0)
    welcome.push(rate < 1 ? `${formatCount(rate * 60)}/min` : `${formatCount(rate)}/s`)
  if (inFlight !== undefined && inFlight > 0) welcome.push(`${formatCount(inFlight)} running`)
  return { needed, wanted, welcome }
}

/** Rounded down, so that 100.0% is said at the end and not before. */
function percent(figures: Figures): string {
  return formatPercent(Math.floor((shareOf(figures) ?? 0) * 1_000) / 10)
}

function waiting({ reason, key, left }: NonNullable<Figures['wait']>): string {
  const limit = reason === 'provider' ? 'the provider' : cleaned(reason.replaceAll('-', ' '), LONGEST_LABEL)
  const whose = key === '' ? '' : ` (${cleaned(key, LONGEST_LABEL)})`
  return `waiting${left === Number.POSITIVE_INFINITY ? '' : ` ${time(left)}`} for ${limit}${whose}`
}

/** `8 s`, `2 min 05 s`, `3 h 07 min`: whole seconds, begun ones counted. */
function time(duration: Milliseconds): string {
  const seconds = Math.ceil(duration / 1_000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  const two = (rest: number) => String(rest).padStart(2, '0')
  if (minutes < 60) return `${minutes} min ${two(seconds % 60)} s`
  return `${formatCount(Math.floor(minutes / 60))} h ${two(minutes % 60)} min`
}

/** Somebody else's text without what a terminal would obey: escape sequences, control and format characters. */
function cleaned(text: string, width: number): string {
  return shorten(stripVTControlCharacters(text).replace(/\p{Cf}/gu, ''), width)
}
