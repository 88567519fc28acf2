// The journal of a run, as the executor uses it: what is recorded in one is known to the next.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ExecutionTask, type PerformanceError, registerCodec } from '@aah/ai-evals-performance'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Journal } from '../lib/journal/journal.ts'
import { registerCodec as registerInside } from '../lib/values/codec/registry.ts'
import { temporaryFolder } from './helpers/folders.ts'

const opened: Journal[] = []
let path: string

beforeEach(() => {
  path = join(temporaryFolder(), 'run.journal')
})

afterEach(async () => {
  vi.useRealTimers()
  for (const journal of opened.splice(0)) await journal.close().catch(() => {})
})

function open(configuration?: unknown): Journal {
  const journal = Journal.open({ path, configuration })
  opened.push(journal)
  return journal
}

const task = (id: string, rest: Partial<ExecutionTask> = {}): ExecutionTask => ({
  id,
  testCase: { id, input: `What is ${id}?`, expected: id },
  ...rest,
})

const succeeded = (task: ExecutionTask, actual: unknown) => ({ task, result: { actual }, executionTime: 12.5 })

const failed = (task: ExecutionTask, message: string) => ({
  task,
  error: { type: 'execution', severity: 'error', message, retryable: true, cause: () => message } as const,
  executionTime: 1,
})

function errorOf(run: () => unknown): PerformanceError {
  try {
    run()
  } catch (error) {
    return error as PerformanceError
  }
  throw new Error('nothing was thrown')
}

describe('a journal that is opened again', () => {
  test('has the results of rows that ended well, as they were', async () => {
    const results = [
      'text',
      'é😀\ud800',
      { nested: [1, -0, Number.NaN, undefined, 10n] },
      new Map([['a', new Date(86_400_000)]]),
      new Float32Array([0.5, 1]),
      'x'.repeat(100_000),
      undefined,
    ]
    const journal = open()
    for (const [index, result] of results.entries()) {
      journal.record(task(`${index}`), index, succeeded(task(`${index}`), result))
    }
    await journal.close()
    const again = open()
    for (const [index, actual] of results.entries()) {
      expect(again.find(task(`${index}`), index)).toEqual({ actual })
      expect(again.findOutcome(task(`${index}`), index)?.executionTime).toBe(12.5)
    }
    expect(again.find(task('7'), 7)).toBeUndefined()
    expect(again.getStats()).toMatchObject({ recorded: 0, recovered: 7, damaged: 0, torn: 0, unrecorded: 0 })
  })

  test('knows failed rows as not done, and a result stays whatever fails later', async () => {
    const journal = open()
    journal.record(task('a'), 0, failed(task('a'), 'overloaded'))
    journal.record(task('b'), 1, failed(task('b'), 'overloaded'))
    journal.record(task('b'), 1, succeeded(task('b'), 1))
    journal.record(task('b'), 1, failed(task('b'), 'gone'))
    await journal.close()
    const again = open()
    expect(again.find(task('a'), 0)).toBeUndefined()
    expect(again.find(task('b'), 1)).toEqual({ actual: 1 })
    expect(readFileSync(path, 'utf8')).toContain('"message":"overloaded"')
  })

  test('gives values of registered classes', async () => {
    class Score {
      readonly value: number
      constructor(value: number) {
        this.value = value
      }
    }
    const codec = {
      is: (value: unknown) => value instanceof Score,
      encode: (score: Score) => score.value,
      decode: (value: number) => new Score(value),
    }
    registerCodec('journal.Score', codec)
    registerInside('journal.Score', codec)
    const journal = open()
    journal.record(task('a'), 0, succeeded(task('a'), new Score(3)))
    await journal.close()
    const found = open().find(task('a'), 0)
    expect(found?.actual).toBeInstanceOf(Score)
    expect(found?.actual.value).toBe(3)
  })

  test('knows tasks by their content: neither by identity nor by their priority', async () => {
    const journal = open()
    const first = task('a', { datasetId: 'd', runnerConfig: { model: 'm', temperature: 0 }, priority: 1 })
    journal.record(first, 0, succeeded(first, 1))
    await journal.close()
    const { testCase } = first
    const same = { ...task('a'), testCase: { expected: testCase.expected, input: testCase.input, id: 'a' } }
    const settings = { temperature: 0, model: 'm' }
    expect(open().find({ ...same, datasetId: 'd', runnerConfig: settings, priority: 9 }, 0)).toEqual({ actual: 1 })
  })

  test('refuses another task at an index, and says what differs', async () => {
    const journal = open()
    const first = task('a', { runnerConfig: { model: 'm' } })
    journal.record(first, 3, succeeded(first, 1))
    journal.record(task('b'), 4, failed(task('b'), 'no'))
    await journal.close()
    const again = open()
    const testCase = { ...first.testCase, input: 'Another?' }
    for (const other of [
      { ...first, testCase },
      { ...first, id: 'z' },
      { ...first, datasetId: 'd' },
      { ...first, testCase: { ...testCase, check: () => true } },
    ]) {
      const error = errorOf(() => again.find(other, 3))
      expect(error).toBeInstanceOf(Error)
      expect(error).toMatchObject({ code: 'ERR_JOURNAL_DATASET' })
      expect(error.message).toMatch(/index 3 .*run\.journal.*test case/)
    }
    const configured = errorOf(() => again.find({ ...first, runnerConfig: { model: 'n' } }, 3))
    expect(configured).toMatchObject({ code: 'ERR_JOURNAL_DATASET' })
    expect(configured.message).toMatch(/test case is the same, but its `runnerConfig` differs/)
    expect(errorOf(() => again.find(task('c'), 4))).toMatchObject({ code: 'ERR_JOURNAL_DATASET' })
    expect(again.find(first, 3)).toEqual({ actual: 1 })
  })

  test('is whole up to where it was cut', async () => {
    const journal = open()
    for (let index = 0; index < 10; index++) journal.record(task(`${index}`), index, succeeded(task(`${index}`), index))
    const { bytes } = journal.getStats()
    await journal.close()
    truncateSync(path, bytes - 3)
    const again = open()
    expect(again.getStats()).toMatchObject({ recovered: 9, damaged: 0 })
    expect(again.getStats().torn).toBeGreaterThan(100)
    expect(again.find(task('9'), 9)).toBeUndefined()
    expect(again.find(task('8'), 8)).toEqual({ actual: 8 })
  })

  test('loses of a damaged middle only what was there', async () => {
    const journal = open()
    for (let index = 0; index < 10; index++) journal.record(task(`${index}`), index, succeeded(task(`${index}`), index))
    await journal.close()
    const bytes = readFileSync(path)
    bytes.fill(0, bytes.length / 2, bytes.length / 2 + 8)
    writeFileSync(path, bytes)
    const again = open()
    expect(again.getStats()).toMatchObject({ recovered: 9, damaged: 1, torn: 0 })
  })
})

