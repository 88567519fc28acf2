import { cacheManager, LRUCache, ParallelExecutor, performanceMonitor } from '@aah/ai-evals/performance'

// ask.test.ts uses the same singletons, in this process or in another: each file starts with caches of its own.
test('nothing of another test file is seen here', () => {
  expect(cacheManager.getAllStats().response).toMatchObject({ hits: 0, misses: 0, entries: 0 })
  expect(performanceMonitor.getAllTimings()).toEqual([])
})

test('wrong arguments are errors of this realm', () => {
  expect(() => new LRUCache({ maxSize: 'many' as never })).toThrow(TypeError)
  expect(() => new LRUCache({ maxSize: 0 })).toThrow(RangeError)
  expect(() => performanceMonitor.end('never started')).toThrow('No active timer found for: never started')
  expect(() => performanceMonitor.end('never started')).toThrow(Error)
})

test('runs tasks in parallel and keeps their order', async () => {
  const executor = new ParallelExecutor({ concurrency: 3, rateLimit: { requestsPerMinute: 1_000 } })
  const progress = jest.fn()
  executor.on('progress', progress)
  const tasks = Array.from({ length: 20 }, (_, index) => ({
    id: `task-${index}`,
    testCase: { id: `case-${index}`, input: index, expected: index * 2 },
  }))
  const results = await executor.executeTasks(tasks, async ({ testCase }) => ({ actual: testCase.input * 2 }))
  expect(results.map(({ result }) => result?.actual)).toEqual(tasks.map(({ testCase }) => testCase.expected))
  expect(progress).toHaveBeenCalled()
})

test('cleanup can be left running', () => {
  cacheManager.startCleanup(1_000)
})
