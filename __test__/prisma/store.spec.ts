// Results in a store on disk, for other processes and for replay.

import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { QueryCache } from '@aah/ai-evals-performance'
import { withQueryCache } from '@aah/ai-evals-performance/prisma'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Prisma } from '../../examples/prisma/generated/client.ts'
import { settled } from '../helpers/deferred.ts'
import { temporaryFolder } from '../helpers/folders.ts'
import { withEachDatabase } from './helpers/databases.ts'
import { addStudents } from './helpers/students.ts'

const root = join(__dirname, '../..')
const QUERY = { where: { studentId: 'ada' }, include: { grades: true, mentor: true } }

/** Says what it finds in a store that it shares with us; the database that it is connected to has no tables. */
const PROGRAM = `
  const prisma = withQueryCache(new PrismaClient({ adapter: new PrismaLibSql({ url: ':memory:' }) }), {
    cache: new QueryCache({ store: process.argv[2] }),
    name: 'test',
  })
  const say = async () => {
    try {
      const { tuition, credits, photo, enrolledAt, grades, mentor } = await prisma.studentProfile.findUnique(${JSON.stringify(QUERY)})
      const decimals = [tuition, grades[0].points].map((value) => value instanceof Prisma.Decimal && value.toFixed(2))
      const bytes = photo.constructor === Uint8Array && [...photo]
      return { decimals, credits: credits === 2n ** 60n, bytes, at: enrolledAt instanceof Date && enrolledAt, mentor }
    } catch (failure) {
      return failure.code
    }
  }
  const other = () => prisma.course.count().catch((failure) => failure.code)
  const ask = async () => {
    console.log(JSON.stringify([await say(), await other()]))
    await prisma.$queryCache.close()
  }
  ask()
`
const NAMES: [string, string][] = [
  ['QueryCache', '@aah/ai-evals-performance'],
  ['withQueryCache', '@aah/ai-evals-performance/prisma'],
  ['PrismaLibSql', '@prisma/adapter-libsql'],
]
/** What Prisma says of a table that is not there. */
const FAILED = expect.stringMatching(/^P20/)

let folder: string

