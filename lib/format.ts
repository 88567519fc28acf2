import { formatDuration as nativeFormatDuration } from './native.ts'
import type { Bytes, Milliseconds } from './units.ts'

const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const THREE_DIGITS = new Intl.NumberFormat('en-US', { minimumSignificantDigits: 3, maximumSignificantDigits: 3 })
const UP_TO_THREE_DIGITS = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 })

/** `2.14 ns`, `1.23 µs`, `45.6 ms`, `2.50 min`: three digits in the unit that fits. */
export function formatDuration(duration: Milliseconds): string {
  // A result that has been through JSON has `null` for what is not finite.
  return typeof duration === 'number' ? nativeFormatDuration(duration) : 'n/a'
}

const SIZES = [
  [1024, 'KiB'],
  [1024 ** 2, 'MiB'],
  [1024 ** 3, 'GiB'],
  [1024 ** 4, 'TiB'],
] as const

/** `512 B`, `1.23 KiB`, `45.6 MiB`: whole bytes, or three digits in the unit that fits. */
export function formatBytes(bytes: Bytes): string {
  if (!Number.isFinite(bytes)) return 'n/a'
  let text = `${formatCount(Math.round(bytes))} B`
  for (const [size, name] of SIZES) {
    const amount = bytes / size
    // What rounds up to the next unit is written in the next unit.
    if (Math.abs(amount) < 0.9995) break
    text = `${Math.abs(amount) < 999.5 ? THREE_DIGITS.format(amount) : formatCount(amount)} ${name}`
  }
  return text
}

/** `12,345`, `99.5`, `0.123`: whole above a hundred, otherwise up to three digits. */
export function formatCount(count: number): string {
  if (!Number.isFinite(count)) return 'n/a'
  const size = Math.abs(count)
  if (size >= 1e12) return count.toExponential(2).replace('e+', 'e')
  // Adding 0 makes −0 a plain one.
  return (size >= 99.95 ? WHOLE : UP_TO_THREE_DIGITS).format(count + 0)
}

/** `12.3%`; `1,234%` from a thousand on. */
export function formatPercent(percent: number): string {
  if (!Number.isFinite(percent)) return 'n/a'
  if (Math.abs(percent) >= 999.95) return `${formatCount(percent)}%`
  return `${percent.toFixed(1).replace(/^-0\.0$/, '0.0')}%`
}

/** `+12.3%` and `-4.5%`; `0.0%` has no sign. */
export function formatChange(percent: number): string {
  const text = formatPercent(percent)
  return /^[1-9]|^0\.[1-9]/.test(text) ? `+${text}` : text
}

/** `2026-11-22 17:05`, in the time zone of this machine. */
export function formatTime(time: Milliseconds): string {
  const date = new Date(time)
  if (Number.isNaN(date.getTime())) return 'n/a'
  const two = (part: number) => String(part).padStart(2, '0')
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`
}

const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' })
// Wide in terminals: emoji, and the scripts that Unicode calls East Asian wide.
const WIDE =
  /\p{Emoji_Presentation}|[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}]/u

function graphemes(text: string): { text: string; width: number }[] {
  return Array.from(GRAPHEMES.segment(text), ({ segment }) => ({ text: segment, width: WIDE.test(segment) ? 2 : 1 }))
}

/** How many columns a terminal gives to a text. */
export function columns(text: string): number {
  return graphemes(text).reduce((sum, { width }) => sum + width, 0)
}

/** The text on one line in at most `width` columns: white space collapses, and `…` ends what was cut. */
export function shorten(text: string, width: number): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, ' ').trim()
  if (columns(line) <= width) return line
  let kept = ''
  let room = width - 1
  for (const grapheme of graphemes(line)) {
    room -= grapheme.width
    if (room < 0) break
    kept += grapheme.text
  }
  return `${kept.trimEnd()}…`
}

/** Fills a cell of a table: at its end, or before its start. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, width - columns(text)))
  return align === 'left' ? text + space : space + text
}
