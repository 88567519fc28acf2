// Test cases beyond the bounds wait in a temporary file: what comes back from it, what never goes there, and what is left
// of it afterwards.

import { spawnSync } from 'node:child_process'
import { closeSync, fstatSync, mkdtempSync, openSync, readdirSync, readlinkSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BatchProcessor, type TestCase } from '@aah/ai-evals-performance'
import { expect, test } from 'vitest'

/** The smallest bounds: all but the first test case leave memory as soon as they come. */
const DISK_ONLY = { bufferSize: 1, maxMemory: 1 }
const LINUX = process.platform === 'linux'

const testCase = (index: number): TestCase => ({ id: `case-${index}`, input: { index }, expected: index })
const run = async (batch: TestCase[]) => batch.map(({ expected }) => ({ actual: expected }))

/** Handles of deleted files that this process has open; Linux only. */
function deletedFiles(): string[] {
  return readdirSync('/proc/self/fd')
    .map((handle) => `/proc/self/fd/${handle}`)
    .filter((path) => {
      try {
        return readlinkSync(path).endsWith(' (deleted)')
      } catch {
        return false // The handle that lists the folder is closed by now.
      }
    })
}

test('come back equal, whatever structured clone can carry', async () => {
  const processor = new BatchProcessor({ batchSize: 3, ...DISK_ONLY })
  const cycle: Record<string, unknown> = { name: 'cycle' }
  cycle.self = cycle
  const values = [
    new Date(0),
    new Date(Number.NaN),
    new Map<unknown, unknown>([[{ key: 1 }, new Set([1n, undefined, null])]]),
    /pattern/giu,
    -0,
    Number.NaN,
    2n ** 70n,
    '\ud800 lone, é, 漢字, 😀',
    new Float64Array([1.5, Number.NaN, -0]),
    new Uint8Array([0, 1, 2, 3]).subarray(1, 3),
    new DataView(new ArrayBuffer(5), 1, 3),
    new BigInt64Array([5n]),
    Buffer.from('bytes'),
    new ArrayBuffer(4),
    JSON.parse('{"__proto__": {"own": true}}'),
    cycle,
  ]
  processor.addTestCases(values.map((input, index) => ({ id: String(index), input, expected: undefined })))
  expect(processor.getStats().memoryUsage).toBeLessThan(500)
  const results = await processor.processAll(async (batch) => batch.map(({ input }) => ({ actual: input })))
  expect(results.map(({ actual }) => actual)).toStrictEqual(values)
  expect(results[1]?.actual).not.toBe(values[1])
})

test('do not include what a clone would change: that comes back itself, in its place', async () => {
  class Answer {
    text: string
    constructor(text: string) {
      this.text = text
    }
  }
  const processor = new BatchProcessor({ batchSize: 2, bufferSize: 8, maxMemory: 1_000_000 })
  const added = Array.from({ length: 60 }, (_, index) =>
    index % 3 === 0 ? { ...testCase(index), expected: new Answer(`answer ${index}`) } : testCase(index),
  )
  processor.addTestCases(added)
  const seen: TestCase[] = []
  await processor.processAll(async (batch) => {
    seen.push(...batch)
    return run(batch)
  })
  expect(seen).toStrictEqual(added)
  const moved = seen.filter((one, index) => one !== added[index])
  expect(moved.length).toBeGreaterThan(30)
  expect(moved.some(({ expected }) => expected instanceof Answer)).toBe(false)
})

test('leave memory flat: 200,000 of them pass through 4 MiB', async () => {
  const collect = globalThis.gc
  if (collect === undefined) throw new Error('run with --expose-gc')
  const count = 200_000
  const padding = 'x'.repeat(940)
  const processor = new BatchProcessor({ maxMemory: 4 * 1024 * 1024 })
  // The engine lets go of what was outside its heap in a turn of the event loop after the collection.
  const inUse = async () => {
    collect()
    await new Promise((resolve) => setImmediate(resolve))
    collect()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  const before = await inUse()
  for (let index = 0; index < count; index++) {
    processor.addTestCase({ id: `case-${index}`, input: Buffer.from(padding + index).toString(), expected: index })
  }
  expect((await inUse()) - before).toBeLessThan(20 * 1024 * 1024)
  expect(processor.getStats().memoryUsage).toBeLessThanOrEqual(4 * 1024 * 1024)
  let next = 0
  let batches = 0
  let most = 0
  const done = { actual: true }
  const results = await processor.processAll(async (batch) => {
    if (batches++ % 500 === 0) most = Math.max(most, (await inUse()) - before)
    for (const { id, input, expected } of batch) {
      if (id !== `case-${next}` || input !== padding + next || expected !== next) throw new Error(`lost ${next}`)
      next++
    }
    return batch.map(() => done)
  })
  expect([next, results.length]).toEqual([count, count])
  expect(most).toBeLessThan(60 * 1024 * 1024)
}, 120_000)

test('vanish with a process that is killed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spill-'))
  try {
    const program = join(__dirname, 'helpers/spill-and-crash.cjs')
    const child = spawnSync(process.execPath, [program], {
      env: { ...process.env, TMPDIR: folder, TMP: folder, TEMP: folder },
      encoding: 'utf8',
    })
    const { open, ...rest } = JSON.parse(child.stdout)
    expect(rest).toEqual({ itemsBuffered: 1_000, memoryUsage: expect.any(Number) })
    expect(rest.memoryUsage).toBeLessThanOrEqual(10_000)
    if (LINUX) {
      expect(open.filter((target: string) => target.startsWith(folder))).toHaveLength(1)
      expect(child.signal).toBe('SIGKILL')
    }
    expect(readdirSync(folder)).toEqual([])
  } finally {
    rmSync(folder, { recursive: true })
  }
}, 60_000)

