import { DatasetStream } from '@aah/ai-evals-performance'
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'

const echo = async <T>(batch: T[]) => batch

/** A promise and the function that resolves it. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** Lets every promise that can settle without input settle. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

afterEach(() => vi.useRealTimers())

describe('push', () => {
  test('takes items until bufferSize is reached, then answers false and says so', () => {
    const stream = new DatasetStream<number>({ bufferSize: 2 })
    const events: unknown[] = []
    for (const name of ['data', 'backpressure', 'memory-pressure']) {
      stream.on(name, (value) => events.push([name, value]))
    }
    expect([stream.push(1), stream.push(2), stream.push(3)]).toEqual([true, true, false])
    expect(events).toEqual([
      ['data', 1],
      ['data', 2],
      ['backpressure', expect.objectContaining({ reason: 'buffer', itemsBuffered: 2, bufferSize: 2 })],
    ])
    expect(stream.getStats()).toMatchObject({ itemsBuffered: 2, backpressureEvents: 1 })
  })

  test('refuses what maxMemory has no room for, with both events', () => {
    const stream = new DatasetStream<string>({ maxMemory: 1_000 })
    const events: string[] = []
    stream.on('backpressure', ({ reason }) => events.push(`backpressure ${reason}`))
    stream.on('memory-pressure', ({ maxMemory }) => events.push(`memory-pressure ${maxMemory}`))
    expect(stream.push('x'.repeat(600))).toBe(true)
    expect(stream.push('x'.repeat(600))).toBe(false)
    expect(events).toEqual(['backpressure memory', 'memory-pressure 1000'])
    expect(stream.getStats().memoryUsage).toBeLessThanOrEqual(1_000)
  })

  test('takes an item larger than maxMemory when nothing else waits', async () => {
    const stream = new DatasetStream<string>({ maxMemory: 10 })
    expect([stream.push('x'.repeat(600)), stream.push('')]).toEqual([true, false])
    await stream.process(echo)
    expect(stream.push('x'.repeat(600))).toBe(true)
  })

  test('counts the batch in flight until it is done', async () => {
    const stream = new DatasetStream<number>({ bufferSize: 2, batchSize: 1 })
    stream.push(1)
    stream.push(2)
    const answers: boolean[] = []
    const results = await stream.process(async ([item = 0]) => {
      if (item < 4) answers.push(stream.push(item + 2))
      return [item]
    })
    expect(answers).toEqual([false, true])
    expect(results).toEqual([1, 2, 4])
    expect(stream.getStats()).toMatchObject({ itemsProcessed: 3, itemsBuffered: 0 })
  })

  test('takes undefined and null like any other item', async () => {
    const stream = new DatasetStream()
    for (const item of [undefined, null, 0, '']) stream.push(item)
    expect(await stream.process(echo)).toEqual([undefined, null, 0, ''])
  })
})

describe('process', () => {
  test('hands out batches in order and joins their results', async () => {
    const stream = new DatasetStream<number>({ batchSize: 4 })
    for (let item = 0; item < 10; item++) stream.push(item)
    const sizes: number[] = []
    const results = await stream.process(async (batch) => {
      sizes.push(batch.length)
      return batch.map(String)
    })
    expect(sizes).toEqual([4, 4, 2])
    expect(results).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
  })

  test('has nothing to do without items', async () => {
    const processor = vi.fn(echo)
    expect(await new DatasetStream().process(processor)).toEqual([])
    expect(processor).not.toHaveBeenCalled()
  })

  test('works when batchSize exceeds bufferSize', async () => {
    const stream = new DatasetStream<number>({ batchSize: 50, bufferSize: 10 })
    for (let item = 0; item < 20; item++) stream.push(item)
    expect(await stream.process(echo)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  test('passes a failure on untouched and keeps the batch in front', async () => {
    const stream = new DatasetStream<number>({ batchSize: 2 })
    for (const item of [1, 2, 3, 4]) stream.push(item)
    const failure = { reason: 'no error object at all' }
    const processor = async (batch: number[]) => {
      if (batch.includes(3)) throw failure
      return batch
    }
    await expect(stream.process(processor)).rejects.toBe(failure)
    expect(stream.getStats()).toMatchObject({ itemsProcessed: 2, itemsBuffered: 2 })
    stream.push(5)
    expect(await stream.process(echo)).toEqual([3, 4, 5])
  })

  test('turns a synchronous throw into a rejection', async () => {
    const stream = new DatasetStream<number>()
    stream.push(1)
    const failure = new Error('at once')
    const running = stream.process(() => {
      throw failure
    })
    await expect(running).rejects.toBe(failure)
    expect(await stream.process(echo)).toEqual([1])
  })

  test('refuses a result that is no array and keeps the batch', async () => {
    const stream = new DatasetStream<number>()
    stream.push(1)
    await expect(stream.process(async () => undefined as any)).rejects.toThrow(
      new TypeError('Expected `processor(batch)` to be an array of results, got `undefined`'),
    )
    expect(await stream.process(echo)).toEqual([1])
  })

  test('runs overlapping calls one after the other, each item in exactly one', async () => {
    const stream = new DatasetStream<number>({ batchSize: 2 })
    for (const item of [1, 2, 3]) stream.push(item)
    let running = 0
    const processor = async (batch: number[]) => {
      expect(++running).toBe(1)
      await settle()
      running--
      return batch
    }
    const calls = [stream.process(processor), stream.process(processor)]
    await settle()
    stream.push(4)
    expect((await Promise.all(calls)).flat().sort()).toEqual([1, 2, 3, 4])
  })

  test('goes on with the next call after one that failed', async () => {
    const stream = new DatasetStream<number>()
    stream.push(1)
    const failing = stream.process(() => Promise.reject(new Error('first')))
    const next = stream.process(echo)
    await expect(failing).rejects.toThrow('first')
    expect(await next).toEqual([1])
  })

  test('keeps its items whatever a processor does to the batch it was given', async () => {
    const stream = new DatasetStream<number>()
    for (const item of [1, 2, 3]) stream.push(item)
    const vandal = async (batch: number[]) => {
      batch.length = 0
      throw new Error('emptied')
    }
    await expect(stream.process(vandal)).rejects.toThrow('emptied')
    expect(await stream.process(async (batch) => batch.splice(0))).toEqual([1, 2, 3])
    expect(stream.getStats()).toMatchObject({ itemsProcessed: 3, itemsBuffered: 0 })
  })
})

describe('pause', () => {
  test('holds the next batch back until resume, also when it comes mid-way', async () => {
    const stream = new DatasetStream<number>({ batchSize: 1 })
    for (const item of [1, 2, 3]) stream.push(item)
    const seen: number[] = []
    const running = stream.process(async ([item = 0]) => {
      seen.push(item)
      if (item === 1) stream.pause()
      return [item]
    })
    await settle()
    expect([seen, stream.isPaused()]).toEqual([[1], true])
    stream.resume()
    expect(await running).toEqual([1, 2, 3])
  })

  test('before process, after the last batch or across clear, it lets nothing return early', async () => {
    const stream = new DatasetStream<number>()
    let done = false
    stream.pause()
    const running = stream.process(echo).finally(() => {
      done = true
    })
    await settle()
    stream.push(1)
    stream.clear()
    await settle()
    stream.push(2)
    await settle()
    expect([done, stream.isPaused()]).toEqual([false, true])
    stream.resume()
    expect(await running).toEqual([2])
  })

  test('announces each change once', () => {
    const stream = new DatasetStream()
    const events: string[] = []
    stream.on('pause', () => events.push('pause')).on('resume', () => events.push('resume'))
    stream.resume()
    stream.pause()
    stream.pause()
    stream.resume()
    expect(events).toEqual(['pause', 'resume'])
  })
})

describe('clear', () => {
  test('forgets items and statistics', async () => {
    const stream = new DatasetStream<number>({ bufferSize: 1 })
    stream.push(1)
    stream.push(2)
    stream.clear()
    expect(stream.getStats()).toEqual({
      itemsProcessed: 0,
      itemsBuffered: 0,
      memoryUsage: 0,
      backpressureEvents: 0,
      avgProcessingTime: 0,
      throughput: 0,
    })
    expect(await stream.process(echo)).toEqual([])
  })

  test('during a batch leaves the items pushed after it alone', async () => {
    const stream = new DatasetStream<number>({ batchSize: 2 })
    for (const item of [1, 2, 3]) stream.push(item)
    const { opened, open } = gate()
    const running = stream.process(async (batch) => {
      if (batch.includes(1)) await opened
      return batch
    })
    await settle()
    stream.clear()
    stream.push(4)
    open()
    expect(await running).toEqual([1, 2, 4])
  })

  test('during a batch that fails gives its items up', async () => {
    const stream = new DatasetStream<number>()
    stream.push(1)
    const running = stream.process(async () => {
      stream.clear()
      stream.push(2)
      throw new Error('late')
    })
    await expect(running).rejects.toThrow('late')
    expect(await stream.process(echo)).toEqual([2])
  })
})

describe('events', () => {
  test('a batch is announced when its room is free again', async () => {
    const stream = new DatasetStream<number>({ batchSize: 2, bufferSize: 3 })
    for (const item of [1, 2, 3]) stream.push(item)
    const events: unknown[] = []
    stream.on('batch-complete', (event) => events.push({ ...event, taken: stream.push(4) }))
    await stream.process(async (batch) => {
      if (batch.includes(4)) stream.removeAllListeners('batch-complete')
      return batch
    })
    expect(events).toEqual([
      { batchSize: 2, itemsProcessed: 2, itemsBuffered: 1, duration: expect.any(Number), taken: true },
    ])
  })

  test('a listener that throws costs no item and doubles none', async () => {
    const stream = new DatasetStream<number>({ batchSize: 1, bufferSize: 2 })
    for (const name of ['data', 'backpressure', 'batch-complete', 'pause', 'resume']) {
      stream.on(name, () => {
        throw new Error(name)
      })
    }
    expect([stream.push(1), stream.push(2), stream.push(3)]).toEqual([true, true, false])
    stream.pause()
    stream.resume()
    expect(await stream.process(echo)).toEqual([1, 2])
  })

  test('errors are announced where somebody listens', async () => {
    const stream = new DatasetStream<number>()
    stream.push(1)
    const failure = new Error('batch')
    const heard: unknown[] = []
    await expect(stream.process(() => Promise.reject(failure))).rejects.toBe(failure)
    stream.on('error', (error) => heard.push(error))
    await expect(stream.process(() => Promise.reject(failure))).rejects.toBe(failure)
    expect(heard).toEqual([failure])
  })
})

test('statistics count time by the clock of the moment', async () => {
  vi.useFakeTimers()
  const stream = new DatasetStream<number>({ batchSize: 2 })
  for (const item of [1, 2, 3, 4]) stream.push(item)
  await stream.process(async (batch) => {
    vi.advanceTimersByTime(100)
    return batch
  })
  expect(stream.getStats()).toMatchObject({ itemsProcessed: 4, avgProcessingTime: 100, throughput: 20, memoryUsage: 0 })
})

test('nonsense is refused by name', async () => {
  expect(() => new DatasetStream({ batchSize: 0 })).toThrow(
    new RangeError('Expected `batchSize` to be an integer ≥ 1, got `0`'),
  )
  expect(() => new DatasetStream({ bufferSize: 1.5 })).toThrow(RangeError)
  expect(() => new DatasetStream({ maxMemory: '1' as any })).toThrow(TypeError)
  expect(() => new DatasetStream(3 as any)).toThrow(TypeError)
  await expect(new DatasetStream().process('x' as any)).rejects.toThrow(TypeError)
  const defaults = new DatasetStream({ batchSize: undefined, bufferSize: undefined, maxMemory: undefined })
  for (let item = 0; item < 1_001; item++) expect(defaults.push(item)).toBe(item < 1_000)
})

test('random use processes each accepted item once, in order', async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('push' as const), length: fc.nat(300) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('process' as const, 'fail' as const), after: fc.nat(6) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('pause', 'resume', 'clear', 'settle') }) },
  )
  const config = fc.record({
    batchSize: fc.integer({ min: 1, max: 6 }),
    bufferSize: fc.integer({ min: 1, max: 12 }),
    maxMemory: fc.integer({ min: 1, max: 2_000 }),
  })
  await fc.assert(
    fc.asyncProperty(config, fc.array(step, { maxLength: 60 }), async (settings, steps) => {
      const stream = new DatasetStream<{ id: number; text: string }>(settings)
      // Between settled moments nothing is in flight, so a plain list says what is buffered.
      const expected: number[] = []
      const succeeded: number[] = []
      const running: Promise<unknown>[] = []
      const accepted: number[] = []
      let next = 0
      let cleared = new Set<number>()
      for (const one of steps as any[]) {
        if (one.do === 'push') {
          const id = next++
          const { itemsBuffered } = stream.getStats()
          const taken = stream.push({ id, text: 'x'.repeat(one.length) })
          if (itemsBuffered === 0) expect(taken).toBe(true)
          if (itemsBuffered >= settings.bufferSize) expect(taken).toBe(false)
          if (taken) accepted.push(id)
        } else if (one.do === 'process' || one.do === 'fail') {
          let calls = one.do === 'fail' ? one.after : Number.POSITIVE_INFINITY
          const processor = async (batch: { id: number }[]) => {
            expect(batch.length).toBeGreaterThan(0)
            expect(batch.length).toBeLessThanOrEqual(settings.batchSize)
            if (calls-- <= 0) throw new Error('asked for')
            succeeded.push(...batch.map(({ id }) => id))
            return batch
          }
          running.push(stream.process(processor).catch((error) => expect(error.message).toBe('asked for')))
          if (one.after % 2 === 0) await settle()
        } else if (one.do === 'clear') {
          await settle()
          cleared = new Set([...cleared, ...accepted.filter((id) => !succeeded.includes(id))])
          stream.clear()
        } else if (one.do === 'settle') {
          await settle()
        } else {
          stream[one.do as 'pause' | 'resume']()
        }
      }
      stream.resume()
      await Promise.all(running)
      running.push(stream.process(async (batch) => batch.map(({ id }) => succeeded.push(id))))
      await Promise.all(running)
      for (const id of accepted) if (!cleared.has(id)) expected.push(id)
      expect(succeeded).toEqual(expected)
      expect(stream.getStats()).toMatchObject({ itemsBuffered: 0, memoryUsage: 0 })
    }),
    { numRuns: 200 },
  )
}, 60_000)
