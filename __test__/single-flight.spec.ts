// getOrSet among caches that share a store, in one thread, in worker threads and in other processes: one call for all.

import { execFile } from 'node:child_process'
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { EmbeddingCache, LRUCache, ResponseCache, Store } from '@aah/ai-evals-performance'
import { describe, expect, test, vi } from 'vitest'
import { deferred } from './helpers/deferred.ts'
import { temporaryFolder } from './helpers/folders.ts'

const config = { model: 'gpt-4' }

/** Two caches that know of each other by their store only, as two threads would. */
function two(store: Store): [ResponseCache, ResponseCache] {
  return [new ResponseCache({ store }), new ResponseCache({ store })]
}

/** A function that waits for `answer`, and a promise of its call. */
function fetching<T>(answer: Promise<T>) {
  const called = deferred<AbortSignal>()
  const fn = vi.fn((signal: AbortSignal) => {
    called.resolve(signal)
    return answer
  })
  return { fn, called: called.promise }
}

describe('two caches of one store', () => {
  test('share one call and its answer', async () => {
    await using store = Store.open(temporaryFolder())
    const [first, second] = two(store)
    const answer = deferred<object>()
    const { fn, called } = fetching(answer.promise)
    const asked = [first.getOrSet('a', config, fn, { cost: 2 })]
    await called
    const other = vi.fn()
    asked.push(second.getOrSet('a', config, other), second.getOrSet('a', config, other))
    answer.resolve({ text: 'yes', at: new Date(7), usage: { total_tokens: 5 } })
    for (const given of await Promise.all(asked)) {
      expect(given).toEqual({ text: 'yes', at: new Date(7), usage: { total_tokens: 5 } })
    }
    expect(other).not.toHaveBeenCalled()
    expect(second.getStats()).toMatchObject({ misses: 2, savings: { coalesced: 2, tokens: 10, cost: 4 } })
    expect(first.getStats().savings).toMatchObject({ coalesced: 0, tokens: 0 })
  })

  test('share a failure, of which each thread has a copy', async () => {
    await using store = Store.open(temporaryFolder())
    const [first, second] = two(store)
    const answer = deferred<never>()
    const { fn, called } = fetching(answer.promise)
    const mine = first.getOrSet('a', config, fn)
    await called
    const other = vi.fn()
    const theirs = second.getOrSet('a', config, other)
    // The lease of another request is asked for behind that one, so that once it is there that one waits.
    await second.getOrSet('b', config, async () => 1)
    const failure = Object.assign(new RangeError('too many'), { status: 429, response: { retry: () => {} } })
    answer.reject(failure)
    await expect(mine).rejects.toBe(failure)
    const seen = await theirs.catch((error) => error)
    expect(seen).not.toBe(failure)
    expect(seen).toBeInstanceOf(Error)
    expect(seen).toMatchObject({ name: 'RangeError', message: 'too many', status: 429 })
    expect(other).not.toHaveBeenCalled()
    expect(await second.getOrSet('a', config, async () => 2)).toBe(2)
  })

  test.each([
    ['clear()', (cache: ResponseCache) => cache.clear()],
    ['delete()', (cache: ResponseCache) => cache.delete('a', config)],
  ])('do not wait for an answer that %s made stale', async (_name, remove) => {
    await using store = Store.open(temporaryFolder())
    const [first, second] = two(store)
    const answer = deferred<string>()
    const { fn, called } = fetching(answer.promise)
    const stale = first.getOrSet('a', config, fn)
    await called
    remove(first)
    expect(await second.getOrSet('a', config, async () => 'fresh')).toBe('fresh')
    answer.resolve('stale')
    expect(await stale).toBe('stale')
    expect(new ResponseCache({ store }).get('a', config)).toBe('fresh')
  })

  test('do not wait for a call that was given up', async () => {
    await using store = Store.open(temporaryFolder())
    const [first, second] = two(store)
    const { fn, called } = fetching(new Promise<string>(() => {}))
    const controller = new AbortController()
    const given = first.getOrSet('a', config, fn, { signal: controller.signal })
    const signal = await called
    const waiting = second.getOrSet('a', config, async () => 'own')
    controller.abort('enough')
    await expect(given).rejects.toBe('enough')
    expect(signal.aborted).toBe(true)
    expect(await waiting).toBe('own')
  })

  test('wait no longer than they are told', async () => {
    await using store = Store.open(temporaryFolder())
    const [first, second] = two(store)
    const answer = deferred<string>()
    const { fn, called } = fetching(answer.promise)
    const slow = first.getOrSet('a', config, fn)
    await called
    expect(await second.getOrSet('a', config, async () => 'own', { maxWait: 1 })).toBe('own')
    answer.resolve('slow')
    expect(await slow).toBe('slow')
  })

  test('an abort while waiting for the other calls nothing', async () => {
    await using store = Store.open(temporaryFolder())
    const [first, second] = two(store)
    const answer = deferred<string>()
    const { fn, called } = fetching(answer.promise)
    const asked = first.getOrSet('a', config, fn)
    await called
    const other = vi.fn()
    const controller = new AbortController()
    const waiting = second.getOrSet('a', config, other, { signal: controller.signal })
    controller.abort('enough')
    await expect(waiting).rejects.toBe('enough')
    answer.resolve('yes')
    await asked
    expect(other).not.toHaveBeenCalled()
    expect(second.get('a', config)).toBe('yes')
  })

  test('an answer that is not stored leaves the others to ask by themselves', async () => {
    await using store = Store.open(temporaryFolder())
    const [first, second] = two(store)
    const answer = deferred<object>()
    const { fn, called } = fetching(answer.promise)
    const cut = first.getOrSet('a', config, fn)
    await called
    const waiting = second.getOrSet('a', config, async () => 'whole')
    answer.resolve({ finishReason: 'length' })
    expect(await cut).toEqual({ finishReason: 'length' })
    expect(await waiting).toBe('whole')
  })

  test('closing one ends its leases, not its calls', async () => {
    const folder = temporaryFolder()
    const [first, second] = [new LRUCache({ store: folder }), new LRUCache({ store: folder })]
    const answer = deferred<string>()
    const { fn, called } = fetching(answer.promise)
    const mine = first.getOrSet('a', fn)
    await called
    await first.close()
    expect(await second.getOrSet('a', async () => 'own')).toBe('own')
    answer.resolve('late')
    expect(await mine).toBe('late')
    await second.close()
  })

  test('share what many texts need, whoever asks for which', async () => {
    await using store = Store.open(temporaryFolder())
    const [first, second] = [new EmbeddingCache({ store }), new EmbeddingCache({ store })]
    const answers = deferred<number[][]>()
    const called = deferred<void>()
    const one = first.getOrSetMany(['a', 'b'], () => {
      called.resolve()
      return answers.promise
    })
    await called.promise
    const fn = vi.fn(async (texts: string[]) => texts.map((text) => [text.length]))
    const two = second.getOrSetMany(['b', 'ccc', 'a'], fn)
    answers.resolve([
      [10, 0.5],
      [20, 0.5],
    ])
    expect(await one).toEqual([
      [10, 0.5],
      [20, 0.5],
    ])
    expect(await two).toEqual([[20, 0.5], [3], [10, 0.5]])
    expect(fn.mock.calls.map(([texts]) => texts)).toEqual([['ccc']])
    expect(second.getStats()).toMatchObject({ misses: 3, savings: { coalesced: 2 } })
  })

  test('of many texts ask for those themselves that the other did not get', async () => {
    await using store = Store.open(temporaryFolder())
    const [first, second] = [new EmbeddingCache({ store }), new EmbeddingCache({ store })]
    const { fn, called } = fetching(new Promise<number[]>(() => {}))
    const controller = new AbortController()
    const given = first.getOrSet('a', fn, { signal: controller.signal })
    await called
    const asked: string[][] = []
    const own = second.getOrSetMany(['a', 'b'], async (texts) => {
      asked.push(texts)
      // Not before the others are fetched is anybody waited for.
      controller.abort('enough')
      return texts.map(() => [1])
    })
    await expect(given).rejects.toBe('enough')
    expect(await own).toEqual([[1], [1]])
    expect(asked).toEqual([['b'], ['a']])
  })

  test.each([[['a', 'b']], [['b', 'a']]])(
    'fetch what falls to them of %j before they wait for another, who may wait for that',
    async (texts) => {
      await using store = Store.open(temporaryFolder())
      const [first, second] = [new EmbeddingCache({ store }), new EmbeddingCache({ store })]
      const [mine, others] = texts as [string, string]
      const answers = { [mine]: deferred<number[]>(), [others]: deferred<number[]>() }
      const held = texts.map(async (text) => {
        const { fn, called } = fetching(answers[text]!.promise)
        const asked = first.getOrSet(text, fn, { shouldStore: () => false })
        await called
        return { asked }
      })
      const [one, two] = await Promise.all(held)
      const called = deferred<string[]>()
      const asked = second.getOrSetMany(texts, async (missing) => {
        called.resolve(missing)
        return missing.map((text) => [text.charCodeAt(0)])
      })
      // Answered behind that one, which waits for both by now.
      await second.getOrSet('c', async () => [1])
      answers[mine]!.resolve([1])
      expect(await called.promise).toEqual([mine])
      answers[others]!.resolve([2])
      expect(await asked).toEqual(texts.map((text) => [text.charCodeAt(0)]))
      expect(await Promise.all([one!.asked, two!.asked])).toEqual([[1], [2]])
    },
  )
})

