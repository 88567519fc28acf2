// Generated from lib/ by `npm run build`: change the declarations there.

// @ts-ignore: may be a module, or not installed
import { PoolConfig, Pool } from 'pg';
import { PerformanceMonitor, QueryCache } from '../index.js';

/** What `using` calls. */
declare const dispose: typeof Symbol.dispose;
/** What `await using` calls. */
declare const asyncDispose: typeof Symbol.asyncDispose;

/** A time or duration in milliseconds: fractional, never rounded to whole ones. */
type Milliseconds = number;

/** What a number of times add up to; all zero where there was none. */
interface PoolTimes {
    count: number;
    mean: Milliseconds;
    /** The 95th percentile (nearest rank): exact for up to 1,024 times, within 0.1 % of it for more. */
    p95: Milliseconds;
    max: Milliseconds;
}
/** A pool at one moment, and what it has done until then. */
interface PoolStats {
    /** As many connections are open at most. */
    max: number;
    /** Connections, those included that are being opened. */
    total: number;
    /** Those of them that somebody uses or waits for. */
    inUse: number;
    /** Those of them that are free. */
    idle: number;
    /** Calls that wait for a connection because all are in use. */
    waiting: number;
    /** Connections handed out, to `pool.query` as well. */
    acquisitions: number;
    /** How long calls waited that found all connections in use, those included that gave up. */
    waits: PoolTimes;
    /** How long it took to open connections. */
    connects: PoolTimes;
    /** How long queries took, from the call to the outcome, those included that failed. */
    queries: PoolTimes;
    /** Connections that were not to be had, and queries that failed. */
    errors: number;
    /** Those of `errors` that a limit of time ended: one of the pool's, or one of the server's. */
    timeouts: number;
    /** Those of `errors` where the server had more clients than it takes (its `max_connections`). */
    refused: number;
    /** Free connections that the other side ended. */
    lost: number;
}

/** The options of pg that are called otherwise here: ours say their unit, and have a default that ends. */
declare const RENAMED: {
    readonly connectionTimeoutMillis: "connectionTimeout";
    readonly idleTimeoutMillis: "idleTimeout";
    readonly maxLifetimeSeconds: "maxLifetime";
    readonly statement_timeout: "statementTimeout";
    readonly query_timeout: "queryTimeout";
};
type Renamed = keyof typeof RENAMED | 'allowExitOnIdle' | 'Promise';
/**
 * Settings of a pool. Times are milliseconds. Whatever else pg knows (`host`, `port`, `user`, `password`, `database`,
 * `ssl`, `application_name`, `maxUses`, `onConnect`, …) is passed on to it.
 */
interface PoolOptions extends Omit<PoolConfig, Renamed> {
    /**
     * `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`. Without it `host`, `port` and so on say where the server is, or the
     * variables `PGHOST`, `PGPORT`, … It is never shown in an error.
     */
    connectionString?: string;
    /**
     * As many connections are open at most.
     * @default 10
     */
    max?: number;
    /**
     * As many connections stay open however long they are idle.
     * @default 0
     */
    min?: number;
    /**
     * How long to wait for a connection, be it that one has to be opened or that all are in use. Then the call fails
     * with `ERR_POOL_CONNECT` or `ERR_POOL_EXHAUSTED`.
     * @default 5_000
     */
    connectionTimeout?: Milliseconds;
    /**
     * A connection that nobody used for this long is closed. `Infinity`: never.
     * @default 60_000
     */
    idleTimeout?: Milliseconds;
    /**
     * A connection this old is replaced by a new one when it is free, so that a changed address, or a rebalanced
     * cluster, is noticed. `Infinity`: never.
     * @default 1_800_000
     */
    maxLifetime?: Milliseconds;
    /**
     * How long to wait for the outcome of a query. Then it fails with `ERR_POOL_QUERY_TIMEOUT`, and its connection is
     * closed, since the server may not even be there any more. `Infinity`: for ever. Cursors and streams, which last as
     * long as somebody reads from them, have no such limit.
     * @default 60_000
     */
    queryTimeout?: Milliseconds;
    /**
     * How long the server lets a statement run before it cancels it (its `statement_timeout`); the connection stays
     * usable. Leave it out behind a PgBouncer that does not know this parameter.
     * @default what the server is configured to
     */
    statementTimeout?: Milliseconds;
    /**
     * How long `end` waits for queries and connections in use, before it closes what is left.
     * @default 5_000
     */
    endTimeout?: Milliseconds;
    /**
     * Whether the system asks now and then if the other side of an idle connection is still there.
     * @default true
     */
    keepAlive?: boolean;
}

