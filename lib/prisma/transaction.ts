// Transactions of a cached client: what they write is removed from the cache when they commit.

import { AsyncLocalStorage } from 'node:async_hooks'
import { read } from '../values/read.ts'
import type { Scope } from './scope.ts'
import type { Tables } from './tables.ts'

/** What one transaction has changed so far. */
export class Changes {
  #tables = new Set<string>()
  #isAll = false

  get tables(): Tables {
    return this.#isAll ? 'all' : this.#tables
  }

  add(tables: Tables): void {
    if (tables === 'all') this.#isAll = true
    else for (const table of tables) this.#tables.add(table)
  }
}

/** A transaction that was given as a list of operations. */
export class Batch {
  readonly changes = new Changes()
  /** Prisma's number of it, which the first of its operations tells. */
  #id: unknown
  #seen = 0

  /** Whether an operation is one of this transaction; another one may run where an extension makes it. */
  owns(transaction: unknown): boolean {
    const id = read(transaction, 'id')
    if (this.#seen > 0 && id !== this.#id) return false
    this.#id = id
    this.#seen++
    return true
  }

  /** Whether there are operations that did not come by: those of a client without a cache. */
  hasOthers(operations: unknown): boolean {
    return !Array.isArray(operations) || this.#seen < operations.length
  }
}

/** The transaction whose operations run in this asynchronous context. */
export const batches = new AsyncLocalStorage<Batch>()

/** Runs a list of operations as one transaction. */
export function runBatch(scope: Scope, operations: unknown, run: () => Promise<unknown>): Promise<unknown> {
  const batch = new Batch()
  const removeChanges = () => {
    if (batch.hasOthers(operations)) batch.changes.add('all')
    scope.invalidate(batch.changes.tables)
  }
  return batches.run(batch, run).then(
    (results) => {
      removeChanges()
      return results
    },
    (failure) => {
      if (mayHaveCommitted(failure)) removeChanges()
      throw failure
    },
  )
}

/**
 * Runs a function as one transaction. `run` is given that function, wrapped, and `isCached` says whether the client that
 * a transaction works with tells `changes` what it writes.
 */
export async function runFunction(
  scope: Scope,
  changes: Changes,
  callback: (client: unknown) => unknown,
  isCached: (client: unknown) => boolean,
  run: (callback: (client: unknown) => Promise<unknown>) => Promise<unknown>,
): Promise<unknown> {
  /** Of the commit. If the function itself has failed, Prisma rolls back; a commit that fails may have happened even so. */
  let committing: ReturnType<Scope['begin']> | undefined
  try {
    return await run(async (client) => {
      if (!isCached(client)) changes.add('all')
      const result = await callback(client)
      committing ??= scope.begin(changes.tables)
      await scope.removeFromDisk(changes.tables)
      return result
    })
  } finally {
    if (committing !== undefined) scope.end(committing)
  }
}

/** The codes with which Prisma says that the database refused a statement, so that it was not committed. */
const REFUSED = /^P20(?:0\d|1[1-9]|2[0-35]|29|30|33|34)$/

/** Whether a list of operations may have been committed although it failed. */
function mayHaveCommitted(failure: unknown): boolean {
  if (read(failure, 'name') === 'PrismaClientValidationError') return false
  const code = read(failure, 'code')
  return !(typeof code === 'string' && REFUSED.test(code))
}
