import { PerformanceMonitor } from '@aah/ai-evals-performance'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { fill, monitorOf, pass } from './helpers/monitored.ts'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
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

describe('many', { timeout: 60_000 }, () => {
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
    vi.useRealTimers()
    const monitor = new PerformanceMonitor()
    for (let index = 0; index < 100_000; index++) monitor.measureSync(`component ${index}`, () => {})
    monitor.setBaseline('v1')
    const report = monitor.generateReport('v1')
    expect(report.regressions).toEqual([])
    expect(report.components).toHaveLength(100_000)
    expect(report.summary.totalCalls).toBe(100_000)
  })
})
