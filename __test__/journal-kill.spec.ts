// Runs that are killed again and again, until one comes to its end: every row has its result exactly once, nothing is
// paid for again whose outcome had been recorded, and every start of the last minute is known to the next process.

import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { Journal } from '../lib/journal/journal.ts'
import { derived, isDerived, random } from './helpers/derived.cjs'
import { temporaryFolder } from './helpers/folders.ts'
import { type Context, endAll, Program } from './helpers/program.ts'

const KILLS = 60
const ROWS = 300
const MINUTE = 60_000
/** Bytes before the first record. */
const HEADER = 60

/** Where a run is recorded, and where each call is noted by whoever is paid for it. */
interface Run {
  journal: string
  calls: string
  rows: number
  life: string
}

afterEach(async () => {
  await endAll()
})

/** Evaluates all rows, several at a time; one call in eight fails, and is tried again. */
async function evaluate({ journal: path, calls, rows, life }: Run, { api, require, random, derived, say }: Context) {
  const { appendFileSync } = require('node:fs')
  const next = random(life)
  const tasks = Array.from({ length: rows }, (_, row) => {
    return { id: `${row}`, testCase: { id: `${row}`, input: `row ${row}`, expected: row } }
  })
  const executor = new api.ParallelExecutor({
    concurrency: 4,
    rateLimit: { requestsPerMinute: 1_000_000 },
    retry: { attempts: 20, baseDelay: 1, maxDelay: 2 },
    journal: { path, configuration: { rows } },
  })
  executor.on('taskComplete', ({ index, fromJournal }) => {
    if (!fromJournal) appendFileSync(calls, `recorded ${index} ${Date.now()}\n`)
    say(index)
  })
  const results = await executor.executeTasks<string, unknown>(tasks, async ({ id }) => {
    appendFileSync(calls, `call ${id} ${Date.now()}\n`)
    await new Promise((resolve) => setTimeout(resolve, next() * 4))
    if (next() < 1 / 8) throw Object.assign(new Error('overloaded'), { status: 529 })
    return { actual: derived(id) }
  })
  return results.map(({ task, result, error }) => ({ id: task.id, actual: result?.actual, error: error?.message }))
}

/** What the journal knows. */
async function look({ journal: path, rows }: Run) {
  const journal = Journal.open({ path, configuration: { rows } })
  const now = Date.now()
  const right = Array.from({ length: rows }, (_, row) => row).filter((row) => {
    const task = { id: `${row}`, testCase: { id: `${row}`, input: `row ${row}`, expected: row } }
    return isDerived(`${row}`, journal.find(task, row)?.actual)
  })
  const starts = journal.earlierStarts(now).flatMap(({ requests }) => [...requests])
  const stats = journal.getStats()
  await journal.close()
  return { now, right, starts: starts.reduce((sum, count) => sum + count, 0), stats }
}

interface Line {
  what: string
  row: number
  at: number
}

function linesOf({ calls }: Run): Line[] {
  const lines = readFileSync(calls, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => {
    const [what = '', row, at] = line.split(' ')
    return { what, row: Number(row), at: Number(at) }
  })
}

/** Calls for rows whose result had been recorded before. */
function paidTwice(lines: Line[]): number[] {
  const recorded = new Set<number>()
  return lines.flatMap(({ what, row }) => {
    if (what === 'recorded') recorded.add(row)
    return what === 'call' && recorded.has(row) ? [row] : []
  })
}

function begin(): Run {
  const folder = temporaryFolder()
  const calls = join(folder, 'calls')
  writeFileSync(calls, '')
  return { journal: join(folder, 'run.journal'), calls, rows: ROWS, life: '' }
}

/** One life of a run. Returns whether it was killed. */
async function live(run: Run, next: () => number): Promise<boolean> {
  const program = Program.process()
  const finished = program.run(evaluate, run).then(
    () => true,
    () => false,
  )
  const due = Math.floor(next() * 12)
  await Promise.race([program.heard(due).catch(() => {}), finished])
  // The moment is the fault: anywhere in the next steps.
  await new Promise((resolve) => setTimeout(resolve, next() * 8))
  const { signal, printed } = await program.kill()
  expect({ signal, printed }).toEqual({ signal: 'SIGKILL', printed: '' })
  return !(await finished)
}

