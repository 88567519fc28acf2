// Reads and writes at once: the test holds their queries and decides in which order they end.

import { QueryCache } from '@aah/ai-evals-performance'
import { withQueryCache } from '@aah/ai-evals-performance/prisma'
import { expect, test } from 'vitest'
import { settled } from '../helpers/deferred.ts'
import { withEachDatabase } from './helpers/databases.ts'

const WRITE = /^(?:INSERT|UPDATE)/
const READ = /^SELECT/

withEachDatabase('reads and writes at once', (open) => {
  /** Two clients with connections of their own, so that one can read while the other is held in a write. */
  async function opened() {
    const database = await open()
    const cache = new QueryCache()
    const [one, other] = [database.client(), database.client()]
    const reader = withQueryCache(one, { cache, name: 'test' })
    const writer = withQueryCache(other, { cache, name: 'test' })
    const { id } = await writer.course.create({ data: { title: 'old' } })
    const read = async () => (await reader.course.findUniqueOrThrow({ where: { id } })).title
    const write = async (title = 'new') => (await writer.course.update({ where: { id }, data: { title } })).title
    return { cache, read, write, reads: one.gates, writes: other.gates, writer, reader, id }
  }

  test('a read that was under way when a write ended is not stored, nor joined by anybody who asks later', async () => {
    const { cache, read, write, reads } = await opened()
    const held = reads.hold(READ, 'after')
    const early = read()
    await held.reached
    await write()
    const late = read()
    await expect(late).resolves.toBe('new')
    held.release()
    await expect(early).resolves.toBe('old')
    expect(cache.getStats().size).toBe(1)
    await expect(read()).resolves.toBe('new')
  })

  test('a read that ends while a write is under way is not stored', async () => {
    const { cache, read, write, writes } = await opened()
    const held = writes.hold(WRITE, 'before')
    const writing = write()
    await held.reached
    await expect(read()).resolves.toBe('old')
    expect(cache.getStats().size).toBe(0)
    held.release()
    await writing
    await expect(read()).resolves.toBe('new')
  })

  test('what was stored before is found until the write ends, and no longer', async () => {
    const { cache, read, write, writes } = await opened()
    await read()
    const held = writes.hold(/COMMIT|UPDATE/, 'after')
    const writing = write()
    await held.reached
    await expect(read()).resolves.toBe('old')
    held.release()
    await writing
    expect(cache.getStats().size).toBe(0)
    await expect(read()).resolves.toBe('new')
  })

  test('a write whose answer is lost has happened all the same', async () => {
    const { read, write, writes } = await opened()
    await read()
    const held = writes.hold(/UPDATE/, 'after')
    const writing = write()
    await held.reached
    held.release(new Error('connection lost'))
    await expect(writing).rejects.toThrow()
    await expect(read()).resolves.toBe('new')
  })

  test('a read that begins during a write and ends after it is not stored', async () => {
    const { cache, read, writer, reads, writes, id } = await opened()
    const first = writes.hold(WRITE, 'before')
    const writing = writer.course.updateMany({ where: { id }, data: { title: 'first' } })
    // A promise of Prisma begins when somebody waits for it.
    void writing.then(() => {})
    await first.reached
    const held = reads.hold(READ, 'after')
    const reading = read()
    await held.reached
    first.release()
    await writing
    held.release()
    await expect(reading).resolves.toBe('old')
    await settled()
    expect(cache.getStats().size).toBe(0)
    await expect(read()).resolves.toBe('first')
  })

  test('a write to something else changes nothing', async () => {
    const { cache, read, reads, writer } = await opened()
    const held = reads.hold(READ, 'after')
    const reading = read()
    await held.reached
    await writer.announcement.create({ data: { text: 'x' } })
    const joined = read()
    held.release()
    expect(await Promise.all([reading, joined])).toEqual(['old', 'old'])
    expect(cache.getStats()).toMatchObject({ size: 1, savings: { coalesced: 1 } })
  })
})
