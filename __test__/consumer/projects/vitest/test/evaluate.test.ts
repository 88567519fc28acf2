import { performanceMonitor, type TestCase } from '@aah/ai-evals/performance'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { evaluate, evaluateInBatches } from '../src/evaluate.js'

const cases: TestCase<string, string>[] = Array.from({ length: 57 }, (_, index) => ({
  id: `case-${index}`,
  input: `${index} + 1`,
  expected: String(index + 1),
}))
const run = vi.fn(async ({ input }: TestCase<string, string>) => ({ actual: String(Number.parseInt(input, 10) + 1) }))

beforeEach(() => {
  run.mockClear()
  performanceMonitor.reset()
})

afterEach(() => {
  vi.useRealTimers()
})

test('reports the accuracy and times the evaluation', async () => {
  const { results, accuracy } = await evaluate(cases, { run })
  expect(accuracy).toBe(1)
  expect(results.map(({ task }) => task.id)).toEqual(cases.map(({ id }) => id))
  expect(performanceMonitor.generateReport().summary).toMatchObject({ totalCalls: 1, slowestComponent: 'evaluation' })
})

test('a failing case is a result with its error, in its place', async () => {
  const failure = new Error('the model is away')
  run.mockRejectedValueOnce(failure)
  const { results, accuracy } = await evaluate(cases, { run })
  expect(results[0]?.error).toMatchObject({ message: 'the model is away', cause: failure })
  expect(accuracy).toBe(56 / 57)
})

test('waits for the next minute when the limit is reached', async () => {
  vi.useFakeTimers()
  const finished = vi.fn()
  const evaluation = evaluate(cases.slice(0, 12), { run }, 10).then(finished)
  await vi.advanceTimersByTimeAsync(59_999)
  expect(run).toHaveBeenCalledTimes(10)
  expect(finished).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(60_001)
  await evaluation
  expect(run).toHaveBeenCalledTimes(12)
})

test('batches lose nothing', async () => {
  const results = await evaluateInBatches(cases, { run })
  expect(results.map(({ actual }) => actual)).toEqual(cases.map(({ expected }) => expected))
})
