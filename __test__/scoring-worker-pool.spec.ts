import { availableParallelism } from 'node:os'
import { ScoringWorkerPool } from '@aah/ai-evals-performance'
import { expect, test } from 'vitest'
import { settled } from './helpers/tasks.ts'

/** A promise, and what settles it. */
function deferred<T>() {
  let resolve!: (value: T) => void
  let reject!: (reason: unknown) => void
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

test('runs at most maxWorkers tasks at a time, in the order they came', async () => {
  const pool = new ScoringWorkerPool(2)
  const gates = Array.from({ length: 5 }, () => deferred<number>())
  const started: number[] = []
  const all = gates.map(({ promise }, index) =>
    pool.execute(() => {
      started.push(index)
      return promise
    }),
  )
  await settled()
  expect(started).toEqual([0, 1])
  expect(pool.getStats()).toEqual({ maxWorkers: 2, activeWorkers: 2, queuedTasks: 3, utilization: 1 })
  gates[1]!.resolve(10)
  await settled()
  expect(started).toEqual([0, 1, 2])
  for (const [index, gate] of gates.entries()) gate.resolve(index)
  expect(await Promise.all(all)).toEqual([0, 10, 2, 3, 4])
  expect(pool.getStats()).toEqual({ maxWorkers: 2, activeWorkers: 0, queuedTasks: 0, utilization: 0 })
})

test('a task that comes while a worker changes hands does not overtake those that wait', async () => {
  const pool = new ScoringWorkerPool(1)
  const order: string[] = []
  const first = pool.execute(async () => order.push('first')).then(() => pool.execute(async () => order.push('late')))
  const second = pool.execute(async () => order.push('second'))
  const third = pool.execute(async () => order.push('third'))
  await Promise.all([first, second, third])
  expect(order).toEqual(['first', 'second', 'third', 'late'])
})

test('passes failures on untouched, and goes on', async () => {
  const pool = new ScoringWorkerPool(1)
  const failure = Object.freeze({ reason: 'not even an Error' })
  const sync = pool.execute(() => {
    throw failure
  })
  const async = pool.execute(() => Promise.reject(failure))
  const works = pool.execute(async () => 'works')
  await expect(sync).rejects.toBe(failure)
  await expect(async).rejects.toBe(failure)
  expect(await works).toBe('works')
  expect(pool.getStats()).toMatchObject({ activeWorkers: 0, queuedTasks: 0 })
})

test('has left a task when its promise settles', async () => {
  const pool = new ScoringWorkerPool(4)
  await pool.execute(async () => 1)
  expect(pool.getStats()).toEqual({ maxWorkers: 4, activeWorkers: 0, queuedTasks: 0, utilization: 0 })
})

test('leaves one processor to others by default', () => {
  const { maxWorkers } = new ScoringWorkerPool().getStats()
  expect(maxWorkers).toBe(Math.max(1, availableParallelism() - 1))
  expect(new ScoringWorkerPool(undefined).getStats().maxWorkers).toBe(maxWorkers)
})

test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '2', null])('refuses %o workers', (maxWorkers: any) => {
  expect(() => new ScoringWorkerPool(maxWorkers)).toThrow('Expected `maxWorkers` to be an integer ≥ 1')
})

test('refuses a task that is no function, without taking a worker', async () => {
  const pool = new ScoringWorkerPool(1)
  await expect(pool.execute(5 as any)).rejects.toThrow(new TypeError('Expected `task` to be a function, got `5`'))
  expect(pool.getStats().activeWorkers).toBe(0)
})

test('a long queue is worked off', async () => {
  const pool = new ScoringWorkerPool(3)
  let sum = 0
  const all = Array.from({ length: 200_000 }, (_, index) => pool.execute(async () => (sum += index)))
  expect(pool.getStats()).toEqual({ maxWorkers: 3, activeWorkers: 3, queuedTasks: 199_997, utilization: 1 })
  await Promise.all(all)
  expect(sum).toBe((200_000 * 199_999) / 2)
}, 120_000)
