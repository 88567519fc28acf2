import { type ExecutionResult, ParallelExecutor, type WaitReason } from '@aah/ai-evals-performance'
import { describe, expect, test, vi } from 'vitest'
import { ByHand, settled, task, tasks, UNLIMITED, useFakeTimers } from './helpers/tasks.ts'

useFakeTimers()

/** `'executeTasks'` and `'executeTasksStreaming'` of one executor, called alike. */
const METHODS = ['executeTasks', 'executeTasksStreaming'] as const

describe.each(METHODS)('%s', (method) => {
  test('gives one result for each task, in the order of the tasks', async () => {
    const executor = new ParallelExecutor()
    const given = tasks(3)
    const hand = new ByHand()
    const run = executor[method](given, hand.execute)
    await settled()
    await hand.finish('2')
    await vi.advanceTimersByTimeAsync(25)
    await hand.finish('0')
    await hand.finish('1')
    const results = await run
    expect(results.map(({ result }) => result)).toEqual([{ actual: '0' }, { actual: '1' }, { actual: '2' }])
    expect(results.map(({ task }) => task)).toEqual(given)
    expect(results[0]!.task).toBe(given[0])
    expect(results.map(({ executionTime }) => executionTime)).toEqual([25, 25, 0])
    expect(results.every((result) => !('error' in result))).toBe(true)
  })

  test('has nothing to do for no tasks', async () => {
    const executor = new ParallelExecutor()
    const events: string[] = []
    for (const event of ['start', 'taskStart', 'progress', 'complete']) executor.on(event, () => events.push(event))
    expect(await executor[method]([], async () => ({}))).toEqual([])
    expect(events).toEqual(['start', 'complete'])
  })

  test('starts the next task as soon as any one ends', async () => {
    const executor = new ParallelExecutor({ concurrency: 3 })
    const hand = new ByHand()
    const run = executor[method](tasks(6), hand.execute)
    await settled()
    expect(hand.started).toEqual(['0', '1', '2'])
    await hand.finish('1')
    expect(hand.started).toEqual(['0', '1', '2', '3'])
    await hand.finish('3')
    await hand.finish('4')
    expect(hand.inFlight).toEqual(['0', '2', '5'])
    await hand.finishAll()
    expect((await run).length).toBe(6)
    expect(hand.mostInFlight).toBe(3)
  })

  test('makes every way to fail the error of that task alone', async () => {
    const executor = new ParallelExecutor({ rateLimit: UNLIMITED })
    const rejected = Object.freeze(new Error('rejected'))
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    const ways: Record<string, () => any> = {
      rejects: () => Promise.reject(rejected),
      throws: () => {
        throw new RangeError('thrown at once')
      },
      undefined: () => Promise.resolve(undefined),
      null: () => null,
      text: () => Promise.reject('only text'),
      nothing: () => Promise.reject(null),
      revoked: () => Promise.reject(proxy),
      works: () => Promise.resolve({ actual: 1 }),
      bare: () => ({}),
    }
    const given = Object.keys(ways).map((id) => task(id))
    const results = await executor[method](given, (task) => ways[task.id]!())
    const of = (id: string) => results[Object.keys(ways).indexOf(id)]!
    expect(results.map(({ error, result }) => [error?.message, result])).toEqual([
      ['rejected', undefined],
      ['thrown at once', undefined],
      ['Expected `executor(task)` to be a result, got `undefined`', undefined],
      ['Expected `executor(task)` to be a result, got `null`', undefined],
      ['only text', undefined],
      ['null', undefined],
      ['Unknown error', undefined],
      [undefined, { actual: 1 }],
      [undefined, {}],
    ])
    expect(of('rejects').error).toMatchObject({
      type: 'execution',
      severity: 'error',
      testCaseId: 'rejects',
      retryable: false,
      timestamp: new Date(Date.now()),
      stack: rejected.stack,
    })
    expect(of('rejects').error!.cause).toBe(rejected)
    expect(of('revoked').error!.cause).toBe(proxy)
    expect(executor.getRateLimiterState().currentRequests).toBe(given.length)
  })

  test('reads tasks and results whose properties throw', async () => {
    const hostile = () => {
      throw new Error('hands off')
    }
    const result = Object.defineProperty({}, 'metadata', { get: hostile })
    Object.defineProperty(result, 'actual', { get: hostile })
    const bad = Object.defineProperty(task('bad'), 'runnerConfig', { get: hostile })
    Object.defineProperty(bad.testCase, 'input', { get: hostile })
    const results = await new ParallelExecutor()[method]([bad, task('good')], async () => result)
    expect(results.map((one) => one.result === result)).toEqual([true, true])
  })

  test('refuses an executor that is no function', async () => {
    const refused = new ParallelExecutor()[method](tasks(1), 'run' as any)
    await expect(refused).rejects.toThrow(new TypeError('Expected `executor` to be a function, got `"run"`'))
  })
})

