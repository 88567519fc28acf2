import { getEventListeners } from 'node:events'
import {
  type ExecutionTask,
  ParallelExecutor,
  PerformanceError,
  RateLimiter,
  RunStoppedError,
} from '@aah/ai-evals-performance'
import { describe, expect, test, vi } from 'vitest'
import { ByHand, settled, task, tasks, UNLIMITED, useFakeTimers } from './helpers/tasks.ts'

useFakeTimers()

async function failureOf(promise: Promise<unknown>): Promise<RunStoppedError> {
  const error = await promise.then(
    () => expect.fail('it resolved'),
    (error) => error,
  )
  expect(error).toBeInstanceOf(RunStoppedError)
  expect(error).toBeInstanceOf(PerformanceError)
  return error
}

function expectNothingLeft(signal: AbortSignal): void {
  expect(getEventListeners(signal, 'abort')).toEqual([])
  expect(vi.getTimerCount()).toBe(0)
}

const METHODS = ['executeTasks', 'executeTasksStreaming'] as const

describe.each(METHODS)('%s with the signal of its executor', (method) => {
  test('does nothing where that has aborted before', async () => {
    const reason = new Error('enough')
    const executor = new ParallelExecutor({ signal: AbortSignal.abort(reason) })
    const execute = vi.fn(async () => ({}))
    const started = vi.fn()
    executor.on('start', started)
    const error = await failureOf(executor[method](tasks(3), execute))
    expect(error).toMatchObject({ name: 'AbortError', code: 'ERR_ABORTED', cause: reason, results: [] })
    expect([execute.mock.calls, started.mock.calls]).toEqual([[], []])
  })

  test('gives up what is in flight, and hands over what ended', async () => {
    const controller = new AbortController()
    const executor = new ParallelExecutor({ concurrency: 3, signal: controller.signal })
    const ended = vi.fn()
    for (const event of ['complete', 'taskError']) executor.on(event, ended)
    const hand = new ByHand()
    const signals: AbortSignal[] = []
    const run = executor[method](tasks(9), (task, context) => {
      signals.push(context.signal)
      return hand.execute(task)
    })
    run.catch(() => {})
    await settled()
    await hand.finish('1')
    const reason = new Error('enough')
    controller.abort(reason)
    const error = await failureOf(run)
    expect(error.cause).toBe(reason)
    expect(error.results.map(({ task }) => task.id)).toEqual(['1'])
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false, true, true])
    expect(signals[0]?.reason).toBe(reason)
    expect(ended).not.toHaveBeenCalled()
    expectNothingLeft(controller.signal)
    // Late answers change nothing.
    await hand.finish('0')
    await hand.fail('2', new Error('late'))
    expect(hand.started).toEqual(['0', '1', '2', '3'])
  })
})

