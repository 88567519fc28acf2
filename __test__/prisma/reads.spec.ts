import { QueryCache } from '@aah/ai-evals-performance'
import { withQueryCache } from '@aah/ai-evals-performance/prisma'
import { Decimal } from 'decimal.js'
import { expect, test, vi } from 'vitest'
import { Prisma } from '../../examples/prisma/generated/client.ts'
import { withEachDatabase } from './helpers/databases.ts'
import { addStudents } from './helpers/students.ts'

withEachDatabase('reads', (open) => {
  async function filled(options?: Parameters<typeof withQueryCache>[1]) {
    const database = await open()
    const prisma = database.client()
    const students = await addStudents(prisma)
    const cached = withQueryCache(prisma, options as object)
    prisma.gates.queries.length = 0
    return { database, prisma, cached, ...students, queries: () => prisma.gates.queries.length }
  }

  test('the second read asks nothing and gives the same', async () => {
    const { prisma, cached, queries } = await filled()
    const query = { where: { studentId: 'ada' }, include: { performanceMetrics: true, card: true } }
    const first = await cached.studentProfile.findUnique(query)
    const asked = queries()
    expect(asked).toBeGreaterThan(0)
    const second = await cached.studentProfile.findUnique(query)
    expect(queries()).toBe(asked)
    expect(second).toStrictEqual(first)
    expect(first).toStrictEqual(await prisma.studentProfile.findUnique(query))
    expect(cached.$queryCache.getStats()).toMatchObject({ hits: 1, misses: 1, size: 1 })
  })

  test('every operation that reads is cached', async () => {
    const { prisma, cached, queries } = await filled()
    const where = { studentId: 'ada' }
    type Client = typeof prisma
    const reads: Record<string, (client: Client) => Promise<unknown>> = {
      findUnique: (client) => client.studentProfile.findUnique({ where }),
      findUniqueOrThrow: (client) => client.studentProfile.findUniqueOrThrow({ where }),
      findFirst: (client) => client.studentProfile.findFirst({ where }),
      findFirstOrThrow: (client) => client.studentProfile.findFirstOrThrow({ where }),
      findMany: (client) => client.studentProfile.findMany({ orderBy: { id: 'asc' } }),
      'findMany of all': (client) => client.studentProfile.findMany(),
      count: (client) => client.studentProfile.count(),
      'count of fields': (client) => client.studentProfile.count({ select: { _all: true, tuition: true } }),
      aggregate: (client) => client.studentProfile.aggregate({ _max: { credits: true, tuition: true }, _count: true }),
      groupBy: (client) => client.studentProfile.groupBy({ by: ['standing'], _sum: { tuition: true }, _count: true }),
      'a relation of one': (client) => client.studentProfile.findUnique({ where }).card(),
      'relations of one': (client) => client.studentProfile.findUnique({ where }).performanceMetrics(),
    }
    for (const [name, read] of Object.entries(reads)) {
      const expected = await read(prisma)
      expect(await read(cached), name).toStrictEqual(expected)
      const asked = queries()
      expect(await read(cached), name).toStrictEqual(expected)
      expect(queries(), name).toBe(asked)
    }
  })

  test('nothing found is a result too', async () => {
    const { cached, queries } = await filled()
    expect(await cached.studentProfile.findUnique({ where: { studentId: 'nobody' } })).toBeNull()
    const asked = queries()
    expect(await cached.studentProfile.findUnique({ where: { studentId: 'nobody' } })).toBeNull()
    expect(queries()).toBe(asked)
  })

  test('a failure reaches the caller as it is and is not stored', async () => {
    const { cached, queries } = await filled()
    for (const time of ['first', 'second']) {
      const before = queries()
      const failure = await cached.studentProfile.findUniqueOrThrow({ where: { id: 0 } }).catch((error) => error)
      expect(failure, time).toBeInstanceOf(Prisma.PrismaClientKnownRequestError)
      expect(failure.code).toBe('P2025')
      expect(queries()).toBeGreaterThan(before)
    }
    const wrong = { where: { nothing: 1 } } as never
    await expect(cached.studentProfile.findMany(wrong)).rejects.toThrow(Prisma.PrismaClientValidationError)
    expect(cached.$queryCache.getStats().size).toBe(0)
  })

  test('values are of the classes that Prisma gives, whatever the isolation of the cache', async () => {
    for (const isolation of [undefined, 'reference', 'copy', 'frozen'] as const) {
      const { cached, ada } = await filled({ cache: isolation && new QueryCache({ isolation }) })
      for (const time of ['read', 'cached', 'cached again']) {
        const found = await cached.studentProfile.findUniqueOrThrow({ where: { id: ada.id } })
        expect(found.tuition, time).toBeInstanceOf(Prisma.Decimal)
        expect(found.tuition?.toFixed(2)).toBe('1234.50')
        expect(found.credits).toBe(2n ** 60n)
        expect(found.enrolledAt).toStrictEqual(new Date('2026-01-02T03:04:05.678Z'))
        expect(found.photo?.constructor).toBe(Uint8Array)
        expect({ ...ada, ...found }).toStrictEqual(ada)
        expect(found.settings).toStrictEqual({ theme: 'dark', card: { Course: [1, null] } })
        expect(found.standing).toBe('GOOD')
        expect(found.mentorId).toBeNull()
      }
    }
  })

  test('what a caller does to a result is his own affair', async () => {
    for (const isolation of [undefined, 'reference', 'frozen'] as const) {
      const { cached } = await filled({ cache: isolation && new QueryCache({ isolation }) })
      const read = () => cached.studentProfile.findMany({ include: { courses: true }, orderBy: { id: 'asc' } })
      const [first] = await Promise.all([read(), read()])
      const expected = structuredClone(first.map((student) => ({ ...student, tuition: null })))
      for (let times = 0; times < 2; times++) {
        const found = await read()
        expect(found.map((student) => ({ ...student, tuition: null }))).toStrictEqual(expected)
        found[0]!.name = 'changed'
        found[0]!.enrolledAt.setTime(0)
        found[0]!.photo!.fill(0)
        found[0]!.courses.pop()
        ;(found[0]!.settings as { theme: string }).theme = 'changed'
        found.pop()
      }
    }
  })

  test('equal reads at once are one query, whatever the order of their properties', async () => {
    const { prisma, cached, queries } = await filled()
    await cached.announcement.count()
    const before = queries()
    await cached.course.findMany({ where: { title: 'Latin', id: { gt: 0 } }, take: 1 })
    const one = queries() - before
    cached.$queryCache.clear()
    const held = prisma.gates.hold(/Course/, 'before')
    const reads = [
      cached.course.findMany({ where: { title: 'Latin', id: { gt: 0 } }, take: 1 }),
      cached.course.findMany({ take: 1, where: { id: { gt: 0 }, title: 'Latin' } }),
    ]
    for (const read of reads) read.catch(() => {})
    await held.reached
    held.release()
    const [first, second] = await Promise.all(reads)
    expect(first).toStrictEqual(second)
    expect(first).not.toBe(second)
    expect(queries() - before).toBe(2 * one)
  })

  test('reads that differ in anything have results of their own', async () => {
    const { prisma, cached, ada } = await filled()
    const { studentProfile } = prisma
    const reads: ((client: typeof prisma) => Promise<unknown>)[] = [
      (client) => client.studentProfile.findMany({ where: { settings: { equals: Prisma.DbNull } } }),
      (client) => client.studentProfile.findMany({ where: { settings: { equals: Prisma.JsonNull } } }),
      (client) => client.studentProfile.findMany({ where: { settings: { equals: Prisma.AnyNull } } }),
      (client) => client.studentProfile.findMany({ where: { tuition: new Prisma.Decimal('1234.5') } }),
      (client) => client.studentProfile.findMany({ where: { tuition: new Prisma.Decimal('1234.6') } }),
      (client) => client.studentProfile.findMany({ where: { enrolledAt: ada.enrolledAt } }),
      (client) => client.studentProfile.findMany({ where: { enrolledAt: new Date(0) } }),
      (client) => client.studentProfile.findMany({ where: { photo: Buffer.from([1, 2, 3]) } }),
      (client) => client.studentProfile.findMany({ where: { photo: new Uint8Array([1, 2, 4]) } }),
      (client) => client.studentProfile.findMany({ where: { credits: 2n ** 60n } }),
      (client) => client.studentProfile.findMany({ where: { credits: 2n ** 60n + 1n } }),
      (client) => client.studentProfile.findMany({ where: { studentId: { equals: studentProfile.fields.name } } }),
      (client) => client.studentProfile.findMany({ where: { studentId: { equals: studentProfile.fields.studentId } } }),
      (client) => client.studentProfile.findMany({ orderBy: [{ name: 'asc' }, { id: 'desc' }] }),
      (client) => client.studentProfile.findMany({ orderBy: [{ id: 'desc' }, { name: 'asc' }] }),
      (client) => client.studentProfile.findFirst({ where: { id: ada.id }, omit: { name: true } }),
      (client) => client.studentProfile.findFirst({ where: { id: ada.id }, select: { card: true } }),
      (client) => client.studentProfile.findFirst({ where: { id: ada.id } }).card(),
      (client) => client.studentProfile.count({ where: { id: ada.id } }),
      (client) => client.studentProfile.findMany({ where: { id: ada.id }, cursor: { studentId: 'ada' }, take: 1 }),
    ]
    for (let times = 0; times < 2; times++) {
      for (const read of reads) expect(await read(cached), String(read)).toStrictEqual(await read(prisma))
    }
    expect(cached.$queryCache.getStats()).toMatchObject({ hits: reads.length, misses: reads.length })
  })

  test('equal bytes and decimals are found again, whatever their class', async () => {
    const { cached, queries } = await filled()
    await cached.studentProfile.findMany({
      where: { photo: Buffer.from([1, 2, 3]), tuition: new Prisma.Decimal('1.50') },
    })
    const asked = queries()
    const where = { photo: new Uint8Array([1, 2, 3]), tuition: new Decimal('1.5') as never }
    await cached.studentProfile.findMany({ where })
    expect(queries()).toBe(asked)
  })

  test('models and operations say what is cached; writes to others are heeded', async () => {
    const { cached } = await filled({ models: ['course', 'grade'] as never, operations: ['findMany'] })
    const size = () => cached.$queryCache.getStats().size
    await cached.studentProfile.findMany()
    await cached.course.count()
    expect(size()).toBe(0)
    await cached.course.findMany()
    await cached.course.findMany({ include: { students: true } })
    expect(size()).toBe(2)
    await cached.studentProfile.updateMany({ data: { name: 'Eve' } })
    expect(size()).toBe(1)
  })

  test('results expire after the time to live', async () => {
    const { cached, queries } = await filled({ ttl: 1_000 })
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      await cached.course.findMany()
      const asked = queries()
      vi.advanceTimersByTime(999)
      await cached.course.findMany()
      expect(queries()).toBe(asked)
      vi.advanceTimersByTime(1)
      await cached.course.findMany()
      expect(queries()).toBeGreaterThan(asked)
    } finally {
      vi.useRealTimers()
    }
  })
})

