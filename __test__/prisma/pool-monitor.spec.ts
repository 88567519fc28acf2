// What a monitor is told of a pool, of ours or of pg's own, and that nobody else notices.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PerformanceMonitor } from '@aah/ai-evals-performance'
import { createPool, monitorPool } from '@aah/ai-evals-performance/prisma'
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { noPostgres, type Postgres, startPostgres } from '../helpers/postgres.ts'
import { PrismaClient } from './generated/client.ts'

describe.skipIf(noPostgres !== undefined)('a monitored pool', { timeout: 60_000 }, () => {
  let server: Postgres
  const pools: pg.Pool[] = []
  beforeAll(async () => {
    server = await startPostgres({ settings: ['max_connections = 40'] })
  }, 60_000)
  afterEach(async () => {
    await Promise.all(pools.splice(0).map((pool) => pool.end()))
  })
  afterAll(() => server?.stop())

  const kinds = {
    "pg's own": (options: pg.PoolConfig = {}) => new pg.Pool({ connectionString: server.url, ...options }),
    ours: (options: pg.PoolConfig = {}) => createPool({ connectionString: server.url, ...options }),
  }
  function made(pool: pg.Pool): pg.Pool {
    pools.push(pool)
    return pool
  }

  const counts = (monitor: PerformanceMonitor) =>
    Object.fromEntries(monitor.getAllTimings().map(({ component, totalCalls }) => [component, totalCalls]))

  describe.each(Object.keys(kinds) as (keyof typeof kinds)[])('%s', (kind) => {
    test('tells of waits, new connections and queries, however they are asked for', async () => {
      const pool = made(kinds[kind]({ max: 1 }))
      const monitor = new PerformanceMonitor()
      const monitoring = monitorPool(pool, monitor)

      await pool.query('SELECT 1')
      await new Promise((resolve) => pool.query('SELECT 1', resolve))
      await new Promise((resolve) => pool.query('SELECT $1::int', [1], resolve))
      const client = await pool.connect()
      await client.query('SELECT 1')
      await new Promise((resolve) => client.query({ text: 'SELECT 1', callback: resolve } as any))
      const query = client.query(new pg.Query('SELECT 1'))
      await new Promise<void>((resolve) => query.on('end', () => resolve()))
      client.release()
      await new Promise<void>((resolve) => {
        pool.connect((_error, handed, release) => {
          handed?.query('SELECT 1', () => {
            release()
            resolve()
          })
        })
      })
      expect(counts(monitor)).toEqual({ 'pool-connect': 1, 'pool-wait': 4, 'pool-query': 7 })
      expect(monitoring.stats()).toMatchObject({ acquisitions: 5, queries: { count: 7 }, connects: { count: 1 } })
      monitoring.stop()
    })

    test('has what is in use, idle and waiting in the report, for as long as it is monitored', async () => {
      const pool = made(kinds[kind]({ max: 2 }))
      const monitor = new PerformanceMonitor()
      expect(monitor.generateReport()).not.toHaveProperty('gauges')
      const monitoring = monitorPool(pool, monitor)
      const gauges = () => monitor.generateReport().gauges
      const [one, other] = [await pool.connect(), await pool.connect()]
      const third = pool.connect()
      expect(gauges()).toEqual({ 'pool-in-use': 2, 'pool-idle': 0, 'pool-waiting': 1 })
      one.release()
      ;(await third).release()
      expect(gauges()).toEqual({ 'pool-in-use': 1, 'pool-idle': 1, 'pool-waiting': 0 })
      monitoring.stop()
      expect(gauges()).toBeUndefined()
      other.release()
    })

    test('gives results, failures and `this` as it does without a monitor', async () => {
      const pool = made(kinds[kind]({ max: 1 }))
      const plain = made(kinds[kind]({ max: 1 }))
      const monitoring = monitorPool(pool, new PerformanceMonitor())
      const failing = (from: pg.Pool) =>
        from.query('SELECT nonsense').then(
          () => undefined,
          (error) => ({ ...error, message: error.message, isDatabaseError: error instanceof pg.DatabaseError }),
        )
      expect(await failing(pool)).toEqual(await failing(plain))
      expect((await pool.query('SELECT 1 AS a; SELECT 2 AS b')) as any).toMatchObject([{ rows: [{ a: 1 }] }, {}])
      const client = await pool.connect()
      const thisOf = (from: pg.PoolClient) =>
        new Promise((resolve) =>
          from.query('SELECT 1', function (this: unknown, ...values: unknown[]) {
            resolve([this?.constructor.name, values.length, values[0]])
          }),
        )
      const plainClient = await plain.connect()
      expect(await thisOf(client)).toEqual(await thisOf(plainClient))
      expect(() => client.query(null as any)).toThrow(TypeError)
      await new Promise<void>((resolve) => expect(client.query('SELECT 1', () => resolve())).toBe(undefined))
      const submitted = new pg.Query('SELECT 1')
      const over = new Promise<void>((resolve) => submitted.on('end', () => resolve()))
      expect(client.query(submitted)).toBe(submitted)
      await over
      expect(Object.keys(submitted)).not.toContain('handleError')
      const failed = new pg.Query('SELECT nonsense')
      const failure = new Promise((resolve) => failed.on('error', resolve))
      client.query(failed)
      expect(await failure).toMatchObject({ code: '42703' })
      client.release()
      expect(() => client.release()).toThrow('already been released')
      plainClient.release()
      expect(monitoring.stats().errors).toBe(3)
    })

    test('reports a rejection that nobody handles, and none that somebody does', async () => {
      const pool = made(kinds[kind]())
      monitorPool(pool, new PerformanceMonitor())
      const reported: unknown[] = []
      const before = process.rawListeners('unhandledRejection')
      process.removeAllListeners('unhandledRejection')
      const listener = (error: unknown) => reported.push(error)
      process.on('unhandledRejection', listener)
      try {
        const client = await pool.connect()
        void client.query('SELECT nonsense')
        while (reported.length === 0) await new Promise((resolve) => setImmediate(resolve))
        await client.query('SELECT alike').catch(() => {})
        client.release()
        await pool.query('SELECT alike').catch(() => {})
        await new Promise((resolve) => setImmediate(resolve))
        expect(reported).toMatchObject([{ code: '42703' }])
      } finally {
        process.off('unhandledRejection', listener)
        for (const one of before) process.on('unhandledRejection', one as () => void)
      }
    })

    test('is as it was when it is monitored no more, while a connection is in use', async () => {
      const pool = made(kinds[kind]())
      const shape = (of: object) => Reflect.ownKeys(of).filter((key) => typeof (of as any)[key] === 'function')
      const listeners = () => pool.eventNames().map((name) => [name, pool.listenerCount(name)])
      const [keys, listening] = [shape(pool), listeners()]
      const monitor = new PerformanceMonitor()
      const first = monitorPool(pool, monitor)
      const second = monitorPool(pool, monitor, { name: 'same' })
      const client = await pool.connect()
      first.stop()
      await client.query('SELECT 1')
      second.stop()
      second.stop()
      expect(shape(pool)).toEqual(keys)
      expect(listeners()).toEqual(listening)
      if (kind === "pg's own") expect(Object.hasOwn(client, 'query')).toBe(false)
      await client.query('SELECT 1')
      client.release()
      await pool.query('SELECT 1')
      expect(counts(monitor)).toEqual({ 'pool-connect': 1, 'same-connect': 1, 'same-query': 1 })
    })
  })

  test('tells an `error` event only to those who listen', async () => {
    const pool = made(new pg.Pool({ connectionString: server.url }))
    const monitoring = monitorPool(pool, new PerformanceMonitor())
    expect(pool.listenerCount('error')).toBe(0)
    const lost = new Promise((resolve) => pool.on('error', resolve))
    await pool.query('SELECT 1')
    await server.terminateConnections()
    expect(await lost).toMatchObject({ code: '57P01' })
    expect(monitoring.stats().lost).toBe(1)
  })

  test('is a bottleneck with the number that would help, until it is monitored no more', async () => {
    const pool = made(createPool({ connectionString: server.url, max: 2 }))
    const monitor = new PerformanceMonitor()
    const monitoring = monitorPool(pool, monitor)
    await Promise.all(Array.from({ length: 8 }, () => pool.query('SELECT pg_sleep(0.02)')))
    const waitOf = () => monitor.generateReport().bottlenecks.find(({ component }) => component === 'pool-wait')
    expect(waitOf()?.recommendation).toMatch(
      /^Raise `max` from 2, to 4 say, .* 6 of 8 calls found all 2 in use, none idle, and waited .*, up to 6 at a time\.$/,
    )
    monitor.reset()
    await Promise.all(Array.from({ length: 8 }, () => pool.query('SELECT pg_sleep(0.02)')))
    expect(waitOf()?.recommendation).toMatch(/of 16 calls/)
    monitoring.stop()
    expect(waitOf()?.recommendation).not.toMatch(/max/)
  })

  test('is not asked to grow where its connections are held for nothing', async () => {
    const pool = made(createPool({ connectionString: server.url, max: 1 }))
    const monitor = new PerformanceMonitor()
    monitorPool(pool, monitor)
    const held = await pool.connect()
    const waiting = pool.query('SELECT 1')
    const from = performance.now()
    while (performance.now() - from < 50) await new Promise((resolve) => setImmediate(resolve))
    held.release()
    await waiting
    const found = monitor.identifyBottlenecks().find(({ component }) => component === 'pool-wait')
    expect(found?.recommendation).toMatch(/^Hold connections for a shorter time/)
  })

  test('is not asked to grow where more queries at a time are not answered any sooner', async () => {
    const pool = made(createPool({ connectionString: server.url, max: 4 }))
    const monitor = new PerformanceMonitor()
    monitorPool(pool, monitor)
    // One after the other, however many ask: as with a table that everybody writes to.
    const ask = () => pool.query('SELECT pg_advisory_lock(1), pg_sleep(0.003), pg_advisory_unlock(1)')
    for (let number = 0; number < 25; number++) await ask()
    await Promise.all(Array.from({ length: 50 }, ask))
    const found = monitor.identifyBottlenecks().find(({ component }) => component === 'pool-wait')
    expect(found?.recommendation).toMatch(
      /^Leave `max` at 4: more connections would not help, because the database is the limit\. A query takes .* with 1\.0 con/,
    )
  })

  test('names its components as it is asked to, and compares with a baseline', async () => {
    const pool = made(createPool({ connectionString: server.url }))
    const monitor = new PerformanceMonitor()
    monitorPool(pool, monitor, { name: 'replica' })
    await pool.query('SELECT 1')
    monitor.setBaseline('quick')
    await pool.query('SELECT pg_sleep(0.1)')
    expect(counts(monitor)).toEqual({ 'replica-connect': 1, 'replica-wait': 1, 'replica-query': 2 })
    expect(monitor.detectRegressions('quick').map(({ component }) => component)).toContain('replica-query')
  })

  describe('of Prisma', () => {
    const clients: PrismaClient[] = []
    afterEach(async () => {
      await Promise.all(clients.splice(0).map((client) => client.$disconnect()))
    })
    function clientOn(pool: pg.Pool, options?: { disposeExternalPool?: boolean }): PrismaClient {
      const client = new PrismaClient({ adapter: new PrismaPg(pool, options) })
      clients.push(client)
      return client
    }
    let url: string
    beforeAll(async () => {
      url = await server.createDatabase('students')
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      await client.query(readFileSync(join(__dirname, 'tables.sql'), 'utf8'))
      await client.end()
    })

    test('is shared by two clients, and outlives both', async () => {
      const pool = createPool({ connectionString: url, max: 2 })
      made(pool)
      const monitor = new PerformanceMonitor()
      monitorPool(pool, monitor)
      const [one, other] = [clientOn(pool), clientOn(pool)]
      await one.studentProfile.create({
        data: { studentId: '123', name: 'Ada', performanceMetrics: { create: { term: 'fall', gpa: 3.9 } } },
      })
      const ask = (client: PrismaClient) =>
        client.studentProfile.findUnique({ where: { studentId: '123' }, include: { performanceMetrics: true } })
      const answers = await Promise.all([one, other, one, other].map(ask))
      for (const answer of answers) expect(answer).toMatchObject({ name: 'Ada', performanceMetrics: [{ gpa: 3.9 }] })
      expect(pool.stats().total).toBeLessThanOrEqual(2)
      expect(pool.stats().queries.count).toBe(counts(monitor)['pool-query'])
      expect(pool.stats().queries.count).toBeGreaterThanOrEqual(8)

      await one.$disconnect()
      await other.$disconnect()
      expect(pool.ended).toBe(false)
      expect((await pool.query('SELECT count(*)::int AS n FROM "StudentProfile"')).rows).toEqual([{ n: 1 }])
      expect(await ask(one)).toMatchObject({ name: 'Ada' })
    })

    test('is ended by the client that was told to', async () => {
      const pool = createPool({ connectionString: url })
      const client = clientOn(pool, { disposeExternalPool: true })
      await client.studentProfile.count()
      await client.$disconnect()
      expect(pool.ended).toBe(true)
      await pool.end()
    })

    test('measures transactions of both forms, and gives their connections back', async () => {
      const pool = createPool({ connectionString: url, max: 2 })
      made(pool)
      const client = clientOn(pool)
      await client.announcement.create({ data: { text: 'a' } })
      const before = pool.stats().queries.count
      await client.$transaction(async (transaction) => {
        await transaction.announcement.create({ data: { text: 'b' } })
        expect(pool.stats().inUse).toBe(1)
      })
      const asked = pool.stats().queries.count - before
      expect(asked).toBeGreaterThanOrEqual(3)
      await expect(
        client.$transaction(async (transaction) => {
          await transaction.announcement.deleteMany()
          throw new Error('rolled back')
        }),
      ).rejects.toThrow('rolled back')
      await client.$transaction([client.announcement.count(), client.announcement.count()])
      expect(await client.announcement.count()).toBe(2)
      expect(pool.stats()).toMatchObject({ inUse: 0, errors: 0 })
    })

    test('fails with the codes that Prisma has for it, or with a number to change', async () => {
      const unreachable = clientOn(
        made(createPool({ connectionString: 'postgresql://somebody:secret@127.0.0.1:1/db' })),
      )
      await expect(unreachable.studentProfile.count()).rejects.toMatchObject({ code: 'P1001' })

      const pool = createPool({ connectionString: url, max: 1, connectionTimeout: 1_000 })
      made(pool)
      const client = clientOn(pool)
      const held = await pool.connect()
      await expect(client.studentProfile.count()).rejects.toThrow('Raise `max` (1)')
      held.release()
      expect(await client.studentProfile.count()).toBe(1)
    })
  })
})
