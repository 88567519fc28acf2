// Files and folders that change under a store, or that are not what it expects: it goes on, and touches nothing that is
// not its own.

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
import { LRUCache } from '@aah/ai-evals-performance'
import { describe, expect, test } from 'vitest'
import { storeClose, storeFlush, storeNamespace, storeOpen, storePut, storeRead } from '../binding.js'
import { encodeKey } from '../lib/key/encode.ts'
import { derived, isDerived, random } from './helpers/derived.cjs'
import { temporaryFolder } from './helpers/folders.ts'
import { until } from './helpers/program.ts'
import { DATABASE, filledFolder, open } from './helpers/store.ts'

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

test('an entry whose encoding only another version knows is missed, and stays', async () => {
  const folder = temporaryFolder()
  const later = storeOpen(folder, 1e9)
  const namespace = storeNamespace(later, 'both')
  const meta = new Float64Array(10)
  meta.set([200, Date.now(), Number.POSITIVE_INFINITY])
  const key = encodeKey({ key: 'theirs' }, 'key')
  storePut(namespace, key, Buffer.from('of a later version'), meta)
  await storeFlush(later)
  const { store, degraded } = open(folder)
  const cache = new LRUCache({ store, namespace: 'both' })
  for (let time = 0; time < 3; time++) expect(cache.get('theirs')).toBe(undefined)
  await store.flush()
  expect(degraded).toEqual([])
  expect(store.stats()).toMatchObject({ entries: 1, damagedRecords: 0 })
  expect(String(storeRead(namespace, key, Date.now(), meta))).toBe('of a later version')
  expect(await cache.getOrSet('theirs', async () => 'ours')).toBe('ours')
  await store.flush()
  expect(new LRUCache({ store, namespace: 'both' }).get('theirs')).toBe('ours')
  await store.close()
  await storeClose(later)
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
