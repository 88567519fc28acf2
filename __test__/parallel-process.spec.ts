import { expect, test } from 'vitest'
import { runProgram } from './helpers/run-program.ts'

/** What a program prints that runs in a process of its own; its fake clock makes a minute pass as fast as timers fire. */
const run = (body: string) =>
  runProgram(`
    const { ParallelExecutor } = require('@aah/ai-evals-performance')
    const tasks = (count) => Array.from({ length: count }, (_, id) => ({ id: String(id), testCase: { id: String(id) } }))
    ${body}`)

test('a process ends by itself after a run', () => {
  const body = `
    const executor = new ParallelExecutor()
    executor.executeTasks(tasks(20), async () => ({})).then((results) => console.log(results.length))`
  expect(run(body)).toEqual({ status: 0, stdout: '20\n', stderr: '' })
}, 120_000)

test('a process does not end while a run waits for a rate limit', () => {
  const body = `
    let shift = 0
    const now = performance.now.bind(performance)
    performance.now = () => now() + shift
    const setTimeout = globalThis.setTimeout
    globalThis.setTimeout = (callback, wait) => setTimeout(() => { shift += wait; callback() }, 1)
    const executor = new ParallelExecutor({ rateLimit: { requestsPerMinute: 1 } })
    executor.executeTasks(tasks(3), async () => ({})).then((results) => console.log(results.length, shift >= 119_000))`
  expect(run(body)).toEqual({ status: 0, stdout: '3 true\n', stderr: '' })
}, 120_000)

test('a process with an executor that has never run ends by itself', () => {
  expect(run('globalThis.executor = new ParallelExecutor()').status).toBe(0)
}, 120_000)
