import { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import { PerformanceError, PerformanceMonitor, performanceMonitor } from '@aah/ai-evals-performance'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { fill, monitorOf, pass } from './helpers/monitored.ts'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

const sleep = (duration: number) => new Promise<void>((resolve) => setTimeout(resolve, duration))

describe('start and end', () => {
  test('give the fractional milliseconds in between', () => {
    const monitor = new PerformanceMonitor()
    monitor.start('load')
    pass(12)
    expect(monitor.end('load')).toBe(12)
    vi.useRealTimers()
    monitor.start('real')
    const began = performance.now()
    while (performance.now() - began < 0.3);
    const duration = monitor.end('real')
    expect(duration).toBeGreaterThanOrEqual(0.3)
    expect(Number.isInteger(duration)).toBe(false)
  })

  test('nest under one name: the most recent start ends first', () => {
    const monitor = new PerformanceMonitor()
    monitor.start('step')
    pass(10)
    monitor.start('step')
    pass(5)
    expect(monitor.end('step')).toBe(5)
    pass(1)
    expect(monitor.end('step')).toBe(16)
  })

  test('an end without a start says so and records nothing', () => {
    const monitor = new PerformanceMonitor()
    const failure = expect.objectContaining({ message: 'No active timer found for: load', code: 'ERR_NO_ACTIVE_TIMER' })
    expect(() => monitor.end('load')).toThrow(failure)
    expect(() => monitor.end('load')).toThrow(PerformanceError)
    monitor.start('load')
    monitor.end('load')
    expect(() => monitor.end('load')).toThrow(failure)
    expect(monitor.getComponentTiming('load')?.totalCalls).toBe(1)
  })

  test('a component that was only started has no timing', () => {
    const monitor = new PerformanceMonitor()
    monitor.start('never ends')
    monitor.start('ends')
    monitor.end('ends')
    expect(monitor.getComponentTiming('never ends')).toBeUndefined()
    expect(monitor.getAllTimings().map(({ component }) => component)).toEqual(['ends'])
  })

  test('a clock that was set back counts as no time', () => {
    const clock = vi.spyOn(performance, 'now')
    const monitor = new PerformanceMonitor()
    clock.mockReturnValueOnce(100).mockReturnValueOnce(90)
    monitor.start('back')
    expect(monitor.end('back')).toBe(0)
    clock.mockReturnValueOnce(100).mockReturnValueOnce(90)
    monitor.measureSync('back', () => {})
    expect(monitor.getComponentTiming('back')).toMatchObject({ totalCalls: 2, totalDuration: 0, minDuration: 0 })
  })

  test('a clock that gives no number leaves the measurement out', () => {
    const clock = vi.spyOn(performance, 'now')
    const monitor = new PerformanceMonitor()
    for (const broken of [NaN, Infinity]) {
      clock.mockReturnValueOnce(100).mockReturnValueOnce(broken)
      expect(monitor.measureSync('broken', () => 'fine')).toBe('fine')
    }
    expect(monitor.getComponentTiming('broken')).toBeUndefined()
    fill(monitor, { next: [3] })
    expect(monitor.getAllTimings()).toMatchObject([{ component: 'next', totalDuration: 3 }])
  })
})

describe('measure', () => {
  test('a hundred overlapping calls of one name all resolve and are each timed by themselves', async () => {
    const monitor = new PerformanceMonitor()
    const calls = Array.from({ length: 100 }, (_, index) =>
      monitor.measure('model', async () => {
        await sleep(index + 1)
        return index
      }),
    )
    await vi.advanceTimersByTimeAsync(200)
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 100 }, (_, index) => index))
    expect(monitor.getComponentTiming('model')).toEqual({
      component: 'model',
      totalCalls: 100,
      totalDuration: 5050,
      avgDuration: 50.5,
      minDuration: 1,
      maxDuration: 100,
      p50Duration: 50,
      p95Duration: 95,
      p99Duration: 99,
    })
  })

  test('leaves the measurements of start and end alone', async () => {
    const monitor = new PerformanceMonitor()
    monitor.start('step')
    pass(3)
    const call = monitor.measure('step', () => sleep(10))
    await vi.advanceTimersByTimeAsync(4)
    monitor.measureSync('step', () => pass(1))
    expect(monitor.end('step')).toBe(8)
    await vi.advanceTimersByTimeAsync(5)
    await call
    expect(monitor.getComponentTiming('step')).toMatchObject({ totalCalls: 3, totalDuration: 8 + 10 + 1 })
    expect(() => monitor.end('step')).toThrow('No active timer')
  })

  test('passes a failure on untouched and records its time', async () => {
    const monitor = new PerformanceMonitor()
    const failure = new Error('model away')
    const rejecting = monitor.measure('model', async () => {
      await sleep(7)
      throw failure
    })
    const outcome = rejecting.catch((error) => error)
    await vi.advanceTimersByTimeAsync(7)
    expect(await outcome).toBe(failure)
    const throwing = monitor.measure('model', () => {
      pass(2)
      throw failure
    })
    expect(await throwing.catch((error) => error)).toBe(failure)
    expect(await monitor.measure('model', () => Promise.reject(undefined)).catch((error) => [error])).toEqual([
      undefined,
    ])
    expect(monitor.getComponentTiming('model')).toMatchObject({ totalCalls: 3, totalDuration: 9 })
  })

  test('waits for a thenable and takes a plain value', async () => {
    const monitor = new PerformanceMonitor()
    const thenable: any = {
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
      then(resolve: (value: string) => void) {
        pass(4)
        resolve('done')
      },
    }
    expect(await monitor.measure('thenable', () => thenable)).toBe('done')
    expect(await monitor.measure('value', () => 42 as any)).toBe(42)
    expect(monitor.getComponentTiming('thenable')?.totalDuration).toBe(4)
    expect(monitor.getComponentTiming('value')?.totalCalls).toBe(1)
  })

  test('refuses what is no function or no name, and records nothing', async () => {
    const monitor: any = new PerformanceMonitor()
    await expect(monitor.measure('model', 3)).rejects.toThrow(new TypeError('Expected `fn` to be a function, got `3`'))
    await expect(monitor.measure(undefined, async () => {})).rejects.toThrow(TypeError)
    expect(() => monitor.measureSync('model')).toThrow(TypeError)
    expect(() => monitor.measureSync({}, () => {})).toThrow(TypeError)
    expect(() => monitor.start(1)).toThrow(new TypeError('Expected `name` to be a string, got `1`'))
    expect(() => monitor.end()).toThrow(TypeError)
    expect(() => monitor.getComponentTiming(null)).toThrow(TypeError)
    expect(() => monitor.setBaseline()).toThrow(TypeError)
    expect(monitor.getAllTimings()).toEqual([])
  })
})

