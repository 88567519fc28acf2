// A query of Prisma that the cache answers, beside the same query asked of the database, on SQLite and, where it is
// installed, on PostgreSQL: `npm run bench -- prisma`. Then what a pool costs that counts and is monitored, beside pg's.
//
// The query is a student with its metrics. keyv and a Map stand in the same place, in a client extension, with what one
// would write: a key by JSON.stringify, no invalidation. They hand out the object that they hold, keyv because its JSON
// has no bigint; ours gives each caller one of his own. Each contender is asked often enough first for its code to be
// compiled, then rounds of all contenders alternate. Shown are medians over the rounds of what a query took in a round,
// and medians of the rounds' ratios.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PerformanceMonitor } from '@aah/ai-evals-performance'
import { createPool, monitorPool, withQueryCache } from '@aah/ai-evals-performance/prisma'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaPg } from '@prisma/adapter-pg'
import Keyv from 'keyv'
import pg from 'pg'
import { noPostgres, startPostgres } from '../__test__/helpers/postgres.ts'
import { PrismaClient as PostgresClient } from '../__test__/prisma/generated/client.ts'
import { PrismaClient as SqliteClient } from '../examples/prisma/generated/client.ts'

const ROUNDS = Number(process.env.ROUNDS ?? 15)
const QUERIES = Number(process.env.QUERIES ?? 200)
const WARM_UP = 2_000
const TARGET = 10

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'bench-prisma-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}

const keyOf = ({ model, operation, args }) => JSON.stringify([model, operation, args])

function withKeyv(prisma) {
  const cache = new Keyv({ serialize: undefined, deserialize: undefined })
  return prisma.$extends({
    query: {
      async $allOperations(call) {
        const key = keyOf(call)
        const found = await cache.get(key)
        if (found !== undefined) return found
        const result = await call.query(call.args)
        await cache.set(key, result)
        return result
      },
    },
  })
}

function withMap(prisma) {
  const cache = new Map()
  return prisma.$extends({
    query: {
      async $allOperations(call) {
        const key = keyOf(call)
        if (!cache.has(key)) cache.set(key, await call.query(call.args))
        return cache.get(key)
      },
    },
  })
}

async function databases() {
  const file = `file:${join(folder, 'bench.db')}`
  const libsql = new PrismaLibSql({ url: file, intMode: 'bigint' })
  const adapter = await libsql.connect()
  await adapter.executeScript(readFileSync(join(root, 'examples/prisma/tables.sql'), 'utf8'))
  await adapter.dispose()
  const all = [{ name: 'SQLite (libsql)', prisma: new SqliteClient({ adapter: libsql }), stop() {} }]
  if (noPostgres !== undefined) return all
  const server = await startPostgres()
  const pool = createPool({ connectionString: server.url })
  await pool.query(readFileSync(join(root, '__test__/prisma/tables.sql'), 'utf8'))
  const stop = async () => {
    await pool.end()
    await server.stop()
  }
  all.push({ name: 'PostgreSQL', prisma: new PostgresClient({ adapter: new PrismaPg(pool) }), server, stop })
  return all
}

/** By contender: the milliseconds that each round's queries took, one by one. */
async function alternate(contenders, count) {
  const times = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]))
  for (const ask of Object.values(contenders)) for (let warm = 0; warm < WARM_UP; warm++) await ask()
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, ask] of Object.entries(contenders)) {
      const start = performance.now()
      for (let number = 0; number < count; number++) await ask()
      times[name].push((performance.now() - start) / count)
    }
  }
  return times
}

function print(title, times, reference) {
  console.log(`\n${title}`)
  for (const [name, rounds] of Object.entries(times)) {
    const ratio = median(rounds.map((time, round) => time / times[reference][round]))
    const microseconds = (median(rounds) * 1_000).toFixed(1)
    console.log(`  ${name.padEnd(24)}${microseconds.padStart(9)} µs   ×${ratio.toFixed(2)}`)
  }
}

async function benchQueries({ name, prisma }) {
  await prisma.studentProfile.create({
    data: {
      studentId: '123',
      name: 'Ada',
      performanceMetrics: { create: ['fall', 'spring', 'summer'].map((term) => ({ term, gpa: 3.5 })) },
    },
  })
  const asking = (client) => () =>
    client.studentProfile.findUnique({ where: { studentId: '123' }, include: { performanceMetrics: true } })
  const times = await alternate(
    {
      'ours, hit': asking(withQueryCache(prisma)),
      'keyv, hit': asking(withKeyv(prisma)),
      'Map, hit': asking(withMap(prisma)),
      uncached: asking(prisma),
    },
    QUERIES,
  )
  print(`${name}: a student with its metrics`, times, 'ours, hit')
  const gain = median(times.uncached.map((time, round) => time / times['ours, hit'][round]))
  const verdict = gain >= TARGET ? 'met' : 'MISSED'
  console.log(`  at least ${TARGET} times as quick as the database: ${verdict} (${gain.toFixed(1)} times)`)
}

/** One connection each: what differs is what each pool does besides. */
async function benchPools(connectionString) {
  const pools = {
    'pg.Pool': new pg.Pool({ connectionString, max: 1 }),
    createPool: createPool({ connectionString, max: 1 }),
    'createPool, monitored': createPool({ connectionString, max: 1 }),
  }
  monitorPool(pools['createPool, monitored'], new PerformanceMonitor())
  const asking = Object.entries(pools).map(([name, pool]) => [name, () => pool.query('SELECT 1')])
  print('PostgreSQL: SELECT 1 through a pool', await alternate(Object.fromEntries(asking), QUERIES * 2), 'pg.Pool')
  for (const pool of Object.values(pools)) await pool.end()
}

console.log(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, ${ROUNDS} rounds of ${QUERIES} queries`)
if (noPostgres !== undefined) console.log(`PostgreSQL is left out: ${noPostgres}`)
for (const database of await databases()) {
  await benchQueries(database)
  if (database.server !== undefined) await benchPools(database.server.url)
  await database.prisma.$disconnect()
  await database.stop()
}
