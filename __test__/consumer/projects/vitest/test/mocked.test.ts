import { performanceMonitor } from '@aah/ai-evals/performance'
import { expect, test, vi } from 'vitest'
import { evaluate } from '../src/evaluate.js'

vi.mock(import('@aah/ai-evals/performance'), async (original) => {
  const actual = await original()
  return { ...actual, performanceMonitor: Object.assign(new actual.PerformanceMonitor(), { measure: vi.fn() }) }
})

test('a module mock replaces one export and keeps the rest', async () => {
  vi.mocked(performanceMonitor.measure).mockImplementation((_name, run) => run())
  const { accuracy } = await evaluate([{ id: 'one', input: '1', expected: '2' }], {
    run: async () => ({ actual: '2' }),
  })
  expect(accuracy).toBe(1)
  expect(performanceMonitor.measure).toHaveBeenCalledWith('evaluation', expect.any(Function))
})
