import { ResultWriter } from '@aah/ai-evals-performance'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'

const settle = () => new Promise((resolve) => setImmediate(resolve))
const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index)

/** A writer that remembers what it wrote, batch by batch, and notices calls that overlap. */
function recorder() {
  const batches: number[][] = []
  let running = 0
  const writer = async (results: number[]) => {
    expect(++running).toBe(1)
    await settle()
    running--
    batches.push(results)
  }
  return { batches, writer }
}

test('results are written when batchSize is reached, and the rest by flush', async () => {
  const { batches, writer } = recorder()
  const results = new ResultWriter<number>({ batchSize: 3 })
  for (const result of numbers(7)) await results.write(result, writer)
  expect(batches).toEqual([
    [0, 1, 2],
    [3, 4, 5],
  ])
  expect(results.getStats()).toEqual({ itemsWritten: 6, itemsBuffered: 1, flushes: 2, errors: 0 })
  await results.flush(writer)
  expect(batches[2]).toEqual([6])
  expect(results.getStats()).toEqual({ itemsWritten: 7, itemsBuffered: 0, flushes: 3, errors: 0 })
})

test('writeMany writes every full batch, flush never more than batchSize at once', async () => {
  const { batches, writer } = recorder()
  const results = new ResultWriter<number>({ batchSize: 4, bufferSize: 2 })
  await results.writeMany(numbers(11), writer)
  expect(batches.map(({ length }) => length)).toEqual([4, 4])
  await results.flush(writer)
  expect(batches.flat()).toEqual(numbers(11))
})

test('a flush without results calls nobody', async () => {
  const writer = vi.fn(async () => {})
  await new ResultWriter().flush(writer)
  expect(writer).not.toHaveBeenCalled()
})

test('a hundred results are a batch unless told otherwise', async () => {
  const { batches, writer } = recorder()
  await new ResultWriter<number>().writeMany(numbers(250), writer)
  expect(batches.map(({ length }) => length)).toEqual([100, 100])
})

test('calls that overlap write each result once, in the order of the calls', async () => {
  const { batches, writer } = recorder()
  const results = new ResultWriter<number>({ batchSize: 3, bufferSize: 2 })
  const calls = numbers(20).map((result) => results.write(result, writer))
  calls.push(results.flush(writer), results.writeMany(numbers(5, 20), writer), results.flush(writer))
  await Promise.all(calls)
  expect(batches.flat()).toEqual(numbers(25))
  expect(results.getStats()).toMatchObject({ itemsWritten: 25, itemsBuffered: 0 })
})

test('write resolves at once when it causes no write, and after the write when it does', async () => {
  const results = new ResultWriter<number>({ batchSize: 2 })
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const done: string[] = []
  await results.write(0, () => opened)
  const second = results.write(1, () => opened).then(() => done.push('second'))
  await settle()
  await results.write(2, () => opened)
  expect(done).toEqual([])
  open()
  await second
  expect(done).toEqual(['second'])
})

describe('a writer that fails', () => {
  test('fails the call that caused the write with its own error, and costs no result', async () => {
    const { batches, writer } = recorder()
    const results = new ResultWriter<number>({ batchSize: 2 })
    const failure = new Error('disk full')
    const failing = () => Promise.reject(failure)
    await results.write(0, failing)
    await expect(results.write(1, failing)).rejects.toBe(failure)
    expect(results.getStats()).toEqual({ itemsWritten: 0, itemsBuffered: 2, flushes: 0, errors: 1 })
    await results.write(2, writer)
    expect(batches).toEqual([[0, 1]])
    await results.flush(writer)
    expect(batches.flat()).toEqual([0, 1, 2])
  })

  test('at once is a rejection too', async () => {
    const results = new ResultWriter<number>({ batchSize: 1 })
    const failure = new Error('at once')
    const failing = () => {
      throw failure
    }
    await expect(results.write(0, failing)).rejects.toBe(failure)
    expect(results.getStats()).toMatchObject({ itemsBuffered: 1, errors: 1 })
  })

  test('in the middle of a flush leaves the rest for the next', async () => {
    const { batches, writer } = recorder()
    const results = new ResultWriter<number>({ batchSize: 100, bufferSize: 3 })
    await results.writeMany(numbers(50), writer)
    const small = new ResultWriter<number>({ batchSize: 2, bufferSize: 3 })
    let calls = 0
    const failsThird = async (rows: number[]) => {
      if (++calls === 3) throw new Error('third')
      await writer(rows)
    }
    await expect(small.writeMany(numbers(9), failsThird)).rejects.toThrow('third')
    expect(small.getStats()).toEqual({ itemsWritten: 4, itemsBuffered: 5, flushes: 2, errors: 1 })
    await small.flush(writer)
    expect(batches.flat()).toEqual(numbers(9))
  })
})

