import { checkOptions, checkString, outOfRange, positiveOption, wrongType } from '../arguments.ts'
import { QueryCache } from '../index.ts'
import type { Milliseconds } from '../units.ts'
import { read } from '../values/read.ts'
import { type AnyClient, cachedClient, READS } from './cached-client.ts'
import { readDataModel } from './data-model.ts'
import { databaseOf } from './database.ts'
import { Results } from './results.ts'
import { Scope } from './scope.ts'

/** An operation whose results are cached. */
export type CachedOperation = (typeof READS)[number]

/** A model, as a property of the client. */
export type ModelOf<Client> = {
  [Name in keyof Client]: Client[Name] extends { findMany: unknown; createMany: unknown } ? Name : never
}[keyof Client] &
  string

/** What is cached, where and for how long. */
export interface QueryCacheOptions<Model extends string = string> {
  /**
   * The cache to keep results in, with its own bounds, time to live, store and mode. Several clients can share one, also
   * of several databases.
   *
   * @default a `QueryCache` of its own, in memory
   */
  cache?: QueryCache
  /** Time to live of a result: a number > 0, `Infinity` for ever. Default: that of the cache. */
  ttl?: Milliseconds
  /** The models whose reads are cached. Writes to others are heeded even so. Default: all. */
  models?: readonly Model[]
  /** The operations that are cached. Default: all that read. */
  operations?: readonly CachedOperation[]
  /**
   * What the database is called in the cache. Clients with the same cache and name share results and remove each other's.
   * Of caches that share a store, also in several processes, each removes what is stored, but not what another holds in
   * memory or is being asked for at that moment. Needed only where the adapter does not show what it connects to, as that
   * of libSQL does not: without a name, nobody else finds what such a client has stored.
   *
   * @default host, port and database, or the file, as the adapter shows them
   */
  name?: string
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
export function withQueryCache<Client extends object>(
  prisma: Client,
  options?: QueryCacheOptions<ModelOf<Client>>,
): Client & { readonly $queryCache: QueryCache } {
  if (typeof read(prisma, '$extends') !== 'function') throw wrongType('prisma', 'a Prisma client', prisma)
  checkOptions('options', options)
  const { cache, ttl, models, operations, name } = options ?? {}
  if (cache !== undefined && !isQueryCache(cache)) throw wrongType('cache', 'a QueryCache', cache)
  if (ttl !== undefined) positiveOption('ttl', ttl, 1)
  if (name !== undefined) checkName(name)
  const isModel = (property: string) => typeof read(read(prisma, property), 'findMany') === 'function'
  const chosenModels = choice('models', models, Object.keys(prisma).filter(isModel))
  const chosenOperations = choice('operations', operations, READS)
  const database = databaseOf(prisma, name)
  const client = cachedClient(prisma as unknown as AnyClient, {
    scope: Scope.of(cache ?? new QueryCache(), database.name),
    database,
    dataModel: readDataModel(prisma),
    results: new Results(prisma),
    ttl,
    includes: (model, operation) => chosenModels.has(propertyOf(model)) && chosenOperations.has(operation),
  })
  return client as unknown as Client & { readonly $queryCache: QueryCache }
}

/** As a client calls a model. */
function propertyOf(model: string): string {
  return model.charAt(0).toLowerCase() + model.slice(1)
}

function isQueryCache(value: unknown): boolean {
  return ['getOrSet', 'invalidate'].every((method) => typeof read(value, method) === 'function')
}

function checkName(name: unknown): void {
  checkString('name', name)
  if (name === '') throw outOfRange('name', 'a name that is not empty', name)
}

/** What an option names; all there is, if it is left out. */
function choice(option: string, chosen: unknown, all: readonly string[]): ReadonlySet<string> {
  if (chosen === undefined) return new Set(all)
  if (!Array.isArray(chosen)) throw wrongType(option, 'an array', chosen)
  const expected = `one of ${all.join(', ')}`
  for (const [index, name] of chosen.entries()) {
    checkString(`${option}[${index}]`, name)
    if (!all.includes(name)) throw outOfRange(`${option}[${index}]`, expected, name)
  }
  return new Set(chosen)
}
