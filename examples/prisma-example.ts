// Students and their metrics through Prisma: asked for the first time, again from the cache, and after a write. With
// DATABASE_URL, on a PostgreSQL server, also what its pool of connections did.

import { PerformanceMonitor } from '@aah/ai-evals-performance'
import { type ManagedPool, monitorPool, withQueryCache } from '@aah/ai-evals-performance/prisma'
import { count, duration, percent, table, wrap } from './format.ts'
import { openDatabase } from './prisma/database.ts'
import type { PrismaClient } from './prisma/generated/client.ts'

const STUDENTS = Array.from({ length: 100 }, (_, index) => String(100 + index))
const TERMS = ['fall', 'spring', 'summer']

async function addStudents(prisma: PrismaClient): Promise<void> {
  await prisma.studentProfile.createMany({
    data: STUDENTS.map((studentId, index) => ({ id: index + 1, studentId, name: `Student ${studentId}` })),
  })
  await prisma.performanceMetric.createMany({
    data: STUDENTS.flatMap((_, index) =>
      TERMS.map((term, number) => ({ term, gpa: 2 + ((index + number) % 20) / 10, profileId: index + 1 })),
    ),
  })
}

/** All students at once, each with its metrics. Prisma makes few queries of those that are asked for together. */
function askForAll(prisma: PrismaClient) {
  return Promise.all(
    STUDENTS.map((studentId) =>
      prisma.studentProfile.findUnique({ where: { studentId }, include: { performanceMetrics: true } }),
    ),
  )
}

/** The mean of each student's metrics: a query each. */
function averages(prisma: PrismaClient) {
  return Promise.all(
    STUDENTS.map((studentId) =>
      prisma.performanceMetric.aggregate({ where: { profile: { studentId } }, _avg: { gpa: true } }),
    ),
  )
}

function poolReport(pool: ManagedPool, monitor: PerformanceMonitor): string {
  const { acquisitions, max, total, waits, connects, queries, errors } = pool.stats()
  const rows = Object.entries({ 'waits for a connection': waits, 'connections opened': connects, queries }).map(
    ([name, times]) => [name, count(times.count), duration(times.mean), duration(times.p95)],
  )
  const bottlenecks = monitor.generateReport().bottlenecks
  const advice = bottlenecks.find(({ component }) => component === 'pool-wait')?.recommendation
  return [
    `The pool: ${total} of ${max} connections open, handed out ${count(acquisitions)} times, ${errors} errors.`,
    `\n${table(['', 'count', 'mean', 'p95'], rows)}`,
    advice === undefined ? '' : `\n${wrap(advice)}`,
  ].join('\n')
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await action()
  return performance.now() - start
}

async function main(): Promise<void> {
  const { name, prisma, pool, close } = await openDatabase(process.env.DATABASE_URL || undefined)
  await addStudents(prisma)
  const monitor = new PerformanceMonitor()
  if (pool !== undefined) monitorPool(pool, monitor)
  const students = withQueryCache(prisma, { ttl: 60_000 })

  const rows: string[][] = []
  const twice = async (what: string, ask: (prisma: PrismaClient) => Promise<unknown>) => {
    const times = [await timed(() => ask(students)), await timed(() => ask(students))]
    rows.push([what, ...times.map(duration)])
  }
  await twice('100 students with their metrics', askForAll)
  await twice('100 averages', averages)
  const changed = { where: { studentId: '100' }, data: { performanceMetrics: { create: { term: 'next', gpa: 4 } } } }
  await students.studentProfile.update(changed)
  await twice('100 students after a write', askForAll)
  const [first] = await askForAll(students)
  const { hits, hitRate } = students.$queryCache.getStats()

  console.log(`Prisma on ${name}, through a cache:\n`)
  console.log(`${table(['', 'first time', 'second time'], rows)}\n`)
  console.log(`${hits} answers came from the cache (${percent(hitRate)}).`)
  console.log(`Student 100 has ${first?.performanceMetrics.length} metrics, the new one included.`)
  if (pool !== undefined) console.log(`\n${poolReport(pool, monitor)}`)
  await close()
}

main()
