import { EventEmitter } from 'node:events'
import { Worker } from 'node:worker_threads'
import { PerformanceError, PerformanceMonitor, performanceMonitor } from '@aah/ai-evals-performance'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

/** Lets `duration` milliseconds pass on the fake clock. */
const pass = (duration: number) => vi.advanceTimersByTime(duration)

/** A monitor in which the components were measured with these durations. */
function monitorOf(components: Record<string, number[]>): PerformanceMonitor {
  const monitor = new PerformanceMonitor()
  fill(monitor, components)
  return monitor
}

function fill(monitor: PerformanceMonitor, components: Record<string, number[]>): void {
  for (const [name, durations] of Object.entries(components)) {
    for (const duration of durations) monitor.measureSync(name, () => pass(duration))
  }
}

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

describe('timings', () => {
  test('have the largest total first', () => {
    const monitor = monitorOf({ small: [1], large: [50], many: [10, 10, 10] })
    expect(monitor.getAllTimings().map(({ component, totalDuration }) => [component, totalDuration])).toEqual([
      ['large', 50],
      ['many', 30],
      ['small', 1],
    ])
  })

  test.each([1023, 1024, 1025, 2048, 2049])('are complete after %i measurements, whenever they are read', (count) => {
    const monitor = new PerformanceMonitor()
    const watched = new PerformanceMonitor()
    for (let index = 1; index <= count; index++) {
      const name = index % 2 ? 'odd' : 'even'
      monitor.start(name)
      watched.start(name)
      pass(1)
      monitor.end(name)
      watched.end(name)
      if (index % 7 === 0) expect(watched.generateReport().summary.totalCalls).toBe(index)
    }
    expect(monitor.getComponentTiming('odd')).toMatchObject({ totalCalls: Math.ceil(count / 2), avgDuration: 1 })
    expect(monitor.generateReport()).toMatchObject({ totalDuration: count, summary: { totalCalls: count } })
    expect(watched.getAllTimings()).toEqual(monitor.getAllTimings())
  })

  test('stay within a thousandth where a component has many measurements', () => {
    const monitor = monitorOf({ model: Array.from({ length: 5000 }, (_, index) => index + 1) })
    const timing = monitor.getComponentTiming('model')
    expect(timing).toMatchObject({ totalCalls: 5000, totalDuration: 12_502_500, minDuration: 1, maxDuration: 5000 })
    for (const [got, exact] of [
      [timing?.p50Duration, 2500],
      [timing?.p95Duration, 4750],
      [timing?.p99Duration, 4950],
    ] as [number, number][]) {
      expect(Math.abs(got - exact)).toBeLessThanOrEqual(exact / 1000)
    }
  })

  test('tell any two names apart', () => {
    const names = ['', '__proto__', 'constructor', 'toString', '\ud800', '\ud801', '\0', 'ä', 'a\u0308']
    const monitor = new PerformanceMonitor()
    for (const [index, name] of names.entries()) {
      monitor.start(name)
      pass(index + 1)
      monitor.end(name)
    }
    for (const [index, name] of names.entries()) {
      expect(monitor.getComponentTiming(name)).toMatchObject({ component: name, totalDuration: index + 1 })
    }
    expect(monitor.setBaseline('all').components.size).toBe(names.length)
  })

  test('changed by their reader do not change ours', () => {
    const monitor = monitorOf({ model: [10] })
    for (const timing of [monitor.getComponentTiming('model'), ...monitor.getAllTimings()]) {
      if (timing) timing.totalCalls = 99
    }
    expect(monitor.getComponentTiming('model')?.totalCalls).toBe(1)
  })
})