describe('priority', () => {
  test('starts the highest first and equal ones in order, and keeps results in place', async () => {
    const given = [task('a'), task('b', { priority: 5 }), task('c', { priority: -1 }), task('d', { priority: 5 })]
    given.push(task('e', { priority: Number.POSITIVE_INFINITY }), task('f', { priority: 0 }))
    const order: string[] = []
    const executor = new ParallelExecutor({ concurrency: 1 })
    const results = await executor.executeTasks(given, async ({ id }) => ({ actual: order.push(id) }))
    expect(order).toEqual(['e', 'b', 'd', 'a', 'f', 'c'])
    expect(results.map((result) => result.task.id)).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
  })

  test.each([
    [[task('0'), { testCase: {} }], new TypeError('Expected `tasks[1].id` to be a string, got `undefined`')],
    [[task('0'), undefined], new TypeError('Expected `tasks[1]` to be a task, got `undefined`')],
    [[task('0', { priority: '1' as any })], new TypeError('Expected `tasks[0].priority` to be a number, got `"1"`')],
    [[task('0', { priority: Number.NaN })], new RangeError('Expected `tasks[0].priority` to be a number, got `NaN`')],
    [new Set(), new TypeError('Expected `tasks` to be an array, got `an object`')],
  ])('refuses what is no task before anything starts', async (given: any, error) => {
    const executor = new ParallelExecutor()
    const execute = vi.fn()
    const started = vi.fn()
    executor.on('start', started)
    await expect(executor.executeTasks(given, execute)).rejects.toThrow(error)
    expect([execute.mock.calls, started.mock.calls]).toEqual([[], []])
  })
})

describe('two runs at once', () => {
  test('share concurrency, take turns, and both finish', async () => {
    const executor = new ParallelExecutor({ concurrency: 2 })
    const hand = new ByHand()
    const named = (name: string) => tasks(4).map(({ id }) => task(name + id))
    const both = Promise.all([
      executor.executeTasks(named('a'), hand.execute),
      executor.executeTasksStreaming(named('b'), hand.execute),
    ])
    await settled()
    await hand.finishAll()
    const ids = (results: ExecutionResult[]) => results.map(({ result }) => result?.actual)
    expect((await both).map(ids)).toEqual([
      ['a0', 'a1', 'a2', 'a3'],
      ['b0', 'b1', 'b2', 'b3'],
    ])
    expect(hand.mostInFlight).toBe(2)
    expect(hand.started).toEqual(['a0', 'a1', 'a2', 'b0', 'a3', 'b1', 'b2', 'b3'])
  })

  test('may be started by a task or a listener of another', async () => {
    const executor = new ParallelExecutor({ concurrency: 2 })
    const inner: unknown[] = []
    const run = (name: string) => executor.executeTasks([task(name)], async () => ({ actual: name }))
    executor.once('taskStart', async () => inner.push(await run('from a listener')))
    await executor.executeTasks(tasks(5), async ({ id }) => {
      if (id === '3') inner.push(await run('from a task'))
      return {}
    })
    expect(inner.length).toBe(2)
  })
})

/** Nothing was waited for but this. */
function waited(reasons: Partial<Record<WaitReason, number>>): Record<WaitReason, number> {
  const nothing = { requests: 0, tokens: 0, 'input-tokens': 0, 'output-tokens': 0, concurrency: 0, provider: 0 }
  return { ...nothing, ...reasons }
}

describe('getMetrics', () => {
  test('is all zero before the first run', () => {
    expect(new ParallelExecutor().getMetrics()).toEqual({
      totalExecutionTime: 0,
      avgExecutionTime: 0,
      parallelEfficiency: 0,
      throttleTime: 0,
      workerUtilization: 0,
      waitTime: waited({}),
      limitUtilization: 0,
    })
  })

  test('divides the time of a run, while it lasts and when it is over', async () => {
    const executor = new ParallelExecutor({ concurrency: 4, rateLimit: { requestsPerMinute: 2 } })
    const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
    const run = executor.executeTasks(tasks(3), async ({ id }) => {
      await wait([30_000, 10_000, 20_000][Number(id)]!)
      return {}
    })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(executor.getMetrics()).toEqual({
      totalExecutionTime: 10_000,
      avgExecutionTime: 10_000,
      parallelEfficiency: 1,
      throttleTime: 10_000,
      workerUtilization: 0.5,
      waitTime: waited({ requests: 10_000 }),
      limitUtilization: expect.any(Number),
    })
    await vi.advanceTimersByTimeAsync(70_000)
    await run
    await vi.advanceTimersByTimeAsync(99_000)
    expect(executor.getMetrics()).toEqual({
      totalExecutionTime: 80_000,
      avgExecutionTime: 20_000,
      parallelEfficiency: 60 / 160,
      throttleTime: 60_000,
      workerUtilization: 60 / 320,
      waitTime: waited({ requests: 60_000 }),
      limitUtilization: expect.any(Number),
    })
  })
})

