import { randomUUID } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { checkFunction, checkOptions, checkString, outOfRange, positiveOption } from '../arguments.ts'
import { emitSafely } from '../emit.ts'
import { PerformanceError } from '../errors.ts'
import type { Milliseconds } from '../units.ts'
import { type Component, SpanRecorder } from './span-recorder.ts'
import type {
  Bottleneck,
  BottleneckThresholds,
  ComponentTiming,
  PerformanceBaseline,
  PerformanceRegression,
  PerformanceReport,
  RegressionThresholds,
} from './types.ts'
import { whenSettled } from './when-settled.ts'

const NOTHING_MEASURED = 'N/A'

/**
 * Measures how long the parts of a program take, under names of your choice (*components*), and reports which cost
 * most and which became slower.
 *
 * ```ts
 * const monitor = new PerformanceMonitor()
 * const answer = await monitor.measure('model', () => ask(question))
 * const right = monitor.measureSync('scoring', () => answer === expected)
 * console.log(monitor.generateReport().bottlenecks)
 * ```
 *
 * Durations are fractional milliseconds of `performance.now()`, which is looked up at each use, so that fake timers
 * work; one that is negative because the clock was set back counts as 0, one that is not finite is left out. What a
 * monitor holds grows with the number of components, not with that of measurements.
 *
 * Any string can be a component's name. Each monitor, and each worker thread's `performanceMonitor`, is by itself.
 *
 * ## Events
 *
 * - `'start'` `{ name, startTime, metadata }`
 * - `'end'` `{ name, duration }`
 * - `'baseline-set'` `{ id, baseline }`
 * - `'reset'`
 *
 * Listeners are called after the fact was recorded, so one that throws loses nothing. Its error reaches the caller of
 * `start`, `end`, `setBaseline` and `reset`, as usual with an `EventEmitter`. It never becomes the outcome of a
 * function that `measure`, `measureSync` or `@Measure` runs: there every listener hears of the event, and what one
 * throws, or rejects with, goes to the listeners of `'error'`, if any.
 */
export class PerformanceMonitor extends EventEmitter {
  readonly #spans = new SpanRecorder()
  readonly #baselines = new Map<string, PerformanceBaseline>()
  readonly #gauges = new Map<string, () => number>()

  /**
   * Starts a measurement that `end(name)` ends. They nest: a name can be started again before it ended. Use `measure`
   * for work that overlaps, because `end` cannot tell which of several open measurements it belongs to.
   *
   * @throws TypeError where `name` is not a string.
   */
  start(name: string, metadata?: Record<string, any>): void {
    const component = this.#spans.component(name)
    const startTime = performance.now()
    component.startTimes[component.depth++] = startTime
    if (this.listenerCount('start') > 0) this.emit('start', { name, startTime, metadata })
  }

  /**
   * Ends the most recently started of the open measurements of `name`.
   *
   * @returns Its duration.
   * @throws PerformanceError `ERR_NO_ACTIVE_TIMER`, "No active timer found for: NAME", where none is open.
   */
  end(name: string): Milliseconds {
    const endTime = performance.now()
    const component = this.#spans.find(name)
    if (component === undefined || component.depth === 0) {
      checkString('name', name)
      throw new PerformanceError('ERR_NO_ACTIVE_TIMER', `No active timer found for: ${name}`)
    }
    const startTime = component.startTimes[--component.depth] as number
    const duration = Math.max(0, endTime - startTime)
    this.#spans.record(component, duration)
    if (this.listenerCount('end') > 0) this.emit('end', { name, duration })
    return duration
  }

  /**
   * Runs `fn` and measures until its promise settles. Any number of these may overlap, under one name or several;
   * each is timed by itself and none touches what `start` and `end` do.
   *
   * @returns What `fn` resolves to. If `fn` throws or rejects, the promise rejects with the same error; the time until
   * then is recorded like any other. A measurement during which `reset` was called is not recorded.
   * @throws (as a rejection) TypeError where `name` is not a string or `fn` is not a function.
   */
  async measure<T>(name: string, fn: () => Promise<T>, metadata?: Record<string, any>): Promise<T> {
    checkFunction('fn', fn)
    const component = this.#spans.component(name)
    const startTime = this.#begin(component, metadata)
    try {
      return await fn()
    } finally {
      this.#finish(component, startTime)
    }
  }

