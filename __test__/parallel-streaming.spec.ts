import { type ExecutionTask, ParallelExecutor, PerformanceError, SourceError } from '@aah/ai-evals-performance'
import { describe, expect, test, vi } from 'vitest'
import { ByHand, settled, task, tasks, useFakeTimers } from './helpers/tasks.ts'

useFakeTimers()

/** A generator that counts what was taken from it and whether it was closed. */
class Source {
  given = 0
  closed = false
  readonly #items: unknown[]
  readonly #failure: unknown

  constructor(items: unknown[], failure?: unknown) {
    this.#items = items
    this.#failure = failure
  }

  *sync(): Generator<any> {
    try {
      for (const item of this.#items) {
        this.given++
        yield item
      }
      if (this.#failure !== undefined) throw this.#failure
    } finally {
      this.closed = true
    }
  }

  async *async(): AsyncGenerator<any> {
    yield* this.sync()
  }
}

const KINDS = ['sync', 'async'] as const

describe.each(KINDS)('a %s iterable', (kind) => {
  test('is read only as far as its tasks can start, and one ahead', async () => {
    const source = new Source(tasks(10))
    const hand = new ByHand()
    const executor = new ParallelExecutor({ concurrency: 3 })
    const run = executor.executeTasksStreaming(source[kind](), hand.execute)
    await settled()
    expect([source.given, hand.inFlight.length]).toEqual([4, 3])
    await hand.finish('1')
    expect([source.given, hand.inFlight.length]).toEqual([5, 3])
    await hand.finishAll()
    const results = await run
    expect(results.map(({ result }) => result?.actual)).toEqual(tasks(10).map(({ id }) => id))
    expect(source.closed).toBe(true)
  })

  test('is not read while a rate limit holds its tasks back', async () => {
    const source = new Source(tasks(10))
    const executor = new ParallelExecutor({ rateLimit: { requestsPerMinute: 2 } })
    const run = executor.executeTasksStreaming(source[kind](), async () => ({}))
    await vi.advanceTimersByTimeAsync(59_999)
    expect(source.given).toBe(3)
    await vi.advanceTimersByTimeAsync(1)
    expect(source.given).toBe(5)
    await vi.runAllTimersAsync()
    expect((await run).length).toBe(10)
  })

  test('is read `bufferSize` ahead, where the highest priority starts first', async () => {
    const priorities = [0, 1, 5, 3, 5, 9]
    const source = new Source(priorities.map((priority, index) => task(`${index}`, { priority })))
    const hand = new ByHand()
    const executor = new ParallelExecutor({ concurrency: 1 })
    const run = executor.executeTasksStreaming(source[kind](), hand.execute, { bufferSize: 4 })
    await settled()
    expect(source.given).toBe(5)
    await hand.finishAll()
    // The first two were taken before there was anything to compare them with.
    expect(hand.started).toEqual(['0', '1', '2', '5', '4', '3'])
    expect((await run).map((result) => result.task.id)).toEqual(['0', '1', '2', '3', '4', '5'])
  })

  test('that fails ends the run after the tasks it gave, with their results', async () => {
    const failure = Object.freeze(new Error('the file is damaged'))
    const source = new Source(tasks(5), failure)
    const hand = new ByHand()
    const executor = new ParallelExecutor({ concurrency: 2 })
    const complete = vi.fn()
    executor.on('complete', complete)
    const run = executor.executeTasksStreaming(source[kind](), hand.execute, { bufferSize: 10 })
    run.catch(() => {})
    await settled()
    expect(hand.inFlight).toEqual(['0', '1'])
    await hand.fail('1', new Error('task failed'))
    await hand.finishAll()
    const error: SourceError = await run.then(
      () => expect.fail('it resolved'),
      (error) => error,
    )
    expect(error).toBeInstanceOf(SourceError)
    expect(error).toBeInstanceOf(PerformanceError)
    expect(error.code).toBe('ERR_SOURCE')
    expect(error.cause).toBe(failure)
    expect(error.results.map(({ result, error }) => result?.actual ?? error?.message)).toEqual([
      '0',
      'task failed',
      '2',
      '3',
      '4',
    ])
    expect(complete).not.toHaveBeenCalled()
    expect((await executor.executeTasks([task('next')], async () => ({}))).length).toBe(1)
  })

  test('that gives something else than a task is closed, and nothing given before is lost', async () => {
    const source = new Source([...tasks(2), { name: 'no task' }, ...tasks(2)])
    const run = new ParallelExecutor().executeTasksStreaming(source[kind](), async () => ({ actual: 1 }))
    const error: SourceError = await run.then(
      () => expect.fail('it resolved'),
      (error) => error,
    )
    expect(error.cause).toEqual(new TypeError('Expected `tasks[2].id` to be a string, got `undefined`'))
    expect(error.results.length).toBe(2)
    expect([source.given, source.closed]).toEqual([3, true])
  })

  test('without an end is read no further than it is run', async () => {
    let given = 0
    const endless = {
      *[Symbol.iterator]() {
        for (;;) yield task(`${given++}`)
      },
    }
    const executor = new ParallelExecutor({ concurrency: 4, rateLimit: { requestsPerMinute: 1_000 } })
    const hand = new ByHand()
    executor.executeTasksStreaming(endless, hand.execute)
    await settled()
    expect(given).toBe(5)
  })
})

test('an iterable that cannot even begin is a source that fails', async () => {
  const failure = new Error('no such file')
  const given: any = {
    [Symbol.asyncIterator]() {
      throw failure
    },
  }
  const error: SourceError = await new ParallelExecutor()
    .executeTasksStreaming(given, async () => ({}))
    .then(
      () => expect.fail('it resolved'),
      (error) => error,
    )
  expect([error.code, error.cause, error.results]).toEqual(['ERR_SOURCE', failure, []])
})

test('an iterable that is slow in bursts starts its tasks as they come', async () => {
  async function* bursts(): AsyncGenerator<ExecutionTask> {
    for (const id of ['a', 'b', 'c']) {
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      yield task(id)
    }
  }
  const progress: unknown[] = []
  const executor = new ParallelExecutor()
  executor.on('progress', ({ completed, total }) => progress.push([performance.now(), completed, total]))
  const begun = performance.now()
  const run = executor.executeTasksStreaming(bursts(), async () => ({}))
  await vi.advanceTimersByTimeAsync(3_000)
  await run
  expect(progress).toEqual([1, 2, 3].map((n) => [begun + n * 1_000, n, undefined]))
})

test.each([undefined, null, 'abc', 5, {}, () => {}])('refuses %o as tasks', async (given) => {
  const run = new ParallelExecutor().executeTasksStreaming(given as any, async () => ({}))
  await expect(run).rejects.toThrow('Expected `tasks` to be an iterable or async iterable of tasks')
})

test.each([
  [{ bufferSize: 0 }, 'Expected `bufferSize` to be an integer ≥ 1, got `0`'],
  [{ batchSize: -1 }, 'Expected `batchSize` to be an integer ≥ 1, got `-1`'],
  [{ maxMemory: '1 MB' }, 'Expected `maxMemory` to be an integer ≥ 1, got `"1 MB"`'],
  [{ maxMemory: 0.5 }, 'Expected `maxMemory` to be an integer ≥ 1, got `0.5`'],
  [null, 'Expected `streamConfig` to be an object, got `null`'],
])('refuses %o as streamConfig', async (config: any, message) => {
  const source = new Source(tasks(1))
  const run = new ParallelExecutor().executeTasksStreaming(source.sync(), async () => ({}), config)
  await expect(run).rejects.toThrow(message)
  expect(source.given).toBe(0)
})
