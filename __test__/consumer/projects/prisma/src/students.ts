import { QueryCache } from '@aah/ai-evals-performance'
import { type QueryCacheOptions, withQueryCache } from '@aah/ai-evals-performance/prisma'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaClient } from '../generated/client.ts'

export function open(url: string) {
  const adapter = new PrismaLibSql({ url, intMode: 'bigint' })
  const options: QueryCacheOptions<'studentProfile' | 'performanceMetric'> = {
    cache: new QueryCache({ ttl: 60_000 }),
    models: ['studentProfile', 'performanceMetric'],
    name: 'students',
  }
  return withQueryCache(new PrismaClient({ adapter }), options)
}

/** The result has the type that Prisma gives it. */
export async function gpasOf(prisma: ReturnType<typeof open>, studentId: string): Promise<number[]> {
  const student = await prisma.studentProfile.findUnique({
    where: { studentId },
    include: { performanceMetrics: true },
  })
  return student?.performanceMetrics.map(({ gpa }) => Number(gpa)) ?? []
}

// @ts-expect-error: there is no such model.
export const wrong = () => withQueryCache(new PrismaClient({} as never), { models: ['nobody'] })
