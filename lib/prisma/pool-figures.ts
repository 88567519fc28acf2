// What a pool has done so far, in figures.

import type { Pool, PoolClient } from 'pg'
import { SpanRecorder } from '../monitor/span-recorder.ts'
import { poolWaitAdvice } from '../native.ts'
import type { Milliseconds } from '../units.ts'
import { isRefusal, isTimeout } from './pool-errors.ts'
import type { SpanKind } from './pool-probe.ts'

/** What a number of times add up to; all zero where there was none. */
export interface PoolTimes {
  count: number
  mean: Milliseconds
  /** The 95th percentile (nearest rank): exact for up to 1,024 times, within 0.1 % of it for more. */
  p95: Milliseconds
  max: Milliseconds
}

/** A pool at one moment, and what it has done until then. */
export interface PoolStats {
  /** As many connections are open at most. */
  max: number
  /** Connections, those included that are being opened. */
  total: number
  /** Those of them that somebody uses or waits for. */
  inUse: number
  /** Those of them that are free. */
  idle: number
  /** Calls that wait for a connection because all are in use. */
  waiting: number
  /** Connections handed out, to `pool.query` as well. */
  acquisitions: number
  /** How long calls waited that found all connections in use, those included that gave up. */
  waits: PoolTimes
  /** How long it took to open connections. */
  connects: PoolTimes
  /** How long queries took, from the call to the outcome, those included that failed. */
  queries: PoolTimes
  /** Connections that were not to be had, and queries that failed. */
  errors: number
  /** Those of `errors` that a limit of time ended: one of the pool's, or one of the server's. */
  timeouts: number
  /** Those of `errors` where the server had more clients than it takes (its `max_connections`). */
  refused: number
  /** Free connections that the other side ended. */
  lost: number
}

/** Queries while a part of the connections was in use: how many, how long they took, how many connections were in use. */
interface Load {
  queries: number
  duration: Milliseconds
  inUse: number
}

export class PoolFigures {
  readonly #pool: Pool
  readonly #spans = new SpanRecorder()
  /** When the connections in use were handed out. */
  readonly #since = new Map<PoolClient, Milliseconds>()
  readonly #light: Load = { queries: 0, duration: 0, inUse: 0 }
  readonly #busy: Load = { queries: 0, duration: 0, inUse: 0 }
  #acquisitions = 0
  #held = 0
  #mostWaiting = 0
  #errors = 0
  #timeouts = 0
  #refused = 0
  #lost = 0

  constructor(pool: Pool) {
    this.#pool = pool
  }

  /** What a call for a connection is about to do, after those that wait already. */
  kindOfNext(): SpanKind {
    const { totalCount, idleCount, waitingCount, options } = this.#pool
    if (waitingCount < idleCount) return 'reuse'
    return waitingCount < idleCount + options.max - totalCount ? 'connect' : 'wait'
  }

  begin(kind: SpanKind): (failure?: unknown) => void {
    const startTime = performance.now()
    if (kind === 'wait') this.#mostWaiting = Math.max(this.#mostWaiting, this.#pool.waitingCount + 1)
    const inUse = this.#inUse()
    return (failure) => {
      const duration = Math.max(0, performance.now() - startTime)
      this.#spans.record(this.#spans.component(kind), duration)
      if (kind === 'query') this.#addQuery(inUse, duration)
      if (failure !== undefined) this.#failed(failure)
    }
  }

  #inUse(): number {
    return this.#pool.totalCount - this.#pool.idleCount
  }

  #addQuery(inUse: number, duration: Milliseconds): void {
    const load = inUse * 2 > this.#pool.options.max ? this.#busy : this.#light
    load.queries += 1
    load.duration += duration
    load.inUse += inUse
  }

  #failed(failure: unknown): void {
    this.#errors += 1
    if (isTimeout(failure)) this.#timeouts += 1
    if (isRefusal(failure)) this.#refused += 1
  }

  acquired(client: PoolClient): void {
    this.#acquisitions += 1
    this.#since.set(client, performance.now())
  }

  released(client: PoolClient): void {
    const since = this.#since.get(client)
    if (since === undefined) return
    this.#since.delete(client)
    this.#held += Math.max(0, performance.now() - since)
  }

  lost(): void {
    this.#lost += 1
  }

  stats(): PoolStats {
    const { totalCount, idleCount, waitingCount, options } = this.#pool
    return {
      max: options.max,
      total: totalCount,
      inUse: totalCount - idleCount,
      idle: idleCount,
      waiting: waitingCount,
      acquisitions: this.#acquisitions,
      waits: this.#times('wait'),
      connects: this.#times('connect'),
      queries: this.#times('query'),
      errors: this.#errors,
      timeouts: this.#timeouts,
      refused: this.#refused,
      lost: this.#lost,
    }
  }

  #times(kind: SpanKind): PoolTimes {
    const timing = this.#spans.timing(kind)
    if (timing === undefined) return { count: 0, mean: 0, p95: 0, max: 0 }
    return { count: timing.totalCalls, mean: timing.avgDuration, p95: timing.p95Duration, max: timing.maxDuration }
  }

  /** What to do about calls that wait. */
  advice(): string {
    const [waits, queries] = [this.#times('wait'), this.#times('query')]
    return poolWaitAdvice({
      max: this.#pool.options.max,
      acquisitions: this.#acquisitions,
      waits: waits.count,
      meanWait: waits.mean,
      mostWaiting: this.#mostWaiting,
      refused: this.#refused,
      held: this.#held,
      queried: queries.mean * queries.count,
      light: { ...this.#light },
      busy: { ...this.#busy },
    })
  }
}