  /**
   * Runs `fn` and measures until it returns. If it throws, the same error is thrown; the time is recorded all the
   * same. A promise is returned as it is and not waited for: that is what `measure` is for.
   *
   * @throws TypeError where `name` is not a string or `fn` is not a function.
   */
  measureSync<T>(name: string, fn: () => T, metadata?: Record<string, any>): T {
    checkFunction('fn', fn)
    const component = this.#spans.component(name)
    const startTime = this.#begin(component, metadata)
    try {
      return fn()
    } finally {
      this.#finish(component, startTime)
    }
  }

  /**
   * Runs `fn` and measures until it returns or, where it returns a promise, until that settles.
   * @internal
   */
  measureCall<T>(name: string, fn: () => T): T {
    const component = this.#spans.component(name)
    const startTime = this.#begin(component, undefined)
    return whenSettled(fn, () => this.#finish(component, startTime))
  }

  /**
   * Starts a measurement that the function returned ends: for what is no function and does not nest.
   * @internal
   */
  measureSpan(name: string): () => void {
    const component = this.#spans.component(name)
    const startTime = this.#begin(component, undefined)
    return () => this.#finish(component, startTime)
  }

  /**
   * Lets the owner of a component say what to do about it, in place of the general advice. It is asked whenever the
   * component is a bottleneck, `reset` or not; the function returned takes it away.
   * @internal
   */
  advise(name: string, advice: () => string): () => void {
    return this.#spans.advise(name, advice)
  }

  /**
   * Lets the owner of a number that goes up and down have it in the reports; the function returned takes it away.
   * @internal
   */
  gauge(name: string, value: () => number): () => void {
    checkString('name', name)
    this.#gauges.set(name, value)
    return () => {
      if (this.#gauges.get(name) === value) this.#gauges.delete(name)
    }
  }

  #begin({ name }: Component, metadata: Record<string, any> | undefined): number {
    const startTime = performance.now()
    if (this.listenerCount('start') > 0) emitSafely(this, 'start', { name, startTime, metadata })
    return startTime
  }

  #finish(component: Component, startTime: number): void {
    const duration = Math.max(0, performance.now() - startTime)
    if (!this.#spans.isCurrent(component)) return
    this.#spans.record(component, duration)
    if (this.listenerCount('end') > 0) emitSafely(this, 'end', { name: component.name, duration })
  }

  /** What the measurements of `component` add up to; `undefined` where none has ended. */
  getComponentTiming(component: string): ComponentTiming | undefined {
    checkString('component', component)
    return this.#spans.timing(component)
  }

  /** The timing of every component with an ended measurement, the largest total first. */
  getAllTimings(): ComponentTiming[] {
    return this.#spans.timings()
  }

  /**
   * The components that cost most, the largest share of the total first. A component's mean is held against
   * `criticalMs`, its share of the sum of all components' totals against `criticalPercent`: *critical* if both reach
   * their threshold, *high* if one does, *medium* if one reaches half of it, *low* if one reaches a quarter; else the
   * component is not listed.
   *
   * @throws RangeError where a threshold is not greater than 0.
   */
  identifyBottlenecks(thresholds?: BottleneckThresholds): Bottleneck[] {
    checkOptions('thresholds', thresholds)
    const criticalMs = positiveOption('thresholds.criticalMs', thresholds?.criticalMs, 1000)
    const criticalPercent = positiveOption('thresholds.criticalPercent', thresholds?.criticalPercent, 20)
    return this.#spans.bottlenecks(criticalMs, criticalPercent)
  }

  /** Keeps the timings of this moment under `id`, in place of an earlier baseline of that name, and returns a copy. */
  setBaseline(id: string): PerformanceBaseline {
    checkString('id', id)
    const timings = this.#spans.timings()
    const baseline: PerformanceBaseline = {
      id,
      timestamp: new Date(),
      components: new Map(timings.map((timing) => [timing.component, timing])),
      totalDuration: this.#spans.summary().total,
    }
    this.#baselines.set(id, baseline)
    if (this.listenerCount('baseline-set') > 0) this.emit('baseline-set', { id, baseline: copyOf(baseline) })
    return copyOf(baseline)
  }

  /** A copy of a baseline; `undefined` where none has that name. */
  getBaseline(id: string): PerformanceBaseline | undefined {
    checkString('id', id)
    const baseline = this.#baselines.get(id)
    return baseline && copyOf(baseline)
  }

  /** The names of the baselines, in the order in which they were first set. */
  listBaselines(): string[] {
    return [...this.#baselines.keys()]
  }

  clearBaselines(): void {
    this.#baselines.clear()
  }

  /**
   * The components whose mean is more than `minor`, `major` or `critical` per cent above the one in the baseline, the
   * largest change first. One that the baseline does not have, or has with a mean of 0, cannot be compared and is
   * passed over.
   *
   * @throws PerformanceError `ERR_UNKNOWN_BASELINE` where no baseline has that name.
   * @throws RangeError where a threshold is not greater than 0, or they are not in the order critical ≥ major ≥ minor.
   */
  detectRegressions(baselineId: string, thresholds?: RegressionThresholds): PerformanceRegression[] {
    const { critical, major, minor } = regressionThresholds(thresholds)
    return this.#spans.regressions(this.#baseline(baselineId).components, critical, major, minor)
  }

  #baseline(id: string): PerformanceBaseline {
    checkString('baselineId', id)
    const baseline = this.#baselines.get(id)
    if (baseline !== undefined) return baseline
    const known = this.listBaselines().map((name) => `"${name}"`)
    const others = known.length === 0 ? 'none has been set' : `there is ${known.join(', ')}`
    throw new PerformanceError('ERR_UNKNOWN_BASELINE', `No baseline is named "${id}": ${others}`)
  }

  /**
   * Everything at once: timings, bottlenecks and regressions by the default thresholds, and a summary.
   *
   * @param baselineId The baseline to compare with; without it `regressions` is empty.
   * @throws PerformanceError `ERR_UNKNOWN_BASELINE` where no baseline has that name.
   */
  generateReport(baselineId?: string): PerformanceReport {
    const regressions = baselineId === undefined ? [] : this.detectRegressions(baselineId)
    const summary = this.#spans.summary()
    return {
      id: randomUUID(),
      timestamp: new Date(),
      totalDuration: summary.total,
      components: this.getAllTimings(),
      bottlenecks: this.identifyBottlenecks(),
      regressions,
      summary: {
        totalComponents: summary.components,
        totalCalls: summary.calls,
        avgCallDuration: summary.mean,
        slowestComponent: summary.slowest ?? NOTHING_MEASURED,
        fastestComponent: summary.fastest ?? NOTHING_MEASURED,
      },
      ...(this.#gauges.size === 0 ? {} : { gauges: this.#readGauges() }),
      ...(baselineId === undefined ? {} : { baseline: baselineId }),
    }
  }

  #readGauges(): Record<string, number> {
    return Object.fromEntries(Array.from(this.#gauges, ([name, value]) => [name, value()]))
  }

  /** Forgets all measurements, the open and running ones included. Baselines stay. */
  reset(): void {
    this.#spans.reset()
    this.emit('reset')
  }
}

/** What the caller does with a baseline must not change the one we compare with. */
function copyOf({ id, timestamp, components, totalDuration }: PerformanceBaseline): PerformanceBaseline {
  return {
    id,
    timestamp: new Date(timestamp),
    components: new Map(Array.from(components, ([name, timing]) => [name, { ...timing }])),
    totalDuration,
  }
}

/** Given thresholds are checked; those left out have their defaults, moved as far as the given ones need. */
function regressionThresholds(given?: RegressionThresholds): Required<RegressionThresholds> {
  checkOptions('thresholds', given)
  const least = positiveOption('thresholds.minor', given?.minor, 0)
  const middle = positiveOption('thresholds.major', given?.major, Math.max(25, least))
  const critical = positiveOption(
    'thresholds.critical',
    given?.critical,
    Math.max(50, least, given?.major === undefined ? 0 : middle),
  )
  const major = given?.major === undefined ? Math.min(middle, critical) : middle
  const minor = given?.minor === undefined ? Math.min(10, major) : least
  if (major > critical) throw outOfRange('thresholds.major', `at most \`thresholds.critical\` (${critical})`, major)
  if (minor > major) throw outOfRange('thresholds.minor', `at most \`thresholds.major\` (${major})`, minor)
  return { critical, major, minor }
}

/** The monitor that `@Measure` reports to: one per thread, for programs that need no other. */
export const performanceMonitor: PerformanceMonitor = new PerformanceMonitor()
