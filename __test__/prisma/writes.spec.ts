// What a write removes from the cache, told by the number of results that are left of one read for each model and some of
// relations.

import { withQueryCache } from '@aah/ai-evals-performance/prisma'
import { expect, test } from 'vitest'
import { type TestClient, withEachDatabase } from './helpers/databases.ts'
import { addStudents } from './helpers/students.ts'

/** By what they depend on. */
const READS: Record<string, (prisma: TestClient) => Promise<unknown>> = {
  student: (prisma) => prisma.studentProfile.findMany(),
  metric: (prisma) => prisma.performanceMetric.findMany(),
  remark: (prisma) => prisma.remark.findMany(),
  card: (prisma) => prisma.studentCard.findMany(),
  course: (prisma) => prisma.course.findMany(),
  grade: (prisma) => prisma.grade.findMany(),
  announcement: (prisma) => prisma.announcement.findMany(),
  'course by student': (prisma) => prisma.course.findMany({ where: { students: { some: { name: 'Ada' } } } }),
  'grade with course': (prisma) => prisma.grade.findMany({ include: { course: true } }),
  'metric by remarks': (prisma) => prisma.performanceMetric.findMany({ orderBy: { remarks: { _count: 'asc' } } }),
  'student with counts': (prisma) => prisma.studentProfile.findMany({ include: { _count: true } }),
}
const ALL = Object.keys(READS)

