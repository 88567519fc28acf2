// What a pool is asked for, checked, and as pg wants to hear it.

import type { PoolConfig } from 'pg'
import {
  booleanOption,
  checkObject,
  checkString,
  integerOption,
  LONGEST_TIMEOUT,
  outOfRange,
  positiveOption,
} from '../arguments.ts'
import type { Milliseconds } from '../units.ts'

/** The options of pg that are called otherwise here: ours say their unit, and have a default that ends. */
const RENAMED = {
  connectionTimeoutMillis: 'connectionTimeout',
  idleTimeoutMillis: 'idleTimeout',
  maxLifetimeSeconds: 'maxLifetime',
  statement_timeout: 'statementTimeout',
  query_timeout: 'queryTimeout',
} as const

type Renamed = keyof typeof RENAMED | 'allowExitOnIdle' | 'Promise'

/**
 * Settings of a pool. Times are milliseconds. Whatever else pg knows (`host`, `port`, `user`, `password`, `database`,
 * `ssl`, `application_name`, `maxUses`, `onConnect`, …) is passed on to it.
 */
export interface PoolOptions extends Omit<PoolConfig, Renamed> {
  /**
   * `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`. Without it `host`, `port` and so on say where the server is, or the
   * variables `PGHOST`, `PGPORT`, … It is never shown in an error.
   */
  connectionString?: string
  /**
   * As many connections are open at most.
   * @default 10
   */
  max?: number
  /**
   * As many connections stay open however long they are idle.
   * @default 0
   */
  min?: number
  /**
   * How long to wait for a connection, be it that one has to be opened or that all are in use. Then the call fails
   * with `ERR_POOL_CONNECT` or `ERR_POOL_EXHAUSTED`.
   * @default 5_000
   */
  connectionTimeout?: Milliseconds
  /**
   * A connection that nobody used for this long is closed. `Infinity`: never.
   * @default 60_000
   */
  idleTimeout?: Milliseconds
  /**
   * A connection this old is replaced by a new one when it is free, so that a changed address, or a rebalanced
   * cluster, is noticed. `Infinity`: never.
   * @default 1_800_000
   */
  maxLifetime?: Milliseconds
  /**
   * How long to wait for the outcome of a query. Then it fails with `ERR_POOL_QUERY_TIMEOUT`, and its connection is
   * closed, since the server may not even be there any more. `Infinity`: for ever. Cursors and streams, which last as
   * long as somebody reads from them, have no such limit.
   * @default 60_000
   */
  queryTimeout?: Milliseconds
  /**
   * How long the server lets a statement run before it cancels it (its `statement_timeout`); the connection stays
   * usable. Leave it out behind a PgBouncer that does not know this parameter.
   * @default what the server is configured to
   */
  statementTimeout?: Milliseconds
  /**
   * How long `end` waits for queries and connections in use, before it closes what is left.
   * @default 5_000
   */
  endTimeout?: Milliseconds
  /**
   * Whether the system asks now and then if the other side of an idle connection is still there.
   * @default true
   */
  keepAlive?: boolean
}

/** Checked options: what pg is given, and what is ours. */
export interface PoolSettings {
  config: PoolConfig
  connectionTimeout: Milliseconds
  queryTimeout: Milliseconds
  endTimeout: Milliseconds
}

/** @throws TypeError, RangeError where an option makes no sense. */
export function poolSettings(options: PoolOptions): PoolSettings {
  checkObject('options', options)
  for (const [name, ours] of Object.entries(RENAMED)) {
    if (name in options) throw new TypeError(`Expected \`${ours}\` (in milliseconds) instead of pg's \`${name}\``)
  }
  // A variable of the environment that is not set must not lead to whatever server is on this machine.
  if ('connectionString' in options) checkString('connectionString', options.connectionString)
  const { connectionTimeout, idleTimeout, maxLifetime, queryTimeout, statementTimeout, endTimeout, ...others } = options
  const max = integerOption('max', options.max, 10)
  const min = integerOption('min', options.min, 0, 0)
  if (min > max) throw outOfRange('min', `at most \`max\` (${max})`, min)
  const waits = {
    connectionTimeout: finiteTime('connectionTimeout', connectionTimeout, 5_000),
    queryTimeout: time('queryTimeout', queryTimeout, 60_000),
    endTimeout: finiteTime('endTimeout', endTimeout, 5_000),
  }
  const config: PoolConfig = {
    ...others,
    max,
    min,
    connectionTimeoutMillis: waits.connectionTimeout,
    idleTimeoutMillis: zeroForEver(time('idleTimeout', idleTimeout, 60_000)),
    maxLifetimeSeconds: zeroForEver(time('maxLifetime', maxLifetime, 1_800_000)) / 1000,
    // pg's way would swallow the failures of queries that are objects, and keep their connections.
    query_timeout: 0,
    keepAlive: booleanOption('keepAlive', options.keepAlive, true),
    // Idle connections do not keep the process alive.
    allowExitOnIdle: true,
  }
  if (statementTimeout !== undefined) {
    config.statement_timeout = integerOption('statementTimeout', statementTimeout, 0)
  }
  return { config, ...waits }
}

function time(name: string, value: unknown, fallback: Milliseconds): Milliseconds {
  const given = positiveOption(name, value, fallback)
  if (given === Number.POSITIVE_INFINITY || given <= LONGEST_TIMEOUT) return given
  throw outOfRange(name, `at most ${LONGEST_TIMEOUT}, or Infinity`, value)
}

function finiteTime(name: string, value: unknown, fallback: Milliseconds): Milliseconds {
  const given = positiveOption(name, value, fallback)
  if (given <= LONGEST_TIMEOUT) return given
  throw outOfRange(name, `at most ${LONGEST_TIMEOUT}`, value)
}

/** To pg, no time at all means that there is no limit. */
function zeroForEver(limit: Milliseconds): Milliseconds {
  return limit === Number.POSITIVE_INFINITY ? 0 : limit
}
