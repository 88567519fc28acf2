import { QueryCache } from '@aah/ai-evals-performance'
import { withQueryCache } from '@aah/ai-evals-performance/prisma'
import { expect, test } from 'vitest'
import { deferred } from '../helpers/deferred.ts'
import { until } from '../helpers/program.ts'
import { withEachDatabase } from './helpers/databases.ts'

withEachDatabase('transactions', (open, kind) => {
  /** Clients with connections of their own, since libSQL lets nothing else run on that of a transaction. */
  async function opened() {
    const database = await open()
    const cache = new QueryCache()
    const [one, other, plain] = [database.client(), database.client(), database.client()]
    const reader = withQueryCache(one, { cache, name: 'test' })
    const writer = withQueryCache(other, { cache, name: 'test' })
    const { id } = await plain.course.create({ data: { title: 'old' } })
    await plain.announcement.create({ data: { text: 'old' } })
    const read = async () => (await reader.course.findUniqueOrThrow({ where: { id } })).title
    const change = { where: { id }, data: { title: 'new' } }
    /** Whether the result of `read` is in the cache. */
    const isCached = async () => {
      const { hits } = cache.getStats()
      await read()
      return cache.getStats().hits > hits
    }
    await read()
    await reader.announcement.findMany()
    return { cache, read, change, isCached, reader, writer, plain, other, id, reads: one.gates, writes: other.gates }
  }

  test('inside nothing is read from the cache or stored, in both forms', async () => {
    const { cache, read, writer, plain, id } = await opened()
    await plain.course.update({ where: { id }, data: { title: 'unseen' } })
    const before = cache.getStats()
    const query = { where: { id } }
    const inside = await writer.$transaction((tx) => tx.course.findUnique(query))
    const [listed, all] = await writer.$transaction([writer.course.findUnique(query), writer.course.findMany()])
    expect([inside, listed, ...all].map((course) => course?.title)).toEqual(['unseen', 'unseen', 'unseen'])
    expect(cache.getStats()).toMatchObject({ hits: before.hits, misses: before.misses, size: before.size })
    await expect(read()).resolves.toBe('old')
  })

  test('what a function writes is removed when it commits, and nothing else', async () => {
    const { cache, read, change, writer } = await opened()
    const [written, finish] = [deferred<void>(), deferred<void>()]
    const running = writer.$transaction(async (tx) => {
      await tx.course.update(change)
      expect(await tx.course.findUnique({ where: change.where })).toMatchObject({ title: 'new' })
      written.resolve()
      await finish.promise
      return 'done'
    })
    await written.promise
    expect(cache.getStats().size).toBe(2)
    await expect(read()).resolves.toBe('old')
    finish.resolve()
    await expect(running).resolves.toBe('done')
    expect(cache.getStats().size).toBe(1)
    await expect(read()).resolves.toBe('new')
  })

  test('what a function wrote that fails is not removed, and its failure is passed on', async () => {
    const { cache, isCached, change, writer } = await opened()
    const failure = new Error('mine')
    const running = writer.$transaction(async (tx) => {
      await tx.course.update(change)
      throw failure
    })
    expect(await running.catch((error) => error)).toBe(failure)
    expect(await isCached()).toBe(true)
    expect(cache.getStats().size).toBe(2)
  })

  test('what a list writes is removed when it commits, not when it is rolled back', async () => {
    const { cache, read, isCached, change, writer, id } = await opened()
    const failing = [writer.course.update(change), writer.course.create({ data: { id, title: 'twice' } })]
    await expect(writer.$transaction(failing)).rejects.toMatchObject({ code: 'P2002' })
    expect(await isCached()).toBe(true)
    const results = await writer.$transaction([writer.course.update(change), writer.course.count()])
    expect(results).toMatchObject([{ title: 'new' }, 1])
    expect(cache.getStats().size).toBe(1)
    await expect(read()).resolves.toBe('new')
  })

  test('a list waits for nothing that the cache answers', async () => {
    const { reader, id } = await opened()
    const queries = [reader.course.findUnique({ where: { id } }), reader.course.findUnique({ where: { id } })]
    expect(await reader.$transaction(queries)).toMatchObject([{ title: 'old' }, { title: 'old' }])
  })

  test('a commit that may have happened removes what was written', async () => {
    for (const form of ['function', 'list']) {
      const { read, change, writer, writes } = await opened()
      const held = writes.hold(/^COMMIT/, 'after')
      const running =
        form === 'list'
          ? writer.$transaction([writer.course.update(change), writer.course.count()])
          : writer.$transaction((tx) => tx.course.update(change))
      await held.reached
      await expect(read()).resolves.toBe('old')
      held.release(new Error('connection lost'))
      await expect(running, form).rejects.toThrow()
      await expect(read(), form).resolves.toBe('new')
    }
  })

  test('one that took too long and cannot commit is taken for one that may have', async () => {
    const { isCached, change, writer } = await opened()
    const running = writer.$transaction(
      async (tx) => {
        await tx.course.update(change).catch(() => {})
        await until(
          () =>
            tx.course.count().then(
              () => false,
              () => true,
            ),
          'the transaction has expired',
        )
      },
      { timeout: 1 },
    )
    await expect(running).rejects.toMatchObject({ code: 'P2028' })
    expect(await isCached()).toBe(false)
  })

  test('a read outside that was under way when a transaction committed is not stored', async () => {
    const { cache, read, change, writer, reads } = await opened()
    cache.clear()
    const held = reads.hold(/^SELECT/, 'after')
    const running = writer.$transaction(async (tx) => {
      await tx.course.update(change)
      const early = read()
      await held.reached
      return { early }
    })
    const { early } = await running
    await expect(read()).resolves.toBe('new')
    held.release()
    await expect(early).resolves.toBe('old')
    await expect(read()).resolves.toBe('new')
  })

  test('a read outside that began and ended during a transaction is removed when that commits', async () => {
    const { cache, read, change, writer } = await opened()
    cache.clear()
    await writer.$transaction(async (tx) => {
      await tx.course.update(change)
      await expect(read()).resolves.toBe('old')
    })
    await expect(read()).resolves.toBe('new')
  })

  test('nested writes, relations and raw statements count as they do outside', async () => {
    const { cache, reader, writer, id } = await opened()
    await reader.studentProfile.findMany()
    await writer.$transaction((tx) =>
      tx.course.update({ where: { id }, data: { students: { create: { studentId: 'eve', name: 'Eve' } } } }),
    )
    expect(cache.getStats().size).toBe(1)
    await reader.announcement.findMany()
    await writer.$transaction(async (tx) => {
      await tx.$queryRaw`SELECT 1 AS one`
    })
    expect(cache.getStats().size).toBe(1)
    await writer.$transaction([writer.$executeRaw`DELETE FROM "Course"`])
    expect(cache.getStats().size).toBe(0)
  })

  test('a transaction inside of another counts when the outer one commits', async () => {
    const { cache, change, writer } = await opened()
    await writer.$transaction(async (tx) => {
      await tx.$transaction((inner) => inner.course.update(change))
      expect(cache.getStats().size).toBe(2)
    })
    expect(cache.getStats().size).toBe(1)
  })

  test('extended clients are the same inside', async () => {
    const { cache, change, writer } = await opened()
    const extended = writer.$extends({
      model: { course: { rename: (id: number) => writer.course.findUnique({ where: { id } }) } },
      query: { course: { update: ({ args, query }) => query({ ...args, data: { title: 'by an extension' } }) } },
    })
    await extended.$transaction(async (tx) => {
      await tx.course.update(change)
      expect(tx.course.rename).toBeTypeOf('function')
      expect(cache.getStats().size).toBe(2)
    })
    expect(cache.getStats().size).toBe(1)
    expect(await extended.course.findMany()).toMatchObject([{ title: 'by an extension' }])
  })

  test('a transaction that runs with a client without a cache removes everything', async () => {
    const { cache, read, change, other } = await opened()
    const bypassing = other.$extends({
      client: { $transaction: (...args: [any]) => other.$transaction(...args) },
    })
    const cached = withQueryCache(bypassing, { cache, name: 'test' })
    await (cached as any).$transaction((tx: typeof other) => tx.course.update(change))
    expect(cache.getStats().size).toBe(0)
    await expect(read()).resolves.toBe('new')
  })

  test('a list with operations of a client without a cache removes everything', async () => {
    const { cache, change, writer, other } = await opened()
    await writer.$transaction([other.course.update(change), writer.announcement.count()])
    expect(cache.getStats().size).toBe(0)
  })

  test('operations of the client itself inside of the function are outside of the transaction', async () => {
    const { cache, read, change, writer, reader, id } = await opened()
    await writer.$transaction(async (tx) => {
      await tx.course.findMany()
      await expect(read()).resolves.toBe('old')
      await reader.announcement.updateMany({ data: { text: 'new' } })
      expect(cache.getStats().size).toBe(1)
    })
    expect(cache.getStats().size).toBe(1)
    await reader.course.update({ ...change, where: { id } })
    expect(cache.getStats().size).toBe(0)
  })

  // With libSQL no two transactions write at once.
  if (kind !== 'PostgreSQL') return

  test('of transactions at once, each counts when it ends', async () => {
    const { cache, change, writer } = await opened()
    const [finish, bothWritten] = [deferred<void>(), deferred<void>()]
    const failing = writer.$transaction(async (tx) => {
      await tx.announcement.updateMany({ data: { text: 'new' } })
      bothWritten.resolve()
      await finish.promise
      throw new Error('mine')
    })
    await bothWritten.promise
    await writer.$transaction((tx) => tx.course.update(change))
    expect(cache.getStats().size).toBe(1)
    finish.resolve()
    await expect(failing).rejects.toThrow('mine')
    expect(cache.getStats().size).toBe(1)
    await Promise.all([
      writer.$transaction([writer.course.update(change)]),
      writer.$transaction((tx) => tx.announcement.updateMany({ data: { text: 'new' } })),
    ])
    expect(cache.getStats().size).toBe(0)
  })
})
