import { type ExecutionResult, ParallelExecutor, type WorkerConfig } from '@aah/ai-evals-performance'
import { describe, expect, test, vi } from 'vitest'
import { answerTo } from './helpers/provider/provider.ts'
import { questions, sessions } from './helpers/provider/session.ts'
import { statistics } from './helpers/provider/statistics.ts'

// Hundreds of requests over real sockets: slow on a busy machine.
vi.setConfig({ testTimeout: 300_000 })

const start = sessions()

/** That each task has its outcome at its place, and those that ended well the right answer. */
function expectAnswers(results: ExecutionResult[], tasks: ReturnType<typeof questions>): void {
  expect(results.map(({ task }) => task)).toEqual(tasks)
  for (const { task, result } of results) expect(result?.actual).toContain(answerTo(task.testCase.input))
}

describe('with the true limits', () => {
  test.each<Required<WorkerConfig>['rateLimit']>([
    { requestsPerMinute: 300 },
    { requestsPerMinute: 600, tokensPerMinute: 30_000 },
  ])('%j, nothing is refused', async (limits) => {
    const { time, provider, execute } = await start({ limits })
    const executor = new ParallelExecutor({ concurrency: 100, rateLimit: limits })
    const tasks = questions(700)
    expectAnswers(await time.until(executor.executeTasks(tasks, execute)), tasks)
    expect(statistics(provider).refused).toEqual({})
  })
})