async function check(run: Run): Promise<number> {
  const lines = linesOf(run)
  expect(paidTwice(lines)).toEqual([])
  const { now, right, starts, stats } = await look(run)
  const known = new Set(right)
  const lost = lines.filter(({ what, row }) => what === 'recorded' && !known.has(row))
  expect(lost).toEqual([])
  expect(stats).toMatchObject({ damaged: 0, recovered: right.length })
  const lately = lines.filter(({ what, at }) => what === 'call' && now - at < MINUTE)
  expect(starts).toBeGreaterThanOrEqual(lately.length)
  return right.length
}

/** Leaves at the end of a journal what a write leaves that was cut off: the beginning of a record. */
function tear({ journal }: Run, next: () => number): void {
  const first = readFileSync(journal).subarray(HEADER)
  appendFileSync(journal, first.subarray(0, 1 + Math.floor(next() * 20)))
}

/** Kills a run again and again. */
async function strike(name: string, kills: number): Promise<number> {
  const next = random(name)
  let run = begin()
  let struck = 0
  for (let life = 0; struck < kills; life++) {
    const wasKilled = await live({ ...run, life: `${name} ${life}` }, next)
    if (wasKilled) struck++
    const known = await check(run)
    if (known === ROWS) run = begin()
    else if (next() < 0.3) tear(run, next)
  }
  const program = Program.process()
  const results = await program.run(evaluate, { ...run, life: `${name} last` })
  await program.kill()
  expect(results).toEqual(
    Array.from({ length: ROWS }, (_, row) => ({ id: `${row}`, actual: derived(`${row}`), error: undefined })),
  )
  expect(await check(run)).toBe(ROWS)
  const recorded = linesOf(run).filter(({ what }) => what === 'recorded')
  expect(new Set(recorded.map(({ row }) => row)).size).toBe(recorded.length)
  return struck
}

test(`a run that is killed ${KILLS} times has every row once in the end`, async () => {
  const struck = await Promise.all(['left', 'right'].map((name) => strike(name, KILLS / 2)))
  expect(struck.reduce((sum, one) => sum + one, 0)).toBeGreaterThanOrEqual(KILLS)
}, 300_000)

/** Starts what the limit allows, at a time that stands still, and tells what it started and how long it would wait. */
async function startAt({ run: { journal, rows }, now }: { run: Run; now: number }, { api, say }: Context) {
  Date.now = () => now
  performance.now = () => now / 2
  const tasks = Array.from({ length: rows }, (_, row) => {
    return { id: `${row}`, testCase: { id: `${row}`, input: `row ${row}`, expected: row } }
  })
  const rateLimit = { requestsPerMinute: 3 }
  const executor = new api.ParallelExecutor({ rateLimit, journal: { path: journal, configuration: { rows } } })
  const started: number[] = []
  executor.on('throttle', ({ reason, waitTime }) => {
    // What has started ends before anybody is told.
    setImmediate(() => say({ started, reason, waitTime }))
  })
  await executor.executeTasks<string, unknown>(tasks, async ({ id }) => {
    started.push(Number(id))
    return { actual: id }
  })
}

test(
  'a process that comes after one that was killed starts nothing that the minute of both does not allow',
  async () => {
    const run = { ...begin(), rows: 9 }
    const seen: unknown[] = []
    for (const now of [1e12, 1e12 + 20_000, 1e12 + 61_000]) {
      const program = Program.process()
      program.run(startAt, { run, now }).catch(() => {})
      const [said] = await program.heard(1)
      seen.push(said)
      await program.kill()
    }
    expect(seen).toEqual([
      { started: [0, 1, 2], reason: 'requests', waitTime: 60_000 },
      { started: [], reason: 'requests', waitTime: 40_000 },
      { started: [3, 4, 5], reason: 'requests', waitTime: 60_000 },
    ])
  },
  MINUTE,
)

test('a row that is paid for twice would be noticed', () => {
  const lines = ['call', 'recorded', 'call'].map((what) => ({ what, row: 3, at: 0 }))
  expect(paidTwice(lines)).toEqual([3])
  expect(paidTwice(lines.slice(1, 2))).toEqual([])
})