describe('bottlenecks', () => {
  test('are graded by mean and share, and say what to do', () => {
    const monitor = monitorOf({ model: [2000, 4000], scoring: [800, 800], loading: [500], logging: [1] })
    const [model, scoring, loading, ...others] = monitor.identifyBottlenecks()
    expect(others).toEqual([])
    expect(model).toMatchObject({ component: 'model', severity: 'critical', avgDuration: 3000 })
    expect(model?.percentOfTotal).toBeCloseTo((6000 / 8101) * 100, 10)
    expect(model?.impact).toBe(
      '74.1% of the measured time: called twice for 6.00 s in all, 3.00 s on average (p95 4.00 s)',
    )
    expect(model?.recommendation).toMatch(/cheaper than 3\.00 s/)
    expect(scoring).toMatchObject({ component: 'scoring', severity: 'medium' })
    expect(loading).toMatchObject({ component: 'loading', severity: 'medium' })
    expect(loading?.impact).toMatch(/called once, for 500 ms/)
  })

  test('follow the thresholds given', () => {
    const monitor = monitorOf({ model: [60], scoring: [40] })
    const severities = (criticalMs: number, criticalPercent: number) =>
      monitor.identifyBottlenecks({ criticalMs, criticalPercent }).map(({ severity }) => severity)
    expect(severities(60, 60)).toEqual(['critical', 'medium'])
    expect(severities(40, 40)).toEqual(['critical', 'critical'])
    expect(severities(Infinity, Infinity)).toEqual([])
    for (const [name, value] of [
      ['criticalMs', 0],
      ['criticalPercent', -1],
      ['criticalMs', NaN],
    ] as const) {
      expect(() => monitor.identifyBottlenecks({ [name]: value })).toThrow(
        new RangeError(`Expected \`thresholds.${name}\` to be a number > 0, got \`${value}\``),
      )
    }
    expect(() => monitor.identifyBottlenecks({ criticalMs: '5' as any })).toThrow(TypeError)
    expect(() => monitor.identifyBottlenecks(5 as any)).toThrow(TypeError)
  })
})

describe('baselines and regressions', () => {
  test('report what became slower, the largest change first', () => {
    const monitor = monitorOf({ a: [100], b: [100], c: [100], d: [100], faster: [100], zero: [0], gone: [5] })
    monitor.setBaseline('v1')
    monitor.reset()
    fill(monitor, { d: [110], c: [111], b: [126], a: [151], faster: [1], zero: [9], fresh: [9] })
    const regression = (component: string, currentDuration: number, severity: string, threshold: number) => ({
      component,
      baselineDuration: 100,
      currentDuration,
      percentChange: currentDuration - 100,
      severity,
      threshold,
    })
    expect(monitor.detectRegressions('v1')).toEqual([
      regression('a', 151, 'critical', 50),
      regression('b', 126, 'major', 25),
      regression('c', 111, 'minor', 10),
    ])
    expect(monitor.detectRegressions('v1', { critical: 5, major: 4, minor: 3 })).toHaveLength(4)
  })

  test('take thresholds in their order only, and fit those left out', () => {
    const monitor = monitorOf({ a: [100] })
    monitor.setBaseline('v1')
    fill(monitor, { a: [140] }) // the mean is now 120
    const found = (thresholds: object) =>
      monitor.detectRegressions('v1', thresholds).map(({ severity, threshold }) => [severity, threshold])
    expect(found({ critical: 15 })).toEqual([['critical', 15]])
    expect(found({ major: 15 })).toEqual([['major', 15]])
    expect(found({ major: 60 })).toEqual([['minor', 10]])
    expect(found({ minor: 30 })).toEqual([])
    expect(found({ major: 5 })).toEqual([['major', 5]])
    expect(() => found({ critical: 10, major: 20 })).toThrow(
      new RangeError('Expected `thresholds.major` to be at most `thresholds.critical` (10), got `20`'),
    )
    expect(() => found({ major: 10, minor: 20 })).toThrow(RangeError)
    expect(() => found({ critical: 10, minor: 20 })).toThrow(RangeError)
    expect(() => found({ minor: 0 })).toThrow(RangeError)
    expect(() => found({ minor: 'much' })).toThrow(TypeError)
  })

  test('of an unknown name say which are known', () => {
    const monitor = monitorOf({ a: [1] })
    const failing = (call: () => unknown, message: string) =>
      expect(call).toThrow(expect.objectContaining({ message, code: 'ERR_UNKNOWN_BASELINE', name: 'PerformanceError' }))
    failing(() => monitor.detectRegressions('v2'), 'No baseline is named "v2": none has been set')
    monitor.setBaseline('v0')
    monitor.setBaseline('v1')
    failing(() => monitor.generateReport('v2'), 'No baseline is named "v2": there is "v0", "v1"')
  })

  test('are snapshots that outlive a reset and do not change', () => {
    vi.setSystemTime('2025-02-03T04:05:06Z')
    const monitor = monitorOf({ a: [3, 5], b: [1] })
    const timestamp = new Date()
    const set = monitor.setBaseline('v1')
    expect(set).toEqual({
      id: 'v1',
      timestamp,
      components: new Map(monitor.getAllTimings().map((timing) => [timing.component, timing])),
      totalDuration: 9,
    })
    expect([...set.components.keys()]).toEqual(['a', 'b'])
    const before = structuredClone(set)
    set.components.clear()
    set.timestamp.setTime(0)
    const got = monitor.getBaseline('v1')
    for (const timing of got?.components.values() ?? []) timing.avgDuration = 0
    fill(monitor, { a: [100] })
    monitor.reset()
    expect(monitor.getBaseline('v1')).toEqual(before)
    expect(monitor.listBaselines()).toEqual(['v1'])
    expect(monitor.getBaseline('v2')).toBeUndefined()
    monitor.setBaseline('v2')
    monitor.setBaseline('v1')
    expect(monitor.listBaselines()).toEqual(['v1', 'v2'])
    expect(monitor.getBaseline('v1')?.components.size).toBe(0)
    monitor.clearBaselines()
    expect(monitor.listBaselines()).toEqual([])
  })
})

