const assert = require('node:assert')
const { Worker } = require('node:worker_threads')
const { cacheManager, LRUCache, performanceMonitor } = require('@aah/ai-evals/performance')

// A worker thread loads the addon a second time, and has singletons of its own.
if (process.argv.includes('--worker')) {
  cacheManager.embeddingCache.set('text', [1, 2, 3])
  performanceMonitor.measureSync('worker', () => 1)
} else {
  const cache = new LRUCache({ maxSize: 2 })
  for (const key of ['a', 'b', 'c']) cache.set(key, { key })
  assert.deepStrictEqual(cache.keys(), ['b', 'c'])
  assert.strictEqual(require('@aah/ai-evals-performance').cacheManager, cacheManager)

  // Neither keeps the process alive.
  cacheManager.startCleanup(1_000)
  performanceMonitor.start('never ended')

  const workers = [1, 2].map(() => new Worker(__filename, { argv: ['--worker'] }))
  Promise.all(workers.map((worker) => new Promise((end, fail) => worker.on('exit', end).on('error', fail)))).then(
    (codes) => {
      assert.deepStrictEqual(codes, [0, 0])
      assert.strictEqual(cacheManager.embeddingCache.has('text'), false)
      console.log('done')
    },
  )
}
