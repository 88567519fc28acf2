// A real server that dies, ends connections, refuses them, is slow or frozen; and a pool that has no connection left.

import { createPool, type ManagedPool, type PoolOptions } from '@aah/ai-evals-performance/prisma'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { noPostgres, type Postgres, startPostgres } from '../helpers/postgres.ts'

describe.skipIf(noPostgres !== undefined)('a pool whose server', { timeout: 60_000 }, () => {
  let server: Postgres
  const pools: ManagedPool[] = []
  beforeAll(async () => {
    server = await startPostgres({ settings: ['max_connections = 5', 'superuser_reserved_connections = 1'] })
  }, 60_000)
  afterEach(async () => {
    vi.useRealTimers()
    await Promise.all(pools.splice(0).map((pool) => pool.end()))
  })
  afterAll(() => server?.stop())

  function poolOf(options: PoolOptions = {}): ManagedPool {
    const pool = createPool({ connectionString: server.url, max: 3, ...options })
    pools.push(pool)
    return pool
  }

  const one = async (pool: ManagedPool) => (await pool.query('SELECT 1 AS one')).rows[0].one
  /** Waits, turn by turn of the event loop, until the pool has noticed. */
  async function noticed(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
  }

  test('ends idle connections opens others, and the process goes on', async () => {
    const pool = poolOf()
    await Promise.all([one(pool), one(pool)])
    expect(pool.stats()).toMatchObject({ idle: 2 })
    expect(await server.terminateConnections()).toBe(2)
    await noticed(() => pool.stats().lost === 2)
    expect(pool.stats()).toMatchObject({ total: 0, idle: 0, errors: 0 })
    expect(await one(pool)).toBe(1)
  })

  test('ends a connection that is held while nothing is asked fails its next query alone', async () => {
    const pool = poolOf()
    const held = await pool.connect()
    let ended = false
    held.on('end', () => (ended = true))
    await server.terminateConnections()
    await noticed(() => ended)
    await expect(held.query('SELECT 1')).rejects.toThrow('not queryable')
    held.release()
    expect(await one(pool)).toBe(1)
    expect(pool.stats()).toMatchObject({ total: 1, errors: 1 })
  })

  test('ends connections in the middle of queries fails those, with what the server said', async () => {
    const pool = poolOf()
    const asked = [pool.query('SELECT pg_sleep(60)'), pool.query('SELECT pg_sleep(60)')]
    const failed = Promise.allSettled(asked)
    await noticed(() => pool.stats().acquisitions === 2)
    while ((await server.terminateConnections()) === 0);
    for (const failure of await failed) expect(failure).toMatchObject({ reason: { code: '57P01' } })
    expect(await one(pool)).toBe(1)
    expect(pool.stats()).toMatchObject({ errors: 2, timeouts: 0 })
  })

  test('dies in the middle of a query fails it, and works again when the server does', async () => {
    const pool = poolOf()
    await one(pool)
    const failed = pool.query('SELECT pg_sleep(60)').catch((error) => error)
    await noticed(() => pool.stats().inUse === 1)
    await server.crash()
    expect(await failed).toBeInstanceOf(Error)
    await expect(one(pool)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await server.restart()
    expect(await one(pool)).toBe(1)
    expect(pool.stats()).toMatchObject({ errors: 2, inUse: 0, idle: 1 })
  })

  test('takes no more clients says so in its own words, and counts that', async () => {
    const user = 'CREATE ROLE ordinary LOGIN'
    await poolOf().query(user)
    const connectionString = server.url.replace('postgres@', 'ordinary@')
    const pool = poolOf({ connectionString, max: 8 })
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => pool.query('SELECT pg_sleep(0.2)')))
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
    expect(refused.length).toBeGreaterThanOrEqual(4)
    for (const { reason } of refused) expect(reason).toMatchObject({ code: '53300', severity: 'FATAL' })
    expect(pool.stats()).toMatchObject({ refused: refused.length, errors: refused.length, timeouts: 0 })
    expect(await one(pool)).toBe(1)
  })

  test('cancels a slow statement keeps the connection', async () => {
    const pool = poolOf({ statementTimeout: 20, max: 1 })
    const pid = async () => (await pool.query('SELECT pg_backend_pid() AS pid')).rows[0].pid
    const client = await pool.connect()
    const before = (await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid
    await expect(client.query('SELECT pg_sleep(60)')).rejects.toMatchObject({ code: '57014' })
    client.release()
    expect(await pid()).toBe(before)
    expect(pool.stats()).toMatchObject({ errors: 1, timeouts: 1 })
  })

  test('is frozen does not freeze its callers', async () => {
    const pool = poolOf({ queryTimeout: 300, max: 1 })
    const { rows } = await pool.query('SELECT pg_backend_pid() AS pid')
    process.kill(rows[0].pid, 'SIGSTOP')
    try {
      const failure = await pool.query('SELECT 1').catch((error) => error)
      expect(failure).toMatchObject({ code: 'ERR_POOL_QUERY_TIMEOUT' })
      expect(failure.message).toContain(`127.0.0.1:${server.port} did not answer a query within 300 ms`)
      expect(failure.message).toContain('raise `queryTimeout`')
      // By another connection, and to a connection that is handed out as well.
      const client = await pool.connect()
      expect((await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid).not.toBe(rows[0].pid)
      client.release()
      expect(pool.stats()).toMatchObject({ errors: 1, timeouts: 1, total: 1 })
    } finally {
      process.kill(rows[0].pid, 'SIGCONT')
    }
  })

  test('is frozen does not keep `end` from ending', async () => {
    const pool = createPool({ connectionString: server.url, endTimeout: 50 })
    const { rows } = await pool.query('SELECT pg_backend_pid() AS pid')
    process.kill(rows[0].pid, 'SIGSTOP')
    try {
      await pool.end()
      expect(pool.stats()).toMatchObject({ total: 0 })
    } finally {
      process.kill(rows[0].pid, 'SIGCONT')
    }
  })

  test('answers, but whose connections are all in use, says which number to change', async () => {
    const pool = poolOf({ max: 2 })
    const held = [await pool.connect(), await pool.connect()]
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const failed = Promise.allSettled([pool.query('SELECT 1'), pool.connect()])
    expect(pool.stats()).toMatchObject({ waiting: 2, inUse: 2, idle: 0 })
    vi.advanceTimersByTime(5_000)
    const [query, connection] = (await failed) as PromiseRejectedResult[]
    expect(query?.reason).toMatchObject({ code: 'ERR_POOL_EXHAUSTED', cause: { message: /timeout exceeded/ } })
    expect(query?.reason.message).toBe(
      `No connection to 127.0.0.1:${server.port} became free within 5.00 s (\`connectionTimeout\`): all 2 are in use, and ` +
        '1 more call waits. Raise `max` (2), or hold connections for a shorter time',
    )
    expect(connection?.reason.code).toBe('ERR_POOL_EXHAUSTED')
    expect(pool.stats()).toMatchObject({ errors: 2, timeouts: 2, waiting: 0, waits: { count: 2 } })
    vi.useRealTimers()
    for (const client of held) client.release()
    expect(await one(pool)).toBe(1)
  })

  test('has a connection that is old replaces it', async () => {
    const pool = poolOf({ maxLifetime: 1, max: 1 })
    const pid = async () => (await pool.query('SELECT pg_backend_pid() AS pid')).rows[0].pid
    const first = await pid()
    await noticed(() => pool.stats().total === 0)
    expect(await pid()).not.toBe(first)
  })
})
