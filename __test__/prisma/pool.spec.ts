// What `createPool` refuses, what it says of servers that do not answer, and what it leaves behind.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { createPool, type ManagedPool, monitorPool, type PoolOptions } from '@aah/ai-evals-performance/prisma'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { temporaryFolder } from '../helpers/folders.ts'
import { noPostgres, type Postgres, startPostgres } from '../helpers/postgres.ts'

const ROOT = join(__dirname, '../..')

const pools: ManagedPool[] = []
const servers: Server[] = []
const sockets = new Set<Socket>()
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.end()))
  for (const socket of sockets) socket.destroy()
  for (const server of servers.splice(0)) server.close()
})

function poolOf(options: PoolOptions): ManagedPool {
  const pool = createPool(options)
  pools.push(pool)
  return pool
}

/** A server that takes connections and does nothing else with them than `then`. */
async function listener(then: (socket: Socket) => void = () => {}): Promise<number> {
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    then(socket)
  }).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return (server.address() as { port: number }).port
}

const SECRET = 'correct-horse'
const urlOf = (port: number, host = '127.0.0.1') => `postgresql://somebody:${SECRET}@${host}:${port}/db`

describe('options', () => {
  test.each([
    [{ max: 0 }, RangeError, 'Expected `max` to be an integer ≥ 1, got `0`'],
    [{ max: '5' }, TypeError, 'Expected `max` to be an integer ≥ 1, got `"5"`'],
    [{ max: 2, min: 3 }, RangeError, 'Expected `min` to be at most `max` (2), got `3`'],
    [{ connectionTimeout: 0 }, RangeError, 'Expected `connectionTimeout` to be a number > 0, got `0`'],
    [{ connectionTimeout: Infinity }, RangeError, /`connectionTimeout` to be at most/],
    [{ idleTimeout: -1 }, RangeError, /`idleTimeout`/],
    [{ queryTimeout: 2 ** 31 }, RangeError, /`queryTimeout` to be at most 2147483647, or Infinity/],
    [{ statementTimeout: 1.5 }, RangeError, /`statementTimeout`/],
    [{ endTimeout: NaN }, RangeError, /`endTimeout`/],
    [{ keepAlive: 1 }, TypeError, /`keepAlive`/],
    [
      { idleTimeoutMillis: 5 },
      TypeError,
      "Expected `idleTimeout` (in milliseconds) instead of pg's `idleTimeoutMillis`",
    ],
    [{ connectionString: undefined }, TypeError, 'Expected `connectionString` to be a string, got `undefined`'],
    [null, TypeError, 'Expected `options` to be an object, got `null`'],
  ])('%o are refused', (options: any, kind, message) => {
    const refused = () => createPool(options)
    expect(refused).toThrow(kind)
    expect(refused).toThrow(message)
  })

  test('a connection string that cannot be read is refused without being shown', () => {
    let refusal: any
    try {
      createPool({ connectionString: `postgresql://somebody:${SECRET}@host:not-a-port/db` })
    } catch (error) {
      refusal = error
    }
    expect(refusal).toBeInstanceOf(TypeError)
    expect(refusal.message).toContain('`connectionString`')
    expect(JSON.stringify([refusal.stack, ...Object.values(refusal)])).not.toContain(SECRET)
  })

  test("pg's own options are passed on, and what is left out ends at some time", () => {
    const pool = poolOf({ connectionString: urlOf(1), application_name: 'evals', maxUses: 7 })
    expect(pool).toBeInstanceOf(pg.Pool)
    expect(pool.options).toMatchObject({
      ...{ application_name: 'evals', maxUses: 7, max: 10, min: 0, connectionTimeoutMillis: 5_000 },
      ...{ idleTimeoutMillis: 60_000, maxLifetimeSeconds: 1_800, keepAlive: true },
    })
    const endless = poolOf({ connectionString: urlOf(1), queryTimeout: Infinity, idleTimeout: Infinity })
    expect(endless.options).toMatchObject({ idleTimeoutMillis: 0 })
  })
})

