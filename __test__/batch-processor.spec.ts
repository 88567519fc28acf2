import { BatchProcessor, PerformanceError, type TestCase } from '@aah/ai-evals-performance'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'

/** The smallest bounds: all but the first test case leave memory as soon as they come. */
const DISK_ONLY = { bufferSize: 1, maxMemory: 1 }

const testCase = (index: number): TestCase => ({ id: `case-${index}`, input: { index }, expected: index })
const testCases = (count: number) => Array.from({ length: count }, (_, index) => testCase(index))
const run = async (batch: TestCase[]) => batch.map(({ expected }) => ({ actual: expected }))
const actuals = (count: number, from = 0) => Array.from({ length: count }, (_, index) => ({ actual: from + index }))
const settle = () => new Promise((resolve) => setImmediate(resolve))

describe('processAll', () => {
  test.each([{}, DISK_ONLY, { bufferSize: 10 }, { maxMemory: 2_000 }])(
    'returns a result per test case in order, with %j',
    async (config) => {
      const processor = new BatchProcessor({ batchSize: 8, ...config })
      expect(testCases(10).map((one) => processor.addTestCase(one))).toEqual(Array(10).fill(true))
      processor.addTestCases(new Set(Array.from({ length: 20 }, (_, index) => testCase(10 + index))))
      const sizes: number[] = []
      const results = await processor.processAll((batch) => {
        sizes.push(batch.length)
        return run(batch)
      })
      expect(results).toEqual(actuals(30))
      expect(sizes).toEqual([8, 8, 8, 6])
      expect(processor.getStats()).toMatchObject({ itemsProcessed: 30, itemsBuffered: 0, memoryUsage: 0 })
      expect(processor.spillError).toBeUndefined()
    },
  )

  test('has nothing to do without test cases', async () => {
    const executor = vi.fn(run)
    expect(await new BatchProcessor().processAll(executor)).toEqual([])
    expect(executor).not.toHaveBeenCalled()
  })

  test.each([{}, DISK_ONLY])('begins with the batch that failed, with %j', async (config) => {
    const processor = new BatchProcessor({ batchSize: 2, ...config })
    processor.addTestCases(testCases(6))
    const failure = new Error('the model is away')
    const failing = async (batch: TestCase[]) => {
      if (batch[0]?.expected === 2) throw failure
      return run(batch)
    }
    await expect(processor.processAll(failing)).rejects.toBe(failure)
    expect(processor.getResults()).toEqual(actuals(2))
    expect(processor.getStats().itemsBuffered).toBe(4)
    expect(await processor.processAll(run)).toEqual(actuals(4, 2))
    expect(processor.getResults()).toEqual(actuals(6))
  })

  test('refuses a wrong number of results, naming both numbers', async () => {
    const processor = new BatchProcessor()
    processor.addTestCases(testCases(3))
    const refused = processor.processAll(async (batch) => (await run(batch)).slice(1))
    await expect(refused).rejects.toThrow(PerformanceError)
    await expect(refused).rejects.toMatchObject({
      code: 'ERR_RESULT_COUNT',
      message: 'Expected `executor` to return 3 results for 3 test cases, got 2',
    })
    await expect(processor.processAll(async () => null as any)).rejects.toThrow(TypeError)
    expect(await processor.processAll(run)).toEqual(actuals(3))
  })

  test('runs overlapping calls one after the other, and what is added meanwhile', async () => {
    const processor = new BatchProcessor({ batchSize: 2, ...DISK_ONLY })
    processor.addTestCases(testCases(5))
    let running = 0
    const executor = async (batch: TestCase[]) => {
      expect(++running).toBe(1)
      await settle()
      if (batch[0]?.expected === 2) processor.addTestCase(testCase(5))
      running--
      return run(batch)
    }
    const [first, second] = await Promise.all([processor.processAll(executor), processor.processAll(executor)])
    expect([first, second]).toEqual([actuals(6), []])
  })
})

test('clear forgets test cases, results and statistics, but not what a running call returns', async () => {
  const processor = new BatchProcessor({ batchSize: 2, ...DISK_ONLY })
  processor.addTestCases(testCases(9))
  const results = await processor.processAll(async (batch) => {
    if (batch[0]?.expected === 2) {
      processor.clear()
      processor.addTestCase(testCase(9))
    }
    return run(batch)
  })
  expect(results).toEqual([...actuals(4), { actual: 9 }])
  expect(processor.getResults()).toEqual([{ actual: 9 }])
  expect(processor.getStats()).toMatchObject({ itemsProcessed: 1, itemsBuffered: 0, memoryUsage: 0 })
})

