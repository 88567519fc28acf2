// Any sequence of writes, of every kind and in every form, through cached clients: after each, whatever is read through a
// cache is what a client without one reads.

import { QueryCache } from '@aah/ai-evals-performance'
import { withQueryCache } from '@aah/ai-evals-performance/prisma'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Prisma } from '../../examples/prisma/generated/client.ts'
import { type TestClient, withEachDatabase } from './helpers/databases.ts'
import { anyRead, ask, type Read } from './helpers/random-reads.ts'
import { anyWrite, keysIn, type Write, write } from './helpers/random-writes.ts'

type Step =
  | { kind: 'write'; write: Write }
  | { kind: 'function' | 'list'; writes: Write[]; isRolledBack: boolean }
  | { kind: 'together'; writes: Write[]; reads: number[] }

const some = fc.array(anyWrite, { minLength: 1, maxLength: 3 })
const anyStep: fc.Arbitrary<{ client: number; step: Step }> = fc.record({
  client: fc.nat({ max: 2 }),
  step: fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('write' as const), write: anyWrite }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom('function' as const, 'list' as const),
        writes: some,
        isRolledBack: fc.boolean(),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('together' as const), writes: some, reads: fc.array(fc.nat()) }),
    },
  ),
})

const shouting = Prisma.defineExtension({
  result: { course: { shout: { needs: { title: true }, compute: ({ title }: { title: string }) => `${title}!` } } },
})

withEachDatabase('a cached client reads what a client without a cache reads', (open) => {
  test('after any writes', { timeout: 300_000 }, async () => {
    const database = await open()
    const cache = new QueryCache({ maxSize: 10_000 })
    const options = { cache, name: 'test' }
    const [one, two, plain] = [database.client(), database.client(), database.client()]
    const discreet = { omit: { studentProfile: { credits: true } } }
    const pairs = [
      [withQueryCache(one, options), plain],
      [withQueryCache(two, options).$extends(shouting), plain.$extends(shouting)],
      [withQueryCache(database.client(discreet), options), database.client(discreet)],
    ] as unknown as [TestClient, TestClient][]
    const seen = { hits: 0, writes: 0, failures: 0 }

    /** Another client asks for each of them in every round. */
    async function compare(reads: Read[], round: number) {
      for (const [index, read] of reads.entries()) {
        const [cached, uncached] = pairs[(index + round) % pairs.length]!
        const [found, expected] = [await outcome(ask(cached, read)), await outcome(ask(uncached, read))]
        expect(found).toStrictEqual(expected)
      }
    }

    async function take(client: TestClient, reads: Read[], step: Step) {
      const keys = await keysIn(plain)
      const run = (runner: TestClient, what: Write) => write(runner, keys, what)
      switch (step.kind) {
        case 'write':
          return run(client, step.write)
        case 'together':
          return Promise.allSettled([
            ...step.writes.map((what) => run(client, what)),
            ...step.reads.map((number) => ask(client, reads[number % reads.length]!)),
          ])
        case 'list': {
          const last = step.isRolledBack ? [client.course.delete({ where: { id: -1 } })] : []
          return client.$transaction([...step.writes.map((what) => run(client, what)), ...last] as any[])
        }
        case 'function':
          return client.$transaction(async (tx) => {
            for (const what of step.writes) await run(tx as TestClient, what)
            if (step.isRolledBack) throw new Error('rolled back')
          })
      }
    }

    await fc.assert(
      fc.asyncProperty(
        fc.array(anyRead, { minLength: 3, maxLength: 6 }),
        fc.array(anyStep, { minLength: 1, maxLength: 10 }),
        async (reads, steps) => {
          for (const model of [plain.studentProfile, plain.course, plain.announcement])
            await (model as any).deleteMany()
          cache.clear()
          for (let number = 0; number < 3; number++) {
            await write(pairs[0]![0], await keysIn(plain), { name: 'addStudent', one: number, two: number + 1 })
          }
          for (let round = 0; round < pairs.length; round++) await compare(reads, round)
          for (const [round, { client, step }] of steps.entries()) {
            await take(pairs[client]![0], reads, step).then(
              () => seen.writes++,
              () => seen.failures++,
            )
            await compare(reads, round)
            await compare(reads, round)
          }
          seen.hits += cache.getStats().hits
        },
      ),
      { numRuns: Number(process.env.FC_NUM_RUNS ?? 25) },
    )
    // Otherwise it would show nothing.
    expect(seen.hits).toBeGreaterThan(100)
    expect(seen.writes).toBeGreaterThan(30)
  })
})

async function outcome(result: Promise<unknown>): Promise<unknown> {
  try {
    return plainOf(await result)
  } catch (failure) {
    if (failure instanceof Prisma.PrismaClientValidationError) throw failure
    return { code: (failure as { code?: string }).code, name: (failure as Error).name }
  }
}

/** With computed fields as fields, and rows in one order: unless asked for, a database may give them in any. */
function plainOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainOf).sort((one, two) => (textOf(one) < textOf(two) ? -1 : 1))
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  if (Prisma.Decimal.isDecimal(value)) return `Decimal ${value.toFixed()}`
  if (value instanceof Uint8Array) return value
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, plainOf(child)]))
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, child) => (typeof child === 'bigint' ? `${child}n` : child)) ?? ''
}
