import {
  type ExecutionResult,
  type ExecutionTask,
  ParallelExecutor,
  RunStoppedError,
  SourceError,
} from '@aah/ai-evals-performance'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { ByHand, settled, task, tasks, UNLIMITED, useFakeTimers } from './helpers/tasks.ts'

useFakeTimers()

/** Tasks that count how many were read, and whether they were closed. */
class Source {
  given = 0
  closed = 0
  readonly #count: number

  constructor(count: number) {
    this.#count = count
  }

  *sync(): Generator<ExecutionTask> {
    try {
      while (this.given < this.#count) yield task(`${this.given++}`)
    } finally {
      this.closed++
    }
  }

  async *async(): AsyncGenerator<ExecutionTask> {
    yield* this.sync()
  }
}

async function idsOf(results: AsyncIterable<ExecutionResult>): Promise<string[]> {
  const ids: string[] = []
  for await (const { task } of results) ids.push(task.id)
  return ids
}

const KINDS = ['sync', 'async'] as const

describe.each(KINDS)('run over a %s iterable', (kind) => {
  test('gives results in the order of the tasks, or as they finish', async () => {
    for (const [ordered, expected] of [
      [true, ['0', '1', '2', '3']],
      [false, ['2', '0', '3', '1']],
    ] as const) {
      const hand = new ByHand()
      const executor = new ParallelExecutor({ concurrency: 4 })
      const ids = idsOf(executor.run(new Source(4)[kind](), hand.execute, { ordered }))
      await settled()
      for (const id of ['2', '0', '3', '1']) await hand.finish(id)
      expect(await ids).toEqual(expected)
    }
  })

  test('does nothing before the first result is asked for', async () => {
    const source = new Source(5)
    const executor = new ParallelExecutor()
    const started = vi.fn()
    executor.on('start', started)
    const results = executor.run(source[kind](), async () => ({}))
    await settled()
    expect([source.given, started.mock.calls.length]).toEqual([0, 0])
    await results.return?.()
    await settled()
    expect([source.given, started.mock.calls.length]).toEqual([0, 0])
    expect(await results.next()).toEqual({ value: undefined, done: true })
  })

  test('that is left before it begins leaves those under way alone', async () => {
    const source = new Source(5)
    const hand = new ByHand()
    const executor = new ParallelExecutor({ concurrency: 1 })
    const results = executor.run(source[kind](), hand.execute)
    const first = results.next()
    await settled()
    await executor.run(source[kind](), hand.execute).return?.()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(executor.getMetrics().totalExecutionTime).toBe(1_000)
    await hand.finishAll()
    expect((await first).done).toBe(false)
    await results.return?.()
  })

  test('reads one task more than may start', async () => {
    const source = new Source(100)
    const hand = new ByHand()
    const executor = new ParallelExecutor({ concurrency: 3, rateLimit: UNLIMITED })
    const ids = idsOf(executor.run(source[kind](), hand.execute))
    await settled()
    expect([source.given, hand.inFlight.length]).toEqual([4, 3])
    await hand.finish('1')
    expect([source.given, hand.inFlight.length]).toEqual([5, 3])
    await hand.finishAll()
    expect((await ids).length).toBe(100)
  })

  test.each([true, false])('holds no more than `window` results that nobody takes (ordered: %s)', async (ordered) => {
    const source = new Source(1_000)
    const executor = new ParallelExecutor({ concurrency: 3, rateLimit: UNLIMITED })
    const results = executor.run(source[kind](), async () => ({}), { ordered, window: 20 })
    await results.next()
    for (let turn = 0; turn < 10; turn++) await settled()
    expect(source.given).toBe(21)
    await results.next()
    await settled()
    expect(source.given).toBe(22)
    await results.return?.()
    expect(source.closed).toBe(1)
  })

  test('goes on beside a task that never ends only as far as `window`, in order', async () => {
    const source = new Source(1_000)
    const executor = new ParallelExecutor({ concurrency: 2, rateLimit: UNLIMITED })
    const execute = async ({ id }: ExecutionTask) => (id === '3' ? new Promise<never>(() => {}) : {})
    const results = executor.run(source[kind](), execute, { window: 10 })
    for (const id of ['0', '1', '2']) expect((await results.next()).value?.task.id).toBe(id)
    const next = results.next()
    await settled()
    expect(source.given).toBe(13)
    await results.return?.()
    expect(await next).toEqual({ value: undefined, done: true })
  })

  test('goes on beside a task that never ends to the end of the others, out of order', async () => {
    const source = new Source(500)
    const executor = new ParallelExecutor({ concurrency: 2, rateLimit: UNLIMITED })
    const execute = async ({ id }: ExecutionTask) => (id === '3' ? new Promise<never>(() => {}) : {})
    const results = executor.run(source[kind](), execute, { window: 10, ordered: false })
    for (let count = 0; count < 499; count++) expect((await results.next()).value?.task.id).not.toBe('3')
    expect(source.given).toBe(500)
    await results.return?.()
  })

  test('that is left early gives its tasks up, aborts their signals and closes the source', async () => {
    const source = new Source(100)
    const signals: AbortSignal[] = []
    const executor = new ParallelExecutor({ concurrency: 4 })
    const complete = vi.fn()
    executor.on('complete', complete)
    const results = executor.run(source[kind](), async ({ id }, { signal }) => {
      signals.push(signal)
      return id === '0' ? {} : new Promise<never>(() => {})
    })
    for await (const { task } of results) {
      expect(task.id).toBe('0')
      break
    }
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, true, true, true, true].slice(0, signals.length))
    expect(source.closed).toBe(1)
    expect(complete).not.toHaveBeenCalled()
    expect(await results.next()).toEqual({ value: undefined, done: true })
    // Nothing holds the places any more.
    expect((await executor.executeTasks(tasks(4), async () => ({}))).length).toBe(4)
  })