describe('a server that is not there', () => {
  /** What a query fails with. */
  async function failureOf(options: PoolOptions): Promise<any> {
    const pool = poolOf(options)
    const failure = await pool.query('SELECT 1').then(
      () => expect.unreachable(),
      (error) => error,
    )
    expect(failure.message).not.toContain(SECRET)
    expect(pool.stats()).toMatchObject({ acquisitions: 0, errors: 1, total: 0, inUse: 0 })
    return failure
  }

  test('a refused connection says where, and keeps its code', async () => {
    const port = await listener()
    servers.splice(0)[0]?.close()
    const failure = await failureOf({ connectionString: urlOf(port) })
    expect(failure).toMatchObject({ code: 'ECONNREFUSED', message: `connect ECONNREFUSED 127.0.0.1:${port}` })
  })

  test('so does one whose host has several addresses', async () => {
    const port = await listener()
    servers.splice(0)[0]?.close()
    const failure = await failureOf({ connectionString: urlOf(port, 'localhost') })
    expect(failure.code).toBe('ECONNREFUSED')
    expect(failure.message).toContain(`localhost:${port}`)
  })

  test('a name that nobody knows says which, with the port', async () => {
    const failure = await failureOf({ connectionString: urlOf(5_432, 'nowhere.invalid') })
    expect(failure.syscall).toBe('getaddrinfo')
    expect(failure.message).toContain('(nowhere.invalid:5432)')
  })

  test('one that takes the connection and says nothing is given up in time', async () => {
    const port = await listener()
    const failure = await failureOf({ connectionString: urlOf(port), connectionTimeout: 50 })
    expect(failure).toMatchObject({
      code: 'ERR_POOL_CONNECT',
      message: `127.0.0.1:${port} did not answer within 50.0 ms (\`connectionTimeout\`)`,
    })
  })

  test('so are calls that wait while its connections are opened', async () => {
    const port = await listener()
    const pool = poolOf({ connectionString: urlOf(port), connectionTimeout: 50, max: 1 })
    const failures = await Promise.allSettled([pool.query('SELECT 1'), pool.connect(), pool.query('SELECT 1')])
    for (const failure of failures) expect(failure).toMatchObject({ reason: { code: 'ERR_POOL_CONNECT' } })
    expect(pool.stats()).toMatchObject({ errors: 3, timeouts: 3, waiting: 0 })
  })

  test('one that closes the connection at once is named', async () => {
    const port = await listener((socket) => socket.end())
    const failure = await failureOf({ connectionString: urlOf(port) })
    expect(failure).toMatchObject({
      code: 'ERR_POOL_CONNECT',
      message: `127.0.0.1:${port} closed the connection before it was of use`,
    })
  })

  test('a pool that never connected ends', async () => {
    const pool = createPool({ connectionString: urlOf(1) })
    await pool.end()
    await pool.end()
    await expect(pool.query('SELECT 1')).rejects.toThrow('Cannot use a pool after calling end')
  })

  test('a call that waits for a connection fails when the pool is ended', async () => {
    const port = await listener()
    const pool = createPool({ connectionString: urlOf(port), connectionTimeout: 60_000, endTimeout: 1 })
    const connected = once(servers[0] as Server, 'connection')
    const calls = [pool.connect(), pool.query('SELECT 1')]
    const failed = Promise.allSettled(calls)
    await connected
    await pool.end()
    for (const failure of await failed) expect(failure).toMatchObject({ reason: { code: 'ERR_POOL_ENDED' } })
  })
})