withEachDatabase('writes', (open) => {
  type Ids = Awaited<ReturnType<typeof addStudents>>

  /** Tells which of the reads are asked again after a write. */
  async function opened() {
    const prisma = (await open()).client()
    return async (write: (prisma: TestClient, ids: Ids) => PromiseLike<unknown>) => {
      for (const model of [prisma.studentProfile, prisma.course, prisma.announcement]) await (model as any).deleteMany()
      const ids = await addStudents(prisma)
      const cached = withQueryCache(prisma)
      for (const read of Object.values(READS)) await read(cached)
      expect(cached.$queryCache.getStats().size).toBe(ALL.length)
      await write(cached, ids)
      const removed: string[] = []
      for (const [name, read] of Object.entries(READS)) {
        const { hits } = cached.$queryCache.getStats()
        const found = await read(cached)
        if (cached.$queryCache.getStats().hits === hits) removed.push(name)
        expect(found, name).toStrictEqual(await read(prisma))
      }
      return removed
    }
  }
  const withStudents = ['course by student', 'student with counts']
  const countsAnd = (...names: string[]) => ALL.filter((name) => names.includes(name) || name === 'student with counts')

  test('a write removes what involves its model, and leaves the rest', async () => {
    const removedBy = await opened()
    const student = { data: { studentId: 'eve', name: 'Eve' } }
    expect(await removedBy((prisma) => prisma.announcement.create({ data: { text: 'x' } }))).toEqual(['announcement'])
    expect(await removedBy((prisma) => prisma.studentProfile.create(student))).toEqual(['student', ...withStudents])
    expect(await removedBy((prisma) => prisma.studentProfile.createMany(student))).toEqual(['student', ...withStudents])
    expect(await removedBy((prisma) => prisma.studentProfile.createManyAndReturn(student))).toEqual([
      ...['student', ...withStudents],
    ])
    const update = { where: { studentId: 'ada' }, data: { name: 'Eve' } }
    expect(await removedBy((prisma) => prisma.studentProfile.update(update))).toEqual(['student', ...withStudents])
    expect(await removedBy((prisma) => prisma.studentProfile.updateMany(update))).toEqual(['student', ...withStudents])
    expect(await removedBy((prisma) => prisma.studentProfile.updateManyAndReturn(update))).toEqual([
      ...['student', ...withStudents],
    ])
    expect(await removedBy((prisma) => prisma.remark.deleteMany())).toEqual(['remark', 'metric by remarks'])
    expect(
      await removedBy((prisma, { ada }) =>
        prisma.remark.delete({ where: { id: ada.performanceMetrics[0]!.remarks[0]!.id } }),
      ),
    ).toEqual(['remark', 'metric by remarks'])
    expect(
      await removedBy((prisma) =>
        prisma.course.upsert({ where: { id: 0 }, create: { title: 'New' }, update: { title: 'Old' } }),
      ),
    ).toEqual(countsAnd('course', 'course by student', 'grade with course'))
  })

  test('what is written nested counts as written', async () => {
    const removedBy = await opened()
    expect(
      await removedBy((prisma) =>
        prisma.studentProfile.create({
          data: { studentId: 'eve', name: 'Eve', performanceMetrics: { create: { term: 'x', gpa: 1 } } },
        }),
      ),
    ).toEqual(countsAnd('student', 'metric', 'course by student', 'metric by remarks'))
    expect(
      await removedBy((prisma, { ada }) =>
        prisma.studentProfile.update({
          where: { id: ada.id },
          data: {
            performanceMetrics: {
              update: { where: { id: ada.performanceMetrics[0]!.id }, data: { remarks: { create: { text: 'x' } } } },
            },
          },
        }),
      ),
    ).toEqual(countsAnd('student', 'metric', 'remark', 'course by student', 'metric by remarks'))
    expect(
      await removedBy((prisma, { bob, latin }) =>
        prisma.studentProfile.update({ where: { id: bob.id }, data: { courses: { connect: { id: latin.id } } } }),
      ),
    ).toEqual(countsAnd('student', 'course', 'course by student', 'grade with course'))
    expect(
      await removedBy((prisma, { bob, latin }) =>
        prisma.course.update({ where: { id: latin.id }, data: { students: { set: [{ id: bob.id }] } } }),
      ),
    ).toEqual(countsAnd('student', 'course', 'course by student', 'grade with course'))
    expect(
      await removedBy((prisma) =>
        prisma.studentProfile.update({ where: { studentId: 'ada' }, data: { card: { delete: true } } }),
      ),
    ).toEqual(countsAnd('student', 'card', 'course by student'))
  })

  test('what the database changes in turn counts as written', async () => {
    const removedBy = await opened()
    expect(await removedBy((prisma, { ada }) => prisma.studentProfile.delete({ where: { id: ada.id } }))).toEqual(
      ALL.filter((name) => !['course', 'announcement'].includes(name)),
    )
    expect(await removedBy((prisma) => prisma.course.deleteMany())).toEqual(
      countsAnd('course', 'grade', 'course by student', 'grade with course'),
    )
    // The cards refer to this field, and follow it.
    expect(
      await removedBy((prisma, { ada }) =>
        prisma.studentProfile.update({ where: { id: ada.id }, data: { studentId: { set: 'eve' } } }),
      ),
    ).toContain('card')
  })

  test('raw statements remove everything, plain selections nothing', async () => {
    const removedBy = await opened()
    expect(await removedBy((prisma) => prisma.$executeRaw`UPDATE "Course" SET "title" = ${'x'}`)).toEqual(ALL)
    expect(await removedBy((prisma) => prisma.$executeRawUnsafe('DELETE FROM "Remark"'))).toEqual(ALL)
    expect(await removedBy((prisma) => prisma.$queryRaw`DELETE FROM "Remark" RETURNING "id"`)).toEqual(ALL)
    expect(
      await removedBy((prisma) => prisma.$queryRaw`SELECT * FROM "Course" WHERE "title" = ${'insert into'}`),
    ).toEqual([])
    expect(await removedBy((prisma) => prisma.$queryRawUnsafe('SELECT count(*), 1 FROM "Course"'))).toEqual([])
    expect(
      await removedBy((prisma) => prisma.$queryRawUnsafe('SELECT hex("title") FROM "Course"').catch(() => {})),
    ).toEqual(ALL)
  })

  test('a write that fails removes too: it may have had an effect', async () => {
    const removedBy = await opened()
    const removed = await removedBy((prisma) =>
      prisma.studentProfile.create({ data: { studentId: 'ada', name: 'again' } }).catch((failure) => {
        expect(failure.code).toBe('P2002')
      }),
    )
    expect(removed).toEqual(['student', ...withStudents])
  })
})
