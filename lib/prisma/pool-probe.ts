// What happens in a pool, seen from outside: `connect` of the pool and `query` of the connections that it hands out are
// preceded by methods that look at the clock. `pool.query` uses both, so it needs none of its own.
//
// The invariant: results, failures, `this` and the order of things are those of pg.

import { errorMonitor } from 'node:events'
import type { Pool, PoolClient } from 'pg'
import { PerformanceError } from '../errors.ts'
import { PoolFigures } from './pool-figures.ts'
import { isSubmittable, observeQuery, replaceMethod } from './pool-query.ts'

/**
 * - `'reuse'`: a connection is free
 * - `'wait'`: all are in use
 * - `'connect'`: one is opened
 * - `'query'`
 */
export type SpanKind = 'reuse' | 'wait' | 'connect' | 'query'

/** Somebody who measures: called when something begins, and what it returned when that ends. */
export type SpanObserver = (kind: SpanKind) => (failure?: unknown) => void

/** What a pool of ours does otherwise. */
export interface PoolRules {
  /** What a caller is told who gets no connection. */
  explain(error: unknown): unknown
  /** Called when a query begins, and what it returned when that ends. */
  watch(client: PoolClient): () => void
}

type Give = (error: unknown, client?: PoolClient, release?: unknown) => void

const probes = new WeakMap<Pool, PoolProbe>()

export class PoolProbe {
  readonly figures: PoolFigures
  readonly pool: Pool
  readonly #rules: PoolRules | undefined
  readonly #observers = new Set<SpanObserver>()
  /** The connections that were opened and are not gone, and how to let them be. */
  readonly #clients = new Map<PoolClient, () => void>()
  /** Calls that have no connection yet. */
  readonly #expecting = new Set<Give>()
  readonly #undo: (() => void)[] = []
  #isActive = true

  /** The one of a pool; a new one where there is none. */
  static of(pool: Pool): PoolProbe {
    return probes.get(pool) ?? new PoolProbe(pool)
  }

  constructor(pool: Pool, rules?: PoolRules) {
    this.pool = pool
    this.#rules = rules
    this.figures = new PoolFigures(pool)
    probes.set(pool, this)
    this.#undo.push(
      replaceMethod(pool, 'connect', (connect) => this.#connectInstead(connect)),
      listen(pool, 'acquire', (client) => this.#acquired(client)),
      listen(pool, 'release', (_error, client) => this.figures.released(client)),
      listen(pool, 'remove', (client) => this.#forget(client)),
      // The listeners of the event itself decide whether it ends the process.
      listen(pool, errorMonitor, () => this.figures.lost()),
    )
  }

  get clients(): PoolClient[] {
    return [...this.#clients.keys()]
  }

  /** Adds an observer; the function returned takes it away. */
  observe(observer: SpanObserver): () => void {
    this.#observers.add(observer)
    return () => void this.#observers.delete(observer)
  }

  /** Whether it belongs to a pool of `createPool`, and stays as long as that. */
  get isOwn(): boolean {
    return this.#rules !== undefined
  }

  get isObserved(): boolean {
    return this.#observers.size > 0
  }

  /** Leaves the pool and its connections as if it had never been there. */
  remove(): void {
    this.#isActive = false
    probes.delete(this.pool)
    for (const undo of this.#undo.splice(0)) undo()
    for (const client of this.clients) this.#forget(client)
  }

  /** Fails the calls that have no connection yet: pg never answers them once the pool was told to end. */
  giveUpExpecting(): void {
    for (const give of [...this.#expecting]) {
      give(new PerformanceError('ERR_POOL_ENDED', 'The pool was ended while this call waited for a connection'))
    }
  }

  #connectInstead(connect: (this: Pool, callback?: unknown) => unknown) {
    const probe = this
    return function (this: Pool, callback?: Give): unknown {
      if (!probe.#isActive) return connect.call(this, callback)
      if (callback) return connect.call(this, probe.#expect(callback))
      return new Promise((resolve, reject) => {
        const give = probe.#expect((error, client) => (error ? reject(error) : resolve(client)))
        Promise.resolve(connect.call(this)).then((client) => give(undefined, client as PoolClient), give)
      })
    }
  }

  /** What is called in place of `give` when the connection is there. */
  #expect(give: Give): Give {
    const done = this.#begin(this.figures.kindOfNext())
    const instead: Give = (error, client, release) => {
      // It was given up, and comes all the same.
      if (!this.#expecting.delete(instead)) return client?.release()
      done(error || undefined)
      give(error && this.#rules !== undefined ? this.#rules.explain(error) : error, client, release)
    }
    this.#expecting.add(instead)
    return instead
  }

  #begin(kind: SpanKind): (failure?: unknown) => void {
    const ends = [this.figures.begin(kind)]
    for (const observer of this.#observers) ends.push(observer(kind))
    return (failure) => {
      for (const end of ends) end(failure)
    }
  }

  #acquired(client: PoolClient): void {
    this.figures.acquired(client)
    if (this.#clients.has(client)) return
    const probe = this
    const restore = replaceMethod(client, 'query', (query) => {
      return function (this: PoolClient, ...args: unknown[]): unknown {
        if (!probe.#isActive) return Reflect.apply(query, this, args)
        const [end, ease] = [probe.#begin('query'), isSubmittable(args[0]) ? undefined : probe.#rules?.watch(client)]
        return observeQuery(
          (given) => Reflect.apply(query, this, given),
          args,
          (failure) => {
            ease?.()
            end(failure)
          },
        )
      }
    })
    this.#clients.set(client, restore)
  }

  #forget(client: PoolClient): void {
    this.#clients.get(client)?.()
    this.#clients.delete(client)
    this.figures.released(client)
  }
}

function listen(pool: Pool, event: string | symbol, listener: (...values: any[]) => void): () => void {
  pool.on(event as 'acquire', listener)
  return () => void pool.off(event as 'acquire', listener)
}