describe('what cannot be recorded', () => {
  test('is counted, with the reason, and disturbs nobody', async () => {
    const journal = open()
    journal.record(task('a'), 0, succeeded(task('a'), { answer: () => 1 }))
    expect(journal.getStats()).toMatchObject({
      unrecorded: 1,
      unrecordedReason: expect.stringMatching(/row 0.*function.*actual\.answer/),
    })
    const strange = task('b', { testCase: { id: 'b', input: () => 1, expected: 1 } })
    journal.record(strange, 1, succeeded(strange, 1))
    expect(journal.getStats()).toMatchObject({
      unrecorded: 2,
      unrecordedReason: expect.stringMatching(/row 1.*testCase|row 1.*function/),
    })
    journal.record(task('c'), 2, succeeded(task('c'), 1))
    expect(journal.getStats()).toMatchObject({ recorded: 1, unrecorded: 2 })
    expect(journal.trouble).toBeUndefined()
    await journal.close()
    const again = open()
    expect(again.find(task('a'), 0)).toBeUndefined()
    expect(again.find(strange, 1)).toBeUndefined()
  })

  test('is everything, once it is closed', async () => {
    const journal = open()
    await journal.close()
    journal.record(task('a'), 0, succeeded(task('a'), 1))
    journal.started('', 0, Float64Array.of(1, 0, 0, 0))
    expect(journal.getStats()).toMatchObject({
      recorded: 0,
      unrecorded: 1,
      unrecordedReason: expect.stringMatching(/closed/),
    })
    await journal.flush()
    expect(journal.close()).toBe(journal.close())
    expect(open().getStats().recovered).toBe(0)
  })
})

