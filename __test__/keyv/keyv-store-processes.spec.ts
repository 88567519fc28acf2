// Several processes on one folder, processes that are killed, files that are damaged, disks that are full.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { KeyvStore } from '@aah/ai-evals-performance/keyv'
import Keyv from 'keyv'
import { afterEach, describe, expect, test } from 'vitest'
import { derived, isDerived, random } from '../helpers/derived.cjs'
import { temporaryFolder } from '../helpers/folders.ts'
import { UNSHARED, whyNoMount } from '../helpers/mounts.ts'
import { type Context, endAll, Program } from '../helpers/program.ts'
import { DATABASE } from '../helpers/store.ts'

const MINUTE = 60_000

const noMount = whyNoMount()
if (noMount !== undefined) console.warn(`A test is skipped: ${noMount}`)

afterEach(endAll)

/** Opens a keyv over there and keeps it. */
function begin({ folder, version }: { folder: string; version: string }, { require, state }: Context) {
  const { KeyvStore } = require('@aah/ai-evals-performance/keyv')
  const { Keyv } = require(version)
  state.disk = new KeyvStore({ store: folder })
  state.keyv = new Keyv({ store: state.disk, namespace: 'shared' })
}

async function write(keys: string[], { state, derived }: Context) {
  for (const key of keys) await state.keyv.set(key, derived(key))
  await state.disk.store.flush()
}

async function read(keys: string[], { state, isDerived }: Context) {
  const values = await state.keyv.get(keys)
  const missing = keys.filter((_, index) => values[index] === undefined)
  const wrong = keys.filter((key, index) => values[index] !== undefined && !isDerived(key, values[index]))
  const iterated = []
  for await (const [key] of state.keyv.iterator()) iterated.push(key)
  return { missing, wrong, iterated: iterated.length }
}

test.each(['keyv', 'keyv-6'])('what one process has flushed, another finds and clears (%s)', async (version) => {
  const folder = temporaryFolder()
  const programs = [Program.process(), Program.process()]
  const [one, two] = programs as [Program, Program]
  await Promise.all(programs.map((program) => program.run(begin, { folder, version })))
  const keys = Array.from({ length: 50 }, (_, index) => `key ${index}`)
  await one.run(write, keys.slice(0, 25))
  expect((await two.run(read, keys)).missing).toEqual(keys.slice(25))
  await two.run(write, keys.slice(25))
  expect(await one.run(read, keys)).toEqual({ missing: [], wrong: [], iterated: 50 })
  await two.run(async (_, { state }: Context) => {
    await state.keyv.clear()
    await state.disk.store.flush()
  })
  expect(await one.run(read, keys)).toEqual({ missing: keys, wrong: [], iterated: 0 })
})

test(
  'what was flushed before a process was killed is there, and nothing is wrong',
  async () => {
    const folder = temporaryFolder()
    for (let life = 0; life < 15; life++) {
      const program = Program.process()
      await program.run(begin, { folder, version: 'keyv' })
      const endless = program.run(async (life: number, { state, derived, say }: Context) => {
        for (let step = 0; ; step++) {
          await state.keyv.set(`${life} ${step}`, derived(`${life} ${step}`))
          if (step % 3 !== 0) continue
          await state.disk.store.flush()
          say(step)
        }
      }, life)
      endless.catch(() => {})
      await program.heard(1 + (life % 7))
      await program.kill()
      const flushed = program.said.at(-1) as number
      const keyv = new Keyv({ store: new KeyvStore({ store: folder }), namespace: 'shared' })
      for (let step = 0; step < flushed + 20; step++) {
        const key = `${life} ${step}`
        const value = await keyv.get(key)
        if (step <= flushed || value !== undefined) expect(isDerived(key, value), `${key} of ${flushed}`).toBe(true)
      }
      await keyv.disconnect()
    }
  },
  2 * MINUTE,
)

test('a damaged file gives right values or misses, by key and by iteration', async () => {
  const keys = Array.from({ length: 200 }, (_, index) => `key ${index}`)
  const folder = temporaryFolder()
  const filling = new KeyvStore({ store: folder })
  await filling.setMany(keys.map((key) => ({ key, value: derived(key) })))
  await filling.disconnect()
  const next = random('damage')
  const sound = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]))
  let missing = 0
  for (let trial = 0; trial < 25; trial++) {
    const copy = temporaryFolder()
    for (const [name, bytes] of sound) {
      const damaged = Buffer.from(bytes)
      for (let flip = 0; name === DATABASE && flip < 5; flip++) {
        const at = Math.floor(next() * damaged.length)
        damaged[at] = (damaged[at] as number) ^ (1 << Math.floor(next() * 8))
      }
      writeFileSync(join(copy, name), damaged)
    }
    const adapter = new KeyvStore({ store: copy })
    const found = await adapter.getMany(keys)
    for (const [index, value] of found.entries()) {
      if (value === undefined) missing++
      else expect(isDerived(keys[index]!, value)).toBe(true)
    }
    for await (const [key, value] of adapter.iterator()) expect(isDerived(key, value)).toBe(true)
    await adapter.disconnect()
  }
  expect(missing).toBeGreaterThan(0)
})