describe('an abort', () => {
  test('ends a wait for a rate limit', async () => {
    const controller = new AbortController()
    const executor = new ParallelExecutor({ rateLimit: { requestsPerMinute: 2 }, signal: controller.signal })
    const run = executor.executeTasks(tasks(5), async () => ({}))
    await settled()
    expect(vi.getTimerCount()).toBe(1)
    controller.abort()
    expect((await failureOf(run)).results.length).toBe(2)
    expectNothingLeft(controller.signal)
  })

  test('ends a wait for another attempt', async () => {
    const controller = new AbortController()
    const executor = new ParallelExecutor({ retry: true, signal: controller.signal })
    const run = executor.executeTasks(tasks(5), () => Promise.reject(Object.assign(new Error(), { status: 500 })))
    await settled()
    expect(vi.getTimerCount()).toBe(5)
    controller.abort()
    expect((await failureOf(run)).results).toEqual([])
    expectNothingLeft(controller.signal)
  })

  test('ends an attempt that has a timeout', async () => {
    const controller = new AbortController()
    const executor = new ParallelExecutor({ timeout: 1_000, signal: controller.signal })
    const run = executor.executeTasks(tasks(5), () => new Promise(() => {}))
    controller.abort()
    await failureOf(run)
    expectNothingLeft(controller.signal)
  })

  test('does not wait for a source that never answers', async () => {
    const controller = new AbortController()
    const closed = vi.fn()
    async function* source() {
      try {
        yield task('0')
        await new Promise(() => {})
      } finally {
        closed()
      }
    }
    const executor = new ParallelExecutor()
    const results = executor.run(source(), async () => ({}), { signal: controller.signal })
    expect((await results.next()).value?.task.id).toBe('0')
    const next = results.next()
    await settled()
    controller.abort()
    expect((await failureOf(next)).results).toEqual([])
    expect(await results.next()).toEqual({ value: undefined, done: true })
    expectNothingLeft(controller.signal)
  })

  test('closes a source, also where the source itself aborts', async () => {
    for (const kind of ['sync', 'async']) {
      const controller = new AbortController()
      const closed = vi.fn()
      function* source() {
        try {
          yield task('0')
          controller.abort()
          yield task('1')
        } finally {
          closed()
        }
      }
      async function* slow() {
        yield* source()
      }
      const execute = vi.fn(() => new Promise<never>(() => {}))
      const executor = new ParallelExecutor({ signal: controller.signal })
      await failureOf(executor.executeTasksStreaming(kind === 'sync' ? source() : slow(), execute))
      await settled()
      expect(closed).toHaveBeenCalledOnce()
      expect(execute.mock.calls.length).toBeLessThanOrEqual(1)
    }
  })

  test('in the middle of a task, or of what it is told, gives that task up too', async () => {
    for (const moment of ['task', 'taskStart', 'taskComplete']) {
      const controller = new AbortController()
      const executor = new ParallelExecutor({ concurrency: 2, signal: controller.signal })
      executor.on(moment, () => controller.abort())
      const execute = vi.fn(async () => {
        if (moment === 'task') controller.abort()
        return {}
      })
      const error = await failureOf(executor.executeTasks(tasks(5), execute))
      expect(error.results.length).toBe(moment === 'taskComplete' ? 1 : 0)
      expect(execute.mock.calls.length).toBe({ task: 1, taskStart: 0, taskComplete: 2 }[moment])
      expectNothingLeft(controller.signal)
    }
  })

  test('of one run leaves the others their places', async () => {
    const limiter = new RateLimiter({ requestsPerMinute: 100, concurrency: 3 })
    const executor = new ParallelExecutor({ concurrency: 3, limiter })
    const controller = new AbortController()
    const hand = new ByHand()
    const aborted = executor.run(
      tasks(9).map(({ id }) => task(`a${id}`)),
      hand.execute,
      { signal: controller.signal },
    )
    const next = aborted.next()
    next.catch(() => {})
    const other = executor.executeTasks(
      tasks(3).map(({ id }) => task(`b${id}`)),
      hand.execute,
    )
    await settled()
    expect(hand.started).toEqual(['a0', 'a1', 'a2'])
    controller.abort()
    await failureOf(next)
    expect(hand.started.slice(3)).toEqual(['b0', 'b1', 'b2'])
    for (const id of ['b0', 'b1', 'b2']) await hand.finish(id)
    expect((await other).length).toBe(3)
    expect(limiter.getState()).toMatchObject({ inFlight: 0, waiting: 0 })
  })

  test('is heard by either signal', async () => {
    for (const which of ['own', 'of the run']) {
      const [own, ofRun] = [new AbortController(), new AbortController()]
      const executor = new ParallelExecutor({ signal: own.signal })
      const next = executor.run(tasks(2), () => new Promise(() => {}), { signal: ofRun.signal }).next()
      const controller = which === 'own' ? own : ofRun
      controller.abort()
      await failureOf(next)
      expectNothingLeft(own.signal)
      expectNothingLeft(ofRun.signal)
    }
  })

  test('hands over what ended and was not taken, in order', async () => {
    const controller = new AbortController()
    const executor = new ParallelExecutor({ concurrency: 4, rateLimit: UNLIMITED })
    const hand = new ByHand()
    const results = executor.run(tasks(9), hand.execute, { signal: controller.signal })
    const first = results.next()
    await settled()
    await hand.finish('0')
    expect((await first).value?.task.id).toBe('0')
    await hand.finish('3')
    await hand.finish('2')
    controller.abort()
    expect((await failureOf(results.next())).results.map(({ task }) => task.id)).toEqual(['2', '3'])
    expect(await results.next()).toEqual({ value: undefined, done: true })
  })
})

test('a run that ended has no listener on its signal', async () => {
  const { signal } = new AbortController()
  const executor = new ParallelExecutor({ signal })
  await executor.executeTasks(tasks(3), async () => ({}))
  const failing = (function* () {
    yield task('0')
    throw new Error('no more')
  })()
  await executor.executeTasksStreaming(failing, async () => ({})).catch(() => {})
  expectNothingLeft(signal)
})

