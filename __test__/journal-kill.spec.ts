// Runs that are killed again and again, until one comes to its end: every row has its result exactly once, nothing is
// paid for again whose outcome had been recorded, and every start of the last minute is known to the next process.

import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { Journal } from '../lib/parallel/journal.ts'
import { isDerived, random } from './helpers/derived.cjs'
import { temporaryFolder } from './helpers/folders.ts'
import { type Context, endAll, Program } from './helpers/program.ts'

const KILLS = 60
const ROWS = 300
const MINUTE = 60_000
/** Bytes before the first record. */
const HEADER = 60

/** Where a run is recorded, and where each call is noted by whoever is paid for it. */
interface Run {
  module: string
  journal: string
  calls: string
  rows: number
  life: string
}

afterEach(async () => {
  await endAll()
})

let source = ''

/** The class as a program can load it. */
beforeAll(async () => {
  const root = join(__dirname, '..')
  const external = {
    name: 'native',
    setup: (api: any) =>
      api.onResolve({ filter: /\/binding\.js$/ }, () => ({ path: join(root, 'binding.js'), external: true })),
  }
  const entryPoints = [join(root, 'lib/parallel/journal.ts')]
  const { outputFiles } = await build({
    entryPoints,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    write: false,
    plugins: [external],
  })
  source = outputFiles[0]!.text
})

/** Evaluates all rows that have no result yet, several at a time; one call in eight fails. */
async function evaluate(
  { module, journal: path, calls, rows, life }: Run,
  { require, random, derived, isDerived, say }: Context,
) {
  const { Journal } = require(module) as typeof import('../lib/parallel/journal.ts')
  const { appendFileSync } = require('node:fs')
  const next = random(life)
  const task = (row: number) => ({ id: `${row}`, testCase: { id: `${row}`, input: `row ${row}`, expected: row } })
  const journal = Journal.open({ path, configuration: { rows } })
  const left: number[] = []
  for (let row = 0; row < rows; row++) {
    const found = journal.find(task(row), row)
    if (found === undefined) left.push(row)
    else if (!isDerived(`${row}`, found.actual)) throw new Error(`the result of row ${row} is wrong`)
  }
  // Failed rows go to the end.
  let sequence = 0
  const work = async () => {
    for (let row = left.shift(); row !== undefined; row = left.shift()) {
      const number = sequence++
      const now = Date.now()
      journal.started('model', number, Float64Array.of(1, 100, 60, 40))
      appendFileSync(calls, `call ${row} ${now}\n`)
      await new Promise((resolve) => setTimeout(resolve, next() * 4))
      const fails = next() < 1 / 8
      journal.settled(number, Float64Array.of(1, 50, 30, 20))
      const error = { type: 'execution', severity: 'error', message: 'overloaded', retryable: true } as const
      const outcome = fails ? { error } : { result: { actual: derived(`${row}`) } }
      journal.record(task(row), row, { task: task(row), executionTime: 1, ...outcome })
      appendFileSync(calls, `${fails ? 'failed' : 'recorded'} ${row} ${Date.now()}\n`)
      if (fails) left.push(row)
      say(row)
    }
  }
  await Promise.all([1, 2, 3, 4].map(work))
  const stats = journal.getStats()
  await journal.close()
  return stats
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
  const module = join(folder, 'journal.cjs')
  writeFileSync(module, source)
  const calls = join(folder, 'calls')
  writeFileSync(calls, '')
  return { module, journal: join(folder, 'run.journal'), calls, rows: ROWS, life: '' }
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
  await program.run(evaluate, { ...run, life: `${name} last` })
  await program.kill()
  expect(await check(run)).toBe(ROWS)
  const recorded = linesOf(run).filter(({ what }) => what === 'recorded')
  expect(new Set(recorded.map(({ row }) => row)).size).toBe(recorded.length)
  return struck
}

test(`a run that is killed ${KILLS} times has every row once in the end`, async () => {
  const struck = await Promise.all(['left', 'right'].map((name) => strike(name, KILLS / 2)))
  expect(struck.reduce((sum, one) => sum + one, 0)).toBeGreaterThanOrEqual(KILLS)
}, 300_000)

test('a row that is paid for twice would be noticed', () => {
  const lines = ['call', 'recorded', 'call'].map((what) => ({ what, row: 3, at: 0 }))
  expect(paidTwice(lines)).toEqual([3])
  expect(paidTwice(lines.slice(1, 2))).toEqual([])
})
