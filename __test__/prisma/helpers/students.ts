import type { TestClient } from './databases.ts'

/** Two students with something in every table. */
export async function addStudents(prisma: TestClient) {
  const ada = await prisma.studentProfile.create({
    data: {
      studentId: 'ada',
      name: 'Ada',
      credits: 2n ** 60n,
      tuition: '1234.50',
      enrolledAt: new Date('2026-01-02T03:04:05.678Z'),
      photo: new Uint8Array([1, 2, 3]),
      settings: { theme: 'dark', card: { Course: [1, null] } },
      performanceMetrics: {
        create: [
          { term: 'spring', gpa: 3.4, remarks: { create: { text: 'good' } } },
          { term: 'autumn', gpa: 3.9 },
        ],
      },
      card: { create: { number: 'A1' } },
      courses: { create: [{ title: 'Latin' }, { title: 'Logic' }] },
    },
    include: { courses: true, performanceMetrics: { include: { remarks: true }, orderBy: { id: 'asc' } } },
  })
  const bob = await prisma.studentProfile.create({
    data: { studentId: 'bob', name: 'Bob', mentor: { connect: { id: ada.id } } },
  })
  const [latin] = ada.courses.filter(({ title }) => title === 'Latin')
  await prisma.grade.create({ data: { profileId: ada.id, courseId: latin!.id, points: '1.30' } })
  await prisma.announcement.create({ data: { text: 'welcome' } })
  return { ada, bob, latin: latin! }
}
