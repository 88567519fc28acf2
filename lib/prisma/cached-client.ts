// A Prisma client whose reads go through a cache: an extension of it, the innermost there is.
//
// Prisma runs query extensions in the order in which they were added, and what one adds later is nearer to the database. So
// `$extends` of a cached client extends the client below and caches that anew: whatever other extensions make of arguments
// was made before the cache sees them, and whatever they make of results comes after it.

import { PerformanceError } from '../index.ts'
import type { Milliseconds } from '../units.ts'
import { read } from '../values/read.ts'
import type { DataModel } from './data-model.ts'
import { type Database, shapeOf } from './database.ts'
import { keyOfArguments } from './key.ts'
import { isPlainSelect } from './raw.ts'
import type { Results } from './results.ts'
import type { Scope } from './scope.ts'
import { tablesRead, tablesWritten } from './tables.ts'
import { batches, Changes, runBatch, runFunction } from './transaction.ts'

/** What is needed of a client. */
export interface AnyClient {
  $extends(extension: unknown): AnyClient
  $transaction(input: unknown, options?: unknown): Promise<unknown>
}

export interface Caching {
  readonly scope: Scope
  readonly database: Database
  readonly dataModel: DataModel | undefined
  readonly results: Results
  readonly ttl: Milliseconds | undefined
  /** Whether the results of an operation are to be cached. */
  includes(model: string, operation: string): boolean
}

/** An operation, as Prisma shows it to an extension. */
interface Operation {
  readonly model?: string
  readonly operation: string
  readonly args: any
  query(args: unknown): PromiseLike<unknown>
  /** Not public, and so not relied on: see {@link placeOf}. */
  readonly __internalParams?: unknown
}

const NAME = '@aah/ai-evals-performance'

/** The operations whose results can be cached. */
export const READS = [
  ...(['findUnique', 'findUniqueOrThrow', 'findFirst', 'findFirstOrThrow', 'findMany'] as const),
  ...(['count', 'aggregate', 'groupBy'] as const),
] as const
const CACHEABLE: ReadonlySet<string> = new Set(READS)

export function cachedClient(base: AnyClient, caching: Caching): AnyClient {
  const shape = shapeOf(base, caching.database, caching.dataModel)
  const below = extendedBy(base, caching, (operation) => runOutside(caching, shape, operation))
  const overrides: Record<PropertyKey, unknown> = {
    $extends: (extension: unknown) =>
      typeof extension === 'function' ? extension(client) : cachedClient(base.$extends(extension), caching),
    $transaction: (input: unknown, options?: unknown) =>
      typeof input === 'function'
        ? runTransaction(base, caching, input as () => unknown, options)
        : runBatch(caching.scope, input, () => below.$transaction(input, options)),
  }
  const client = new Proxy(below, {
    get: (target, name) => (Object.hasOwn(overrides, name) ? overrides[name] : Reflect.get(target, name)),
  })
  return client
}

function extendedBy(
  base: AnyClient,
  { scope }: Caching,
  $allOperations: (operation: Operation) => PromiseLike<unknown>,
) {
  return base.$extends({ name: NAME, query: { $allOperations }, client: { $queryCache: scope.cache } })
}

/** The client in a transaction is one of its own, so whatever it is asked for belongs to this transaction. */
function runTransaction(base: AnyClient, caching: Caching, callback: () => unknown, options: unknown) {
  const { scope, dataModel } = caching
  const changes = new Changes()
  const below = extendedBy(base, caching, ({ model, operation, args, query }) => {
    if (!isRead(operation, args)) changes.add(tablesWritten(dataModel, model, operation, args))
    return query(args)
  })
  const isCached = (client: unknown) => read(client, '$queryCache') === scope.cache
  return runFunction(scope, changes, callback, isCached, (wrapped) => below.$transaction(wrapped, options))
}

function runOutside(caching: Caching, shape: string, call: Operation): Promise<unknown> {
  const { model, operation } = call
  const place = placeOf(call.__internalParams)
  if (
    place.kind === 'outside' &&
    model !== undefined &&
    CACHEABLE.has(operation) &&
    caching.includes(model, operation)
  ) {
    return runCached(caching, shape, model, call, place.path)
  }
  return runUncached(caching, call, place)
}

/** Gives a promise of the language itself: one of Prisma's would be run once more by a transaction that it is part of. */
async function runUncached({ scope, dataModel }: Caching, call: Operation, place: Place): Promise<unknown> {
  const { model, operation, args, query } = call
  const batch = place.kind === 'batch' ? batches.getStore() : undefined
  const isOfBatch = batch?.owns(place.transaction) ?? false
  if (isRead(operation, args)) return query(args)
  const tables = tablesWritten(dataModel, model, operation, args)
  if (batch === undefined || !isOfBatch) return scope.write(tables, () => query(args))
  batch.changes.add(tables)
  return query(args)
}

/** Errors that came from Prisma, rather than as copies from another thread that asked for the same. */
const own = new WeakSet<object>()

async function runCached(
  { scope, dataModel, results, ttl }: Caching,
  shape: string,
  model: string,
  { operation, args, query }: Operation,
  path: readonly unknown[],
): Promise<unknown> {
  const key = keyOfArguments(args)
  if (key === undefined) return query(args)
  const tables = tablesRead(dataModel, model, args)
  const fetch = async () => {
    try {
      const result = await query(args)
      results.meet(result)
      return result
    } catch (failure) {
      own.add(Object(failure))
      throw failure
    }
  }
  const params = path.length === 0 ? { args: key } : { args: key, path }
  const options = { ttl, shouldStore: () => !scope.isWritten(tables) }
  try {
    return results.renew(
      await scope.cache.getOrSet(scope.textOf(tables, shape, model, operation), params, fetch, options),
    )
  } catch (failure) {
    if (own.has(Object(failure)) || failure instanceof PerformanceError) throw failure
    return query(args)
  }
}

function isRead(operation: string, args: unknown): boolean {
  return CACHEABLE.has(operation) || isPlainSelect(operation, args)
}

interface Place {
  readonly kind: 'outside' | 'batch' | 'inside' | 'unknown'
  readonly path: readonly unknown[]
  readonly transaction?: unknown
}

/**
 * Where an operation runs, and which part of its result is asked for. Only what is not public API says that: where it is
 * not as expected, the operation may be in a transaction, and nothing is read from the cache or stored.
 */
function placeOf(internal: unknown): Place {
  const path = read(internal, 'dataPath')
  if (typeof internal !== 'object' || internal === null || !('transaction' in internal) || !Array.isArray(path)) {
    return { kind: 'unknown', path: [] }
  }
  const { transaction } = internal
  if (transaction === undefined) return { kind: 'outside', path }
  return { kind: read(transaction, 'kind') === 'batch' ? 'batch' : 'inside', path, transaction }
}
