import { performanceMonitor } from '@aah/ai-evals/performance'
import { type Database, Students } from '../src/students'

const query = jest.fn<ReturnType<Database['query']>, Parameters<Database['query']>>()
const students = new Students({ query })

beforeEach(() => {
  query.mockReset()
  query.mockImplementation(async (_sql, { id }) => ({ id, gpa: 3.4 }))
})

test('queries once per student until students change', async () => {
  expect(await students.find('a')).toEqual({ id: 'a', gpa: 3.4 })
  await students.find('a')
  await students.find('b')
  expect(query).toHaveBeenCalledTimes(2)
  expect(students.changed()).toBe(2)
  await students.find('a')
  expect(query).toHaveBeenCalledTimes(3)
})

test('the decorator times every call', () => {
  expect(performanceMonitor.getComponentTiming('students.find')?.totalCalls).toBe(4)
})