describe.skipIf(noPostgres !== undefined)('with a server', { timeout: 60_000 }, () => {
  let server: Postgres
  beforeAll(async () => {
    server = await startPostgres()
  }, 60_000)
  afterAll(() => server?.stop())

  test('a query by promise, by callback, and by a connection gives what pg gives', async () => {
    const pool = poolOf({ connectionString: server.url })
    expect((await pool.query('SELECT 1 + $1::int AS sum', [2])).rows).toEqual([{ sum: 3 }])
    const rows = await new Promise((resolve) => pool.query('SELECT 2 AS two', (_error, result) => resolve(result.rows)))
    expect(rows).toEqual([{ two: 2 }])
    const client = await pool.connect()
    expect((await client.query({ text: 'SELECT 3 AS three', rowMode: 'array' })).rows).toEqual([[3]])
    expect(pool.stats()).toMatchObject({ max: 10, total: 1, inUse: 1, idle: 0, waiting: 0, acquisitions: 3 })
    client.release()
    const { connects, queries, waits, ...stats } = pool.stats()
    expect(stats).toMatchObject({ inUse: 0, idle: 1, errors: 0, timeouts: 0, refused: 0, lost: 0 })
    expect(queries).toMatchObject({ count: 3 })
    expect(queries.max).toBeGreaterThanOrEqual(queries.p95)
    expect(connects.count).toBe(1)
    expect(waits).toEqual({ count: 0, mean: 0, p95: 0, max: 0 })
    expect(JSON.parse(JSON.stringify(pool.stats()))).toEqual(pool.stats())
  })

  test('calls that found all connections in use are counted with their waits', async () => {
    const pool = poolOf({ connectionString: server.url, max: 2 })
    await Promise.all(Array.from({ length: 6 }, () => pool.query('SELECT 1')))
    const { waits, acquisitions, connects, total } = pool.stats()
    expect({ waits: waits.count, acquisitions, connects: connects.count, total }).toEqual({
      ...{ waits: 4, acquisitions: 6, connects: 2, total: 2 },
    })
    expect(waits.mean).toBeGreaterThan(0)

    const other = poolOf({ connectionString: server.url, max: 3 })
    await other.query('SELECT 1')
    await Promise.all(Array.from({ length: 6 }, () => other.query('SELECT 1')))
    const figures = other.stats()
    expect([figures.connects.count, figures.waits.count, figures.acquisitions]).toEqual([3, 3, 7])
  })

  test('ending waits for what runs, by each of its forms, however often it is asked', async () => {
    const pool = createPool({ connectionString: server.url })
    await pool.query('SELECT 1')
    const running = pool.query('SELECT pg_sleep(0.1), 7 AS seven')
    while (pool.stats().inUse === 0) await new Promise((resolve) => setImmediate(resolve))
    const ends = [pool.end(), pool.end(), new Promise<void>((resolve) => pool.end(resolve))]
    expect((await running).rows).toMatchObject([{ seven: 7 }])
    await Promise.all(ends)
    expect(pool.stats()).toMatchObject({ total: 0 })
  })

  test('ending closes what is still in use after a while', async () => {
    const pool = createPool({ connectionString: server.url, endTimeout: 20 })
    const held = await pool.connect()
    const running = held.query('SELECT pg_sleep(60)').catch((error) => error)
    await pool.end()
    expect(await running).toMatchObject({ message: expect.stringContaining('Connection terminated') })
    held.release()
  })

  test('it ends with the block that it was made for', async () => {
    const pool = createPool({ connectionString: server.url })
    await pool.query('SELECT 1')
    await pool[Symbol.asyncDispose]()
    expect(pool.ended).toBe(true)
  })

  test('a process that has used a pool ends by itself, without a word', async () => {
    const program = `
      const { createPool, monitorPool } = require('@aah/ai-evals-performance/prisma')
      const { PerformanceMonitor } = require('@aah/ai-evals-performance')
      const pool = createPool({ connectionString: ${JSON.stringify(server.url)}, min: 1 })
      monitorPool(pool, new PerformanceMonitor())
      Promise.all([pool.query('SELECT 1'), pool.query('SELECT 2')]).then(() => process.exitCode = 5)
    `
    const child = spawn(process.execPath, ['-e', program], { cwd: ROOT, stdio: 'pipe' })
    let printed = ''
    for (const output of [child.stdout, child.stderr]) output.on('data', (chunk) => (printed += chunk))
    const [code] = await once(child, 'close')
    expect({ code, printed }).toEqual({ code: 5, printed: '' })
  })
})

describe('pg itself', () => {
  /** What a program prints. */
  async function printedBy(program: string, cwd = ROOT): Promise<string> {
    const child = spawn(process.execPath, ['-e', program], { cwd })
    let printed = ''
    for (const output of [child.stdout, child.stderr]) output.on('data', (chunk) => (printed += chunk))
    await once(child, 'close')
    return printed.trim()
  }

  /** The package installed beside Prisma alone. */
  function projectWithoutPg(): string {
    const project = temporaryFolder()
    const modules = join(project, 'node_modules')
    const installed = join(modules, '@aah/ai-evals-performance')
    mkdirSync(installed, { recursive: true })
    const files = readdirSync(ROOT).filter((name) => /^(package\.json|dist|index\.js|binding\.js|.*\.node)$/.test(name))
    for (const name of files) cpSync(join(ROOT, name), join(installed, name), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules/@prisma'), join(modules, '@prisma'), 'junction')
    return project
  }

  test('is loaded by createPool, and not before', async () => {
    const printed = await printedBy(`
      const { createPool } = require('@aah/ai-evals-performance/prisma')
      const loaded = () => Object.keys(require.cache).some((path) => /node_modules.pg.lib/.test(path))
      const before = loaded()
      createPool({ host: 'localhost' })
      console.log(before, loaded())
    `)
    expect(printed).toBe('false true')
  })

  test('is missed by createPool alone where it is not installed', async () => {
    const printed = await printedBy(
      `
      const { createPool, monitorPool } = require('@aah/ai-evals-performance/prisma')
      try {
        createPool({ host: 'localhost' })
      } catch ({ code, message }) {
        console.log(typeof monitorPool, code, message)
      }
    `,
      projectWithoutPg(),
    )
    expect(printed).toMatch(/^function ERR_PEER_MISSING .*`pg` version 8\.x, which is not installed: npm install pg@8$/)
  })
})

test('what is no pool, or no monitor, is refused', async () => {
  const { PerformanceMonitor } = await import('@aah/ai-evals-performance')
  expect(() => monitorPool({} as any, new PerformanceMonitor())).toThrow('Expected `pool` to be a `pg.Pool`')
  const pool = poolOf({ connectionString: urlOf(1) })
  expect(() => monitorPool(pool, {} as any)).toThrow('Expected `performanceMonitor` to be a PerformanceMonitor')
  expect(() => monitorPool(pool, new PerformanceMonitor(), { name: 1 as any })).toThrow('Expected `options.name`')
})