test('clear drops what waits and resets the statistics, also during a write', async () => {
  const { batches, writer } = recorder()
  const results = new ResultWriter<number>({ batchSize: 2, bufferSize: 1 })
  await results.writeMany(numbers(7), (batch) => {
    results.clear()
    expect(results.getStats()).toEqual({ itemsWritten: 0, itemsBuffered: 0, flushes: 0, errors: 0 })
    return writer(batch)
  })
  await results.write(7, writer)
  await results.flush(writer)
  expect(batches).toEqual([[0, 1], [7]])
})

test('nonsense is refused before a result is taken', async () => {
  const results = new ResultWriter<number>()
  await expect(results.write(0, undefined as any)).rejects.toThrow(
    new TypeError('Expected `writer` to be a function, got `undefined`'),
  )
  await expect(results.writeMany(5 as any, async () => {})).rejects.toThrow(TypeError)
  await expect(results.writeMany([1], 'x' as any)).rejects.toThrow(TypeError)
  await expect(results.flush(null as any)).rejects.toThrow(TypeError)
  expect(() => new ResultWriter({ batchSize: Number.NaN })).toThrow(RangeError)
  expect(results.getStats().itemsBuffered).toBe(0)
})

test('random use writes each result once, in order', async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('write'), count: fc.nat(8), many: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('flush', 'settle', 'break', 'mend') }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('clear') }) },
  )
  const config = fc.record({
    batchSize: fc.integer({ min: 1, max: 6 }),
    bufferSize: fc.integer({ min: 1, max: 9 }),
    maxMemory: fc.integer({ min: 1, max: 400 }),
  })
  await fc.assert(
    fc.asyncProperty(config, fc.array(step, { maxLength: 40 }), async (settings, steps) => {
      const results = new ResultWriter<number>(settings)
      let taken: number[] = []
      let written: number[] = []
      let calls: Promise<unknown>[] = []
      let [next, broken, errors] = [0, false, 0]
      const writer = async (batch: number[]) => {
        expect(batch.length).toBeGreaterThan(0)
        expect(batch.length).toBeLessThanOrEqual(settings.batchSize)
        if (broken && ++errors) throw new Error('broken')
        written.push(...batch)
      }
      const watch = (call: Promise<void>) => calls.push(call.catch((error) => expect(error.message).toBe('broken')))
      for (const one of steps as any[]) {
        if (one.do === 'write') {
          const batch = numbers(one.count, next)
          next += one.count
          taken.push(...batch)
          if (one.many) watch(results.writeMany(batch, writer))
          else for (const result of batch) watch(results.write(result, writer))
        } else if (one.do === 'flush') watch(results.flush(writer))
        else if (one.do === 'settle') await Promise.all(calls)
        else if (one.do === 'clear') {
          await Promise.all(calls)
          results.clear()
          ;[taken, written, calls, errors] = [[], [], [], 0]
        } else broken = one.do === 'break'
      }
      await Promise.all(calls)
      broken = false
      await results.flush(writer)
      expect(written).toEqual(taken)
      expect(results.getStats()).toMatchObject({ itemsWritten: taken.length, itemsBuffered: 0, errors })
    }),
    { numRuns: 200 },
  )
}, 60_000)