  test('tells the failure of its source after the results of all tasks before', async () => {
    const failure = new Error('the file is damaged')
    const source = new Source(3)
    async function* failing(): AsyncGenerator<ExecutionTask> {
      yield* source[kind]()
      throw failure
    }
    const results = new ParallelExecutor().run(failing(), async () => ({}), { ordered: true })
    for (const id of ['0', '1', '2']) expect((await results.next()).value?.task.id).toBe(id)
    const error = await results.next().catch((error) => error)
    expect(error).toBeInstanceOf(SourceError)
    expect([error.cause, error.results]).toEqual([failure, []])
    expect(error.message).toContain('after 3')
    expect(await results.next()).toEqual({ value: undefined, done: true })
  })
})

test('several may ask for the next result at once', async () => {
  const executor = new ParallelExecutor({ concurrency: 2 })
  const results = executor.run(tasks(3), async () => ({}))
  const asked = [results.next(), results.next(), results.next(), results.next(), results.next()]
  const steps = await Promise.all(asked)
  expect(steps.map(({ value, done }) => value?.task.id ?? done)).toEqual(['0', '1', '2', true, true])
})

test('what closing the source throws is passed on to whoever left early', async () => {
  const failure = new Error('cannot close')
  function* source() {
    try {
      for (;;) yield task('x')
    } finally {
      // biome-ignore lint/correctness/noUnsafeFinally: this is what is tested
      throw failure
    }
  }
  const results = new ParallelExecutor().run(source(), async () => ({}))
  await results.next()
  await expect(results.return?.()).rejects.toBe(failure)
})

test('a listener that leaves the run in the middle of it ends it', async () => {
  for (const event of ['start', 'taskStart', 'taskComplete', 'progress', 'throttle']) {
    const executor = new ParallelExecutor({ concurrency: 2, rateLimit: { requestsPerMinute: 2 } })
    const execute = vi.fn(async () => ({}))
    const results = executor.run(tasks(5), execute)
    executor.once(event, () => results.return?.())
    const ids = await idsOf(results)
    expect(ids.length).toBeLessThanOrEqual(1)
    expect(vi.getTimerCount()).toBe(0)
    await settled()
    expect(execute.mock.calls.length).toBeLessThanOrEqual(2)
  }
})

test('a run of no tasks ends at once', async () => {
  expect(await idsOf(new ParallelExecutor().run([], async () => ({})))).toEqual([])
})

test('progress is told at most ten times a second, and at last of everything', async () => {
  const executor = new ParallelExecutor({ concurrency: 1, rateLimit: UNLIMITED })
  const told: [at: number, done: number][] = []
  const begun = performance.now()
  executor.on('progress', ({ done }) => told.push([performance.now() - begun, done]))
  const run = executor.executeTasks(tasks(10), async () => {
    await new Promise((resolve) => setTimeout(resolve, 30))
    return {}
  })
  await vi.advanceTimersByTimeAsync(300)
  await run
  expect(told).toEqual([
    [30, 1],
    [130, 4],
    [230, 7],
    [300, 10],
  ])
})

test('a change is told of although nothing follows it', async () => {
  const executor = new ParallelExecutor({ concurrency: 2 })
  const told: number[] = []
  executor.on('progress', ({ done }) => told.push(done))
  const hand = new ByHand()
  const run = executor.executeTasks(tasks(3), hand.execute)
  await hand.finish('0')
  await hand.finish('1')
  expect(told).toEqual([1])
  await vi.advanceTimersByTimeAsync(100)
  expect(told).toEqual([1, 2])
  await hand.finish('2')
  await run
  expect(told).toEqual([1, 2, 3])
})

