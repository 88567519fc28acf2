// Disks that are full or read-only, and files that are not what a store expects: the cache goes on in memory, says what
// is wrong, and touches nothing that is not its own.

import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { LRUCache, Store } from '@aah/ai-evals-performance'
import { afterEach, describe, expect, test } from 'vitest'
import { derived, isDerived, random } from './helpers/derived.cjs'
import { temporaryFolder } from './helpers/folders.ts'
import { NOBODY, UNSHARED, whyNoMount, whyNoNobody } from './helpers/mounts.ts'
import { type Context, endAll, Program, until } from './helpers/program.ts'

const MINUTE = 60_000
const DATABASE = 'store.sqlite'

const noMount = whyNoMount()
const noNobody = whyNoNobody()
for (const reason of [noMount, noNobody]) if (reason !== undefined) console.warn(`Tests are skipped: ${reason}`)

afterEach(async () => {
  await endAll()
})

interface Degraded {
  reason: string
  path: string
  message: string
}

/** An open store, a cache that asks it at nearly every read, and what went wrong so far. */
function open(folder: string, maxSize = 1) {
  const store = Store.open(folder)
  const degraded: Degraded[] = []
  store.on('degraded', (event: Degraded) => degraded.push(event))
  return { store, degraded, cache: new LRUCache({ store, maxSize }) }
}

/** A folder with a store of some entries, closed. */
async function filledFolder(keys: string[] = ['a', 'b', 'c']): Promise<string> {
  const folder = temporaryFolder()
  const { store, cache } = open(folder)
  for (const key of keys) cache.set(key, derived(key))
  await store.flush()
  await store.close()
  return folder
}

/** Everything that can be seen of a file without changing it. */
function look(path: string) {
  const { mode, size, mtimeMs, ino } = statSync(path)
  return { mode, size, mtimeMs, ino, digest: createHash('sha256').update(readFileSync(path)).digest('hex') }
}

/** Reads what is known, and tells whether a new entry is found again, at once and by whoever comes next. */
async function use(folder: string, known: string[] = []) {
  const { store, cache, degraded } = open(folder)
  for (const key of known) expect([undefined, JSON.stringify(derived(key))]).toContain(JSON.stringify(cache.get(key)))
  cache.set('new', derived('new'))
  expect(isDerived('new', cache.get('new'))).toBe(true)
  const failure = await store.flush().then(
    () => undefined,
    (error) => error.code,
  )
  await until(() => degraded.length > 0 || failure === undefined, 'a reason for what failed')
  await store.close()
  const next = open(folder)
  const isKept = next.cache.get('new') !== undefined
  await next.store.close()
  return { failure, isKept, degraded, reasons: degraded.map(({ reason }) => reason) }
}

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
    const outcome = await program.run(async (folder, { api, derived, isDerived, require }: Context) => {
      const { execFileSync } = require('node:child_process')
      execFileSync('mount', ['--bind', folder, folder])
      execFileSync('mount', ['-o', 'remount,ro,bind', folder])
      const degraded: Degraded[] = []
      const store = api.Store.open(folder)
      store.on('degraded', (event: Degraded) => degraded.push(event))
      const cache = new api.LRUCache({ store })
      const wrong: unknown[] = []
      for (let round = 0; round < 30; round++) {
        const found = new api.LRUCache({ store }).get('a')
        if (found !== undefined && !isDerived('a', found)) wrong.push(found)
        cache.set(`key ${round}`, derived(`key ${round}`))
        await store.flush().catch(() => {})
      }
      await store.close()
      return { wrong, degraded }
    }, folder)
    expect(outcome.wrong).toEqual([])
    expect(outcome.degraded.length).toBeGreaterThan(0)
    expect(outcome.degraded.length).toBeLessThan(5)
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

describe('a store that is open', () => {
  test('goes on in a new file when its folder is deleted', async () => {
    const folder = await filledFolder()
    const { store, cache, degraded } = open(folder)
    expect(isDerived('a', cache.get('a'))).toBe(true)
    await store.flush()
    rmSync(folder, { recursive: true })
    for (const key of ['a', 'b', 'missing']) expect([undefined, key]).toContain(cache.get(key)?.key)
    cache.set('new', derived('new'))
    await store.flush()
    expect(existsSync(join(folder, DATABASE))).toBe(true)
    await until(() => degraded.length > 0, 'the move is reported')
    expect(degraded.map(({ reason }) => reason)).toEqual(['moved-file'])
    for (let time = 0; time < 3; time++) expect(cache.get('a')).toBe(undefined)
    await store.close()
    const next = open(folder)
    expect(isDerived('new', next.cache.get('new'))).toBe(true)
    expect(next.cache.get('a')).toBe(undefined)
    expect(next.degraded).toEqual([])
    await next.store.close()
  })

  test('uses the folder that was put in place of its own, and leaves the old one alone', async () => {
    const folder = await filledFolder(['a', 'both'])
    const other = await filledFolder(['b', 'both'])
    const { store, cache, degraded } = open(folder)
    expect(isDerived('a', cache.get('a'))).toBe(true)
    cache.set('last', derived('last'))
    await store.flush()
    renameSync(folder, `${folder}-old`)
    renameSync(other, folder)
    cache.set('new', derived('new'))
    await store.flush()
    expect(cache.get('a')).toBe(undefined)
    for (const key of ['b', 'both', 'new']) expect(isDerived(key, cache.get(key))).toBe(true)
    await until(() => degraded.length > 0, 'the move is reported')
    expect(degraded.map(({ reason }) => reason)).toEqual(['moved-file'])
    await store.close()
    const old = open(`${folder}-old`)
    expect(isDerived('last', old.cache.get('last'))).toBe(true)
    expect([old.cache.get('new'), old.cache.get('b')]).toEqual([undefined, undefined])
    await old.store.close()
    rmSync(`${folder}-old`, { recursive: true })
  })

  test('is one for every name of its folder', async () => {
    const folder = await filledFolder()
    const link = join(temporaryFolder(), 'link')
    symlinkSync(folder, link)
    const [one, other] = [open(folder), open(link)]
    for (let round = 0; round < 100; round++) {
      one.cache.set('here', round)
      other.cache.set('there', round)
      expect([other.cache.get('here'), one.cache.get('there')]).toEqual([round, round])
    }
    expect([...one.degraded, ...other.degraded]).toEqual([])
    await one.store.close()
    expect(isDerived('a', other.cache.get('a'))).toBe(true)
    await other.store.close()
  })
})

