// Processes that are killed in the middle of writing: what they were told is on disk is there afterwards, and nothing is
// wrong.

import { LRUCache, Store } from '@aah/ai-evals-performance'
import { afterEach, expect, test } from 'vitest'
import { derived, isDerived, random } from './helpers/derived.cjs'
import { temporaryFolder } from './helpers/folders.ts'
import { type Context, endAll, Program } from './helpers/program.ts'

const KILLS = 120
/** Stores that are written to at the same time, by two processes each. */
const STORES = 2
/** Kills after which a store is begun anew, so that its beginning is struck too. */
const AGE = 12

/** Of the entries of a life, this one is removed again later. */
const isRemoved = (step: number) => step % 5 === 0
const REMOVED_AFTER = 10
const REWRITTEN = 7

afterEach(async () => {
  await endAll()
})

/**
 * Writes without end, and tells the last step that is on disk. Step `n` adds an entry of its own, overwrites one of
 * seven, and may remove one that was added ten steps ago.
 */
async function write({ folder, life }: { folder: string; life: string }, { api, derived, random, say }: Context) {
  const cache = new api.LRUCache({ store: folder, maxSize: 10 })
  const next = random(life)
  for (let step = 0; ; step++) {
    cache.set(`${life} ${step}`, derived(`${life} ${step}`))
    cache.set(`${life} rewritten ${step % 7}`, derived(`${life} rewritten ${step % 7}`, step))
    if (step >= 10 && (step - 10) % 5 === 0) cache.delete(`${life} ${step - 10}`)
    if (next() > 0.2) continue
    await cache.flush()
    say(step)
  }
}

/** What is not as it must be, after a life whose last step known to be on disk is `flushed`. */
function faults(folder: string, life: string, flushed: number): string[] {
  const cache = new LRUCache({ store: folder, maxSize: 1 })
  const found: string[] = []
  for (let step = 0; step < flushed + 100; step++) {
    const key = `${life} ${step}`
    const value = cache.get(key)
    if (value !== undefined && !isDerived(key, value)) found.push(`${key} is wrong`)
    if (step > flushed) continue
    const isGone = isRemoved(step) && step + REMOVED_AFTER <= flushed
    if (isGone && value !== undefined) found.push(`${key} is back`)
    const mayBeGone = isRemoved(step)
    if (!mayBeGone && value === undefined) found.push(`${key} is lost`)
  }
  for (let index = 0; index < Math.min(REWRITTEN, flushed + 1); index++) {
    const key = `${life} rewritten ${index}`
    const value = cache.get(key)
    const atLeast = flushed - ((flushed - index) % REWRITTEN)
    if (!isDerived(key, value)) found.push(`${key} is wrong or lost`)
    else if (value.version < atLeast) found.push(`${key} has version ${value.version}, but ${atLeast} was on disk`)
  }
  void cache.close()
  return found
}

/** Lets two processes write to one store, and kills and replaces them in turn. */
async function strike(store: number, kills: number): Promise<{ flushes: number; steps: number }> {
  const next = random(`store ${store}`)
  let folder = ''
  let lives = 0
  let flushes = 0
  let steps = 0
  const begin = () => {
    const life = `life ${lives++}`
    const program = Program.process()
    program.run(write, { folder, life }).catch(() => {})
    // Some are killed before they have written anything.
    const due = Math.floor(next() * 12)
    return { life, program, due, folder }
  }
  let running: ReturnType<typeof begin>[] = []
  for (let kill = 0; kill < kills; kill++) {
    if (kill % AGE === 0) {
      await Promise.all(running.map(({ program }) => program.kill()))
      folder = temporaryFolder()
      running = [begin(), begin()]
    }
    const victim = running.shift()!
    await victim.program.heard(victim.due)
    // The moment is the fault: anywhere in the next steps.
    await new Promise((resolve) => setTimeout(resolve, next() * 8))
    const { signal, printed } = await victim.program.kill()
    expect({ signal, printed }).toEqual({ signal: 'SIGKILL', printed: '' })
    const flushed = Number(victim.program.said.at(-1) ?? -1)
    expect(faults(folder, victim.life, flushed)).toEqual([])
    flushes += victim.program.said.length
    steps += flushed + 1
    if (kill % AGE === AGE - 1) await verify(folder)
    running.push(begin())
  }
  return { flushes, steps }
}

async function verify(folder: string): Promise<void> {
  const store = Store.open(folder)
  const degraded: unknown[] = []
  store.on('degraded', (event) => degraded.push(event))
  expect(await store.verify()).toMatchObject({ ok: true, damaged: 0, problems: [] })
  await store.close()
  expect(degraded).toEqual([])
}

test(`after each of ${KILLS} kills of a writer the store opens, and has what was flushed`, async () => {
  const struck = await Promise.all(Array.from({ length: STORES }, (_, store) => strike(store, KILLS / STORES)))
  const flushes = struck.reduce((sum, one) => sum + one.flushes, 0)
  expect(flushes).toBeGreaterThan(KILLS)
}, 180_000)

test('a derived value of some size is not taken for another', () => {
  expect(isDerived('a', derived('a', 3))).toBe(true)
  expect(isDerived('a', { ...derived('a', 3), version: 4 })).toBe(false)
  expect(isDerived('a', derived('b', 3))).toBe(false)
})