/** A `pg.Pool` that `createPool` made. */
interface ManagedPool extends Pool {
    /** The pool at this moment, and what it has done so far. */
    stats(): PoolStats;
    /**
     * Takes no more calls, fails those that still wait for a connection with `ERR_POOL_ENDED`, waits up to `endTimeout`
     * for the connections in use, and closes all. Calling it again does no more than to wait for the same end.
     */
    end(): Promise<void>;
    end(callback: () => void): void;
    [asyncDispose](): Promise<void>;
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
declare function createPool(options: PoolOptions): ManagedPool;

interface MonitorPoolOptions {
    /**
     * What the names of the components begin with: tells several pools of one monitor apart.
     * @default 'pool'
     */
    name?: string;
}
/** A pool that is being monitored. */
interface PoolMonitoring {
    /** The pool at this moment, and what it has done since it was made or, by another pool than ours, monitored. */
    stats(): PoolStats;
    /** Measures no more, and leaves the pool as it was. */
    stop(): void;
    [dispose](): void;
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
declare function monitorPool(pool: Pool, performanceMonitor: PerformanceMonitor, options?: MonitorPoolOptions): PoolMonitoring;

/** The operations whose results can be cached. */
declare const READS: readonly ["findUnique", "findUniqueOrThrow", "findFirst", "findFirstOrThrow", "findMany", "count", "aggregate", "groupBy"];

/** An operation whose results are cached. */
type CachedOperation = (typeof READS)[number];
/** A model, as a property of the client. */
type ModelOf<Client> = {
    [Name in keyof Client]: Client[Name] extends {
        findMany: unknown;
        createMany: unknown;
    } ? Name : never;
}[keyof Client] & string;
/** What is cached, where and for how long. */
interface QueryCacheOptions<Model extends string = string> {
    /**
     * The cache to keep results in, with its own bounds, time to live, store and mode. Several clients can share one, also
     * of several databases.
     *
     * @default a `QueryCache` of its own, in memory
     */
    cache?: QueryCache;
    /** Time to live of a result: a number > 0, `Infinity` for ever. Default: that of the cache. */
    ttl?: Milliseconds;
    /** The models whose reads are cached. Writes to others are heeded even so. Default: all. */
    models?: readonly Model[];
    /** The operations that are cached. Default: all that read. */
    operations?: readonly CachedOperation[];
    /**
     * What the database is called in the cache. Clients with the same cache and name share results and remove each other's.
     * Of caches that share a store, also in several processes, each removes what is stored, but not what another holds in
     * memory or is being asked for at that moment. Needed only where the adapter does not show what it connects to, as that
     * of libSQL does not: without a name, nobody else finds what such a client has stored.
     *
     * @default host, port and database, or the file, as the adapter shows them
     */
    name?: string;
}
/**
 * The same client, with its reads going through a cache.
 *
 * `findUnique`, `findFirst`, `findMany`, their `OrThrow` forms, `count`, `aggregate` and `groupBy` are answered from the
 * cache where it has the answer, `null` included. Equal reads at once are one query. What comes back has the types that
 * Prisma gives, `Decimal`, `bigint`, `Date` and `Uint8Array` included, also from a store on disk, and is the caller's own.
 *
 * A write removes every result that it could have changed, once it has ended, be it with an error: those that involve its
 * model, a model that it writes nested, or one whose rows the database changes in turn (`onDelete`, `onUpdate`). Raw SQL
 * removes all of the database, unless it is a `SELECT` that calls no unknown function. A result that was read while
 * something was written to its models is not stored.
 *
 * Inside a transaction, of either form, nothing is read from the cache or stored; what it has written is removed when it
 * commits. A transaction that is rolled back removes nothing.
 *
 * What is not seen: writes of other processes and of clients that are not cached, or in another cache, also that from
 * which this one was made (`$parent`); what triggers of the database write. Results live no longer than `ttl` for that.
 * With a store, a process that is killed in the moment in which a list of operations commits leaves what that changed.
 *
 * Extensions can be added before and after; the cache is nearer to the database than all of them.
 *
 * @returns a client of the same type. `$queryCache` is the cache that it uses. As of every extended client, Prisma takes
 *   away its `$on`: listen to the client that it was made of.
 * @throws TypeError or RangeError for an option of the wrong type or without sense, such as a model that is not there.
 * @example
 * import { PrismaLibSql } from '@prisma/adapter-libsql'
 * import { PrismaClient } from './generated/client.js'
 *
 * const adapter = new PrismaLibSql({ url: 'file:students.db', intMode: 'bigint' })
 * const prisma = withQueryCache(new PrismaClient({ adapter }), { ttl: 60_000, name: 'students' })
 * const query = { where: { studentId: '123' }, include: { performanceMetrics: true } }
 * await prisma.studentProfile.findUnique(query) // asks the database
 * await prisma.studentProfile.findUnique(query) // does not
 * prisma.$queryCache.getStats().hits // 1
 * await prisma.performanceMetric.updateMany({ data: { gpa: 3.5 } })
 * prisma.$queryCache.getStats().size // 0, for the result includes metrics
 */
declare function withQueryCache<Client extends object>(prisma: Client, options?: QueryCacheOptions<ModelOf<Client>>): Client & {
    readonly $queryCache: QueryCache;
};

export { createPool, monitorPool, withQueryCache };
export type { CachedOperation, ManagedPool, ModelOf, MonitorPoolOptions, PoolMonitoring, PoolOptions, PoolStats, PoolTimes, QueryCacheOptions };
