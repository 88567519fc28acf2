// The table in docs/errors.md: it has every code there is, and each is what a user meets.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  BatchProcessor,
  type ExecutionTask,
  LRUCache,
  ParallelExecutor,
  PerformanceError,
  PerformanceMonitor,
  RateLimiter,
} from '@aah/ai-evals-performance'
import { createPool } from '@aah/ai-evals-performance/prisma'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { NativeSpillRecord } from '../binding.js'
import { PerformanceError as InnerError } from '../lib/errors.ts'
import { Journal } from '../lib/journal/journal.ts'
import { peerVersion } from '../lib/peer.ts'
import { connectionError, unanswered } from '../lib/prisma/pool-errors.ts'
import { poolSettings } from '../lib/prisma/pool-options.ts'
import { temporaryFolder } from './helpers/folders.ts'

const ROOT = join(__dirname, '..')

// A pool of whose connections none is free.
const pool = poolSettings({ max: 4 })
const crowd = { max: 4, open: 4, waiting: 3 }

/** The codes of other packages, which `EvalError` reads. */
const FOREIGN = join('lib', 'executor', 'eval-error.ts')

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
  ERR_ABORTED: () => new ParallelExecutor({ signal: AbortSignal.abort() }).executeTasks([], async () => ({})),
  ERR_TOO_MANY_ERRORS: () => {
    const failing = () => Promise.reject(new Error('no'))
    return new ParallelExecutor({ maxErrors: 1 }).executeTasks([{ id: 'a', testCase: testCase('a') }], failing)
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
  ERR_REQUEST_TOO_LARGE: () => new RateLimiter({ requestsPerMinute: 1, tokensPerMinute: 9 }).acquire({ tokens: 10 }),
  ERR_LIMITER_NAME() {
    const held = new RateLimiter({ requestsPerMinute: 1, name: 'errors' })
    new RateLimiter({ requestsPerMinute: held.getState().requests + 2, name: 'errors' })
  },
  ERR_REPLAY_MISS: () => new LRUCache({ mode: 'replay' }).get('never stored'),
  async ERR_JOURNAL_BUSY() {
    const path = join(temporaryFolder(), 'journal')
    const journal = Journal.open(path)
    try {
      Journal.open(path)
    } finally {
      await journal.close()
    }
  },
  async ERR_JOURNAL_CONFIGURATION() {
    const path = join(temporaryFolder(), 'journal')
    await Journal.open(path).close()
    Journal.open({ path, configuration: 'another' })
  },
  async ERR_JOURNAL_DATASET() {
    const journal = Journal.open(join(temporaryFolder(), 'journal'))
    const [one, other] = ['a', 'b'].map((id) => ({ id, testCase: testCase(id) })) as [ExecutionTask, ExecutionTask]
    journal.record(one, 0, { task: one, result: {}, executionTime: 0 })
    try {
      journal.find(other, 0)
    } finally {
      await journal.close()
    }
  },
  ERR_JOURNAL_FORMAT: () => Journal.open(join(ROOT, 'package.json')),
  ERR_JOURNAL_IO: () => Journal.open(ROOT),
  ERR_PEER_MISSING: () => peerVersion('nowhere', { name: 'a-package-that-nobody-has', majors: [1] }),
  ERR_PEER_VERSION: () => peerVersion('nowhere', { name: 'typescript', majors: [1, 2] }),
  ERR_POOL_CONNECT: () => connectionError(new Error('timeout expired'), 'server:5432', pool, { ...crowd, open: 0 }),
  ERR_POOL_ENDED() {
    const pool = createPool({ host: '127.0.0.1', port: 1 })
    const connection = pool.connect()
    void pool.end()
    return connection
  },
  ERR_POOL_EXHAUSTED: () =>
    connectionError(new Error('timeout exceeded when trying to connect'), 'server:5432', pool, crowd),
  ERR_POOL_QUERY_TIMEOUT: () => unanswered('server:5432', pool),
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
    expect(error instanceof InnerError || error instanceof PerformanceError).toBe(true)
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