describe('measureSync', () => {
  test('returns what the function returns, or throws what it throws, and records both', () => {
    const monitor = new PerformanceMonitor()
    expect(monitor.measureSync('parse', () => 'parsed')).toBe('parsed')
    const promise = Promise.resolve()
    expect(monitor.measureSync('parse', () => promise)).toBe(promise)
    const failure = { odd: 'failure' }
    let thrown: unknown
    try {
      monitor.measureSync('parse', () => {
        pass(6)
        throw failure
      })
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBe(failure)
    expect(monitor.getComponentTiming('parse')).toMatchObject({ totalCalls: 3, totalDuration: 6 })
  })

  test('counts calls of itself one by one', () => {
    const monitor = new PerformanceMonitor()
    const descend = (depth: number): void => {
      pass(1)
      if (depth > 1) monitor.measureSync('descend', () => descend(depth - 1))
    }
    monitor.measureSync('descend', () => descend(3))
    expect(monitor.getComponentTiming('descend')).toMatchObject({ totalCalls: 3, totalDuration: 3 + 2 + 1 })
  })
})

describe('reset', () => {
  test('forgets ended, buffered, open and running measurements', async () => {
    const monitor = monitorOf({ ended: Array(1500).fill(1) })
    monitor.start('open')
    const running = monitor.measure('running', () => sleep(10))
    const ended = vi.fn()
    monitor.on('end', ended)
    monitor.reset()
    expect(monitor.getAllTimings()).toEqual([])
    expect(() => monitor.end('open')).toThrow('No active timer found for: open')
    fill(monitor, { first: [4], running: [5] })
    await vi.advanceTimersByTimeAsync(10)
    await running
    expect(monitor.getAllTimings()).toMatchObject([
      { component: 'running', totalCalls: 1, totalDuration: 5 },
      { component: 'first', totalCalls: 1, totalDuration: 4 },
    ])
    expect(ended).toHaveBeenCalledTimes(2)
  })
})

describe('events', () => {
  test('tell what happened', async () => {
    const monitor = new PerformanceMonitor()
    expect(monitor).toBeInstanceOf(EventEmitter)
    const events: unknown[][] = []
    for (const event of ['start', 'end', 'baseline-set', 'reset']) {
      monitor.on(event, (...values) => events.push([event, ...values]))
    }
    const metadata = { model: 'x' }
    const startTime = performance.now()
    monitor.start('a', metadata)
    pass(2)
    monitor.end('a')
    monitor.measureSync('b', () => pass(3), metadata)
    await monitor.measure('c', async () => pass(4))
    const baseline = monitor.setBaseline('v1')
    monitor.reset()
    expect(events).toEqual([
      ['start', { name: 'a', startTime, metadata }],
      ['end', { name: 'a', duration: 2 }],
      ['start', { name: 'b', startTime: startTime + 2, metadata }],
      ['end', { name: 'b', duration: 3 }],
      ['start', { name: 'c', startTime: startTime + 5, metadata: undefined }],
      ['end', { name: 'c', duration: 4 }],
      ['baseline-set', { id: 'v1', baseline }],
      ['reset'],
    ])
    expect((events[0] as any)[1].metadata).toBe(metadata)
  })

  test('a listener that throws loses no measurement and changes no outcome', async () => {
    const monitor = new PerformanceMonitor()
    const failure = new Error('listener')
    const fail = () => {
      throw failure
    }
    monitor.on('start', fail).on('end', fail)
    expect(monitor.measureSync('a', () => 1)).toBe(1)
    expect(await monitor.measure('a', async () => 2)).toBe(2)
    const own = new Error('own')
    await expect(monitor.measure('a', () => Promise.reject(own))).rejects.toBe(own)
    expect(() => monitor.start('a')).toThrow(failure)
    expect(() => monitor.end('a')).toThrow(failure)
    expect(monitor.getComponentTiming('a')?.totalCalls).toBe(4)

    const errors: unknown[] = []
    monitor.on('error', (error) => errors.push(error))
    monitor.measureSync('a', () => 1)
    expect(errors).toEqual([failure, failure])
    monitor.on('error', fail)
    expect(monitor.measureSync('a', () => 3)).toBe(3)
  })

  test('a listener that fails keeps no other from hearing of a measured call, and none ends the process', async () => {
    const monitor = new PerformanceMonitor()
    vi.useRealTimers()
    const failures = [new Error('thrown'), new Error('rejected')]
    const [heard, reported] = [vi.fn(), vi.fn()]
    monitor.on('end', () => {
      throw failures[0]
    })
    monitor.on('end', async () => {
      throw failures[1]
    })
    monitor.on('end', heard)
    monitor.on('error', reported)
    expect(await monitor.measure('a', async () => 7)).toBe(7)
    await new Promise(setImmediate)
    expect(heard).toHaveBeenCalledTimes(1)
    expect(reported.mock.calls).toEqual(failures.map((failure) => [failure]))
  })

  test('a listener may use the monitor', () => {
    const monitor = new PerformanceMonitor()
    monitor.on('end', ({ name }) => {
      if (name === 'outer') monitor.measureSync('inner', () => pass(1))
    })
    for (let index = 0; index < 1000; index++) monitor.measureSync('outer', () => pass(1))
    expect(monitor.getAllTimings().map(({ totalCalls }) => totalCalls)).toEqual([1000, 1000])
  })
})

test('performanceMonitor is a monitor, and a worker thread has its own', async () => {
  vi.useRealTimers()
  expect(performanceMonitor).toBeInstanceOf(PerformanceMonitor)
  performanceMonitor.measureSync('here', () => {})
  const source = `
    const { performanceMonitor } = require(${JSON.stringify(createRequire(import.meta.url).resolve('@aah/ai-evals-performance'))})
    const before = performanceMonitor.getAllTimings()
    performanceMonitor.measureSync('there', () => {})
    require('node:worker_threads').parentPort.postMessage([before, performanceMonitor.getAllTimings()])`
  const worker = new Worker(source, { eval: true })
  const [before, after] = await new Promise<any>((resolve, reject) => {
    worker.once('message', resolve).once('error', reject)
  })
  await worker.terminate()
  expect(before).toEqual([])
  expect(after).toMatchObject([{ component: 'there', totalCalls: 1 }])
  expect(performanceMonitor.getComponentTiming('there')).toBeUndefined()
  performanceMonitor.reset()
})
