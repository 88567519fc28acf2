// Disks that are full and folders that may not be written: a run is told, and what was recorded before is kept.

import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { temporaryFolder } from './helpers/folders.ts'
import { NOBODY, UNSHARED, whyNoMount, whyNoNobody } from './helpers/mounts.ts'
import { type Context, endAll, Program } from './helpers/program.ts'

const MINUTE = 60_000
const JOURNAL = join(__dirname, '../lib/journal/journal.ts')

const noMount = whyNoMount()
const noNobody = whyNoNobody()
for (const reason of [noMount, noNobody]) if (reason !== undefined) console.warn(`Tests are skipped: ${reason}`)

afterEach(async () => {
  await endAll()
})

/** Fills a small disk, in records of a size that does not divide it, and goes on when there is room again. */
async function fill({ folder, JOURNAL }: { folder: string; JOURNAL: string }, { require }: Context) {
  require('tsx/cjs')
  const { Journal } = require(JOURNAL) as typeof import('../lib/journal/journal.ts')
  const { execFileSync } = require('node:child_process')
  const { rmSync, statSync, writeFileSync } = require('node:fs')
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'none', folder])
  writeFileSync(`${folder}/ballast`, Buffer.alloc(1_200_000))
  const path = `${folder}/deep/run.journal`
  const task = (index: number) => ({ id: `${index}`, testCase: { id: `${index}`, input: index, expected: index } })
  const record = (index: number, journal: import('../lib/journal/journal.ts').Journal) =>
    journal.record(task(index), index, { task: task(index), result: { actual: 'x'.repeat(10_001) }, executionTime: 1 })
  const journal = Journal.open(path)
  let rows = 0
  for (; rows < 1_000 && journal.trouble === undefined; rows++) record(rows, journal)
  const trouble = journal.trouble!
  const { code, message } = trouble
  const isSame = journal.trouble === trouble
  const flushed = await journal.flush().catch((error) => error === trouble)
  const { bytes, recorded } = journal.getStats()
  const size = statSync(path).size
  rmSync(`${folder}/ballast`)
  // There is room again, but a row is missing.
  record(rows, journal)
  const after = journal.getStats()
  const closed = await journal.close().catch((error) => error === trouble)
  const next = Journal.open(path)
  const found = Array.from({ length: rows + 1 }, (_, index) => next.find(task(index), index)?.actual.length)
  for (let index = recorded; index <= rows; index++) record(index, next)
  await next.flush()
  const again = next.getStats()
  await next.close()
  return { rows, code, message, isSame, flushed, bytes, recorded, size, after, closed, found, again }
}

describe.skipIf(noMount !== undefined)('on a disk that is full', () => {
  test(
    'a journal ends with its last whole record, says so, and goes on when there is room',
    async () => {
      const program = Program.process({ under: UNSHARED })
      const outcome = await program.run(fill, { folder: temporaryFolder(), JOURNAL })
      const { rows, recorded, bytes } = outcome
      expect(recorded).toBe(rows - 1)
      expect(recorded).toBeGreaterThan(10)
      expect(outcome).toMatchObject({ code: 'ERR_JOURNAL_IO', isSame: true, flushed: true, closed: true, size: bytes })
      expect(outcome.message).toMatch(/run\.journal: No space left on device \(os error 28\)/)
      expect(outcome.after).toMatchObject({ recorded, bytes, unrecorded: 2 })
      expect(outcome.after.unrecordedReason).toMatch(/No space left/)
      expect(outcome.found).toEqual(
        Array.from({ length: rows + 1 }, (_, index) => (index < recorded ? 10_001 : undefined)),
      )
      expect(outcome.again).toMatchObject({ recovered: recorded, recorded: 2, damaged: 0, torn: 0, unrecorded: 0 })
    },
    MINUTE,
  )
})

/** Tries to open a journal, on a file system that is made read-only before if that is asked for. */
async function open(
  { path, remount, JOURNAL }: { path: string; remount?: string; JOURNAL: string },
  { require }: Context,
) {
  require('tsx/cjs')
  const { Journal } = require(JOURNAL) as typeof import('../lib/journal/journal.ts')
  const { execFileSync } = require('node:child_process')
  if (remount !== undefined) {
    execFileSync('mount', ['--bind', remount, remount])
    execFileSync('mount', ['-o', 'remount,ro,bind', remount])
  }
  try {
    Journal.open(path)
  } catch (error) {
    const { code, message } = error as { code: string; message: string }
    return { code, message }
  }
}

/** A folder with a journal that has nothing in it yet. */
async function folderWithJournal(): Promise<string> {
  const folder = temporaryFolder()
  const program = Program.process()
  expect(await program.run(open, { path: join(folder, 'run.journal'), JOURNAL })).toBeUndefined()
  await program.leave()
  return folder
}

describe('a journal that may not be written is refused', () => {
  test.skipIf(noMount !== undefined)(
    'since the disk is mounted so, whether it is there or not',
    async () => {
      const folder = await folderWithJournal()
      for (const name of ['run.journal', 'new.journal', 'deep/new.journal']) {
        const program = Program.process({ under: UNSHARED })
        const path = join(folder, name)
        const outcome = await program.run(open, { path, remount: folder, JOURNAL })
        expect(outcome).toMatchObject({ code: 'ERR_JOURNAL_IO', message: expect.stringContaining(path) })
        expect(outcome?.message).toMatch(/Read-only file system/)
      }
    },
    MINUTE,
  )

  test.skipIf(noNobody !== undefined)(
    'since it belongs to somebody else',
    async () => {
      const folder = await folderWithJournal()
      chmodSync(folder, 0o555)
      for (const name of ['run.journal', 'new.journal']) {
        const program = Program.process({ uid: NOBODY })
        const outcome = await program.run(open, { path: join(folder, name), JOURNAL })
        expect(outcome).toMatchObject({ code: 'ERR_JOURNAL_IO', message: expect.stringMatching(/Permission denied/) })
      }
      chmodSync(folder, 0o755)
    },
    MINUTE,
  )
})