beforeAll(async () => {
  mkdirSync(join(root, 'target'), { recursive: true })
  // In the project, so that the packages are found from there.
  folder = mkdtempSync(join(root, 'target/prisma-store-'))
  for (const [format, ending] of [['cjs', 'cjs'] as const, ['esm', 'mjs'] as const]) {
    const client = join(root, 'examples/prisma/generated/client.ts')
    const outfile = join(folder, `client.${ending}`)
    await build({ entryPoints: [client], outfile, format, bundle: true, packages: 'external', platform: 'node' })
    const names: [string, string][] = [...NAMES, ['PrismaClient, Prisma', `./client.${ending}`]]
    const imports = names.map(([name, from]) =>
      format === 'esm' ? `import { ${name} } from '${from}'` : `const { ${name} } = require('${from}')`,
    )
    writeFileSync(join(folder, `program.${ending}`), [...imports, PROGRAM].join('\n'))
  }
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function run(ending: 'cjs' | 'mjs', store: string, mode = '') {
  const env = { ...process.env, AI_EVALS_CACHE: mode }
  const { stdout } = await promisify(execFile)(process.execPath, [join(folder, `program.${ending}`), store], { env })
  return JSON.parse(stdout)
}

const ADA = {
  decimals: ['1234.50', '1.30'],
  credits: true,
  bytes: [1, 2, 3],
  at: '2026-01-02T03:04:05.678Z',
  mentor: null,
}

withEachDatabase('a store on disk', (open, kind) => {
  async function stored() {
    const prisma = (await open()).client()
    await addStudents(prisma)
    const store = temporaryFolder()
    const cache = new QueryCache({ store })
    const cached = withQueryCache(prisma, { cache, name: 'test' })
    await cached.studentProfile.findUnique(QUERY)
    await cache.flush()
    return { prisma, cached, cache, store }
  }

  test('another cache finds what was stored, with all its types', async () => {
    const { prisma, cache, store } = await stored()
    await cache.close()
    const again = new QueryCache({ store })
    const cached = withQueryCache(prisma, { cache: again, name: 'test' })
    const asked = prisma.gates.queries.length
    const found = await cached.studentProfile.findUnique(QUERY)
    expect(prisma.gates.queries.length).toBe(asked)
    expect(found).toStrictEqual(await prisma.studentProfile.findUnique(QUERY))
    expect(found?.tuition?.constructor).toBe((await prisma.studentProfile.findUnique(QUERY))?.tuition?.constructor)
    await again.close()
  })

  test('a write removes what is stored', async () => {
    const { cached, cache, store } = await stored()
    await cached.course.findMany()
    await cached.studentProfile.updateMany({ data: { name: 'Eve' } })
    await cache.flush()
    expect(cache.getStats()).toMatchObject({ size: 1, storedEntries: 1 })
    await cache.close()
    const again = new QueryCache({ store })
    expect(again.getStats().storedEntries).toBe(1)
    await again.close()
  })

  test('a write removes what another cache has stored, but not what that holds in memory', async () => {
    const { prisma, cached, cache, store } = await stored()
    const other = new QueryCache({ store })
    await withQueryCache(prisma, { cache: other, name: 'test' }).studentProfile.updateMany({ data: { name: 'Eve' } })
    await other.close()
    expect(cache.getStats()).toMatchObject({ size: 1, storedEntries: 0 })
    expect(await cached.studentProfile.findUnique(QUERY)).toMatchObject({ name: 'Ada' })
    await cache.close()
  })

  test.each([
    ['a write', /UPDATE/, (client: any) => client.studentProfile.updateMany({ data: { name: 'Eve' } })],
    [
      'a transaction',
      /^COMMIT/,
      (client: any) => client.$transaction((tx: any) => tx.studentProfile.updateMany({ data: { name: 'Eve' } })),
    ],
  ])('what %s is about to change is off the disk before the database has it', async (_, pattern, write) => {
    const { prisma, cached, cache, store } = await stored()
    const held = prisma.gates.hold(pattern, 'before')
    const writing = write(cached)
    writing.catch(() => {})
    await held.reached
    // What a program finds that comes after one that was killed here.
    const reader = new QueryCache({ store })
    expect(reader.getStats().storedEntries).toBe(0)
    await reader.close()
    held.release()
    await writing
    await cache.close()
  })

  test('replay asks nothing but what was recorded, and record keeps it for ever', async () => {
    const { prisma, cache } = await stored()
    await cache.close()
    const store = temporaryFolder()
    const recording = withQueryCache(prisma, { cache: new QueryCache({ store, mode: 'record', ttl: 1 }), name: 'test' })
    const expected = await recording.studentProfile.findUnique(QUERY)
    await recording.$queryCache.close()
    const replaying = withQueryCache(prisma, { cache: new QueryCache({ store, mode: 'replay' }), name: 'test' })
    const asked = prisma.gates.queries.length
    expect(await replaying.studentProfile.findUnique(QUERY)).toStrictEqual(expected)
    await expect(replaying.course.findMany()).rejects.toMatchObject({ code: 'ERR_REPLAY_MISS' })
    expect(prisma.gates.queries.length).toBe(asked)
    await replaying.$queryCache.close()
  })

  test('a failure that another cache of the store came upon first is the error that Prisma gives', async () => {
    const database = await open()
    const store = temporaryFolder()
    const [one, other] = [database.client(), database.client()]
    const caches = [new QueryCache({ store }), new QueryCache({ store })] as const
    const first = withQueryCache(one, { cache: caches[0], name: 'test' })
    const second = withQueryCache(other, { cache: caches[1], name: 'test' })
    const held = one.gates.hold(/^SELECT/, 'after')
    const failures = [first, second].map((client) =>
      client.course.findFirstOrThrow().catch((failure: unknown) => failure),
    )
    await held.reached
    // The second waits for the first, or asks by itself if it has not come to that yet.
    await settled()
    held.release()
    for (const failure of await Promise.all(failures)) {
      expect(failure).toBeInstanceOf(Prisma.PrismaClientKnownRequestError)
      expect(failure).toMatchObject({ code: 'P2025' })
    }
    for (const cache of caches) await cache.close()
  })

  // The models of the other are the same, but for one.
  if (kind !== 'libSQL') return

  test('other processes find it, whether they import Prisma or require it', async () => {
    const { cache, store } = await stored()
    await cache.close()
    for (const ending of ['mjs', 'cjs'] as const) {
      expect(await run(ending, store), ending).toEqual([ADA, FAILED])
      expect(await run(ending, store, 'replay'), ending).toEqual([ADA, 'ERR_REPLAY_MISS'])
      expect(await run(ending, store, 'off'), ending).toEqual([FAILED, FAILED])
    }
  })
})