describe('where a store should be', () => {
  test('a file in place of the folder is left as it is', async () => {
    const path = join(temporaryFolder(), 'file')
    writeFileSync(path, 'not a folder')
    const before = look(path)
    expect(await use(path)).toMatchObject({ failure: 'ERR_STORE_WRITE', isKept: false })
    expect(look(path)).toEqual(before)
  })

  test('a folder in place of the file is left as it is', async () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, DATABASE, 'inner'), { recursive: true })
    expect(await use(folder)).toMatchObject({ failure: 'ERR_STORE_WRITE', isKept: false })
    expect(readdirSync(join(folder, DATABASE))).toEqual(['inner'])
  })

  test('an empty file becomes a store', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, DATABASE), '')
    expect(await use(folder)).toMatchObject({ failure: undefined, isKept: true, reasons: [] })
  })

  test('random bytes are set aside', async () => {
    const folder = temporaryFolder()
    const next = random('bytes')
    const bytes = Buffer.from(Array.from({ length: 20_000 }, () => Math.floor(next() * 256)))
    writeFileSync(join(folder, DATABASE), bytes)
    expect(await use(folder)).toMatchObject({ failure: undefined, isKept: true, reasons: ['damaged-file'] })
    const aside = readdirSync(folder).filter((file) => file.includes('.damaged-'))
    expect(aside).toHaveLength(1)
    expect(readFileSync(join(folder, aside[0]!))).toEqual(bytes)
  })

  /** Numbers in the header of a database, by the place where SQLite has them. */
  const USER_VERSION = 60
  const APPLICATION_ID = 68

  /** A closed database that says something else of itself. */
  async function foreign(changes: [at: number, number: number, bytes?: number][]): Promise<string> {
    const folder = await filledFolder()
    const path = join(folder, DATABASE)
    const bytes = readFileSync(path)
    for (const [at, number, length = 4] of changes) bytes.writeUIntBE(number, at, length)
    writeFileSync(path, bytes)
    for (const file of readdirSync(folder)) if (file !== DATABASE) rmSync(join(folder, file))
    chmodSync(path, 0o644)
    return folder
  }

  test.each<[string, [at: number, number: number, bytes?: number][], string]>([
    ['another program', [[APPLICATION_ID, 0x01020304]], 'foreign-file'],
    [
      'a program that says nothing of itself',
      [
        [APPLICATION_ID, 0],
        [USER_VERSION, 0],
      ],
      'foreign-file',
    ],
    [
      'a program that keeps no log',
      [
        [APPLICATION_ID, 7],
        [18, 0x0101, 2],
      ],
      'foreign-file',
    ],
    ['a later version of this package', [[USER_VERSION, 1_000]], 'future-schema'],
  ])('a database of %s is not touched', async (_, changes, reason) => {
    const folder = await foreign(changes)
    const path = join(folder, DATABASE)
    const before = look(path)
    const { isKept, failure, reasons } = await use(folder, ['a'])
    expect({ isKept, failure, reasons }).toEqual({ isKept: false, failure: 'ERR_STORE_WRITE', reasons: [reason] })
    expect(look(path)).toEqual(before)
    expect(readdirSync(folder).filter((file) => file.startsWith(DATABASE))).toEqual([DATABASE])
  })

  test('another database that goes away makes room for a store', async () => {
    const folder = await foreign([[APPLICATION_ID, 7]])
    const { store, cache, degraded } = open(folder)
    expect(cache.get('a')).toBe(undefined)
    await until(() => degraded.length > 0, 'the file is recognised')
    rmSync(join(folder, DATABASE))
    cache.set('new', derived('new'))
    await store.flush()
    expect(isDerived('new', new LRUCache({ store }).get('new'))).toBe(true)
    await store.close()
    expect(await use(folder)).toMatchObject({ failure: undefined, isKept: true, reasons: [] })
  })

  test('a file that was cut off is set aside', async () => {
    const folder = await filledFolder()
    truncateSync(join(folder, DATABASE), 5_000)
    expect(await use(folder, ['a'])).toMatchObject({ failure: undefined, isKept: true, reasons: ['damaged-file'] })
  })
})
