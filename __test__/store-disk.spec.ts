// Disks that are full and folders that may not be written: the cache goes on in memory and says what is wrong.

import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { derived, isDerived } from './helpers/derived.cjs'
import { temporaryFolder } from './helpers/folders.ts'
import { NOBODY, UNSHARED, whyNoMount, whyNoNobody } from './helpers/mounts.ts'
import { type Context, endAll, Program } from './helpers/program.ts'
import { DATABASE, type Degraded, filledFolder, open } from './helpers/store.ts'

const MINUTE = 60_000

const noMount = whyNoMount()
const noNobody = whyNoNobody()
for (const reason of [noMount, noNobody]) if (reason !== undefined) console.warn(`Tests are skipped: ${reason}`)

afterEach(async () => {
  await endAll()
})

describe.skipIf(noMount !== undefined)('on a disk that is full', () => {
  test(
    'sets go on, memory keeps, and the store works again when there is room',
    async () => {
      const program = Program.process({ under: UNSHARED })
      const outcome = await program.run(async (folder, { api, derived, isDerived, require }: Context) => {
        const { execFileSync } = require('node:child_process')
        const { rmSync, writeFileSync } = require('node:fs')
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'none', folder])
        const ballast = `${folder}/ballast`
        writeFileSync(ballast, Buffer.alloc(1_200_000))
        const degraded: Degraded[] = []
        const store = api.Store.open(folder)
        store.on('degraded', (event: Degraded) => degraded.push(event))
        const flush = () =>
          store.flush().then(
            () => 'on disk',
            (error) => error.code,
          )
        const cache = new api.LRUCache({ store, maxSize: 10_000 })
        const keys = Array.from({ length: 300 }, (_, index) => `key ${index}`)
        const value = (key: string, version: number) => ({ ...derived(key, version), filling: 'x'.repeat(10_000) })
        const isRight = (key: string, found: any) =>
          found?.filling.length === 10_000 && isDerived(key, { key, version: found.version, text: found.text })
        cache.set('early', value('early', 1))
        const early = await flush()
        for (const key of keys) cache.set(key, value(key, 1))
        cache.set('early', value('early', 2))
        const full = await flush()
        const inMemory = keys.filter((key) => isRight(key, cache.get(key))).length
        const bare = new api.LRUCache({ store, maxSize: 1 })
        const wrong = keys.filter((key) => bare.get(key) !== undefined && !isRight(key, bare.get(key)))
        const stale = bare.get('early')?.version === 1
        const failedWrites = store.stats().failedWrites
        rmSync(ballast)
        cache.set('late', value('late', 1))
        const again = await flush()
        await store.close()
        const next = new api.LRUCache({ store: folder })
        const late = isRight('late', next.get('late'))
        const staleLater = next.get('early')?.version === 1
        for (const key of keys) if (next.has(key) && !isRight(key, next.get(key))) wrong.push(key)
        await next.close()
        return { early, full, inMemory, wrong, stale, staleLater, failedWrites, again, late, degraded }
      }, temporaryFolder())
      expect(outcome).toMatchObject({ early: 'on disk', full: 'ERR_STORE_WRITE', again: 'on disk' })
      expect(outcome).toMatchObject({ inMemory: 300, wrong: [], stale: false, staleLater: false, late: true })
      expect(outcome.failedWrites).toBeGreaterThan(0)
      expect(outcome.degraded[0]).toMatchObject({ reason: 'write-failed', path: expect.stringContaining('store') })
      expect(outcome.degraded[0]?.message).toMatch(/full/)
      expect(outcome.degraded.length).toBeLessThan(10)
    },
    MINUTE,
  )
})

