import assert from 'node:assert'
import { createRequire } from 'node:module'
import { Benchmark, cacheManager, DatasetStream, ParallelExecutor, PerformanceError } from '@aah/ai-evals/performance'
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

const executor = new ParallelExecutor({ concurrency: 2 })
const testCase = { id: 'case', input: 1, expected: 2 }
const [result] = await executor.executeTasks([{ id: 'task', testCase }], async () => ({ actual: 2 }))
assert.strictEqual(result.result.actual, 2)

const { throughput } = new Benchmark().runSync({ name: 'nothing', iterations: 10, warmupIterations: 1 }, () => 0)
assert.ok(Number.isFinite(throughput) && throughput > 0)
console.log('done')
