import type { Milliseconds } from '../units.ts'

/** One measurement, as the `'start'` event gives it (without `endTime` and `duration`, which are not known then). */
export interface PerformanceMeasurement {
  /** The component that is measured. */
  name: string
  /** When it started, on the clock of `performance.now()`. */
  startTime: Milliseconds
  endTime?: Milliseconds
  duration?: Milliseconds
  /** What was given to `start`, `measure` or `measureSync`, by reference. */
  metadata?: Record<string, any>
}

/**
 * What the measurements of one component add up to.
 *
 * Calls, total, minimum and maximum are exact, whatever their number. The percentiles are nearest-rank ones: the
 * smallest measured duration that 50, 95 or 99 % of the measurements do not exceed. They are exact for up to 1,024
 * measurements; with more they come from an HDR histogram and are within 0.1 % of the exact ones (or within a
 * nanosecond, where that is more).
 */
export interface ComponentTiming {
  component: string
  totalCalls: number
  totalDuration: Milliseconds
  avgDuration: Milliseconds
  minDuration: Milliseconds
  maxDuration: Milliseconds
  p50Duration: Milliseconds
  p95Duration: Milliseconds
  p99Duration: Milliseconds
}

/** When `identifyBottlenecks` calls a component critical; the other severities follow from these two. */
export interface BottleneckThresholds {
  /**
   * A mean of at least this is slow.
   * @default 1000
   */
  criticalMs?: Milliseconds
  /**
   * A share of the total of at least this many per cent is large.
   * @default 20
   */
  criticalPercent?: number
}

/** A component that costs much. */
export interface Bottleneck {
  component: string
  /**
   * - `'critical'`: the mean reaches `criticalMs` and the share reaches `criticalPercent`
   * - `'high'`: one of them does
   * - `'medium'`: one reaches half of its threshold
   * - `'low'`: one reaches a quarter of it
   */
  severity: 'critical' | 'high' | 'medium' | 'low'
  avgDuration: Milliseconds
  /**
   * The component's share of the sum of all components' durations, 0 to 100. Where one measurement runs inside
   * another, its time is part of both.
   */
  percentOfTotal: number
  /** What the component costs, in a sentence. */
  impact: string
  /** What to do about it, in a sentence. */
  recommendation: string
}

/** The timings of a moment, to compare later ones with. */
export interface PerformanceBaseline {
  id: string
  timestamp: Date
  /** By name; the largest total first. */
  components: Map<string, ComponentTiming>
  /** The sum over all components. */
  totalDuration: Milliseconds
}

/**
 * How many per cent slower than its baseline a component must be to be reported at each severity: more than
 * `critical` ≥ more than `major` ≥ more than `minor`. One that is left out has its default, or the nearest value
 * that the given ones allow.
 */
export interface RegressionThresholds {
  /** @default 50 */
  critical?: number
  /** @default 25 */
  major?: number
  /** @default 10 */
  minor?: number
}

/** A component whose mean duration grew. */
export interface PerformanceRegression {
  component: string
  /** The mean in the baseline. */
  baselineDuration: Milliseconds
  /** The mean now. */
  currentDuration: Milliseconds
  /** The growth in per cent of the baseline's mean: 100 is twice as slow. */
  percentChange: number
  severity: 'critical' | 'major' | 'minor'
  /** The threshold that `percentChange` exceeds, the largest of those it does. */
  threshold: number
}

/** Everything a monitor knows, at one moment. */
export interface PerformanceReport {
  /** Unique to this report. */
  id: string
  timestamp: Date
  /** The sum over all components. */
  totalDuration: Milliseconds
  /** The largest total first. */
  components: ComponentTiming[]
  /** By the default thresholds, the largest share first. */
  bottlenecks: Bottleneck[]
  /** The largest change first; empty without a baseline. */
  regressions: PerformanceRegression[]
  summary: {
    totalComponents: number
    totalCalls: number
    /** The mean of all calls of all components; 0 when nothing was measured. */
    avgCallDuration: Milliseconds
    /** The component with the largest mean; `'N/A'` when nothing was measured. */
    slowestComponent: string
    /** The component with the smallest mean; `'N/A'` when nothing was measured. */
    fastestComponent: string
  }
  /**
   * Numbers that go up and down, as they are at this moment: of each pool of connections that is monitored, those in use,
   * those idle and the calls that wait, such as `'pool-in-use'`. Left out where there are none.
   */
  gauges?: Record<string, number>
  /** The baseline that `regressions` compares with. */
  baseline?: string
}
