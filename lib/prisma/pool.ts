import type { Duplex } from 'node:stream'
import type { Client, Pool, PoolClient } from 'pg'
import { wrongType } from '../arguments.ts'
import { asyncDispose } from '../dispose.ts'
import { loadPeer, peerVersion } from '../peer.ts'
import type { Milliseconds } from '../units.ts'
import { read } from '../values/read.ts'
import { connectionError, type Situation, unanswered } from './pool-errors.ts'
import type { PoolStats } from './pool-figures.ts'
import { type PoolOptions, type PoolSettings, poolSettings } from './pool-options.ts'
import { PoolProbe } from './pool-probe.ts'

/** A `pg.Pool` that `createPool` made. */
export interface ManagedPool extends Pool {
  /** The pool at this moment, and what it has done so far. */
  stats(): PoolStats
  /**
   * Takes no more calls, fails those that still wait for a connection with `ERR_POOL_ENDED`, waits up to `endTimeout`
   * for the connections in use, and closes all. Calling it again does no more than to wait for the same end.
   */
  end(): Promise<void>
  end(callback: () => void): void
  [asyncDispose](): Promise<void>
}

/**
 * A pool of connections to PostgreSQL: a `pg.Pool`, for Prisma's `new PrismaPg(pool)` and whoever else takes one, that
 * several clients can share. Unlike the one with pg's defaults
 *
 * - nothing waits for ever: for a connection, for an answer, at the end;
 * - a connection that the server ends, in use or not, does not end the process: the next call opens another one;
 * - it does not keep the process alive;
 * - `stats()` says what it does, and `monitorPool` tells it to a `PerformanceMonitor`.
 *
 * No connection is opened before one is needed. Failures of the server and of the network are passed on as they are,
 * the latter with the host and port in their message; no message has a password.
 *
 * Prisma's `$disconnect()` leaves a pool that it was given open, unless it was made with `disposeExternalPool`, so end
 * it yourself: `await pool.end()`, or `await using pool = createPool(…)`.
 *
 * @throws PerformanceError `ERR_PEER_MISSING`, `ERR_PEER_VERSION` where `pg` is not there, or not in version 8.
 * @throws TypeError, RangeError where an option makes no sense.
 * @example
 * import { PrismaPg } from '@prisma/adapter-pg'
 *
 * const pool = createPool({ connectionString: process.env.DATABASE_URL ?? 'postgresql://localhost/evals', max: 20 })
 * const adapter = new PrismaPg(pool) // for any number of clients: new PrismaClient({ adapter })
 * pool.stats() // { max: 20, total: 0, inUse: 0, idle: 0, waiting: 0, … }
 * await pool.end()
 */
export function createPool(options: PoolOptions): ManagedPool {
  const settings = poolSettings(options)
  peerVersion('prisma', { name: 'pg', majors: [8] })
  const pg = loadPeer<typeof import('pg')>('pg')
  const server = serverOf(pg, settings)
  const pool = new pg.Pool(settings.config)
  const probe: PoolProbe = new PoolProbe(pool, {
    explain: (error) => connectionError(error, server, settings, situationOf(probe)),
    watch(client) {
      const timer = timerOf(settings.queryTimeout, () => cut(client, unanswered(server, settings)))
      return () => globalThis.clearTimeout(timer)
    },
  })
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return manage(pool, probe, settings)
}

/** HOST:PORT, found out as pg does. What it cannot read is not shown: a password could be in it. */
function serverOf(pg: typeof import('pg'), { config }: PoolSettings): string {
  let client: PoolClient
  try {
    client = new (config.Client ?? pg.Client)(...([config] as unknown as [])) as PoolClient
  } catch {
    throw wrongType('connectionString', 'a URL like postgresql://USER:PASSWORD@HOST:PORT/DATABASE', undefined)
  }
  return `${read(client, 'host')}:${read(client, 'port')}`
}

function manage(pool: Pool, probe: PoolProbe, { endTimeout }: PoolSettings): ManagedPool {
  const endAll = pool.end.bind(pool)
  let ended: Promise<void> | undefined
  const end = (callback?: () => void): Promise<void> | undefined => {
    ended ??= endWithin(endAll, probe, endTimeout)
    if (callback === undefined) return ended
    ended.then(callback)
    return undefined
  }
  const methods = { stats: () => probe.figures.stats(), end, [asyncDispose]: () => end() }
  for (const name of Reflect.ownKeys(methods)) {
    const value = read(methods, name)
    Object.defineProperty(pool, name, { value, configurable: true, writable: true, enumerable: false })
  }
  return pool as ManagedPool
}

async function endWithin(endAll: () => Promise<void>, probe: PoolProbe, timeout: number): Promise<void> {
  const allGone = endAll().then(() => Promise.all(probe.clients.map(gone)))
  probe.giveUpExpecting()
  let timer: NodeJS.Timeout | undefined
  const timeIsUp = new Promise<void>((resolve) => {
    timer = timerOf(timeout, resolve)
  })
  await Promise.race([allGone, timeIsUp])
  globalThis.clearTimeout(timer)
  for (const client of probe.clients) cut(client)
}

/** Not by `events.once`, which an error on the way to the end would reject. */
function gone(client: PoolClient): Promise<void> {
  return new Promise((resolve) => client.once('end', resolve))
}

/** A timer that keeps no process alive; none where the time has no end. */
function timerOf(time: Milliseconds, then: () => void): NodeJS.Timeout | undefined {
  if (time === Number.POSITIVE_INFINITY) return undefined
  const timer = globalThis.setTimeout(then, time)
  timer.unref?.()
  return timer
}

/**
 * Closes a connection without waiting for the other side, which may not be there. Its queries fail with `reason`, and
 * the pool takes it for one that the other side has ended.
 */
function cut(client: PoolClient, reason?: Error): void {
  const stream = read(read(client, 'connection'), 'stream') as Duplex | undefined
  if (stream !== undefined) stream.destroy(reason)
  else (client as unknown as Client).end()
}

function situationOf({ pool, clients }: PoolProbe): Situation {
  return { max: pool.options.max, open: clients.length, waiting: pool.waitingCount }
}
