// Where the students are: a new SQLite file, or, with DATABASE_URL, a schema of their own on a PostgreSQL server. Both are
// gone when the database is closed.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPool, type ManagedPool } from '@aah/ai-evals-performance/prisma'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from './generated/client.ts'

export interface Database {
  readonly name: string
  readonly prisma: PrismaClient
  /** The connections to a PostgreSQL server. */
  readonly pool?: ManagedPool
  close(): Promise<void>
}

export function openDatabase(url: string | undefined): Promise<Database> {
  return url === undefined ? openSqlite() : openPostgres(url)
}

async function openSqlite(): Promise<Database> {
  const folder = mkdtempSync(join(tmpdir(), 'prisma-example-'))
  const factory = new PrismaLibSql({ url: `file:${join(folder, 'students.db')}`, intMode: 'bigint' })
  const adapter = await factory.connect()
  await adapter.executeScript(readFileSync(join(__dirname, 'tables.sql'), 'utf8'))
  await adapter.dispose()
  const prisma = new PrismaClient({ adapter: factory })
  return {
    name: 'SQLite',
    prisma,
    async close() {
      await prisma.$disconnect()
      rmSync(folder, { recursive: true })
    },
  }
}

/** A Prisma client is for one kind of database; that of the tests has the same models for PostgreSQL. */
const POSTGRES = join(__dirname, '../../__test__/prisma')

async function openPostgres(connectionString: string): Promise<Database> {
  const schema = `ai_evals_example_${process.pid}`
  const pool = createPool({ connectionString, max: 4, options: `-c search_path=${schema}` })
  await pool.query(`CREATE SCHEMA ${schema}`)
  await pool.query(readFileSync(join(POSTGRES, 'tables.sql'), 'utf8'))
  const { PrismaClient: PostgresClient } = await import(join(POSTGRES, 'generated/client.ts'))
  const prisma: PrismaClient = new PostgresClient({ adapter: new PrismaPg(pool, { schema }) })
  return {
    name: 'PostgreSQL',
    prisma,
    pool,
    async close() {
      await prisma.$disconnect()
      await pool.query(`DROP SCHEMA ${schema} CASCADE`)
      await pool.end()
    },
  }
}
