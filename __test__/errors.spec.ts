// The table in docs/errors.md: it has every code there is, and each is what a user meets.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  BatchProcessor,
  LRUCache,
  ParallelExecutor,
  PerformanceError,
  PerformanceMonitor,
} from '@aah/ai-evals-performance'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { NativeSpillRecord } from '../binding.js'

const ROOT = join(__dirname, '..')

/** The codes of other packages, which `EvalError` reads. */
const FOREIGN = join('lib', 'parallel', 'eval-error.ts')

function codesIn(folder: string): string[] {
  const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
  return files
    .map((file) => join(folder, file))
    .filter((file) => /\.(ts|rs)$/.test(file) && file !== FOREIGN)
    .flatMap((file) => readFileSync(join(ROOT, file), 'utf8').match(/\bERR_[A-Z_]+/g) ?? [])
}

function rows(): string[][] {
  const lines = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8').split('\n')
  return lines
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .map((cell) => cell.trim())
        .slice(1, 4),
    )
}

const documented = rows().map(([code = '']) => code.replaceAll('`', ''))
const testCase = (id: string) => ({ id, input: 'x', expected: 'x' })
/** Nothing fits in memory but one test case. */
const SPILLING = { bufferSize: 1 }

/** For each code, what makes it happen: it throws, or returns the error. */
const PROVOKE: Record<string, () => unknown> = {
  ERR_NO_ACTIVE_TIMER: () => new PerformanceMonitor().end('never started'),
  ERR_UNKNOWN_BASELINE: () => new PerformanceMonitor().generateReport('never set'),
  ERR_SOURCE: () => {
    function* source() {
      yield { id: 'a', testCase: testCase('a') }
      throw new Error('the file ended early')
    }
    return new ParallelExecutor().executeTasksStreaming(source(), async () => ({}))
  },
  ERR_RESULT_COUNT: () => {
    const processor = new BatchProcessor()
    processor.addTestCase(testCase('a'))
    return processor.processAll(async () => [])
  },
  ERR_SPILL_READ: () => {
    vi.spyOn(NativeSpillRecord.prototype, 'read').mockResolvedValue('the disk is gone')
    const processor = new BatchProcessor(SPILLING)
    for (const id of 'abc') processor.addTestCase(testCase(id))
    return processor.processAll(async (batch) => batch.map(() => ({})))
  },
  ERR_SPILL_WRITE: () => {
    for (const name of ['TMPDIR', 'TMP', 'TEMP']) vi.stubEnv(name, join(ROOT, 'no such folder'))
    const processor = new BatchProcessor(SPILLING)
    for (const id of 'abc') processor.addTestCase(testCase(id))
    return processor.spillError
  },
  ERR_STORE_WRITE: () => {
    // What is a file cannot be a folder.
    const cache = new LRUCache({ store: join(ROOT, 'package.json') })
    cache.set('a', 1)
    return cache.flush().finally(() => cache.close())
  },
  ERR_REENTRANT() {
    const cache = new LRUCache()
    const again = (): Promise<unknown> => cache.getOrSet('a', again)
    return again()
  },
  ERR_REPLAY_MISS: () => new LRUCache({ mode: 'replay' }).get('never stored'),
}

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

describe('docs/errors.md', () => {
  test('lists every code in the sources, once, and no other', () => {
    const inSources = new Set(['lib', 'src', 'crates/core/src'].flatMap(codesIn))
    expect([...documented].sort()).toEqual([...inSources].sort())
    expect(documented.length).toBeGreaterThan(5)
  })

  test('says of each when it happens and what to do', () => {
    for (const row of rows()) expect(row.map((cell) => cell.length > 10)).toEqual([true, true, true])
  })

  test.each(documented)('%s is a PerformanceError with a message', async (code) => {
    const error = await outcomeOf(PROVOKE[code])
    expect(error).toBeInstanceOf(PerformanceError)
    expect(error).toMatchObject({ code, message: expect.stringMatching(/\S+ \S+/) })
  })
})

async function outcomeOf(provoke: (() => unknown) | undefined): Promise<unknown> {
  try {
    return await provoke?.()
  } catch (error) {
    return error
  }
}
