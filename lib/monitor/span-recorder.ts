import { checkString } from '../arguments.ts'
import { NativeMonitor } from '../native.ts'
import type { Milliseconds } from '../units.ts'
import type { Bottleneck, ComponentTiming, PerformanceRegression } from './types.ts'

/** Spans that wait in JavaScript before they go to the native side together. */
const BUFFERED_SPANS = 1024

/** The native side's answers, which come as flat data. */
type TimingRow = [number, number, number, number, number, number, number, number, number]
const TIMING_NUMBERS = 9
type BottleneckRow = [component: number, mean: number, share: number]
const BOTTLENECK_NUMBERS = 3
type BottleneckTexts = [severity: Bottleneck['severity'], impact: string, recommendation: string]
const BOTTLENECK_TEXTS = 3
type RegressionRow = [component: number, baseline: number, current: number, change: number, threshold: number]
const REGRESSION_NUMBERS = 5

const UNMEASURED = -1

/** A name under which something is, or is about to be, measured. */
export interface Component {
  readonly name: string
  /** Its number on the native side, given with its first span, because that side counts them up in that order. */
  number: number
  /** When the open measurements started: the first `depth` values, the most recent one last. */
  readonly startTimes: number[]
  depth: number
  /** The reset it was created after: one from before the last reset is recorded no more. */
  readonly epoch: number
}

/** All components taken together; a name is `undefined` where nothing was measured. */
export interface Summary {
  components: number
  calls: number
  total: Milliseconds
  mean: Milliseconds
  slowest: string | undefined
  fastest: string | undefined
}

/**
 * Keeps the names; collects ended spans and hands them to the native side, 1,024 at a time and before every read, so
 * that what is read is always complete.
 */
export class SpanRecorder {
  readonly #native = new NativeMonitor()
  readonly #numbers = new Uint32Array(BUFFERED_SPANS)
  readonly #durations = new Float64Array(BUFFERED_SPANS)
  #pending = 0
  #epoch = 0
  #components = new Map<string, Component>()
  /** The names of the measured components, by number. */
  #names: string[] = []

  /** What the owners of components advise, by name. */
  readonly #advice = new Map<string, () => string>()

  /** The component of that name, a new one where there is none. */
  component(name: string): Component {
    return this.find(name) ?? this.#create(name)
  }

  find(name: string): Component | undefined {
    return this.#components.get(name)
  }

  #create(name: string): Component {
    checkString('name', name)
    const component = { name, number: UNMEASURED, startTimes: [], depth: 0, epoch: this.#epoch }
    this.#components.set(name, component)
    return component
  }

  /** Whether spans of this component still count: not after a reset. */
  isCurrent(component: Component): boolean {
    return component.epoch === this.#epoch
  }

  /** Adds a span of a current component. A duration that is not finite comes from a broken clock and is left out. */
  record(component: Component, duration: Milliseconds): void {
    if (!(duration < Infinity)) return
    if (component.number === UNMEASURED) component.number = this.#names.push(component.name) - 1
    const at = this.#pending
    this.#numbers[at] = component.number
    this.#durations[at] = duration
    this.#pending = at + 1
    if (this.#pending === BUFFERED_SPANS) this.#flush()
  }

  #flush(): void {
    const count = this.#pending
    if (count === 0) return
    this.#pending = 0
    this.#native.record(this.#numbers, this.#durations, count)
  }

  reset(): void {
    this.#native.reset()
    this.#pending = 0
    this.#epoch += 1
    this.#components = new Map()
    this.#names = []
  }

  timing(name: string): ComponentTiming | undefined {
    const number = this.#components.get(name)?.number ?? UNMEASURED
    if (number === UNMEASURED) return undefined
    this.#flush()
    return this.#timings(this.#native.timing(number))[0]
  }

  timings(): ComponentTiming[] {
    this.#flush()
    return this.#timings(this.#native.timings())
  }

  #timings(flat: Float64Array): ComponentTiming[] {
    return rows<TimingRow>(flat, TIMING_NUMBERS).map(([number, calls, total, mean, min, max, p50, p95, p99]) => ({
      component: this.#name(number),
      totalCalls: calls,
      totalDuration: total,
      avgDuration: mean,
      minDuration: min,
      maxDuration: max,
      p50Duration: p50,
      p95Duration: p95,
      p99Duration: p99,
    }))
  }

  summary(): Summary {
    this.#flush()
    const [components, calls, total, mean, slowest, fastest] = this.#native.summary() as Iterable<any>
    return { components, calls, total, mean, slowest: this.#names[slowest], fastest: this.#names[fastest] }
  }

  bottlenecks(criticalMs: Milliseconds, criticalPercent: number): Bottleneck[] {
    this.#flush()
    const { numbers, texts } = this.#native.bottlenecks(criticalMs, criticalPercent)
    const findings = rows<BottleneckTexts>(texts, BOTTLENECK_TEXTS)
    return rows<BottleneckRow>(numbers, BOTTLENECK_NUMBERS).map(([component, mean, share], index) => {
      const [severity, impact, recommendation] = findings[index] as BottleneckTexts
      return {
        component: this.#name(component),
        severity,
        avgDuration: mean,
        percentOfTotal: share,
        impact,
        recommendation: this.#advice.get(this.#name(component))?.() ?? recommendation,
      }
    })
  }

  /** Replaces the recommendation for a component by what `advice` says at the time. */
  advise(name: string, advice: () => string): () => void {
    checkString('name', name)
    this.#advice.set(name, advice)
    return () => {
      if (this.#advice.get(name) === advice) this.#advice.delete(name)
    }
  }

  regressions(
    baseline: ReadonlyMap<string, ComponentTiming>,
    critical: number,
    major: number,
    minor: number,
  ): PerformanceRegression[] {
    this.#flush()
    const means = Float64Array.from(this.#names, (name) => baseline.get(name)?.avgDuration ?? NaN)
    const { numbers, texts } = this.#native.regressions(means, critical, major, minor)
    return rows<RegressionRow>(numbers, REGRESSION_NUMBERS).map(
      ([component, baselineDuration, currentDuration, percentChange, threshold], index) => ({
        component: this.#name(component),
        baselineDuration,
        currentDuration,
        percentChange,
        severity: texts[index] as PerformanceRegression['severity'],
        threshold,
      }),
    )
  }

  #name(number: number): string {
    return this.#names[number] as string
  }
}

/** Flat data as rows of `width` values. */
function rows<Row>(flat: Float64Array | string[], width: number): Row[] {
  const values: unknown[] = Array.from<unknown>(flat) // slices of a plain array are several times quicker
  return Array.from({ length: values.length / width }, (_, row) =>
    values.slice(row * width, (row + 1) * width),
  ) as Row[]
}