describe('a journal is refused and left as it is', () => {
  test('where another run has it open, in this process or another one', async () => {
    const journal = open()
    const error = errorOf(() => open())
    expect(error).toMatchObject({ code: 'ERR_JOURNAL_BUSY', message: expect.stringContaining(path) })
    if (existsSync('/usr/bin/flock')) {
      expect(spawnSync('flock', ['--nonblock', path, 'true']).status).toBe(1)
    }
    await journal.close()
    await open().close()
  })

  test('where the file is something else, or of a version to come', async () => {
    writeFileSync(path, 'question,answer\n')
    expect(errorOf(() => open())).toMatchObject({
      code: 'ERR_JOURNAL_FORMAT',
      message: expect.stringMatching(/no journal/),
    })
    expect(readFileSync(path, 'utf8')).toBe('question,answer\n')
    writeFileSync(path, '')
    await open().close()
    const bytes = readFileSync(path)
    bytes[8] = 9
    writeFileSync(path, bytes)
    expect(errorOf(() => open())).toMatchObject({
      code: 'ERR_JOURNAL_FORMAT',
      message: expect.stringMatching(/version 9/),
    })
    expect(readFileSync(path)).toEqual(bytes)
  })

  test('where the configuration is another one, and says how', async () => {
    await open({ prompt: 'v1', tools: ['search'] }).close()
    const error = errorOf(() => open({ prompt: 'v2', tools: ['search'] }))
    expect(error).toMatchObject({ code: 'ERR_JOURNAL_CONFIGURATION' })
    expect(error.message).toMatch(/another configuration: prompt is "v2", was "v1"$/)
    expect(errorOf(() => open())).toMatchObject({ code: 'ERR_JOURNAL_CONFIGURATION' })
    await open({ tools: ['search'], prompt: 'v1' }).close()
  })

  test('where it is a folder', () => {
    mkdirSync(path)
    const error = errorOf(() => open())
    expect(error).toMatchObject({ code: 'ERR_JOURNAL_IO', message: expect.stringContaining(path) })
  })

  test('where the options make no sense', () => {
    for (const options of [undefined, 7, null, [], {}, { path: 7 }]) {
      expect(() => Journal.open(options as never)).toThrow(TypeError)
    }
    expect(() => Journal.open('')).toThrow(RangeError)
    expect(() => Journal.open({ path, configuration: () => 1 })).toThrow(TypeError)
    expect(existsSync(path)).toBe(false)
  })
})

test('missing folders are made for their owner alone', async () => {
  path = join(path, 'deep', 'run.journal')
  await open().close()
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700)
})

test('what was recorded is in the file at once, and on the disk after a flush', async () => {
  const journal = open()
  const before = statSync(path).size
  journal.record(task('a'), 0, succeeded(task('a'), 'answer'))
  expect(statSync(path).size).toBeGreaterThan(before)
  expect(statSync(path).size).toBe(journal.getStats().bytes)
  await journal.flush()
})

/** Runs a program that has a journal open, until it ends by itself; what it printed. */
function run(end: string): string {
  const program = `
    require('tsx/cjs')
    const { Journal } = require(${JSON.stringify(join(__dirname, '../lib/journal/journal.ts'))})
    const journal = Journal.open(${JSON.stringify(path)})
    const task = { id: 'a', testCase: { id: 'a', input: 'What is a?', expected: 'a' } }
    journal.record(task, 0, { task, result: { actual: 1 }, executionTime: 1 })
    ${end}
  `
  const root = join(__dirname, '..')
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', program], {
    encoding: 'utf8',
    cwd: root,
    timeout: 60_000,
  })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return stdout
}

describe('a process that has a journal open', () => {
  test('ends when it has nothing else to do, and the journal is free', () => {
    expect(run('')).toBe('')
    expect(open().find(task('a'), 0)).toEqual({ actual: 1 })
  }, 60_000)

  test('ends when what it awaits of the journal is done, not before', () => {
    expect(run("journal.flush().then(() => journal.close()).then(() => console.log('closed'))")).toBe('closed\n')
  }, 60_000)
})

describe('the starts of the last minute', () => {
  const reserved = Float64Array.of(1, 100, 60, 40)

  async function earlierAfter(milliseconds: number, record: (journal: Journal) => void) {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 })
    const journal = open()
    record(journal)
    await journal.close()
    vi.setSystemTime(1_000_000 + milliseconds)
    return open().earlierStarts(Date.now())
  }

  test('are known to the next process, with their ages and amounts', async () => {
    const earlier = await earlierAfter(20_000, (journal) => {
      journal.started('gpt', 1, reserved)
      vi.setSystemTime(1_005_000)
      journal.started('claude', 2, reserved)
      journal.settled(1, Float64Array.of(1, 30, 20, 10))
    })
    expect(earlier).toEqual([
      {
        key: 'gpt',
        ages: Float64Array.of(20_000),
        requests: Float64Array.of(1),
        tokens: Float64Array.of(30),
        inputTokens: Float64Array.of(20),
        outputTokens: Float64Array.of(10),
      },
      {
        key: 'claude',
        ages: Float64Array.of(15_000),
        requests: Float64Array.of(1),
        tokens: Float64Array.of(100),
        inputTokens: Float64Array.of(60),
        outputTokens: Float64Array.of(40),
      },
    ])
  })

  test('end after it, and a clock that was set back makes them new', async () => {
    const start = (journal: Journal) => journal.started('', 1, reserved)
    expect(await earlierAfter(60_000, start)).toEqual([])
    path += '2'
    expect((await earlierAfter(59_999, start))[0]?.ages).toEqual(Float64Array.of(59_999))
    path += '3'
    expect((await earlierAfter(-500_000, start))[0]?.ages).toEqual(Float64Array.of(0))
  })

  test('are not those of the journal itself', () => {
    const journal = open()
    journal.started('gpt', 1, reserved)
    expect(journal.earlierStarts(Date.now())).toEqual([])
  })
})