test('clear while a batch is read from disk leaves nothing of it', async () => {
  const processor = new BatchProcessor({ batchSize: 5, ...DISK_ONLY })
  processor.addTestCases(testCases(20))
  const running = processor.processAll(run)
  await Promise.resolve()
  processor.clear()
  processor.addTestCases(testCases(3))
  expect(await running).toEqual(actuals(3))
})

test('while a batch is read from disk everything else goes on', async () => {
  const processor = new BatchProcessor({ batchSize: 5, ...DISK_ONLY })
  processor.addTestCases(testCases(20))
  const running = processor.processAll(run)
  for (let index = 20; index < 60; index++) {
    await Promise.resolve()
    processor.addTestCase(testCase(index))
    expect(processor.getStats().itemsBuffered + processor.getResults().length).toBe(index + 1)
  }
  expect(await running).toEqual(actuals(60))
})

test('getResults gives a list of its own', async () => {
  const processor = new BatchProcessor()
  processor.addTestCase(testCase(0))
  await processor.processAll(run)
  processor.getResults().pop()
  expect(processor.getResults()).toEqual(actuals(1))
})

test('nonsense is refused by name, before and during an iteration', async () => {
  const processor = new BatchProcessor()
  expect(() => processor.addTestCase('x' as any)).toThrow(
    new TypeError('Expected `testCase` to be an object, got `"x"`'),
  )
  expect(() => processor.addTestCases(5 as any)).toThrow(TypeError)
  expect(() => processor.addTestCases([testCase(0), null as any])).toThrow(
    new TypeError('Expected `testCases[1]` to be an object, got `null`'),
  )
  await expect(processor.processAll(undefined as any)).rejects.toThrow(TypeError)
  expect(() => new BatchProcessor({ maxMemory: -1 })).toThrow(RangeError)
  expect(await processor.processAll(run)).toEqual(actuals(1))
})

test('random use runs each test case once, in order', async () => {
  const step = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({ do: fc.constant('add'), length: fc.nat(400), kept: fc.boolean(), count: fc.nat(6) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constantFrom('process', 'fail'), after: fc.nat(4), wait: fc.boolean() }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('clear') }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('settle') }) },
  )
  const config = fc.record({
    batchSize: fc.integer({ min: 1, max: 7 }),
    bufferSize: fc.integer({ min: 1, max: 12 }),
    maxMemory: fc.integer({ min: 1, max: 3_000 }),
  })
  await fc.assert(
    fc.asyncProperty(config, fc.array(step, { maxLength: 40 }), async (settings, steps) => {
      const processor = new BatchProcessor(settings)
      let running: Promise<unknown>[] = []
      let added: number[] = []
      let succeeded: number[] = []
      let next = 0
      for (const one of steps as any[]) {
        if (one.do === 'add') {
          for (let times = 0; times < one.count; times++) {
            const kept = one.kept ? { keep: () => {} } : {}
            added.push(next)
            processor.addTestCase({ id: String(next), input: 'x'.repeat(one.length), expected: next++, ...kept })
          }
        } else if (one.do === 'settle') {
          await settle()
        } else if (one.do === 'clear') {
          await Promise.all(running)
          processor.clear()
          added = []
          succeeded = []
        } else {
          let calls = one.do === 'fail' ? one.after : Number.POSITIVE_INFINITY
          const call = processor.processAll(async (batch) => {
            expect(batch.length).toBeLessThanOrEqual(settings.batchSize)
            if (calls-- <= 0) throw new Error('asked for')
            succeeded.push(...batch.map(({ expected }) => expected))
            return run(batch)
          })
          running = [...running, call.catch((error) => expect(error.message).toBe('asked for'))]
          if (one.wait) await call.catch(() => {})
        }
        expect(processor.getStats().itemsBuffered).toBe(added.length - processor.getResults().length)
      }
      await Promise.all(running)
      await processor.processAll(async (batch) => {
        succeeded.push(...batch.map(({ expected }) => expected))
        return run(batch)
      })
      expect(succeeded).toEqual(added)
      expect(processor.getResults()).toEqual(added.map((actual) => ({ actual })))
      expect(processor.getStats()).toMatchObject({ itemsProcessed: added.length, itemsBuffered: 0, memoryUsage: 0 })
    }),
    { numRuns: 200 },
  )
}, 60_000)