describe('the configuration', () => {
  test('has the documented defaults where options are left out or undefined', async () => {
    const started = vi.fn()
    for (const config of [undefined, {}, { concurrency: undefined, maxWorkers: undefined, rateLimit: undefined }]) {
      const executor = new ParallelExecutor(config)
      expect(executor.getRateLimiterState()).toEqual({
        requestsPerMinute: 60,
        tokensPerMinute: 150_000,
        currentRequests: 0,
        currentTokens: 0,
        lastReset: Date.now(),
      })
      executor.on('start', started)
      await executor.executeTasks([], async () => ({}))
      expect(started).toHaveBeenLastCalledWith({ run: 1, totalTasks: 0, concurrency: 10, maxWorkers: 4 })
    }
  })

  const NONSENSE: [any, string][] = [
    [null, 'Expected `config` to be an object, got `null`'],
    [7, 'Expected `config` to be an object, got `7`'],
    [{ concurrency: 0 }, 'Expected `concurrency` to be an integer ≥ 1, got `0`'],
    [{ concurrency: Number.POSITIVE_INFINITY }, 'Expected `concurrency` to be an integer ≥ 1, got `Infinity`'],
    [{ concurrency: '5' }, 'Expected `concurrency` to be an integer ≥ 1, got `"5"`'],
    [{ maxWorkers: 1.5 }, 'Expected `maxWorkers` to be an integer ≥ 1, got `1.5`'],
    [{ rateLimit: null }, 'Expected `rateLimit` to be an object, got `null`'],
    ...[0, -1, Number.NaN, Number.NEGATIVE_INFINITY, 0.5, '60', null].flatMap((value): [any, string][] => {
      const got = `to be an integer ≥ 1 or Infinity, got \`${typeof value === 'string' ? `"${value}"` : value}\``
      return [
        [{ rateLimit: { requestsPerMinute: value } }, `Expected \`rateLimit.requestsPerMinute\` ${got}`],
        [
          { rateLimit: { requestsPerMinute: 1, tokensPerMinute: value } },
          `Expected \`rateLimit.tokensPerMinute\` ${got}`,
        ],
      ]
    }),
  ]
  test.each(NONSENSE)('refuses %o', (config, message) => {
    expect(() => new ParallelExecutor(config)).toThrow(message)
    const executor = new ParallelExecutor({ concurrency: 3 })
    const before = executor.getRateLimiterState()
    const change = config && typeof config === 'object' ? { concurrency: 7, ...config } : config
    expect(() => executor.updateConfig(change)).toThrow(message)
    expect(executor.getRateLimiterState()).toEqual(before)
  })

  test('has no token limit where a rate limit names none, and keeps what an update does not name', () => {
    const executor = new ParallelExecutor({ rateLimit: { requestsPerMinute: 5 } })
    expect(executor.getRateLimiterState()).toMatchObject({ requestsPerMinute: 5, tokensPerMinute: undefined })
    executor.updateConfig({ rateLimit: { requestsPerMinute: 6, tokensPerMinute: 70 } })
    executor.updateConfig({ concurrency: 2, rateLimit: undefined })
    executor.updateConfig({ rateLimit: { requestsPerMinute: 7 } })
    expect(executor.getRateLimiterState()).toMatchObject({ requestsPerMinute: 7, tokensPerMinute: 70 })
  })

  test('lets more tasks start at once when the concurrency is raised, and fewer when it is lowered', async () => {
    const executor = new ParallelExecutor({ concurrency: 1 })
    const hand = new ByHand()
    const run = executor.executeTasks(tasks(6), hand.execute)
    expect(hand.inFlight).toEqual(['0'])
    executor.updateConfig({ concurrency: 3 })
    expect(hand.inFlight).toEqual(['0', '1', '2'])
    executor.updateConfig({ concurrency: 1 })
    await hand.finish('0')
    await hand.finish('1')
    expect(hand.inFlight).toEqual(['2'])
    await hand.finish('2')
    expect(hand.inFlight).toEqual(['3'])
    await hand.finishAll()
    await run
  })
})

test('a hundred thousand tasks that do nothing are run', async () => {
  const executor = new ParallelExecutor({ concurrency: 100, rateLimit: UNLIMITED })
  const many = tasks(100_000)
  const results = await executor.executeTasks(many, async ({ id }) => ({ actual: id }))
  expect(results.every(({ task, result }, index) => task === many[index] && result?.actual === task.id)).toBe(true)
  expect(executor.getRateLimiterState().currentRequests).toBe(100_000)
}, 120_000)
