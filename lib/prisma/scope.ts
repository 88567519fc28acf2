// The results of one database in one cache: under which text they are stored, and how writes remove them.
//
// Invariant: when a write has ended, nothing is stored that was read before, and nobody can join a read that was begun
// before. What it changes is off the disk before the database is told, so that a process that is killed leaves nothing
// stale there.

import type { QueryCache } from '../index.ts'
import { ANY, type Tables } from './tables.ts'

/** A write that is under way. */
interface Writing {
  readonly tables: Tables
}

export class Scope {
  readonly cache: QueryCache
  readonly #prefix: string
  /** Whether results outlive the process. */
  readonly #hasStore: boolean
  /** What is being changed by writes that have begun and not ended. */
  readonly #writing = new Set<Writing>()

  /** That of all clients which share the cache and the database. */
  static of(cache: QueryCache, database: string): Scope {
    const scopes = scopesOf.get(cache) ?? new Map<string, Scope>()
    scopesOf.set(cache, scopes)
    const scope = scopes.get(database) ?? new Scope(cache, database)
    scopes.set(database, scope)
    return scope
  }

  private constructor(cache: QueryCache, database: string) {
    this.cache = cache
    this.#prefix = `prisma ${database} |`
    this.#hasStore = cache.getStats().lifetime !== undefined
  }

  /** What a read is stored under: the tables it depends on stand in the text, for patterns to find. */
  textOf(tables: ReadonlySet<string>, shape: string, model: string, operation: string): string {
    return `${this.#prefix}${[...tables].join('|')}| ${model}.${operation} ${shape}`
  }

  /** Whether a write is under way that may change what a read depends on. */
  isWritten(read: ReadonlySet<string>): boolean {
    for (const { tables } of this.#writing) {
      if (tables === 'all' || read.has(ANY)) return true
      for (const table of tables) if (read.has(table)) return true
    }
    return false
  }

  /** Writes, and then removes what was read before, whether or not the write succeeded: it may have had an effect. */
  async write<T>(tables: Tables, write: () => PromiseLike<T>): Promise<T> {
    const writing = this.begin(tables)
    try {
      if (this.#hasStore) await this.removeFromDisk(tables)
      return await write()
    } finally {
      this.end(writing)
    }
  }

  /** From here to its end, nothing is stored that a write may change. */
  begin(tables: Tables): Writing {
    const writing = { tables }
    this.#writing.add(writing)
    return writing
  }

  end(writing: Writing): void {
    this.#writing.delete(writing)
    this.invalidate(writing.tables)
  }

  /** Resolves when what depends on these tables is on the disk no more. What the disk refuses is the store's to tell. */
  async removeFromDisk(tables: Tables): Promise<void> {
    if (!this.#hasStore || isNothing(tables)) return
    this.invalidate(tables)
    await this.cache.flush().catch(() => {})
  }

  /** Removes what depends on any of these tables. */
  invalidate(tables: Tables): void {
    if (isNothing(tables)) return
    const start = `^${literally(this.#prefix)}`
    if (tables === 'all') {
      this.cache.invalidate(new RegExp(start))
      return
    }
    const names = [...tables, ANY].map(literally).join('|')
    this.cache.invalidate(new RegExp(`${start}(?:[^| ]+\\|)*?(?:${names})\\|`))
  }
}

/** By cache: clients that are given the same one share what is being written. */
const scopesOf = new WeakMap<QueryCache, Map<string, Scope>>()

function isNothing(tables: Tables): boolean {
  return tables !== 'all' && tables.size === 0
}

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}