test('worker threads share one call', async () => {
  const folder = temporaryFolder()
  const source = `
    const { parentPort, workerData } = require('node:worker_threads')
    const { ResponseCache } = require('@aah/ai-evals-performance')
    const cache = new ResponseCache({ store: workerData.folder })
    let calls = 0
    const asked = Array.from({ length: 20 }, (_, number) =>
      cache.getOrSet('question ' + number, workerData.config, async () => {
        calls++
        return { number, by: workerData.name }
      }),
    )
    Promise.all(asked).then(async (answers) => {
      parentPort.postMessage({ calls, answers })
      await cache.close()
    })
  `
  const workers = ['a', 'b', 'c'].map(
    (name) => new Worker(source, { eval: true, workerData: { folder, config, name } }),
  )
  const ended = workers.map((worker) => new Promise((done) => worker.once('exit', done)))
  const outcomes = await Promise.all(
    workers.map(
      (worker) =>
        new Promise<{ calls: number; answers: unknown[] }>((done, failed) =>
          worker.once('message', done).once('error', failed),
        ),
    ),
  )
  expect(outcomes.reduce((sum, { calls }) => sum + calls, 0)).toBe(20)
  for (const { answers } of outcomes) expect(answers).toEqual(outcomes[0]?.answers)
  await Promise.all(ended)
})

test('processes share one call', async () => {
  const folder = temporaryFolder()
  const log = join(folder, 'calls.txt')
  appendFileSync(log, '')
  const program = `
    const { appendFileSync } = require('node:fs')
    const { ResponseCache } = require('@aah/ai-evals-performance')
    const cache = new ResponseCache({ store: ${JSON.stringify(folder)} })
    const asked = Array.from({ length: 20 }, (_, number) =>
      cache.getOrSet('question ' + number, { model: 'm' }, async () => {
        appendFileSync(${JSON.stringify(log)}, number + '\\n')
        return { number, by: process.pid }
      }),
    )
    Promise.all(asked).then(async (answers) => {
      await cache.close()
      console.log(JSON.stringify(answers))
    })
  `
  const run = () => promisify(execFile)(process.execPath, ['-e', program], { cwd: join(__dirname, '..') })
  const outputs = await Promise.all([run(), run(), run()])
  expect(
    readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .map(Number)
      .sort((a, b) => a - b),
  ).toEqual(Array.from({ length: 20 }, (_, number) => number))
  for (const { stdout } of outputs) expect(stdout).toBe(outputs[0]?.stdout)
})
