// The databases that every behaviour of the cached client is tested with.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaPg } from '@prisma/adapter-pg'
import type { SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, describe } from 'vitest'
import { PrismaClient as SqliteClient } from '../../../examples/prisma/generated/client.ts'
import { temporaryFolder } from '../../helpers/folders.ts'
import { noPostgres, type Postgres, startPostgres } from '../../helpers/postgres.ts'
import { PrismaClient as PostgresClient } from '../generated/client.ts'
import { Gates } from './gates.ts'

/** The models are the same for both databases, and so is what their clients can do. */
export type TestClient = SqliteClient

type ClientOptions = { omit?: Record<string, Record<string, boolean>>; errorFormat?: 'minimal' }

/** An empty database with the tables of the schema. */
export interface Database {
  /** A client with a connection of its own. */
  client(options?: ClientOptions): TestClient & { readonly gates: Gates }
}

interface Kind {
  readonly name: string
  readonly missing?: string
  start(): Promise<void>
  stop(): Promise<void>
  make(): Promise<() => SqlDriverAdapterFactory>
  readonly Client: new (options: any) => any
}

const ROOT = join(__dirname, '../../..')

const libsql: Kind = {
  name: 'libSQL',
  Client: SqliteClient,
  start: async () => {},
  stop: async () => {},
  async make() {
    const url = `file:${join(temporaryFolder(), 'test.db')}`
    const connect = () => new PrismaLibSql({ url, intMode: 'bigint' })
    const adapter = await connect().connect()
    // Others can read while somebody writes.
    await adapter.executeScript('PRAGMA journal_mode = WAL')
    await adapter.executeScript(readFileSync(join(ROOT, 'examples/prisma/tables.sql'), 'utf8'))
    await adapter.dispose()
    return connect
  },
}

let server: Postgres
let databases = 0

const postgres: Kind = {
  name: 'PostgreSQL',
  missing: noPostgres,
  Client: PostgresClient,
  start: async () => {
    server = await startPostgres()
  },
  stop: () => server.stop(),
  async make() {
    const connectionString = await server.createDatabase(`test_${databases++}`)
    const connection = new Client({ connectionString })
    await connection.connect()
    await connection.query(readFileSync(join(ROOT, '__test__/prisma/tables.sql'), 'utf8'))
    await connection.end()
    return () => new PrismaPg({ connectionString, max: 4 })
  },
}

/** Tests the same with each kind of database. Clients are disconnected after each test. */
export function withEachDatabase(name: string, tests: (open: () => Promise<Database>, kind: string) => void): void {
  for (const kind of [libsql, postgres]) {
    describe.skipIf(kind.missing !== undefined)(`${name}, ${kind.name}`, { timeout: 60_000 }, () => {
      const clients: TestClient[] = []
      beforeAll(() => kind.start(), 60_000)
      afterEach(async () => {
        for (const client of clients.splice(0)) await client.$disconnect()
      })
      afterAll(() => kind.stop())
      tests(async () => {
        const connect = await kind.make()
        return {
          client(options = {}) {
            const gates = new Gates()
            const client = new kind.Client({ errorFormat: 'minimal', ...options, adapter: gates.wrap(connect()) })
            clients.push(client)
            return Object.assign(client, { gates })
          },
        }
      }, kind.name)
    })
  }
}