describe('maxErrors', () => {
  const failing = async ({ id }: ExecutionTask) => {
    if (Number(id) % 2 === 1) throw new Error(`no ${id}`)
    return {}
  }

  test('stops the run when so many tasks have failed for good', async () => {
    const executor = new ParallelExecutor({ concurrency: 1, maxErrors: 2 })
    const execute = vi.fn(failing)
    const error = await failureOf(executor.executeTasks(tasks(9), execute))
    expect(error.code).toBe('ERR_TOO_MANY_ERRORS')
    expect(error.message).toContain('2 tasks')
    expect((error.cause as Error).message).toBe('no 3')
    expect(error.results.map(({ task, error }) => [task.id, error?.message])).toEqual([
      ['0', undefined],
      ['1', 'no 1'],
      ['2', undefined],
      ['3', 'no 3'],
    ])
    expect(execute).toHaveBeenCalledTimes(4)
  })

  test('does not count failures that are tried again', async () => {
    const executor = new ParallelExecutor({ maxErrors: 1, retry: { baseDelay: 1 } })
    const run = executor.executeTasks(tasks(3), async (_, { attempt }) => {
      if (attempt < 3) throw Object.assign(new Error(), { status: 503 })
      return {}
    })
    await vi.runAllTimersAsync()
    expect((await run).length).toBe(3)
  })

  test('counts each run by itself, and is raised by an update', async () => {
    const executor = new ParallelExecutor({ concurrency: 1, maxErrors: 2 })
    for (let run = 0; run < 2; run++) expect((await executor.executeTasks(tasks(3), failing)).length).toBe(3)
    executor.updateConfig({ maxErrors: Number.POSITIVE_INFINITY })
    expect((await executor.executeTasks(tasks(9), failing)).length).toBe(9)
  })
})

test('a permit of a shared limiter is given back however a run ends', async () => {
  const limiter = new RateLimiter({ requestsPerMinute: 10_000, concurrency: 2 })
  const ends: [string, (executor: ParallelExecutor, controller: AbortController) => Promise<unknown>][] = [
    ['well', (executor) => executor.executeTasks(tasks(5), async () => ({}))],
    ['by failures', (executor) => executor.executeTasks(tasks(5), () => Promise.reject(new Error('no')))],
    ['early', (executor) => executor.run(tasks(5), () => new Promise(() => {})).return?.() as Promise<unknown>],
    [
      'by an abort',
      (executor, controller) => {
        const run = executor.executeTasks(tasks(5), () => new Promise(() => {}))
        controller.abort()
        return run
      },
    ],
  ]
  for (const [, end] of ends) {
    const controller = new AbortController()
    await end(new ParallelExecutor({ limiter, signal: controller.signal }), controller).catch(() => {})
    await settled()
    expect(limiter.getState()).toMatchObject({ inFlight: 0, waiting: 0 })
  }
})

test('a listener that stops the run at the end of a task hears of nothing more', async () => {
  const controller = new AbortController()
  const executor = new ParallelExecutor({ concurrency: 1, rateLimit: UNLIMITED, signal: controller.signal })
  const heard: string[] = []
  executor.on('progress', () => heard.push('progress'))
  executor.on('taskComplete', ({ taskId }) => {
    heard.push(taskId)
    if (taskId === '1') controller.abort()
  })
  const { results } = await failureOf(executor.executeTasks(tasks(3), async () => ({})))
  expect(results.map(({ task }) => task.id)).toEqual(['0', '1'])
  expectNothingLeft(controller.signal)
  expect(heard).toEqual(['0', 'progress', '1'])
})

test.each(['key', 'estimateTokens'] as const)('a run that is stopped by `%s` starts nothing more', async (name) => {
  const controller = new AbortController()
  const stopAt2 = ({ id }: ExecutionTask): any => {
    if (id === '2') controller.abort()
    return name === 'key' ? 'model' : 1
  }
  const executor = new ParallelExecutor({ rateLimit: UNLIMITED, signal: controller.signal, [name]: stopAt2 })
  const hand = new ByHand()
  await failureOf(executor.executeTasks(tasks(5), hand.execute))
  expect(hand.started).toEqual(['0', '1'])
  expectNothingLeft(controller.signal)
})