describe('every task ends exactly once', () => {
  const latency = fc.integer({ min: 0, max: 5_000 })
  const failure = fc.constantFrom('none', 'none', 'none', 'refused', 'busy', 'busy twice')
  const costs = fc.array(fc.record({ latency, failure }), { maxLength: 80 })
  const settings = fc.record({
    concurrency: fc.integer({ min: 1, max: 10 }),
    window: fc.integer({ min: 1, max: 20 }),
    requestsPerMinute: fc.integer({ min: 5, max: 200 }),
    ordered: fc.boolean(),
    isAsync: fc.boolean(),
    bufferSize: fc.integer({ min: 1, max: 5 }),
    keys: fc.integer({ min: 0, max: 3 }),
  })
  type Cost = { latency: number; failure: string }

  function runnerOf(given: Cost[]) {
    const attempts = new Map<string, number>()
    let inFlight = 0
    const seen = { most: 0 }
    const execute = async ({ id }: ExecutionTask) => {
      const { latency, failure } = given[Number(id)] as Cost
      const attempt = (attempts.get(id) ?? 0) + 1
      attempts.set(id, attempt)
      seen.most = Math.max(seen.most, ++inFlight)
      await new Promise((resolve) => setTimeout(resolve, latency))
      inFlight--
      if (failure === 'refused') throw Object.assign(new Error('refused'), { status: 400 })
      const busy = failure === 'busy' ? 1 : failure === 'busy twice' ? 2 : 0
      if (attempt <= busy) throw Object.assign(new Error('busy'), { status: 503 })
      return { actual: id }
    }
    return { execute, seen, attempts }
  }

  test('whatever tasks take and however they fail', async () => {
    const property = async (given: Cost[], { concurrency, requestsPerMinute, isAsync, keys, ...options }: any) => {
      const key = keys === 0 ? undefined : ({ id }: ExecutionTask) => `${Number(id) % keys}`
      const rateLimit = { requestsPerMinute }
      const executor = new ParallelExecutor({ concurrency, rateLimit, retry: { baseDelay: 100 }, key })
      const { execute, seen, attempts } = runnerOf(given)
      const source = new Source(given.length)
      const results: ExecutionResult[] = []
      const run = (async () => {
        const given = isAsync ? source.async() : source.sync()
        for await (const result of executor.run(given, execute, options)) results.push(result)
      })()
      await vi.runAllTimersAsync()
      await run
      const ids = results.map(({ task }) => Number(task.id))
      if (!options.ordered) ids.sort((one, other) => one - other)
      expect(ids).toEqual(given.map((_, index) => index))
      for (const { task, result, error } of results) {
        const { failure } = given[Number(task.id)] as Cost
        expect([result?.actual, error?.message]).toEqual(
          failure === 'refused' ? [undefined, 'refused'] : [task.id, undefined],
        )
        expect(attempts.get(task.id)).toBe(failure === 'busy' ? 2 : failure === 'busy twice' ? 3 : 1)
      }
      expect(seen.most).toBeLessThanOrEqual(concurrency)
      expect([vi.getTimerCount(), source.closed]).toEqual([0, 1])
    }
    await fc.assert(fc.asyncProperty(costs, settings, property), { numRuns: 100 })
  }, 120_000)

  test('also where the run is aborted: as a result that was taken, or in the error, or not at all', async () => {
    const property = async (given: Cost[], { concurrency, ordered, window }: any, abortAt: number) => {
      const executor = new ParallelExecutor({ concurrency, rateLimit: UNLIMITED, retry: { baseDelay: 100 } })
      const controller = new AbortController()
      const { execute } = runnerOf(given)
      setTimeout(() => controller.abort(), abortAt)
      const taken: string[] = []
      let error: RunStoppedError | undefined
      const run = (async () => {
        const options = { ordered, window, signal: controller.signal }
        for await (const { task } of executor.run(new Source(given.length).sync(), execute, options))
          taken.push(task.id)
      })().catch((failure) => {
        error = failure
      })
      await vi.runAllTimersAsync()
      await run
      const all = [...taken, ...(error?.results ?? []).map(({ task }) => task.id)]
      expect(new Set(all).size).toBe(all.length)
      if (error === undefined) expect(all.length).toBe(given.length)
      else expect(error).toBeInstanceOf(RunStoppedError)
      expect(vi.getTimerCount()).toBe(0)
      // Every place is free again.
      const hand = new ByHand()
      const next = executor.executeTasks(tasks(concurrency + 1), hand.execute)
      expect(hand.inFlight.length).toBe(concurrency)
      await hand.finishAll()
      await next
    }
    await fc.assert(fc.asyncProperty(costs, settings, fc.integer({ min: 0, max: 20_000 }), property), { numRuns: 100 })
  }, 120_000)
})

test('after `return()` there is nothing more: neither results that had come, nor a failure', async () => {
  const executor = new ParallelExecutor({ rateLimit: UNLIMITED })
  function* source() {
    yield* tasks(3)
    throw new Error('no more')
  }
  const results = executor.run(source(), async () => ({}))
  expect((await results.next()).value?.task.id).toBe('0')
  await settled()
  await results.return?.()
  expect(await results.next()).toEqual({ value: undefined, done: true })
})
