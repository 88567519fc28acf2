import { InvalidArgumentError } from 'commander'
import type { Bytes, Milliseconds } from '../units.ts'

const BYTES: Record<string, Bytes> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
}

const SECOND: Milliseconds = 1000
const HOUR = 3600 * SECOND
const DURATIONS: Record<string, Milliseconds> = {
  s: SECOND,
  min: 60 * SECOND,
  h: HOUR,
  d: 24 * HOUR,
  w: 7 * 24 * HOUR,
}

/** `500MB`, `1.5 GiB`, `4096`. */
export function parseBytes(text: string): Bytes {
  return Math.round(parseQuantity(text, BYTES, 'a size such as 500MB, 2GiB or 4096 (bytes)'))
}

/** `30d`, `12h`, `90min`. */
export function parseDuration(text: string): Milliseconds {
  return parseQuantity(text, DURATIONS, 'a duration such as 30d, 12h, 90min, 45s or 2w')
}

export function parseCount(text: string): number {
  const count = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(count) || count < 1) {
    throw new InvalidArgumentError('Expected a whole number of at least 1.')
  }
  return count
}

function parseQuantity(text: string, units: Record<string, number>, expected: string): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?|\.\d+)\s*([a-z]*)$/i.exec(text.trim()) ?? []
  const scale = Object.hasOwn(units, unit.toLowerCase()) ? units[unit.toLowerCase()] : undefined
  if (digits === undefined || scale === undefined) throw new InvalidArgumentError(`Expected ${expected}.`)
  return Number(digits) * scale
}
