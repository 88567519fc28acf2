// What a process of its own shows: on a terminal that the operating system gives it, and when it ends.

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { Screen } from './helpers/screen.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

const { CI: _, ...environment } = process.env
const env = { ...environment, TERM: 'xterm-256color' }

function program(body: string): string {
  return `
    const { ParallelExecutor, progressBar } = require('@aah/ai-evals-performance')
    const tasks = (count) => Array.from({ length: count }, (_, id) => ({ id: String(id), testCase: { id: String(id) } }))
    const executor = new ParallelExecutor({ concurrency: 2, rateLimit: { requestsPerMinute: Infinity } })
    const pause = (time) => new Promise((resolve) => setTimeout(resolve, time))
    ${body}`
}

function run(body: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', program(body)], {
    cwd: root,
    env,
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

const canScript = spawnSync('script', ['-qec', 'test -t 2', '/dev/null']).status === 0
if (!canScript)
  console.log('Skipped: the progress bar on a terminal of the system, for want of `script` from util-linux')

/** Runs a program on a terminal of the system, of 72 columns and 10 lines, and shows all that it wrote on another one. */
async function onTerminal(body: string) {
  const command = 'stty cols 72 rows 10; exec "$NODE" -e "$PROGRAM"'
  const options = {
    cwd: root,
    env: { ...env, NODE: process.execPath, PROGRAM: program(body) },
    encoding: 'utf8',
  } as const
  const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], options)
  const screen = new Screen(72, 10)
  screen.write(stdout)
  return { lines: await screen.lines(), cursor: await screen.isCursorVisible(), raw: stdout }
}

test.skipIf(!canScript)('a terminal of the system shows the bar grow, beside what the program prints', async () => {
  const { lines, cursor, raw } = await onTerminal(`
    progressBar(executor, { label: 'cold' })
    const ask = async ({ id }) => {
      await pause(id === '2' ? 400 : 1)
      if (id === '3') { await pause(300); console.log('a line on standard output'); throw new Error('no') }
      return {}
    }
    executor.executeTasks(tasks(4), ask).then((results) => console.log(results.length, 'results'))`)
  const bar = (done: number) => '━'.repeat(done).padEnd(18, '─')
  expect(raw).toContain(`cold ${bar(9)} 2/4 50.0%`)
  expect(lines[0]).toMatch(`cold ${bar(9)} 2/4 50.0%`)
  expect(lines.slice(1)).toEqual([
    'a line on standard output',
    expect.stringMatching(`^cold ${bar(18)} 4/4 100\\.0%, 1 failed, ended after \\d+ s$`),
    '4 results',
  ])
  expect(cursor).toBe(true)
})

test.skipIf(!canScript)('a process that ends in the middle of a run leaves a terminal with its cursor', async () => {
  const { lines, cursor } = await onTerminal(`
    progressBar(executor)
    executor.executeTasks(tasks(4), () => new Promise(() => {}))
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), 300)`)
  expect(lines[0]).toBe(`${'─'.repeat(18)} 0/4 0.0%`)
  expect(cursor).toBe(true)
})

test('a process whose tasks wait for nothing ends although their progress is shown', () => {
  const { status, stderr } = run(`
    progressBar(executor)
    executor.executeTasks(tasks(4), () => new Promise(() => {}))`)
  expect([status, stderr]).toEqual([0, ''])
})

test('a process goes on when nobody reads its progress any more', () => {
  const { status, stdout } = run(`
    process.stderr.destroy()
    progressBar(executor)
    executor.executeTasks(tasks(4), async () => ({})).then((results) => console.log(results.length))`)
  expect([status, stdout]).toEqual([0, '4\n'])
})

test('what draws is loaded when it is asked for, and not before', () => {
  const { stdout } = run(`
    const isLoaded = () => Object.keys(require.cache).some((file) => file.endsWith('progress-display.js'))
    const before = isLoaded()
    progressBar(executor, { quiet: true })
    const quiet = isLoaded()
    progressBar(executor)
    console.log(before, quiet, isLoaded())`)
  expect(stdout).toBe('false false true\n')
})