/** What a process sees of a store that it may only read. */
async function readOnly({ folder, remount }: { folder: string; remount: boolean }, { api, require, derived }: Context) {
  const { execFileSync } = require('node:child_process')
  if (remount) {
    execFileSync('mount', ['--bind', folder, folder])
    execFileSync('mount', ['-o', 'remount,ro,bind', folder])
  }
  const degraded: Degraded[] = []
  const store = api.Store.open(folder)
  store.on('degraded', (event: Degraded) => degraded.push(event))
  const cache = new api.LRUCache({ store })
  const found = ['a', 'b', 'c'].map((key) => cache.get(key))
  cache.set('new', derived('new'))
  cache.set('a', derived('a', 2))
  const failure = await store.flush().then(
    () => undefined,
    (error) => error.code,
  )
  // Values that could not be written are in memory, and what is in the file still counts.
  const after = ['new', 'a', 'b'].map((key) => cache.get(key)?.version)
  for (let time = 0; time < 10; time++) {
    cache.set('again', time)
    await store.flush().catch(() => {})
  }
  await store.close()
  return { found, failure, after, degraded }
}

describe('a store that may only be read', () => {
  const expected = { found: ['a', 'b', 'c'].map((key) => derived(key)), failure: 'ERR_STORE_WRITE', after: [0, 2, 0] }

  test.skipIf(noMount !== undefined)(
    'since the disk is mounted so, gives what it has',
    async () => {
      const folder = await filledFolder()
      const before = readdirSync(folder)
      const program = Program.process({ under: UNSHARED })
      const outcome = await program.run(readOnly, { folder, remount: true })
      expect(outcome).toMatchObject(expected)
      expect(outcome.degraded.map(({ reason }) => reason)).toEqual(['read-only'])
      expect(readdirSync(folder)).toEqual(before)
    },
    MINUTE,
  )

  test.skipIf(noMount !== undefined)(
    'and was left by a process that was killed, gives what it has',
    async () => {
      const folder = temporaryFolder()
      const killed = Program.process()
      await killed.run(async (folder, { api, derived }) => {
        const cache = new api.LRUCache({ store: folder })
        for (const key of ['a', 'b', 'c']) cache.set(key, derived(key))
        await cache.flush()
      }, folder)
      await killed.kill()
      expect(statSync(join(folder, `${DATABASE}-wal`)).size).toBeGreaterThan(0)
      const program = Program.process({ under: UNSHARED })
      expect(await program.run(readOnly, { folder, remount: true })).toMatchObject(expected)
    },
    MINUTE,
  )

  test.skipIf(noNobody !== undefined)(
    'since its files belong to somebody else, gives what it has',
    async () => {
      const folder = await filledFolder()
      for (const file of readdirSync(folder)) chmodSync(join(folder, file), 0o444)
      chmodSync(folder, 0o555)
      const program = Program.process({ uid: NOBODY })
      const outcome = await program.run(readOnly, { folder, remount: false })
      chmodSync(folder, 0o755)
      expect(outcome).toMatchObject(expected)
      expect(outcome.degraded.map(({ reason }) => reason)).toEqual(['read-only'])
    },
    MINUTE,
  )
})

test.skipIf(noMount !== undefined)(
  'a damaged store that cannot be set aside is empty, and says so once',
  async () => {
    const folder = await filledFolder()
    writeFileSync(join(folder, DATABASE), 'damaged '.repeat(1_000))
    const program = Program.process({ under: UNSHARED })
    const outcome = await program.run(readOnly, { folder, remount: true })
    expect(outcome).toMatchObject({ found: [undefined, undefined, undefined], failure: 'ERR_STORE_WRITE' })
    expect(outcome.degraded.length).toBeGreaterThan(0)
    expect(outcome.degraded.length).toBeLessThan(3)
  },
  MINUTE,
)

test.skipIf(noNobody !== undefined)(
  'a folder without any permission is a store that is empty',
  async () => {
    const folder = await filledFolder()
    chmodSync(folder, 0o000)
    const program = Program.process({ uid: NOBODY })
    const outcome = await program.run(readOnly, { folder, remount: false })
    chmodSync(folder, 0o700)
    expect(outcome).toMatchObject({ found: [undefined, undefined, undefined], failure: 'ERR_STORE_WRITE' })
    expect(outcome.degraded[0]?.path).toContain(folder)
    const { cache, store } = open(folder)
    for (const key of ['a', 'b', 'c']) expect(isDerived(key, cache.get(key))).toBe(true)
    await store.close()
  },
  MINUTE,
)
