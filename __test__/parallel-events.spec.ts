import { type ExecutionResult, type ExecutionTask, ParallelExecutor } from '@aah/ai-evals-performance'
import { describe, expect, test, vi } from 'vitest'
import { ByHand, settled, task, tasks, useFakeTimers } from './helpers/tasks.ts'

useFakeTimers()

function* broken() {
  yield task('0')
  throw new Error('no more')
}

/** A run in which a task has ended and another never would. */
async function runUntil(
  executor: ParallelExecutor,
  stop: (results: AsyncIterableIterator<ExecutionResult>, controller: AbortController) => unknown,
): Promise<unknown> {
  const controller = new AbortController()
  const execute = async ({ id }: ExecutionTask) => (id === '1' ? new Promise<never>(() => {}) : {})
  const results = executor.run(tasks(2), execute, { signal: controller.signal })
  await results.next()
  const next = results.next()
  await settled()
  await stop(results, controller)
  return next
}

describe('events', () => {
  test('tell the whole story of a run', async () => {
    const executor = new ParallelExecutor({ concurrency: 1, maxWorkers: 2 })
    const story: unknown[] = []
    const tell = (event: string) => executor.on(event, (payload) => story.push([event, payload]))
    for (const event of ['start', 'taskStart', 'taskComplete', 'taskError', 'progress', 'complete', 'end']) tell(event)
    const [good, bad] = [task('good'), task('bad')]
    const results = await executor.executeTasks([good, bad], async ({ id }) => {
      if (id === 'bad') throw new Error('no')
      return { actual: 1 }
    })
    const { error } = results[1]!
    expect(story).toEqual([
      ['start', { run: 1, totalTasks: 2, concurrency: 1, maxWorkers: 2 }],
      ['taskStart', { taskId: 'good', task: good, index: 0 }],
      ['taskComplete', { taskId: 'good', task: good, index: 0, result: { actual: 1 }, executionTime: 0 }],
      ['progress', expect.objectContaining({ run: 1, completed: 1, failed: 0, inFlight: 0, waiting: 1, total: 2 })],
      ['taskStart', { taskId: 'bad', task: bad, index: 1 }],
      ['taskError', { taskId: 'bad', task: bad, index: 1, error, executionTime: 0 }],
      ['progress', expect.objectContaining({ run: 1, completed: 2, failed: 1, inFlight: 0, waiting: 0, total: 2 })],
      ['complete', { run: 1, totalTasks: 2, failed: 1, results, metrics: executor.getMetrics() }],
      ['end', { run: 1 }],
    ])
  })

  test('of runs that overlap say which run they are of', async () => {
    const executor = new ParallelExecutor({ concurrency: 1, rateLimit: { requestsPerMinute: 2, tokensPerMinute: 1e9 } })
    const story: unknown[] = []
    for (const event of ['start', 'throttle', 'complete', 'end']) {
      executor.on(event, ({ run, totalTasks }) => story.push([event, run, totalTasks]))
    }
    const hand = new ByHand()
    const both = [executor.executeTasks(tasks(2), hand.execute), executor.executeTasks([task('other')], hand.execute)]
    await settled()
    await hand.finishAll()
    await vi.advanceTimersByTimeAsync(60_000)
    await hand.finishAll()
    await Promise.all(both)
    expect(story).toEqual([
      ['start', 1, 2],
      ['start', 2, 1],
      ['throttle', 2, undefined],
      ['complete', 1, 2],
      ['end', 1, undefined],
      ['complete', 2, 1],
      ['end', 2, undefined],
    ])
  })

  test.each<[string, (executor: ParallelExecutor) => Promise<unknown>]>([
    ['is done', (executor) => executor.executeTasks(tasks(2), async () => ({}))],
    ['has nothing to do', (executor) => executor.executeTasks([], async () => ({}))],
    ['has too many errors', (executor) => executor.executeTasks(tasks(9), () => Promise.reject(new Error('no')))],
    ['has a source that fails', (executor) => executor.executeTasksStreaming(broken(), async () => ({}))],
    ['is aborted', (executor) => runUntil(executor, (_, controller) => controller.abort())],
    ['is left', (executor) => runUntil(executor, (results) => results.return?.())],
  ])('end once for a run that %s, when nothing of it is left', async (_, run) => {
    const executor = new ParallelExecutor({ concurrency: 1, maxErrors: 1 })
    const story: unknown[] = []
    for (const event of ['start', 'complete', 'end']) executor.on(event, ({ run }) => story.push(`${event} ${run}`))
    const timers: number[] = []
    executor.on('end', () => timers.push(vi.getTimerCount()))
    await run(executor).catch(() => {})
    await settled()
    expect(story.filter((event) => event !== 'complete 1')).toEqual(['start 1', 'end 1'])
    expect(story.at(-1)).toBe('end 1')
    expect(timers).toEqual([0])
  })

  test('are none of a run that does not begin', async () => {
    const executor = new ParallelExecutor({ signal: AbortSignal.abort() })
    const heard = vi.fn()
    for (const event of ['start', 'complete', 'end']) executor.on(event, heard)
    await executor.executeTasks(tasks(2), async () => ({})).catch(() => {})
    await executor.run(tasks(2), async () => ({})).return?.()
    expect(heard).not.toHaveBeenCalled()
  })

  test('reach every listener although others throw or reject, and change no result', async () => {
    const executor = new ParallelExecutor()
    const heard: string[] = []
    for (const event of ['start', 'taskStart', 'taskComplete', 'taskError', 'progress', 'complete']) {
      executor.on(event, () => {
        throw new Error('a listener')
      })
      executor.on(event, async () => Promise.reject(new Error('an async listener')))
      executor.once(event, () => heard.push(event))
    }
    const results = await executor.executeTasks(tasks(3), async () => ({ actual: 1 }))
    expect(results.map(({ result }) => result?.actual)).toEqual([1, 1, 1])
    expect(heard).toEqual(['start', 'taskStart', 'taskComplete', 'progress', 'complete'])
  })

  test('report what a listener threw to those who listen to errors', async () => {
    const executor = new ParallelExecutor()
    const [thrown, rejected] = [new Error('thrown'), new Error('rejected')]
    const heard: unknown[] = []
    executor.on('error', (error) => heard.push(error))
    executor.on('error', () => {
      throw new Error('not reported again')
    })
    executor.on('start', () => {
      throw thrown
    })
    executor.on('complete', () => Promise.reject(rejected))
    await executor.executeTasks(tasks(1), async () => ({}))
    await settled()
    expect(heard).toEqual([thrown, rejected])
  })

  test('go through `emit` where it is spied on or replaced, which breaks no run even if it throws', async () => {
    const spied = new ParallelExecutor()
    const spy = vi.spyOn(spied, 'emit')
    const complete = vi.fn()
    spied.on('complete', complete)
    await spied.executeTasks(tasks(1), async () => ({}))
    expect(spy.mock.calls.map(([event]) => event)).toEqual([
      'start',
      'taskStart',
      'taskComplete',
      'progress',
      'complete',
      'end',
    ])
    expect(complete).toHaveBeenCalledOnce()

    class Throwing extends ParallelExecutor {
      override emit(): boolean {
        throw new Error('emit')
      }
    }
    expect(await new Throwing().executeTasks(tasks(1), async () => ({ actual: 1 }))).toMatchObject([{ result: {} }])
  })
})