describe.skipIf(noMount !== undefined)('on a disk that is full', () => {
  test(
    'nothing fails or is thrown, the store tells, and what was replaced is not found',
    async () => {
      const program = Program.process({ under: UNSHARED })
      const outcome = await program.run(async (folder, { require, derived, isDerived }: Context) => {
        const { execFileSync } = require('node:child_process')
        const { rmSync, writeFileSync } = require('node:fs')
        const { KeyvStore } = require('@aah/ai-evals-performance/keyv')
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'none', folder])
        writeFileSync(`${folder}/ballast`, Buffer.alloc(1_200_000))
        const outcomes: Record<string, unknown> = {}
        for (const name of ['keyv', 'keyv-6']) {
          const { Keyv } = require(name)
          const disk = new KeyvStore({ store: `${folder}/${name}` })
          const reasons: string[] = []
          disk.store.on('degraded', ({ reason }: { reason: string }) => reasons.push(reason))
          // Without a listener of 'error', which would be thrown.
          const keyv = new Keyv({ store: disk })
          await keyv.set('early', 'old')
          await disk.store.flush()
          const filling = 'x'.repeat(10_000)
          const set: boolean[] = []
          for (let index = 0; index < 300; index++)
            set.push(await keyv.set(`${index}`, { ...derived(`${index}`), filling }))
          await keyv.set('early', filling.repeat(100))
          const code = await disk.store.flush().then(
            () => 'on disk',
            (error: { code: string }) => error.code,
          )
          let wrong = 0
          for (let index = 0; index < 300; index++) {
            const value = await keyv.get(`${index}`)
            if (value === undefined) continue
            const { filling: _, ...rest } = value
            if (!isDerived(`${index}`, rest)) wrong++
          }
          const isStale = (await keyv.get('early')) === 'old'
          await keyv.disconnect()
          outcomes[name] = { allSet: set.every((each) => each === true), code, wrong, isStale, reason: reasons[0] }
          rmSync(`${folder}/${name}`, { recursive: true })
        }
        return outcomes
      }, temporaryFolder())
      const expected = { allSet: true, code: 'ERR_STORE_WRITE', wrong: 0, isStale: false, reason: 'write-failed' }
      expect(outcome).toEqual({ keyv: expected, 'keyv-6': expected })
    },
    MINUTE,
  )
})

test(
  'a hundred thousand entries are gone through in pages',
  async () => {
    const program = Program.process()
    const outcome = await program.run(async (folder, { require }: Context) => {
      const { KeyvStore } = require('@aah/ai-evals-performance/keyv')
      const { Keyv } = require('keyv')
      const disk = new KeyvStore({ store: folder })
      const keyv = new Keyv({ store: disk })
      const other = new Keyv({ store: new KeyvStore({ store: folder }), namespace: 'other' })
      const text = 'x'.repeat(1_000)
      for (let index = 0; index < 100_000; index++) await keyv.set(`${index}`, { index, text })
      await other.set('0', 'of another')
      await disk.store.flush()
      const before = process.memoryUsage().rss
      let peak = before
      const seen = new Uint8Array(100_000)
      let count = 0
      for await (const [key, value] of keyv.iterator()) {
        if (value.index === Number(key)) seen[value.index]!++
        if (++count % 1_000 === 0) peak = Math.max(peak, process.memoryUsage().rss)
      }
      const once = seen.filter((times) => times === 1).length
      await keyv.clear()
      const left = []
      for await (const entry of keyv.iterator()) left.push(entry)
      const kept = await other.get('0')
      await keyv.disconnect()
      await other.disconnect()
      return { count, once, left, kept, grown: (peak - before) / 2 ** 20 }
    }, temporaryFolder())
    expect(outcome).toMatchObject({ count: 100_000, once: 100_000, left: [], kept: 'of another' })
    // All of them would be more than a hundred.
    expect(outcome.grown).toBeLessThan(80)
  },
  3 * MINUTE,
)