test.skipIf(process.platform === 'win32')(
  'stay in memory when the disk is full, and none is lost',
  () => {
    // A limit on file sizes fails a write as a full disk does, without the right to mount one.
    const program = join(__dirname, 'helpers/spill-without-room.cjs')
    const child = spawnSync('sh', ['-c', 'ulimit -f 40; exec "$0" "$1"', process.execPath, program], {
      encoding: 'utf8',
    })
    expect(child.stderr).toBe('')
    const told = JSON.parse(child.stdout)
    const all = Array.from({ length: 1_000 }, (_, index) => index)
    expect([told.code, told.writerCode]).toEqual(['ERR_SPILL_WRITE', 'ERR_SPILL_WRITE'])
    expect(told.message).toMatch(/^Items stay in memory: cannot write \d+ bytes to a temporary file: /)
    expect(told.processed).toEqual(all)
    expect(told.written).toEqual(all)
    expect(told.buffered).toEqual([0, 0])
  },
  60_000,
)

test.skipIf(!LINUX)(
  'leave no file open once they are processed or cleared (looks into /proc, so Linux only)',
  async () => {
    const before = deletedFiles().length
    const processor = new BatchProcessor(DISK_ONLY)
    for (const end of [() => processor.processAll(run), () => processor.clear()]) {
      for (let index = 0; index < 5; index++) processor.addTestCase(testCase(index))
      expect(deletedFiles()).toHaveLength(before + 1)
      await end()
      expect(deletedFiles()).toHaveLength(before)
    }
  },
)

test.skipIf(!LINUX)('are an error when damaged, never changed (reaches the file by /proc, so Linux only)', async () => {
  const before = new Set(deletedFiles())
  const processor = new BatchProcessor({ ...DISK_ONLY, batchSize: 2 })
  for (let index = 0; index < 6; index++) processor.addTestCase(testCase(index))
  const [path = ''] = deletedFiles().filter((one) => !before.has(one))
  const file = openSync(path, 'r+')
  // Of five records alike in length, the third.
  const length = fstatSync(file).size / 5
  writeSync(file, '!', 2 * length + 20)
  closeSync(file)
  const seen: TestCase[] = []
  const executor = async (batch: TestCase[]) => {
    seen.push(...batch)
    return run(batch)
  }
  for (let attempt = 0; attempt < 2; attempt++) {
    await expect(processor.processAll(executor)).rejects.toMatchObject({
      code: 'ERR_SPILL_READ',
      message: expect.stringMatching(/^Items on disk cannot be read back: a record of \d+ bytes .* is damaged$/),
    })
  }
  expect(seen).toEqual([0, 1, 2].map(testCase))
  expect(processor.getStats().itemsBuffered).toBe(3)
  processor.clear()
  processor.addTestCase(testCase(6))
  expect(await processor.processAll(run)).toEqual([{ actual: 6 }])
})

test('keep no process alive, nor does a stream that nobody resumes', () => {
  const program = `
    const { BatchProcessor, DatasetStream } = require('@aah/ai-evals-performance')
    const processor = new BatchProcessor({ bufferSize: 1 })
    for (let id = 0; id < 50; id++) processor.addTestCase({ id, input: 'x', expected: id })
    processor.processAll(() => new Promise(() => {}))
    const stream = new DatasetStream()
    stream.pause()
    stream.process(async (batch) => batch)
  `
  const child = spawnSync(process.execPath, ['-e', program], { cwd: join(__dirname, '..'), encoding: 'utf8' })
  expect({ status: child.status, output: child.stdout + child.stderr }).toEqual({ status: 0, output: '' })
}, 60_000)
