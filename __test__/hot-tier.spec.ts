// The parts of the hot tier that a deeper tier is built on; the caches show the rest.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Entry, FlatIndex } from '../lib/cache/entry.ts'
import { HotTier } from '../lib/cache/hot-tier.ts'

const DEFAULTS = { maxSize: 3, ttl: 100, maxMemory: 1_000 }

let index: FlatIndex<string>
let tier: HotTier<string>

beforeEach(() => {
  vi.useFakeTimers()
  vi.setSystemTime(1_000_000)
  index = new FlatIndex()
  tier = new HotTier(undefined, DEFAULTS)
})
afterEach(() => {
  vi.useRealTimers()
})

function add(key: string, deadline?: number, bytes = 10): Entry<string> {
  const entry = tier.admit(index, '', key, `value of ${key}`, bytes, deadline)
  if (entry === undefined) throw new Error(`${key} is not kept`)
  return entry
}

test('a look-up in two halves counts and moves as one does', () => {
  add('a')
  add('b')
  const entry = tier.live(index.find('a'))
  expect(tier.stats()).toMatchObject({ hits: 0, misses: 0 })
  expect(tier.hit(entry as Entry<string>)).toBe('value of a')
  expect(tier.live(index.find('c'))).toBeUndefined()
  tier.countMiss()
  expect(tier.stats()).toMatchObject({ hits: 1, misses: 1, hitRate: 0.5 })
  expect(tier.keys()).toEqual(['b', 'a'])
})

test('the first half removes what has expired, and counts nothing', () => {
  add('a')
  vi.setSystemTime(1_000_100)
  expect(tier.live(index.find('a'))).toBeUndefined()
  expect(index.find('a')).toBeUndefined()
  expect(tier.stats()).toMatchObject({ hits: 0, misses: 0, evictions: 0, memoryUsage: 0 })
})

test('a look-up that something deeper answers is a hit, whether or not the tier keeps the answer', () => {
  expect(tier.live(index.find('a'))).toBeUndefined()
  tier.hit(add('a'))
  expect(tier.admit(index, '', 'large', 'value', 1_001)).toBeUndefined()
  tier.countHit()
  expect(tier.stats()).toMatchObject({ hits: 2, misses: 0, entries: 1 })
})

test('an entry may have a deadline of its own', () => {
  add('soon', 1_000_010)
  add('never', Number.POSITIVE_INFINITY)
  const renewed = add('renewed', 1_000_010)
  tier.renew(renewed, 'again', 10, 1_000_020)
  vi.setSystemTime(1_000_010)
  expect(tier.keys()).toEqual(['never', 'renewed'])
  expect(tier.removeExpired()).toBe(1)
  tier.renew(renewed, 'and again', 10)
  vi.setSystemTime(1_000_109)
  expect(tier.has(index.find('renewed'))).toBe(true)
  vi.setSystemTime(1_000_110)
  expect(tier.keys()).toEqual(['never'])
})

test('an entry whose deadline has passed before it came does no harm', () => {
  for (let number = 0; number < 10; number++) {
    tier.admit(index, '', `late ${number}`, '', 400, 999_999)
    const held = index.find(`live ${number % 2}`)
    if (held === undefined) add(`live ${number % 2}`, undefined, 400)
    else tier.renew(held, 'again', 400)
    expect(tier.stats().memoryUsage).toBeLessThanOrEqual(1_000)
  }
  expect(tier.keys()).toEqual(['live 0', 'live 1'])
  expect(tier.stats().evictions).toBe(0)
  tier.removeExpired()
  expect(index.size).toBe(2)
})

test('an entry that grows beyond all room leaves, and its slot is used again', () => {
  const entry = add('a')
  add('b')
  expect(tier.renew(entry, 'grown', 991)).toBe(true)
  expect(tier.keys()).toEqual(['a'])
  expect(tier.renew(entry, 'larger', 1_001)).toBe(false)
  expect(index.size).toBe(0)
  expect(add('c').slot).toBeLessThan(2)
  expect(tier.stats()).toMatchObject({ entries: 1, evictions: 1, memoryUsage: 10 })
})

test('each hit of an entry adds what it saves, until the entry has another value', () => {
  const none = { time: 0, tokens: 0, cost: 0 }
  const entry = add('a')
  tier.read(entry)
  expect(tier.savings()).toEqual(none)
  tier.read(entry)
  tier.setSaving(entry, 250, 1_000, 0.5)
  expect(tier.savings()).toEqual(none)
  for (let read = 0; read < 20_000; read++) tier.read(entry)
  expect(tier.savings()).toEqual({ time: 5e6, tokens: 2e7, cost: 1e4 })
  tier.addSaving(1, 2, 3)
  tier.read(entry)
  tier.renew(entry, 'other', 10)
  tier.read(entry)
  expect(tier.savings()).toEqual({ time: 5e6 + 251, tokens: 2e7 + 1_002, cost: 1e4 + 3.5 })
  expect(tier.stats().hits).toBe(20_004)
  tier.clear()
  expect(tier.savings()).toEqual(none)
})

test('hits count what they saved though their entry has left since', () => {
  const entry = add('a')
  tier.setSaving(entry, 1, 2, 3)
  tier.read(entry)
  tier.remove(entry)
  const next = add('b')
  expect(next.slot).toBe(entry.slot)
  tier.read(next)
  expect(tier.savings()).toEqual({ time: 1, tokens: 2, cost: 3 })
})
