import { cacheManager } from '@aah/ai-evals/performance'
import { ask } from '../src/ask'

jest.mock('@aah/ai-evals/performance', () => {
  const performance = jest.requireActual<typeof import('@aah/ai-evals/performance')>('@aah/ai-evals/performance')
  return { ...performance, performanceMonitor: { measure: jest.fn((_name, run) => run()) } }
})

test('a module mock replaces one export and keeps the rest', async () => {
  const complete = jest.fn(async () => ({ text: 'mocked', tokens: 1 }))
  await ask({ complete }, 'who are you?')
  expect(cacheManager.responseCache.getStats().entries).toBe(1)
})

test('a method of a singleton can be spied on', async () => {
  const get = jest.spyOn(cacheManager.responseCache, 'get').mockReturnValue({ text: 'spied', tokens: 0 })
  expect(await ask({ complete: jest.fn() }, 'anything')).toEqual({ text: 'spied', tokens: 0 })
  get.mockRestore()
})
