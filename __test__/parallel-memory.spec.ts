// What a run of many tasks holds, measured in a process of its own, after its garbage was collected.

import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

const MiB = 2 ** 20

/** Runs a program that measures with `held()`: bytes in use that are no garbage. Returns what it gives to `report`. */
function measure(body: string): any {
  const program = `
    const { ParallelExecutor } = require('@aah/ai-evals-performance')
    const held = () => { globalThis.gc(); return process.memoryUsage().heapUsed }
    const report = (value) => console.log(JSON.stringify(value))
    const rateLimit = { requestsPerMinute: 1e9, tokensPerMinute: 1e12 }
    function* source(count) {
      for (let id = 0; id < count; id++) yield { id: String(id), testCase: { id: 'x', input: 'question', expected: 'answer' } }
    }
    ;(async () => { ${body} })()`
  const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', '-e', program], { encoding: 'utf8' })
  expect(stderr).toBe('')
  return JSON.parse(stdout)
}

test.each([true, false])(
  'memory does not grow with the number of tasks (ordered: %s)',
  (ordered) => {
    const grown = measure(`
    const executor = new ParallelExecutor({ concurrency: 100, rateLimit })
    let taken = 0, least = Infinity, most = 0
    for await (const _ of executor.run(source(200_000), async () => ({}), { ordered: ${ordered} })) {
      if (++taken % 20_000 !== 0) continue
      const bytes = held()
      least = Math.min(least, bytes)
      most = Math.max(most, bytes)
    }
    report(most - least)`)
    expect(grown).toBeLessThan(MiB)
  },
  120_000,
)

test('memory does not grow beside a task that never ends', () => {
  const { grown, taken } = measure(`
    const executor = new ParallelExecutor({ concurrency: 100, rateLimit })
    const never = new Promise(() => {})
    const execute = ({ id }) => (id === '5' ? never : Promise.resolve({}))
    let taken = 0, first = 0, last = 0
    for await (const _ of executor.run(source(100_000), execute, { ordered: false })) {
      taken++
      if (taken === 20_000) first = held()
      if (taken === 99_999) { last = held(); break }
    }
    report({ grown: last - first, taken })`)
  expect(taken).toBe(99_999)
  expect(grown).toBeLessThan(MiB)
}, 120_000)

test('a run whose results nobody takes reads no further than its window', () => {
  const { given, grown } = measure(`
    const executor = new ParallelExecutor({ concurrency: 10, rateLimit })
    let given = 0
    function* counted() { for (const task of source(1e9)) { given++; yield task } }
    const before = held()
    const results = executor.run(counted(), async () => ({ actual: 'x' }), { window: 1_000 })
    await results.next()
    await new Promise((resolve) => setImmediate(resolve))
    report({ given, grown: held() - before })
    await results.return()`)
  expect(given).toBe(1_001)
  expect(grown).toBeLessThan(2 * MiB)
}, 120_000)

test('nothing of a run stays behind when it has ended or was aborted', () => {
  const grown = measure(`
    const executor = new ParallelExecutor({ concurrency: 10, rateLimit, timeout: 60_000, retry: true })
    const controller = new AbortController()
    const once = async (abort) => {
      const results = executor.run(source(1_000), async () => ({}), { signal: controller.signal })
      for await (const { task } of results) if (abort && task.id === '500') break
    }
    for (let round = 0; round < 20; round++) { await once(true); await once(false) }
    const before = held()
    for (let round = 0; round < 100; round++) { await once(true); await once(false) }
    report(held() - before)`)
  expect(grown).toBeLessThan(MiB / 2)
}, 120_000)
