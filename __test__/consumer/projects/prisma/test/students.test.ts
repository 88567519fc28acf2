import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPool } from '@aah/ai-evals-performance/prisma'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { expect, test } from 'vitest'
import { gpasOf, open } from '../src/students.ts'

test('Prisma answers from the cache until something is written', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'prisma-'))
  const url = `file:${join(folder, 'students.db')}`
  const database = await new PrismaLibSql({ url }).connect()
  await database.executeScript(readFileSync('tables.sql', 'utf8'))
  await database.dispose()
  const prisma = open(url)
  await prisma.studentProfile.create({
    data: { studentId: '1', name: 'Ada', performanceMetrics: { create: { term: 'spring', gpa: 3.5 } } },
  })
  expect([await gpasOf(prisma, '1'), await gpasOf(prisma, '1')]).toEqual([[3.5], [3.5]])
  expect(prisma.$queryCache.getStats().hits).toBe(1)
  await prisma.performanceMetric.updateMany({ data: { gpa: 4 } })
  expect(await gpasOf(prisma, '1')).toEqual([4])
  await prisma.$disconnect()
  rmSync(folder, { recursive: true })
})

test('a pool without pg is an error that says so', () => {
  expect(() => createPool({ connectionString: 'postgresql://localhost/none' })).toThrow('npm install pg@8')
})
