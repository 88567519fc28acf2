import {
  BatchProcessor,
  type ExecutionResult,
  ParallelExecutor,
  performanceMonitor,
  type RunResult,
  type TestCase,
} from '@aah/ai-evals/performance'

export interface Runner {
  run(testCase: TestCase<string, string>): Promise<RunResult<string>>
}

/** Runs every case within the provider's limits. */
export async function evaluate(
  cases: TestCase<string, string>[],
  runner: Runner,
  requestsPerMinute = 600,
): Promise<{ results: ExecutionResult<string>[]; accuracy: number }> {
  const executor = new ParallelExecutor({ concurrency: 5, rateLimit: { requestsPerMinute } })
  const tasks = cases.map((testCase) => ({ id: testCase.id, testCase }))
  const results = await performanceMonitor.measure('evaluation', () =>
    executor.executeTasks<string, string>(tasks, ({ testCase }) => runner.run(testCase)),
  )
  const right = results.filter(({ task, result }) => result?.actual === task.testCase.expected)
  return { results, accuracy: right.length / results.length }
}

/** The same in batches, for datasets that do not fit into memory. */
export async function evaluateInBatches(cases: Iterable<TestCase<string, string>>, runner: Runner) {
  const processor = new BatchProcessor<string, string>({ batchSize: 10, bufferSize: 20 })
  for (const testCase of cases) processor.addTestCase(testCase)
  return processor.processAll((batch) => Promise.all(batch.map((testCase) => runner.run(testCase))))
}
