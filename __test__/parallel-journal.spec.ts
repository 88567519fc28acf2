import { join } from 'node:path'
import { type ExecutionTask, ParallelExecutor, RunStoppedError } from '@aah/ai-evals-performance'
import { expect, test, vi } from 'vitest'
import { temporaryFolder } from './helpers/folders.ts'
import { settled, task, tasks, UNLIMITED } from './helpers/tasks.ts'

function executorOf(journal: string): ParallelExecutor {
  return new ParallelExecutor({ rateLimit: UNLIMITED, journal })
}

const path = () => join(temporaryFolder(), 'journal')

/** Every third task fails. */
const uneven = async ({ id }: ExecutionTask) => {
  if (Number(id) % 3 === 2) throw new Error(`no ${id}`)
  return { actual: id }
}

const METHODS = ['executeTasks', 'executeTasksStreaming'] as const

test.each(METHODS)('%s runs again what failed, and gives the rest from the journal', async (method) => {
  const journal = path()
  await executorOf(journal)[method](tasks(9), uneven)
  const executor = executorOf(journal)
  const found: string[] = []
  const started = vi.fn()
  executor.on('taskComplete', ({ taskId, fromJournal }) => fromJournal && found.push(taskId))
  executor.on('taskStart', started)
  const execute = vi.fn(async ({ id }: ExecutionTask) => ({ actual: id }))
  const results = await executor[method](tasks(9), execute)
  expect(results.map(({ result }) => result)).toEqual(tasks(9).map(({ id }) => ({ actual: id })))
  expect(execute.mock.calls.map(([{ id }]) => id)).toEqual(['2', '5', '8'])
  expect(found).toEqual(['0', '1', '3', '4', '6', '7'])
  expect(started).toHaveBeenCalledTimes(3)
})

test('a run that was left early goes on where it was', async () => {
  const journal = path()
  for await (const { task } of executorOf(journal).run(tasks(50), uneven)) if (task.id === '10') break
  const execute = vi.fn(uneven)
  const ids: string[] = []
  for await (const { task } of executorOf(journal).run(tasks(50), execute)) ids.push(task.id)
  expect(ids).toEqual(tasks(50).map(({ id }) => id))
  const again = execute.mock.calls.map(([{ id }]) => id)
  for (const id of ['0', '1', '3', '4', '6', '7', '9', '10']) expect(again).not.toContain(id)
})

test('a list of other tasks is refused before anything starts', async () => {
  const journal = path()
  await executorOf(journal).executeTasks(tasks(5), uneven)
  const execute = vi.fn(uneven)
  const other = tasks(5)
  other[3]!.testCase.input = 'another question'
  await expect(executorOf(journal).executeTasks(other, execute)).rejects.toMatchObject({ code: 'ERR_JOURNAL_DATASET' })
  expect(execute).not.toHaveBeenCalled()
  // It was closed, and can be used again.
  expect((await executorOf(journal).executeTasks(tasks(5), execute)).length).toBe(5)
})

test('other tasks of a stream stop the run where they come', async () => {
  const journal = path()
  await executorOf(journal).executeTasks(tasks(5), uneven)
  const other = tasks(5)
  other[3]!.testCase.input = 'another question'
  const error = await executorOf(journal)
    .executeTasksStreaming(other, uneven)
    .catch((error) => error)
  expect(error).toBeInstanceOf(RunStoppedError)
  expect(error.code).toBe('ERR_JOURNAL_DATASET')
})

test('two runs cannot use one journal at a time', async () => {
  const executor = executorOf(path())
  let finish = () => {}
  const first = executor.executeTasks(
    tasks(1),
    () =>
      new Promise((resolve) => {
        finish = () => resolve({})
      }),
  )
  await expect(executor.executeTasks(tasks(1), uneven)).rejects.toMatchObject({ code: 'ERR_JOURNAL_BUSY' })
  finish()
  expect((await first).length).toBe(1)
})

test('what an earlier process started counts towards the limits of the next', async () => {
  const journal = path()
  const config = { rateLimit: { requestsPerMinute: 5 }, journal }
  await new ParallelExecutor(config).executeTasks(tasks(3), uneven)
  const executor = new ParallelExecutor(config)
  await executor.executeTasks(tasks(3), uneven)
  // Three starts of the first, and the one that failed there.
  expect(executor.getRateLimiterState().currentRequests).toBe(4)
})

test('a task that is changed while it runs is the same one the next time', async () => {
  const journal = path()
  const execute = vi.fn(async (task: ExecutionTask) => {
    task.testCase.metadata = { asked: true }
    if (task.id === '1') throw new Error('no')
    return { actual: task.id }
  })
  await executorOf(journal).executeTasks(tasks(3), execute)
  expect((await executorOf(journal).executeTasks(tasks(3), execute)).length).toBe(3)
  expect(execute.mock.calls.map(([{ id }]) => id)).toEqual(['0', '1', '2', '1'])
})

test('whoever has enough can use the journal at once, also after an abort', async () => {
  const executor = executorOf(path())
  const controller = new AbortController()
  const results = executor.run(tasks(50), uneven, { signal: controller.signal, window: 1 })
  await results.next()
  controller.abort()
  await results.return?.()
  expect((await executor.executeTasks(tasks(50), uneven)).length).toBe(50)
})

test.each([false, true])('a source that cannot be closed fails `return()` alone (aborted: %s)', async (isAborted) => {
  const unhandled = vi.fn()
  process.on('unhandledRejection', unhandled)
  function* source() {
    try {
      yield* tasks(50)
    } finally {
      // biome-ignore lint/correctness/noUnsafeFinally: what is tested
      throw new Error('not closed')
    }
  }
  const executor = new ParallelExecutor({ concurrency: 1, rateLimit: UNLIMITED, journal: path() })
  const controller = new AbortController()
  const results = executor.run(source(), async () => ({}), { signal: controller.signal, window: 1 })
  await results.next()
  if (isAborted) {
    await settled()
    controller.abort()
    await results.next()
    await expect(results.next()).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  } else {
    await expect(results.return?.()).rejects.toThrow('not closed')
  }
  process.off('unhandledRejection', unhandled)
  expect(unhandled).not.toHaveBeenCalled()
})

test('a key that is met late does not count what an earlier process started for longer than a minute', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'Date'] })
  const config = { rateLimit: { requestsPerMinute: 5 }, journal: path(), key: ({ id }: ExecutionTask) => id }
  await new ParallelExecutor(config).executeTasks([task('late')], async () => ({}))
  const executor = new ParallelExecutor(config)
  function* source() {
    yield task('late')
    yield task('early')
    vi.advanceTimersByTime(50_000)
    yield task('late')
    expect(executor.getRateLimiterState('late').currentRequests).toBe(2)
    vi.advanceTimersByTime(10_000)
    expect(executor.getRateLimiterState('late').currentRequests).toBe(1)
  }
  expect((await executor.executeTasksStreaming(source(), async () => ({}))).length).toBe(3)
  vi.useRealTimers()
})
