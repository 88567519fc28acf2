// How processes and threads end, and what is on disk afterwards.

import { copyFileSync, cpSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { LRUCache, Store } from '@aah/ai-evals-performance'
import { afterEach, describe, expect, test } from 'vitest'
import { derived } from './helpers/derived.cjs'
import { temporaryFolder } from './helpers/folders.ts'
import { type Context, endAll, Program, until } from './helpers/program.ts'

const MINUTE = 60_000
const COUNT = 500

afterEach(endAll)

/** Sets entries and waits for nothing. */
function setMany({ folder, count }: { folder: string; count: number }, { api, derived, state }: Context) {
  state.cache = new api.LRUCache({ store: folder, maxSize: 10 })
  for (let index = 0; index < count; index++) state.cache.set(`key ${index}`, derived(`key ${index}`))
}

/** Keys whose entries are not in the store as they were set. */
async function missing(folder: string): Promise<string[]> {
  const cache = new LRUCache({ store: folder, maxSize: 10 })
  const keys = Array.from({ length: COUNT }, (_, index) => `key ${index}`)
  const wrong = keys.filter((key) => JSON.stringify(cache.get(key)) !== JSON.stringify(derived(key)))
  await cache.close()
  return wrong
}

describe('what was set is on disk after the end of a process', () => {
  const endings: [string, (data: undefined, context: Context) => void, object][] = [
    ['that exits', () => process.exit(), { code: 0, signal: null, printed: '' }],
    [
      'that handles SIGTERM',
      () => {
        process.on('SIGTERM', () => process.exit(7))
        process.kill(process.pid, 'SIGTERM')
      },
      { code: 7, signal: null, printed: '' },
    ],
    [
      'that fails with an exception nobody catches',
      () => {
        setImmediate(() => {
          throw new Error('thrown on purpose')
        })
      },
      { code: 1, signal: null, printed: expect.stringContaining('thrown on purpose') },
    ],
    [
      'whose last handler exits again',
      () => {
        process.on('exit', () => process.exit(3))
        process.exit(0)
      },
      { code: 3, signal: null, printed: '' },
    ],
  ]

  test.each(endings)(
    '%s',
    async (_, end, expected) => {
      const folder = temporaryFolder()
      const program = Program.process()
      await program.run(setMany, { folder, count: COUNT })
      program.run(end).catch(() => {})
      expect(await program.ended).toEqual(expected)
      expect(await missing(folder)).toEqual([])
    },
    MINUTE,
  )

  test(
    'that has nothing more to do, which the store does not keep alive',
    async () => {
      const folder = temporaryFolder()
      const program = Program.process()
      await program.run(setMany, { folder, count: COUNT })
      expect(await program.leave()).toEqual({ code: 0, signal: null, printed: '' })
      expect(await missing(folder)).toEqual([])
    },
    MINUTE,
  )

  test(
    'that listens to a store, asks for a key and has a flush on the way',
    async () => {
      const folder = temporaryFolder()
      const program = Program.process()
      await program.run(
        (data: { folder: string }, { api, state }) => {
          state.store = api.Store.open(data.folder)
          state.store.on('degraded', () => {})
          state.other = new api.LRUCache({ store: state.store })
          state.other.set('other', 1)
          void state.store.flush()
        },
        { folder },
      )
      await program.run(setMany, { folder, count: COUNT })
      expect(await program.leave()).toEqual({ code: 0, signal: null, printed: '' })
      expect(await missing(folder)).toEqual([])
    },
    MINUTE,
  )
})

test.each<[string, (thread: Program) => Promise<unknown>]>([
  ['terminated', (thread) => thread.kill()],
  ['exits', (thread) => thread.run(() => process.exit()).catch(() => thread.ended)],
  ['has nothing more to do', (thread) => thread.leave()],
])(
  'what a thread has set stays when it %s',
  async (_, end) => {
    const folder = temporaryFolder()
    const thread = Program.thread()
    await thread.run(setMany, { folder, count: COUNT })
    await end(thread)
    expect(await missing(folder)).toEqual([])
  },
  MINUTE,
)

test(
  'threads that are terminated in the middle of it leave a store that works',
  async () => {
    const folder = temporaryFolder()
    const store = Store.open(folder)
    const degraded: unknown[] = []
    store.on('degraded', (event) => degraded.push(event))
    for (let round = 0; round < 10; round++) {
      const thread = Program.thread()
      thread
        .run(
          async ({ folder, round }, { api, derived, say }) => {
            const cache = new api.LRUCache({ store: folder, maxSize: 1 })
            for (let step = 0; ; step++) {
              cache.set(`${round} ${step % 50}`, derived(`${round} ${step % 50}`))
              cache.get(`${round} ${(step + 25) % 50}`)
              if (step % 20 === 19) await cache.flush()
              if (step === 99) say('under way')
            }
          },
          { folder, round },
        )
        .catch(() => {})
      await thread.heard(1)
      await thread.kill()
    }
    const cache = new LRUCache({ store })
    for (let round = 0; round < 10; round++) {
      for (let key = 0; key < 50; key++) expect(cache.get(`${round} ${key}`)).toEqual(derived(`${round} ${key}`))
    }
    expect(degraded).toEqual([])
    await store.close()
  },
  MINUTE,
)

/** Handles and threads of this process, and what it has open of a folder. */
function residue(folder: string) {
  const count = (path: string) => readdirSync(path).length
  return { handles: count('/proc/self/fd'), threads: count('/proc/self/task'), files: readdirSync(folder).sort() }
}

test.skipIf(process.platform !== 'linux')(
  'stores that were closed leave no handle and no thread',
  async () => {
    const folders = Array.from({ length: 20 }, () => temporaryFolder())
    const useAll = async () => {
      for (const folder of folders) {
        const store = Store.open(folder)
        store.on('degraded', () => {})
        const caches = [new LRUCache({ store }), new LRUCache({ store: folder, namespace: 'other' })]
        for (const cache of caches) {
          cache.set('key', 1)
          expect(await cache.getOrSet('key', () => Promise.resolve(2))).toBe(1)
          cache.get('missing')
          await cache.close()
        }
        await store.close()
        await store.close()
      }
    }
    await useAll()
    const before = residue(folders[0]!)
    expect(before.files.filter((file) => file.startsWith('process-'))).toEqual([])
    const listeners = process.listenerCount('exit')
    for (let round = 0; round < 10; round++) await useAll()
    const isBack = () => {
      const { handles, threads } = residue(folders[0]!)
      return handles <= before.handles && threads <= before.threads
    }
    await until(isBack, 'no more handles and threads than before')
    expect(process.listenerCount('exit')).toBe(listeners)
  },
  MINUTE,
)

test(
  'a second copy of the addon in one process does no harm and goes without the store',
  async () => {
    const folder = temporaryFolder()
    const copy = temporaryFolder()
    const root = join(__dirname, '..')
    for (const file of readdirSync(root).filter((file) =>
      /^(package\.json|index\.js|binding\.js|.*\.node)$/.test(file),
    )) {
      copyFileSync(join(root, file), join(copy, file))
    }
    cpSync(join(root, 'dist'), join(copy, 'dist'), { recursive: true })
    const program = Program.process()
    const outcome = await program.run(
      async ({ folder, copy }, { api, derived, require }) => {
        const second = require(copy) as typeof api
        const degraded: { reason: string }[] = []
        const cache = new api.LRUCache({ store: folder, maxSize: 1 })
        cache.set('a', derived('a'))
        await cache.flush()
        const store = second.Store.open(folder)
        store.on('degraded', (event) => degraded.push(event))
        const other = new second.LRUCache({ store, maxSize: 1 })
        const found = other.get('a')
        other.set('b', 'in memory')
        const kept = other.get('b')
        const flushed = await store.flush().then(
          () => 'on disk',
          (error) => error.code,
        )
        await store.close()
        // Had the second one opened and closed the file, the locks of the first would be gone by now.
        for (let step = 0; step < 100; step++) cache.set(`key ${step}`, derived(`key ${step}`))
        await cache.flush()
        return {
          isOther: second.Store !== api.Store,
          found,
          kept,
          flushed,
          reasons: degraded.map(({ reason }) => reason),
        }
      },
      { folder, copy },
    )
    expect(outcome).toEqual({
      isOther: true,
      found: undefined,
      kept: 'in memory',
      flushed: 'ERR_STORE_WRITE',
      reasons: ['second-copy'],
    })
    await program.leave()
    const cache = new LRUCache({ store: folder })
    expect(cache.get('a')).toEqual(derived('a'))
    expect(cache.get('b')).toBe(undefined)
    for (let step = 0; step < 100; step++) expect(cache.get(`key ${step}`)).toEqual(derived(`key ${step}`))
    await cache.close()
  },
  MINUTE,
)
