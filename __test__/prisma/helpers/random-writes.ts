// Writes of every kind to a database whose content is known, as fast-check chooses them.

import fc from 'fast-check'
import type { TestClient } from './databases.ts'
import { TEXTS } from './random-reads.ts'

/** The keys there are before a write. */
export interface Keys {
  readonly students: { id: number; studentId: string }[]
  readonly metrics: { id: number }[]
  readonly courses: { id: number }[]
  readonly grades: { profileId: number; courseId: number }[]
}

export async function keysIn(prisma: TestClient): Promise<Keys> {
  const orderBy = { id: 'asc' } as const
  return {
    students: await prisma.studentProfile.findMany({ select: { id: true, studentId: true }, orderBy }),
    metrics: await prisma.performanceMetric.findMany({ select: { id: true }, orderBy }),
    courses: await prisma.course.findMany({ select: { id: true }, orderBy }),
    grades: await prisma.grade.findMany({ select: { profileId: true, courseId: true } }),
  }
}

/** Which write, and two numbers to choose rows and texts by. */
export interface Write {
  readonly name: string
  readonly one: number
  readonly two: number
}

let unique = 0

type Make = (client: TestClient, keys: Keys, one: number, two: number) => any

const text = (number: number) => TEXTS[number % TEXTS.length]!
const pick = <T>(rows: readonly T[], number: number): T | undefined => rows[number % Math.max(rows.length, 1)]
const student = ({ students }: Keys, number: number) => ({ id: pick(students, number)?.id ?? 0 })
const metric = ({ metrics }: Keys, number: number) => ({ id: pick(metrics, number)?.id ?? 0 })
const course = ({ courses }: Keys, number: number) => ({ id: pick(courses, number)?.id ?? 0 })
const grade = ({ grades }: Keys, number: number) => ({
  profileId_courseId: pick(grades, number) ?? { profileId: 0, courseId: 0 },
})
const update = (client: TestClient, keys: Keys, number: number, data: any) =>
  client.studentProfile.update({ where: student(keys, number), data })

const WRITES: Record<string, Make> = {
  addStudent: (client, _, one, two) =>
    client.studentProfile.create({
      data: {
        studentId: `s${unique++}`,
        name: text(one),
        credits: BigInt(two),
        tuition: `${one}.5`,
        performanceMetrics: { create: { term: text(two), gpa: 1, remarks: { create: [{ text: text(one) }] } } },
        card: one % 2 === 0 ? { create: { number: `n${unique++}` } } : undefined,
        courses: { create: { title: text(two) } },
      },
    }),
  addMentee: (client, keys, one) =>
    client.studentProfile.create({
      data: { studentId: `s${unique++}`, name: text(one), mentor: { connect: student(keys, one) } },
    }),
  addStudents: (client, keys, one) =>
    client.studentProfile.createMany({
      data: [{ studentId: `s${unique++}`, name: text(one), mentorId: pick(keys.students, one)?.id }],
    }),
  addMetrics: (client, keys, one, two) =>
    client.performanceMetric.createManyAndReturn({
      data: [{ term: text(two), gpa: two, profileId: student(keys, one).id }],
    }),
  addGrade: (client, keys, one, two) =>
    client.grade.create({ data: { points: one, profileId: student(keys, one).id, courseId: course(keys, two).id } }),
  rename: (client, keys, one, two) => update(client, keys, one, { name: text(two) }),
  renameAll: (client, _, one, two) =>
    client.studentProfile.updateMany({ where: { name: text(one) }, data: { name: text(two) } }),
  renameByMetrics: (client, _, one, two) =>
    client.course.updateManyAndReturn({
      where: { students: { some: {} }, title: text(one) },
      data: { title: text(two) },
    }),
  changeStudentId: (client, keys, one) => update(client, keys, one, { studentId: `s${unique++}` }),
  changeId: (client, keys, one) => update(client, keys, one, { id: { increment: 10_000 } }),
  moveGrade: (client, keys, one, two) =>
    client.grade.update({ where: grade(keys, one), data: { course: { connect: course(keys, two) } } }),
  setMentor: (client, keys, one, two) => update(client, keys, one, { mentor: { connect: student(keys, two) } }),
  dropMentor: (client, keys, one) => update(client, keys, one, { mentor: { disconnect: true } }),
  setMentees: (client, keys, one, two) => update(client, keys, one, { mentees: { set: [student(keys, two)] } }),
  connectCourse: (client, keys, one, two) => update(client, keys, one, { courses: { connect: course(keys, two) } }),
  setStudents: (client, keys, one, two) =>
    client.course.update({ where: course(keys, one), data: { students: { set: [student(keys, two)] } } }),
  dropCourses: (client, keys, one) => update(client, keys, one, { courses: { set: [] } }),
  takeMetric: (client, keys, one, two) =>
    update(client, keys, one, { performanceMetrics: { connect: metric(keys, two) } }),
  dropMetrics: (client, keys, one) => update(client, keys, one, { performanceMetrics: { deleteMany: {} } }),
  renameMetrics: (client, keys, one, two) =>
    update(client, keys, one, { performanceMetrics: { updateMany: { where: {}, data: { term: text(two) } } } }),
  renameMentorOfMetric: (client, keys, one, two) =>
    client.performanceMetric.update({
      where: metric(keys, one),
      data: { profile: { update: { mentor: { update: { name: text(two) } } } } },
    }),
  upsertCard: (client, keys, one) =>
    update(client, keys, one, {
      card: { upsert: { create: { number: `n${unique++}` }, update: { number: `n${unique++}` } } },
    }),
  dropCard: (client, keys, one) => update(client, keys, one, { card: { delete: true } }),
  upsertCourse: (client, keys, one, two) =>
    client.course.upsert({
      where: course(keys, one),
      create: { title: text(one) },
      update: { title: text(two), grades: { deleteMany: {} } },
    }),
  deleteStudent: (client, keys, one) => client.studentProfile.delete({ where: student(keys, one) }),
  deleteMetric: (client, keys, one) => client.performanceMetric.delete({ where: metric(keys, one) }),
  deleteCourse: (client, keys, one) => client.course.delete({ where: course(keys, one) }),
  deleteStudents: (client, _, one) => client.studentProfile.deleteMany({ where: { name: text(one) } }),
  deleteRemarks: (client, _, one) => client.remark.deleteMany({ where: { text: text(one) } }),
  announce: (client, _, one) => client.announcement.create({ data: { text: text(one) } }),
  rawDelete: (client) => client.$executeRaw`DELETE FROM "PerformanceMetric" WHERE "id" % 2 = 0`,
  rawUpdate: (client, _, one) => client.$queryRaw`UPDATE "Course" SET "title" = ${text(one)} RETURNING "id"`,
}

export function write(client: TestClient, keys: Keys, { name, one, two }: Write): Promise<unknown> {
  return WRITES[name]!(client, keys, one, two)
}

/** More of those that add, or there would soon be nothing. */
const NAMES = [
  ...Object.keys(WRITES),
  ...['addStudent', 'addStudent', 'addStudent', 'addMentee', 'addGrade', 'addGrade'],
]

export const anyWrite: fc.Arbitrary<Write> = fc.record({
  name: fc.constantFrom(...NAMES),
  one: fc.nat({ max: 7 }),
  two: fc.nat({ max: 7 }),
})
