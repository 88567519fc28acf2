// What a whole program sees that has used everything once: silence, an end, and nothing left behind.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const PROGRAM = `
  const before = residue()
  const api = require('@aah/ai-evals-performance')
  const { cacheManager, performanceMonitor } = api

  function residue() {
    const listeners = process.eventNames().map((name) => [String(name), process.listenerCount(name)])
    return JSON.stringify([process.getActiveResourcesInfo(), listeners, Object.keys(globalThis)])
  }

  async function useEverything() {
    cacheManager.startCleanup(1_000)
    cacheManager.responseCache.set('input', { model: 'm' }, 'output')
    cacheManager.embeddingCache.batchSet(new Map([['text', [1, 2]]]))
    cacheManager.queryCache.set('query', { id: 1 }, [])
    const lru = new api.LRUCache({ maxSize: 1 })
    const invalidator = new api.CacheInvalidator()
    invalidator.register('lru', lru)
    invalidator.scheduleCleanup(1_000)

    performanceMonitor.start('never ended')
    await performanceMonitor.measure('measured', async () => 1)
    performanceMonitor.setBaseline('before')
    performanceMonitor.generateReport('before')

    await new api.Benchmark().run({ name: 'in turn', iterations: 5 }, async () => 1)
    await new api.Benchmark().run({ name: 'overlapping', iterations: 5, parallel: true }, async () => 1)
    await new api.BenchmarkSuite().add({ name: 'one', iterations: 5 }, async () => 1).run()
    await api.benchmarkCache(lru, 100)

    const testCase = (id) => ({ id: String(id), input: 'x', expected: id })
    const processor = new api.BatchProcessor({ bufferSize: 2 })
    for (let id = 0; id < 100; id++) processor.addTestCase(testCase(id))
    const results = await processor.processAll(async (batch) => batch.map(({ expected }) => ({ actual: expected })))
    if (results[99].actual !== 99) throw new Error('not what was put in')
    processor.addTestCase(testCase(0))
    await processor.processAll(async () => { throw new Error('fails') }).catch(() => {})
    const stream = new api.DatasetStream()
    stream.push(1)
    stream.pause()
    stream.process(async (batch) => batch)
    const writer = new api.ResultWriter({ bufferSize: 2 })
    await writer.writeMany(Array.from({ length: 250 }, (_, id) => id), async () => {})
    await writer.flush(async () => {})

    const tasks = Array.from({ length: 8 }, (_, id) => ({ id: String(id), testCase: testCase(id) }))
    const executor = new api.ParallelExecutor({ concurrency: 2, rateLimit: { requestsPerMinute: 4 } })
    // A run that has to wait for its limit, which is then lifted.
    executor.on('throttle', () => setImmediate(() => executor.updateConfig({ rateLimit: { requestsPerMinute: 100 } })))
    await executor.executeTasks(tasks, async () => ({ actual: 1 }))
    await executor.executeTasks(tasks, async () => { throw new Error('fails') })
    async function* source() { yield tasks[0]; throw new Error('ends early') }
    await executor.executeTasksStreaming(source(), async () => ({})).catch(() => {})
    await new api.ScoringWorkerPool(1).execute(async () => 1)
    await api.scoreAll('levenshtein', Array.from({ length: 5_000 }, (_, index) => ['answer', 'answer ' + index]))
    await api.scoreAll('exact', [['a', 'a']], { signal: AbortSignal.abort() }).catch(() => {})
  }

  // What the last step left for the event loop to do is done one turn later.
  useEverything().then(() => setImmediate(() => {
    const after = residue()
    if (after !== before) console.log(before, after)
  }))
`

test('a program that used everything once ends by itself, printed nothing and left nothing open', () => {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['-e', PROGRAM], {
    cwd: join(__dirname, '..'),
    encoding: 'utf8',
    timeout: 60_000,
  })
  expect({ status, signal, stdout, stderr }).toEqual({ status: 0, signal: null, stdout: '', stderr: '' })
}, 90_000)
