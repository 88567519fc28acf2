import assert from 'node:assert'
import { createRequire } from 'node:module'
import {
  BatchProcessor,
  Benchmark,
  cacheManager,
  DatasetStream,
  ParallelExecutor,
  PerformanceError,
} from '@aah/ai-evals/performance'
import * as direct from '@aah/ai-evals-performance'

const required = createRequire(import.meta.url)('@aah/ai-evals/performance')
assert.strictEqual(required.cacheManager, cacheManager)
assert.strictEqual(direct.cacheManager, cacheManager)
assert.strictEqual(direct.PerformanceError, PerformanceError)

cacheManager.responseCache.set({ question: 1n }, { model: 'm' }, 'answer')
assert.strictEqual(required.cacheManager.responseCache.get({ question: 1n }, { model: 'm' }), 'answer')

const stream = new DatasetStream({ batchSize: 3 })
for (let item = 0; item < 10; item++) assert.strictEqual(stream.push(item), true)
assert.strictEqual((await stream.process(async (batch) => batch)).length, 10)

// Beyond two test cases they wait on disk, and come back equal.
const processor = new BatchProcessor({ bufferSize: 2 })
for (let n = 0; n < 100; n++) processor.addTestCase({ id: String(n), input: new Map([[n, 2n]]), expected: new Date(n) })
const answers = await processor.processAll(async (batch) => batch.map((it) => ({ actual: [it.input, it.expected] })))
assert.strictEqual(processor.spillError, undefined)
assert.strictEqual(answers.length, 100)
for (const [n, { actual }] of answers.entries()) assert.deepStrictEqual(actual, [new Map([[n, 2n]]), new Date(n)])

// The second task has to wait for the limit, until it is lifted.
const executor = new ParallelExecutor({ concurrency: 2, rateLimit: { requestsPerMinute: 1 } })
let waits = 0
executor.on('throttle', () => {
  waits++
  setImmediate(() => executor.updateConfig({ rateLimit: { requestsPerMinute: 100 } }))
})
const testCase = { id: 'case', input: 1, expected: 2 }
const tasks = ['a', 'b'].map((id) => ({ id, testCase }))
const results = await executor.executeTasks(tasks, async () => ({ actual: 2 }))
assert.deepStrictEqual([waits, ...results.map(({ result }) => result.actual)], [1, 2, 2])

const { throughput } = new Benchmark().runSync({ name: 'nothing', iterations: 10, warmupIterations: 1 }, () => 0)
assert.ok(Number.isFinite(throughput) && throughput > 0)
console.log('done')
