// Caches as a process sees them: worker threads, memory, and exit.

import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import { cacheManager, EmbeddingCache, LRUCache, ResponseCache } from '@aah/ai-evals-performance'
import { expect, test } from 'vitest'

const packageFolder = fileURLToPath(new URL('..', import.meta.url))
const MiB = 1024 * 1024

function collect(): void {
  globalThis.gc?.()
}

/** Code that is compiled in the background keeps the objects it mentions until it is done, whoever else holds them. */
setFlagsFromString('--no-concurrent-recompilation')

/**
 * Which of the values are left after two collections: the first may only finish a marking that began while they were
 * held, the second starts anew. Each runs in a task of its own, where no stack mentions a value, after another that ends
 * the turn of the event loop for which a WeakRef keeps what it is of.
 */
async function whichAreLeft(references: WeakRef<object>[]): Promise<boolean[]> {
  for (let collection = 0; collection < 2; collection++) {
    await new Promise((resolve) => setTimeout(resolve))
    await globalThis.gc?.({ type: 'major', execution: 'async' })
  }
  return references.map((reference) => reference.deref() !== undefined)
}

test('each thread has caches of its own, and a worker that ends takes nothing along', async () => {
  cacheManager.embeddingCache.set('main', [1])
  const code = `
    const { parentPort, workerData } = require('node:worker_threads')
    const { cacheManager, LRUCache } = require(workerData.packageFolder)
    const { embeddingCache } = cacheManager
    const seen = embeddingCache.has('main')
    for (let index = 0; index < 5000; index++) embeddingCache.set('text ' + index, [index])
    parentPort.postMessage({ seen, ...embeddingCache.getStats() })
  `
  const workers = [0, 1].map(() => new Worker(code, { eval: true, workerData: { packageFolder } }))
  const ended = workers.map((worker) => once(worker, 'exit'))
  for (const [message] of await Promise.all(workers.map((worker) => once(worker, 'message')))) {
    expect(message).toMatchObject({ seen: false, entries: 1_000, evictions: 4_000 })
  }
  expect((await Promise.all(ended)).map(([code]) => code)).toEqual([0, 0])
  expect(cacheManager.embeddingCache.get('main')).toEqual([1])
  expect(cacheManager.embeddingCache.getStats().entries).toBe(1)
  cacheManager.clearAll()
})

test('a process that has used and swept caches ends by itself', () => {
  const code = `
    const { cacheManager, CacheInvalidator } = require(${JSON.stringify(packageFolder)})
    cacheManager.startCleanup(10_000)
    new CacheInvalidator().scheduleCleanup()
    cacheManager.queryCache.set('q', {}, 1)
  `
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', code], { timeout: 60_000, encoding: 'utf8' })
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' })
})

test('the tests of memory can collect garbage', () => {
  expect(globalThis.gc).toBeTypeOf('function')
})

test('nothing keeps a value that was evicted, removed, replaced or cleared', async () => {
  const cache = new LRUCache<object>({ maxSize: 2 })
  const references: WeakRef<object>[] = []
  const store = (key: string) => {
    const value = { payload: new Array(1_000).fill(key) }
    references.push(new WeakRef(value))
    cache.set(key, value)
  }
  store('evicted')
  store('removed')
  store('replaced')
  cache.delete('removed')
  store('replaced')
  store('kept')
  expect(await whichAreLeft(references)).toEqual([false, false, false, true, true])
  cache.clear()
  expect(await whichAreLeft(references)).not.toContain(true)
})

test('nothing keeps a cache that nobody holds', async () => {
  const references = Array.from({ length: 20 }, () => new WeakRef(new ResponseCache()))
  expect(await whichAreLeft(references)).not.toContain(true)
})

test('a million sets on a cache of 100 entries leave the memory where it was', { timeout: 120_000 }, () => {
  const cache = new ResponseCache({ maxSize: 100 })
  const fill = (round: number) => {
    for (let index = 0; index < 50_000; index++) {
      cache.set(`input ${round} ${index}`, { model: `model ${index % 1_000}` }, { text: `answer ${index}` })
    }
  }
  fill(0)
  collect()
  const before = process.memoryUsage()
  for (let round = 1; round <= 20; round++) fill(round)
  collect()
  const after = process.memoryUsage()
  expect(after.heapUsed - before.heapUsed).toBeLessThan(3 * MiB)
  // What the engine reserves for young objects, up to 100 MiB from Node.js 24 on, is its own affair. Its compilers take
  // and return tens of MiB outside the heap: a hundred bytes lost by each set would still be more.
  const outside = ({ rss, heapTotal }: NodeJS.MemoryUsage) => rss - heapTotal
  expect(outside(after) - outside(before)).toBeLessThan(95 * MiB)
})

test('a batch far larger than the cache leaves nothing behind', { timeout: 120_000 }, () => {
  const cache = new EmbeddingCache({ maxSize: 10 })
  const batch = (round: number) =>
    cache.batchSet(new Map(Array.from({ length: 20_000 }, (_, index) => [`text ${round} ${index}`, [index]])))
  batch(0)
  collect()
  const before = process.memoryUsage().heapUsed
  for (let round = 1; round <= 5; round++) batch(round)
  collect()
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(2 * MiB)
  expect(cache.getStats().entries).toBe(10)
})
