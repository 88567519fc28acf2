// What the cached client looks at that is not public API of Prisma. Where a version of Prisma has it otherwise, these tests
// fail, and the client is as safe as it can be without: it caches less and removes more.

import { withQueryCache } from '@aah/ai-evals-performance/prisma'
import { expect, test } from 'vitest'
import { readDataModel } from '../../lib/prisma/data-model.ts'
import { withEachDatabase } from './helpers/databases.ts'

withEachDatabase('internals of Prisma', (open, kind) => {
  test('an operation tells whether it is in a transaction, and which part of its result is asked for', async () => {
    const prisma = (await open()).client()
    const seen: any[] = []
    const extended = prisma.$extends({
      query: {
        $allOperations: ({ args, query, ...rest }) => {
          const { transaction, dataPath } = (rest as any).__internalParams
          seen.push({ hasTransaction: 'transaction' in (rest as any).__internalParams, transaction, dataPath })
          return query(args)
        },
      },
    })
    await extended.course.count()
    await extended.$queryRaw`SELECT 1 AS one`
    await extended.studentProfile.findUnique({ where: { id: 0 } }).card()
    await extended.$transaction([extended.course.count(), extended.course.findMany()])
    await extended.$transaction((tx) => tx.course.count())
    expect(seen).toMatchObject([
      { hasTransaction: true, transaction: undefined, dataPath: [] },
      { hasTransaction: true, transaction: undefined, dataPath: [] },
      { hasTransaction: true, transaction: undefined, dataPath: ['select', 'card'] },
      { transaction: { kind: 'batch', id: expect.anything() }, dataPath: [] },
      { transaction: { kind: 'batch', id: expect.anything() }, dataPath: [] },
      { transaction: { kind: 'itx' }, dataPath: [] },
    ])
    expect(seen[3].transaction.id).toBe(seen[4].transaction.id)
  })

  test('a client shows its models, what it leaves out and computes, its version and its adapter', async () => {
    const prisma = (await open()).client({ omit: { course: { title: true } } })
    const extended: any = prisma.$extends({
      result: { course: { label: { needs: { title: true }, compute: () => '' } } },
    })
    expect(extended._globalOmit).toEqual({ course: { title: true } })
    expect(extended._extensions.getAllComputedFields('Course')).toMatchObject({ label: { needs: ['title'] } })
    expect(extended._clientVersion).toMatch(/^7\./)
    expect(extended._engineConfig.adapter.adapterName).toBe(
      kind === 'libSQL' ? '@prisma/adapter-libsql' : '@prisma/adapter-pg',
    )
    expect('_globalOmit' in (await open()).client()).toBe(true)
  })

  test('a client shows which models refer to which', async () => {
    const model = readDataModel((await open()).client())!
    const tables = (name: string) => [...model.get(name)!.dependents].map(({ table }) => table).sort()
    expect(tables('Remark')).toEqual(['Remark'])
    expect(tables('PerformanceMetric')).toEqual(['PerformanceMetric', 'Remark'])
    expect(tables('Course')).toEqual(['Course', 'Grade'])
    expect(tables('StudentProfile')).toEqual([
      ...['Grade', 'PerformanceMetric', 'Remark', 'StudentCard', 'StudentProfile'],
    ])
    expect([...model.get('StudentProfile')!.referenced].sort()).toEqual(['id', 'studentId'])
    expect(model.get('Grade')!.hasKeyOfLinks).toBe(false)
  })

  test('without the data model every write removes everything', async () => {
    const prisma = (await open()).client()
    for (const hidden of ['_runtimeDataModel', '_engineConfig']) {
      // Prisma itself needs them, so they are hidden from the one who asks only.
      const cached = withQueryCache(hiding(prisma, hidden))
      await cached.course.findMany()
      await cached.course.findMany()
      expect(cached.$queryCache.getStats(), hidden).toMatchObject({ size: 1, hits: 1 })
      await cached.announcement.create({ data: { text: 'x' } })
      expect(cached.$queryCache.getStats(), hidden).toMatchObject({ size: 0 })
    }
  })

  test('without knowing where an operation runs, nothing is read from the cache or stored', async () => {
    const prisma = (await open()).client()
    const blind = hidingParameters(prisma)
    const cached = withQueryCache(blind)
    await cached.course.findMany()
    await cached.course.create({ data: { title: 'x' } })
    expect(await cached.course.findMany()).toHaveLength(1)
    await cached.$transaction([cached.course.deleteMany()])
    await cached.$transaction((tx) => tx.course.deleteMany())
    expect(cached.$queryCache.getStats()).toMatchObject({ size: 0, hits: 0, misses: 0 })
  })
})

/** A client that does not show one of its properties. */
function hiding<T extends object>(client: T, hidden: string): T {
  return new Proxy(client, {
    get: (target, name) => (name === hidden ? undefined : Reflect.get(target, name)),
  })
}

/** A client whose extensions are not told what is not public. */
function hidingParameters<T extends { $extends: any }>(client: T): T {
  return new Proxy(client, {
    get(target, name) {
      if (name !== '$extends') return Reflect.get(target, name)
      return (extension: any) => {
        const seen = extension.query?.$allOperations
        const $allOperations = seen && (({ __internalParams, ...rest }: any) => seen(rest))
        return hidingParameters(target.$extends({ ...extension, ...(seen && { query: { $allOperations } }) }))
      }
    },
  })
}