test('bad arguments are refused before anything happens', async () => {
  const { PrismaClient } = await import('../../examples/prisma/generated/client.ts')
  const { PrismaLibSql } = await import('@prisma/adapter-libsql')
  const prisma = new PrismaClient({ adapter: new PrismaLibSql({ url: ':memory:' }) })
  const refusal = (...args: any[]) => {
    try {
      ;(withQueryCache as any)(...args)
    } catch (error) {
      return String(error)
    }
    return undefined
  }
  expect(refusal({})).toBe('TypeError: Expected `prisma` to be a Prisma client, got `an object`')
  expect(refusal(prisma, 1)).toBe('TypeError: Expected `options` to be an object, got `1`')
  expect(refusal(prisma, { cache: new Map() })).toBe('TypeError: Expected `cache` to be a QueryCache, got `an object`')
  expect(refusal(prisma, { ttl: 0 })).toBe('RangeError: Expected `ttl` to be a number > 0, got `0`')
  expect(refusal(prisma, { name: '' })).toMatch('RangeError: Expected `name` to be a name that is not empty')
  expect(refusal(prisma, { models: 'course' })).toMatch('TypeError: Expected `models` to be an array')
  expect(refusal(prisma, { models: ['student'] })).toBe(
    'RangeError: Expected `models[0]` to be one of studentProfile, performanceMetric, remark, studentCard, course, grade, ' +
      'announcement, got `"student"`',
  )
  expect(refusal(prisma, { operations: ['count', 'create'] })).toMatch(
    'RangeError: Expected `operations[1]` to be one of findUnique,',
  )
  await prisma.$disconnect()
})
