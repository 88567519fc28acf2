// The `Store` itself: opening, events, flushing, closing.

import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type DegradedEvent, LRUCache, ResponseCache, Store } from '@aah/ai-evals-performance'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { temporaryFolder } from './helpers/folders.ts'
import { config, fill } from './helpers/stored.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
})

describe('Store', () => {
  test('names its folder, makes it for this user only, and counts', async () => {
    const folder = join(temporaryFolder(), 'a', 'b')
    await using store = Store.open(folder)
    fill(store)
    await store.flush()
    expect(store.folder).toBe(resolve(folder))
    if (process.platform !== 'win32') {
      expect(statSync(folder).mode & 0o777).toBe(0o700)
      expect(statSync(join(folder, 'store.sqlite')).mode & 0o777).toBe(0o600)
    }
    expect(store.stats()).toMatchObject({ entries: 6, pending: 0, droppedWrites: 0, failedWrites: 0, degradations: 0 })
    expect(store.stats().bytes).toBeGreaterThan(0)
  })

  test('can be opened several times, and each is closed by itself', async () => {
    const folder = temporaryFolder()
    const [first, second] = [Store.open(folder), Store.open(folder)]
    new LRUCache({ store: first }).set('a', 1)
    await first.close()
    expect(new LRUCache({ store: second }).get('a')).toBe(1)
    await second.close()
  })

  test('can be closed twice, and stays as it was then', async () => {
    const store = Store.open(temporaryFolder(), { maxBytes: 1_000_000 })
    await Promise.all([store.close(), store.close()])
    await store.close()
    await store.flush()
    expect(store.stats().maxBytes).toBe(1_000_000)
  })

  test('once closed leaves its caches with their memory', async () => {
    const store = Store.open(temporaryFolder())
    const cache = new ResponseCache({ store })
    cache.set('a', config, 1)
    await store.close()
    expect(cache.get('a', config)).toBe(1)
    cache.set('b', config, 2)
    expect(cache.get('b', config)).toBe(2)
    expect(cache.get('c', config)).toBeUndefined()
    expect(await cache.getOrSet('d', config, async () => 4)).toBe(4)
    expect(cache.delete('b', config)).toBe(true)
    expect(cache.explain('zzz', config).outcome).toBe('miss')
    expect(cache.getStats()).toMatchObject({ entries: 2, storedEntries: 0 })
    cache.clear()
    await cache.flush()
    await cache.close()
  })

  test('is closed by the cache that opened the folder, and by no other', async () => {
    const folder = temporaryFolder()
    await using store = Store.open(folder)
    const shared = new LRUCache({ store })
    await shared.close()
    shared.set('a', 1)
    expect(new LRUCache({ store }).get('a')).toBe(1)
    const own = new LRUCache({ store: folder })
    await own.close()
    own.set('b', 1)
    expect(own.get('b')).toBe(1)
    expect(new LRUCache({ store }).has('b')).toBe(false)
  })

  test('leaves no listener behind', async () => {
    const before = process.listenerCount('exit')
    const stores = [Store.open(temporaryFolder()), Store.open(temporaryFolder())]
    expect(process.listenerCount('exit')).toBe(before + 1)
    for (const store of stores) await store.close()
    expect(process.listenerCount('exit')).toBe(before)
  })

  test.each([[[]], [['unstorable']]])('forgets who listened by removeAllListeners(...%j)', async (named) => {
    const store = Store.open(temporaryFolder())
    const listener = vi.fn()
    store.on('unstorable', listener)
    store.removeAllListeners(...named)
    new LRUCache({ store }).set('a', () => {})
    expect(listener).not.toHaveBeenCalled()
    await store.close()
  })

  test('tells what went wrong before anybody listened, and goes on without the disk', async () => {
    const folder = join(temporaryFolder(), 'a file')
    writeFileSync(folder, 'not a folder')
    const store = Store.open(folder)
    const cache = new LRUCache({ store })
    cache.set('a', 1)
    expect(cache.get('a')).toBe(1)
    const event = await new Promise<DegradedEvent>((heard) => store.once('degraded', heard))
    expect(event.path).toContain('a file')
    expect(event.reason).toMatch(/^[a-z-]+$/)
    expect(event.message.length).toBeGreaterThan(10)
    expect(store.stats().degradations).toBeGreaterThan(0)
    await store.close()
  })

  test('rejects a flush of what cannot be written', async () => {
    const folder = join(temporaryFolder(), 'a file')
    writeFileSync(folder, 'not a folder')
    const cache = new LRUCache({ store: folder })
    cache.set('a', 1)
    await expect(cache.flush()).rejects.toMatchObject({ code: 'ERR_STORE_WRITE' })
    await cache.close()
  })

  test('works again in a folder that was removed', async () => {
    const folder = temporaryFolder()
    await using store = Store.open(folder)
    const cache = new LRUCache({ store })
    cache.set('a', 1)
    await store.flush()
    rmSync(folder, { recursive: true })
    mkdirSync(folder)
    cache.set('b', 2)
    await store.flush().catch(() => {})
    cache.set('c', 3)
    await store.flush().catch(() => {})
    expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([1, 2, 3])
  })
})