describe('a report', () => {
  test('has everything at once', () => {
    vi.setSystemTime('2025-02-03T04:05:06Z')
    const monitor = monitorOf({ model: [10, 20], scoring: [1, 1, 1] })
    monitor.setBaseline('v1')
    fill(monitor, { model: [60] })
    const report = monitor.generateReport('v1')
    expect(report).toEqual({
      id: expect.any(String),
      timestamp: new Date('2025-02-03T04:05:06.093Z'),
      totalDuration: 93,
      components: monitor.getAllTimings(),
      bottlenecks: monitor.identifyBottlenecks(),
      regressions: monitor.detectRegressions('v1'),
      summary: {
        totalComponents: 2,
        totalCalls: 6,
        avgCallDuration: 15.5,
        slowestComponent: 'model',
        fastestComponent: 'scoring',
      },
      baseline: 'v1',
    })
    expect(report.regressions).toHaveLength(1)
    expect(report.bottlenecks).toHaveLength(1)
    expect(monitor.generateReport()).not.toHaveProperty('baseline')
    expect(monitor.generateReport().regressions).toEqual([])
    expect(new Set([report.id, monitor.generateReport().id, monitor.generateReport().id]).size).toBe(3)
  })

  test('of nothing has zeros and no names', () => {
    expect(new PerformanceMonitor().generateReport()).toMatchObject({
      totalDuration: 0,
      components: [],
      bottlenecks: [],
      regressions: [],
      summary: {
        totalComponents: 0,
        totalCalls: 0,
        avgCallDuration: 0,
        slowestComponent: 'N/A',
        fastestComponent: 'N/A',
      },
    })
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

  test('a listener may use the monitor', () => {
    const monitor = new PerformanceMonitor()
    monitor.on('end', ({ name }) => {
      if (name === 'outer') monitor.measureSync('inner', () => pass(1))
    })
    for (let index = 0; index < 1000; index++) monitor.measureSync('outer', () => pass(1))
    expect(monitor.getAllTimings().map(({ totalCalls }) => totalCalls)).toEqual([1000, 1000])
  })
})

describe('many', () => {
  test('a million measurements take no more memory than a thousand', () => {
    vi.useRealTimers()
    const collect = globalThis.gc
    if (!collect) throw new Error('run with --expose-gc')
    const monitor = new PerformanceMonitor()
    const names = Array.from({ length: 10 }, (_, index) => `component ${index}`)
    const measure = (count: number) => {
      for (let index = 0; index < count; index++) {
        const name = names[index % 10] as string
        monitor.start(name)
        monitor.end(name)
      }
    }
    const used = () => {
      collect()
      const { heapUsed, external, arrayBuffers } = process.memoryUsage()
      return { heap: heapUsed, outside: external + arrayBuffers }
    }
    measure(30_000)
    const before = used()
    measure(1_000_000)
    const after = used()
    // One number kept per measurement would be 8 MB.
    expect(after.heap - before.heap).toBeLessThan(1_000_000)
    expect(after.outside - before.outside).toBeLessThan(100_000)
    expect(monitor.generateReport().summary.totalCalls).toBe(1_030_000)
  })

  test('a hundred thousand components can be measured, read and compared', () => {
    const monitor = new PerformanceMonitor()
    for (let index = 0; index < 100_000; index++) monitor.measureSync(`component ${index}`, () => {})
    monitor.setBaseline('v1')
    expect(monitor.detectRegressions('v1')).toEqual([])
    const report = monitor.generateReport()
    expect(report.components).toHaveLength(100_000)
    expect(report.summary.totalCalls).toBe(100_000)
  })
})

test('performanceMonitor is a monitor, and a worker thread has its own', async () => {
  vi.useRealTimers()
  expect(performanceMonitor).toBeInstanceOf(PerformanceMonitor)
  performanceMonitor.measureSync('here', () => {})
  const source = `
    const { performanceMonitor } = require(${JSON.stringify(require.resolve('@aah/ai-evals-performance'))})
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
