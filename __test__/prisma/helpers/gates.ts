// A driver adapter whose queries the test can count and hold, before the database sees them or when it has answered.

import type { SqlDriverAdapter, SqlDriverAdapterFactory, SqlQuery } from '@prisma/driver-adapter-utils'
import { deferred } from '../../helpers/deferred.ts'

export interface Held {
  /** Resolves when a query waits here. */
  readonly reached: Promise<void>
  /** Lets it go on or, with an error, lets it fail. */
  release(failure?: Error): void
}

interface Hold {
  readonly pattern: RegExp
  readonly when: 'before' | 'after'
  readonly reached: ReturnType<typeof deferred<void>>
  readonly released: ReturnType<typeof deferred<Error | undefined>>
}

export class Gates {
  /** The text of every query so far. */
  readonly queries: string[] = []
  readonly #holds: Hold[] = []

  /** Holds the next query whose text matches; commits are called `COMMIT`. */
  hold(pattern: RegExp, when: 'before' | 'after'): Held {
    const hold: Hold = { pattern, when, reached: deferred<void>(), released: deferred<Error | undefined>() }
    this.#holds.push(hold)
    return { reached: hold.reached.promise, release: (failure) => hold.released.resolve(failure) }
  }

  wrap(factory: SqlDriverAdapterFactory): SqlDriverAdapterFactory {
    const connect = async () => this.#wrapQueries(await factory.connect())
    return withMethods(factory, { connect })
  }

  #wrapQueries<T extends Pick<SqlDriverAdapter, 'queryRaw' | 'executeRaw'>>(adapter: T): T {
    return withMethods(adapter, {
      queryRaw: (query: SqlQuery) => this.#pass(query.sql, () => adapter.queryRaw(query)),
      executeRaw: (query: SqlQuery) => this.#pass(query.sql, () => adapter.executeRaw(query)),
      commit: () => this.#pass('COMMIT', () => (adapter as any).commit()),
      startTransaction: async (level: any) => this.#wrapQueries(await (adapter as any).startTransaction(level)),
    })
  }

  async #pass<R>(sql: string, run: () => Promise<R>): Promise<R> {
    this.queries.push(sql)
    const index = this.#holds.findIndex(({ pattern }) => pattern.test(sql))
    const [hold] = index === -1 ? [] : this.#holds.splice(index, 1)
    if (hold?.when === 'before') await wait(hold)
    const result = await run()
    if (hold?.when === 'after') await wait(hold)
    return result
  }
}

async function wait({ reached, released }: Hold): Promise<void> {
  reached.resolve()
  const failure = await released.promise
  if (failure !== undefined) throw failure
}

/** The same object with some of its methods replaced. */
function withMethods<T extends object>(target: T, methods: Record<string, unknown>): T {
  return new Proxy(target, {
    get(_, name) {
      if (typeof name === 'string' && Object.hasOwn(methods, name) && name in target) return methods[name]
      const value = Reflect.get(target, name, target)
      // Private members are known to the object itself only.
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
