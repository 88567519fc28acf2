// The cached client among other extensions, other clients and other databases.

import { QueryCache } from '@aah/ai-evals-performance'
import { withQueryCache } from '@aah/ai-evals-performance/prisma'
import { expect, expectTypeOf, test } from 'vitest'
import { Prisma } from '../../examples/prisma/generated/client.ts'
import { type TestClient, withEachDatabase } from './helpers/databases.ts'
import { addStudents } from './helpers/students.ts'

/** Lets a client see only the students of one name. */
const onlyNamed = (name: string) =>
  Prisma.defineExtension({
    query: {
      studentProfile: { findMany: ({ args, query }) => query({ ...args, where: { ...args.where, name } }) },
    },
  })

const greeting = Prisma.defineExtension({
  result: {
    studentProfile: {
      greeting: { needs: { name: true }, compute: ({ name }: { name: string }) => `Hello ${name}` },
    },
  },
})

withEachDatabase('extensions', (open) => {
  async function filled() {
    const database = await open()
    const prisma = database.client()
    await addStudents(prisma)
    return { database, prisma }
  }
  const names = (students: { name: string }[]) => students.map(({ name }) => name).sort()

  test('the client has the type of the one it was made of, and more', async () => {
    const { prisma } = await filled()
    const plain: TestClient = prisma
    const cached = withQueryCache(plain)
    const same: TestClient = cached
    expect(same).toBe(cached)
    expectTypeOf(cached.$queryCache).toEqualTypeOf<QueryCache>()
    const found = await cached.studentProfile.findFirstOrThrow({ select: { credits: true, card: true } })
    expectTypeOf(found.credits).toEqualTypeOf<bigint>()
    withQueryCache(plain, { models: ['studentProfile'] })
    // @ts-expect-error There is no such model.
    expect(() => withQueryCache(plain, { models: ['student'] })).toThrow(RangeError)
  })

  test('extensions that change arguments do not see the results of others, before or after', async () => {
    const { prisma } = await filled()
    const cached = withQueryCache(prisma)
    const ada = cached.$extends(onlyNamed('Ada'))
    const bob = cached.$extends(onlyNamed('Bob'))
    const before = withQueryCache(prisma.$extends(onlyNamed('Bob')), { cache: cached.$queryCache })
    for (let times = 0; times < 2; times++) {
      expect(names(await cached.studentProfile.findMany())).toEqual(['Ada', 'Bob'])
      expect(names(await ada.studentProfile.findMany())).toEqual(['Ada'])
      expect(names(await bob.studentProfile.findMany())).toEqual(['Bob'])
      expect(names(await before.studentProfile.findMany())).toEqual(['Bob'])
    }
    // Two of the four ask for the same.
    expect(cached.$queryCache.getStats()).toMatchObject({ size: 3, hits: 5 })
    await bob.studentProfile.updateMany({ data: { name: 'Eve' } })
    expect(names(await cached.studentProfile.findMany())).toEqual(['Eve', 'Eve'])
  })

  test('computed fields are computed for each, and not stored', async () => {
    const { prisma } = await filled()
    for (const isolation of ['reference', 'copy', 'frozen'] as const) {
      const cache = new QueryCache({ isolation })
      const before = withQueryCache(prisma.$extends(greeting), { cache, name: 'test' })
      const after = withQueryCache(prisma, { cache, name: 'test' }).$extends(greeting)
      const plain = withQueryCache(prisma, { cache, name: 'test' })
      for (let times = 0; times < 3; times++) {
        for (const client of [before, after]) {
          const found = await client.studentProfile.findMany({ include: { mentees: true }, orderBy: { id: 'asc' } })
          expect(found[0]!.greeting).toBe('Hello Ada')
          expect(found[0]!.mentees[0]).toHaveProperty('greeting', 'Hello Bob')
        }
        const found = await plain.studentProfile.findMany({ include: { mentees: true }, orderBy: { id: 'asc' } })
        expect(found[0]).not.toHaveProperty('greeting')
        expect(found[0]!.mentees[0]).not.toHaveProperty('greeting')
      }
      const selected = { where: { studentId: 'ada' }, select: { greeting: true } }
      for (let times = 0; times < 2; times++) {
        const found = await before.studentProfile.findUnique(selected)
        expect(JSON.stringify(found)).toBe('{"greeting":"Hello Ada"}')
      }
    }
  })

  test('clients whose computed fields need others have results of their own', async () => {
    const { prisma } = await filled()
    const cache = new QueryCache()
    const needing = (field: 'name' | 'studentId') =>
      withQueryCache(
        prisma.$extends({
          result: {
            studentProfile: { label: { needs: { [field]: true } as never, compute: (row: any) => row[field] } },
          },
        }) as any,
        { cache, name: 'test' },
      ) as any
    const query = { where: { studentId: 'ada' }, select: { label: true } }
    expect((await needing('name').studentProfile.findUnique(query)).label).toBe('Ada')
    expect((await needing('studentId').studentProfile.findUnique(query)).label).toBe('ada')
  })

  test('clients that leave out fields have results of their own, and share what writes remove', async () => {
    const { database, prisma } = await filled()
    const cache = new QueryCache()
    const options = { cache, name: 'test' }
    const all = withQueryCache(prisma, options)
    const discreet = withQueryCache(database.client({ omit: { studentProfile: { name: true } } }), options)
    const query = { where: { studentId: 'ada' } }
    for (let times = 0; times < 2; times++) {
      expect(await all.studentProfile.findUnique(query)).toHaveProperty('name')
      expect(await discreet.studentProfile.findUnique(query)).not.toHaveProperty('name')
    }
    expect(cache.getStats()).toMatchObject({ size: 2, hits: 2 })
    await discreet.studentProfile.update({ ...query, data: { standing: 'PROBATION' } })
    expect(cache.getStats().size).toBe(0)
  })

  test('extensions of every kind can be added again and again, also as functions', async () => {
    const { prisma } = await filled()
    const cached = withQueryCache(prisma)
    const extended = cached
      .$extends((client) => client.$extends({ client: { $hello: () => 'hello' } }))
      .$extends({
        model: {
          $allModels: {
            async exists<T>(this: T, where: object) {
              return (await (Prisma.getExtensionContext(this) as any).count({ where })) > 0
            },
          },
        },
      })
      .$extends(greeting)
    expect(extended.$hello()).toBe('hello')
    expect(await extended.studentProfile.exists({ studentId: 'ada' })).toBe(true)
    expect(await extended.studentProfile.exists({ studentId: 'ada' })).toBe(true)
    expect(cached.$queryCache.getStats()).toMatchObject({ hits: 1, misses: 1 })
    expect((extended as any).$queryCache).toBe(cached.$queryCache)
    await extended.studentProfile.deleteMany()
    expect(cached.$queryCache.getStats().size).toBe(0)
  })

  test('an extension that answers within a transaction of its own is not cached', async () => {
    const { prisma } = await filled()
    const secured = withQueryCache(
      prisma.$extends({
        query: {
          async $allOperations({ args, query }) {
            const [, result] = await prisma.$transaction([prisma.$queryRaw`SELECT 1 AS one`, query(args) as any])
            return result
          },
        },
      }),
    )
    for (let times = 0; times < 2; times++) expect(await secured.studentProfile.count()).toBe(2)
    expect(secured.$queryCache.getStats()).toMatchObject({ size: 0, hits: 0, misses: 0 })
  })

  test('a client can be cached twice', async () => {
    const { prisma } = await filled()
    const [inner, outer] = [new QueryCache(), new QueryCache()]
    const cached = withQueryCache(withQueryCache(prisma, { cache: inner }), { cache: outer })
    const query = { where: { studentId: 'ada' } }
    for (let times = 0; times < 2; times++)
      expect(await cached.studentProfile.findUnique(query)).toMatchObject({ name: 'Ada' })
    await cached.$transaction((tx) => tx.studentProfile.update({ ...query, data: { name: 'Eve' } }))
    expect(await cached.studentProfile.findUnique(query)).toMatchObject({ name: 'Eve' })
    await cached.studentProfile.update({ ...query, data: { name: 'Zoe' } })
    expect(await cached.studentProfile.findUnique(query)).toMatchObject({ name: 'Zoe' })
  })

  test('two databases in one cache never answer for each other', async () => {
    const [one, two] = [await filled(), await filled()]
    const cache = new QueryCache()
    const cached = [withQueryCache(one.prisma, { cache }), withQueryCache(two.prisma, { cache })] as const
    await two.prisma.studentProfile.deleteMany()
    expect(await cached[0].studentProfile.count()).toBe(2)
    expect(await cached[1].studentProfile.count()).toBe(0)
    expect(await cached[0].studentProfile.count()).toBe(2)
    await cached[1].studentProfile.create({ data: { studentId: 'eve', name: 'Eve' } })
    expect(cache.getStats().size).toBe(1)
    await cached[0].$executeRaw`DELETE FROM "Remark"`
    expect(cache.getStats().size).toBe(0)
  })

  test('what else is in the cache stays there', async () => {
    const { prisma } = await filled()
    const cache = new QueryCache()
    cache.set('student-metrics |StudentProfile|', { studentId: '123' }, { gpa: 3.4 })
    const cached = withQueryCache(prisma, { cache })
    await cached.studentProfile.findMany()
    await cached.studentProfile.deleteMany()
    await cached.$executeRaw`DELETE FROM "Remark"`
    expect(cache.getStats().size).toBe(1)
    await cached.course.findMany()
    expect(cache.invalidate('Course.findMany')).toBe(1)
  })
})
