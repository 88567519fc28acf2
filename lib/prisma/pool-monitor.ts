import type { Pool } from 'pg'
import { checkObject, checkOptions, checkString, wrongType } from '../arguments.ts'
import { dispose } from '../dispose.ts'
import type { PerformanceMonitor } from '../index.ts'
import { read } from '../values/read.ts'
import type { PoolStats } from './pool-figures.ts'
import { PoolProbe } from './pool-probe.ts'

export interface MonitorPoolOptions {
  /**
   * What the names of the components begin with: tells several pools of one monitor apart.
   * @default 'pool'
   */
  name?: string
}

/** A pool that is being monitored. */
export interface PoolMonitoring {
  /** The pool at this moment, and what it has done since it was made or, by another pool than ours, monitored. */
  stats(): PoolStats
  /** Measures no more, and leaves the pool as it was. */
  stop(): void
  [dispose](): void
}

/**
 * Tells a monitor what a pool does, as three components:
 *
 * - `pool-wait`: how long a call waited for a connection that was open;
 * - `pool-connect`: how long it took to open one, where none was free and `max` allowed another;
 * - `pool-query`: how long a query took, from the call to its outcome.
 *
 * The monitor's reports also have `pool-in-use`, `pool-idle` and `pool-waiting`, the connections and the calls that wait for
 * one, among their `gauges`.
 *
 * So reports, baselines and `identifyBottlenecks` see them; where `pool-wait` is a bottleneck, its `recommendation` says
 * which number to change, or that another connection would not help. `pool` is one of `createPool` or any `pg.Pool`;
 * both `pool.query` and connections from `pool.connect` are measured, by promise and by callback, so Prisma's queries
 * and transactions are as well. Outcomes are passed on as they are.
 *
 * @throws TypeError where `pool` is no `pg.Pool`, or `performanceMonitor` no `PerformanceMonitor`.
 * @example
 * const pool = createPool({ connectionString: process.env.DATABASE_URL ?? 'postgresql://localhost/evals', max: 20 })
 * const monitoring = monitorPool(pool, performanceMonitor)
 * // … after an evaluation:
 * const waits = performanceMonitor.identifyBottlenecks().find(({ component }) => component === 'pool-wait')
 * console.log(waits?.recommendation) // such as: Raise `max` from 20, to 26 say, …
 * monitoring.stop()
 * await pool.end()
 */
export function monitorPool(
  pool: Pool,
  performanceMonitor: PerformanceMonitor,
  options?: MonitorPoolOptions,
): PoolMonitoring {
  if (!['connect', 'query', 'on'].every((name) => typeof read(pool, name) === 'function') || !read(pool, 'options')) {
    throw wrongType('pool', 'a `pg.Pool`', pool)
  }
  checkObject('performanceMonitor', performanceMonitor)
  if (typeof performanceMonitor.measureSpan !== 'function') {
    throw wrongType('performanceMonitor', 'a PerformanceMonitor', performanceMonitor)
  }
  checkOptions('options', options)
  const name = options?.name ?? 'pool'
  checkString('options.name', name)
  return monitor(PoolProbe.of(pool), performanceMonitor, name)
}

function monitor(probe: PoolProbe, performanceMonitor: PerformanceMonitor, name: string): PoolMonitoring {
  const [wait, connect, query] = [`${name}-wait`, `${name}-connect`, `${name}-query`]
  const component = { reuse: wait, wait, connect, query }
  const ignore = probe.observe((kind) => performanceMonitor.measureSpan(component[kind]))
  const recall = performanceMonitor.advise(wait, () => probe.figures.advice())
  const forget = [
    performanceMonitor.gauge(`${name}-in-use`, () => probe.figures.stats().inUse),
    performanceMonitor.gauge(`${name}-idle`, () => probe.figures.stats().idle),
    performanceMonitor.gauge(`${name}-waiting`, () => probe.figures.stats().waiting),
  ]
  const stop = () => {
    ignore()
    recall()
    for (const act of forget) act()
    // A pool of ours counts on.
    if (!probe.isObserved && !probe.isOwn) probe.remove()
  }
  return { stats: () => probe.figures.stats(), stop, [dispose]: stop }
}
