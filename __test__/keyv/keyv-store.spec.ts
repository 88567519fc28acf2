import { LRUCache, Store } from '@aah/ai-evals-performance'
import { KeyvStore, type KeyvStoreOptions } from '@aah/ai-evals-performance/keyv'
import Keyv5, { type KeyvStoreAdapter } from 'keyv'
import Keyv6 from 'keyv-6'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { temporaryFolder } from '../helpers/folders.ts'
import { collect } from '../helpers/model-server.ts'

const NOW = Date.UTC(2030, 0, 1)

const opened: { disconnect(): Promise<void> }[] = []

function open(options: Partial<KeyvStoreOptions> = {}): KeyvStore {
  const adapter = new KeyvStore({ store: temporaryFolder(), ...options })
  opened.push(adapter)
  return adapter
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW })
})

afterEach(async () => {
  vi.useRealTimers()
  await Promise.all(opened.splice(0).map((adapter) => adapter.disconnect()))
})

/** Version 6 has the methods of version 5, with other types. */
const VERSIONS = {
  'keyv 5': (store: KeyvStore, options: { namespace?: string; ttl?: number } = {}) => new Keyv5({ store, ...options }),
  'keyv 6': (store: KeyvStore, options: { namespace?: string; ttl?: number } = {}) =>
    new Keyv6({ store, ...options }) as unknown as Keyv5,
}
const RAW = {
  'keyv 5': (store: KeyvStore) => new Keyv5({ store, serialize: undefined, deserialize: undefined }),
  'keyv 6': (store: KeyvStore) => new Keyv6({ store, serialization: false }) as unknown as Keyv5,
}

describe.each(['keyv 5', 'keyv 6'] as const)('%s', (version) => {
  const make = VERSIONS[version]

  test('finds what it has set, and does not what it has deleted or cleared', async () => {
    const keyv = make(open())
    expect(await keyv.set('a', { deep: [1, 'é😀', null] })).toBe(true)
    expect(await keyv.get('a')).toEqual({ deep: [1, 'é😀', null] })
    expect([await keyv.has('a'), await keyv.has('b')]).toEqual([true, false])
    expect([await keyv.delete('a'), await keyv.delete('a')]).toEqual([true, false])
    expect(await keyv.get('a')).toBeUndefined()
    await keyv.set('a', 1)
    await keyv.clear()
    expect(await keyv.get('a')).toBeUndefined()
  })

  test('sets, gets and deletes many at once', async () => {
    const keyv = make(open())
    const entries = [
      { key: 'a', value: 1 },
      { key: 'b', value: 2, ttl: 10 },
    ]
    expect(await keyv.setMany(entries)).toEqual([true, true])
    expect(await keyv.getMany(['b', 'none', 'a'])).toEqual([2, undefined, 1])
    expect(await keyv.hasMany(['b', 'none'])).toEqual([true, false])
    vi.setSystemTime(NOW + 11)
    expect(await keyv.getMany(['a', 'b'])).toEqual([1, undefined])
    await keyv.deleteMany(['a', 'none'])
    expect(await keyv.has('a')).toBe(false)
  })

  test('an entry lives for its time to live, and not a millisecond longer', async () => {
    const adapter = open()
    const keyv = make(adapter, { ttl: 1_000 })
    await keyv.set('default', 1)
    await keyv.set('own', 2, 2_000)
    const stored = () => collect(adapter.iterator())
    vi.setSystemTime(NOW + 1_000)
    expect(await keyv.get(['default', 'own'])).toEqual([1, 2])
    expect(await stored()).toHaveLength(2)
    vi.setSystemTime(NOW + 1_001)
    expect(await keyv.get(['default', 'own'])).toEqual([undefined, 2])
    expect(await keyv.has('default')).toBe(false)
    expect(await stored()).toHaveLength(1)
    vi.setSystemTime(NOW + 2_001)
    expect(await stored()).toEqual([])
  })

  test('namespaces share a folder, and each clears its own', async () => {
    const store = temporaryFolder()
    const keyvs = ['one', 'two', 'one:more'].map((namespace) => make(open({ store }), { namespace }))
    for (const [index, keyv] of keyvs.entries()) await keyv.set('key', index)
    const values = () => Promise.all(keyvs.map((keyv) => keyv.get('key')))
    expect(await values()).toEqual([0, 1, 2])
    await keyvs[1]!.clear()
    expect(await values()).toEqual([0, undefined, 2])
  })

  test('iterates over its own entries, as many as there are', async () => {
    const store = temporaryFolder()
    const keyv = make(open({ store }), { namespace: 'mine' })
    const expected = Array.from({ length: 2_500 }, (_, index) => [`key ${index}`, { index }])
    await keyv.setMany(expected.map(([key, value]) => ({ key: key as string, value })))
    await make(open({ store }), { namespace: 'other' }).set('key', 'of another')
    await keyv.set('expired', 1, 5)
    vi.setSystemTime(NOW + 6)
    const sorted = (entries: unknown[]) => entries.map((entry) => JSON.stringify(entry)).sort()
    expect(sorted(await collect(keyv.iterator!(undefined)))).toEqual(sorted(expected))
  })

  test('a value that it does not serialize comes back as what it was', async () => {
    const keyv = RAW[version](open())
    const value = {
      big: 10n,
      map: new Map([[new Date(0), new Set(['x'])]]),
      bytes: new Uint8Array([1, 2]),
      nothing: undefined,
    }
    await keyv.set('a', value)
    expect(await keyv.get('a')).toEqual(value)
    expect(await keyv.set('b', () => 1)).toBe(false)
    expect(await keyv.get('b')).toBeUndefined()
  })

  test('tells apart keys of any length and any characters', async () => {
    const adapter = open()
    const keyv = make(adapter, { namespace: 'any' })
    const keys = [
      'k',
      'K',
      ' k',
      'a:b',
      'other:a',
      '\ud800',
      '\0',
      'é',
      'e\u0301',
      'x'.repeat(5_000),
      `${'x'.repeat(4_999)}y`,
    ]
    for (const key of keys) await keyv.set(key, key)
    expect(await keyv.getMany(keys)).toEqual(keys)
    const prefix = version === 'keyv 5' ? 'any:' : 'any::'
    const listed = (await collect(adapter.iterator('any'))).map(([key]) => (key as string).slice(prefix.length))
    expect(listed.sort()).toEqual([...keys].sort())
  })

  test('what its compression makes is stored and read', async () => {
    const compression = {
      compress: async (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64'),
      decompress: async (value: string) => JSON.parse(Buffer.from(value, 'base64').toString()),
    }
    const store = open()
    const keyv =
      version === 'keyv 5' ? new Keyv5({ store, compression }) : (new Keyv6({ store, compression }) as unknown as Keyv5)
    await keyv.set('a', 'text')
    expect(await keyv.get('a')).toBe('text')
  })
})

describe('the adapter', () => {
  test('is of another namespace than the caches that share its store', async () => {
    const store = Store.open(temporaryFolder())
    opened.push({ disconnect: () => store.close() })
    const [one, two, cache] = [open({ store }), open({ store, namespace: 'two' }), new LRUCache({ store })]
    await one.set('key', 1)
    await two.set('key', 2)
    cache.set('key', 3)
    await one.clear()
    expect([await one.get('key'), await two.get('key'), cache.get('key')]).toEqual([undefined, 2, 3])
  })

  test('closes a folder that it opened, and no store that was open', async () => {
    const folder = temporaryFolder()
    const own = open({ store: folder })
    await own.set('key', 1)
    await own.disconnect()
    expect(await own.get('key')).toBeUndefined()
    expect(await own.set('key', 2)).toBe(true)
    const store = Store.open(folder)
    const adapter = new KeyvStore({ store })
    await adapter.disconnect()
    expect(await adapter.get('key')).toBe(1)
    await store.close()
  })

  test('is an adapter by the types of both versions, alone and in options', async () => {
    const store: KeyvStoreAdapter = open()
    const keyvs = [new Keyv5(open()), new Keyv5({ store }), new Keyv6(open()), new Keyv6({ store: open() })]
    for (const keyv of keyvs) expect(await keyv.set('key', 1)).toBe(true)
  })

  test('goes on through its entries while they are set and deleted', async () => {
    const adapter = open()
    await adapter.setMany(Array.from({ length: 3_000 }, (_, index) => ({ key: `${index}`, value: 0 })))
    const seen = new Map<string, number>()
    for await (const [key] of adapter.iterator()) {
      seen.set(key, (seen.get(key) ?? 0) + 1)
      await adapter.set(key, 1)
      if (seen.size % 500 === 0) await adapter.store.flush()
    }
    expect(seen.size).toBe(3_000)
    expect(new Set(seen.values())).toEqual(new Set([1]))
  })

  describe('over many entries', () => {
    const MANY = Array.from({ length: 12_000 }, (_, index) => ({ key: `ns:${index}`, value: index }))

    /** An adapter with that many on disk, and how often the event loop was free during what it is asked. */
    async function filled() {
      const adapter = open()
      adapter.namespace = 'ns'
      await adapter.setMany(MANY)
      await adapter.store.flush()
      const turnsDuring = async (work: Promise<unknown>) => {
        let turns = 0
        const { port1, port2 } = new MessageChannel()
        port1.on('message', () => {
          turns += 1
          port2.postMessage(0)
        })
        port2.postMessage(0)
        await work
        port1.close()
        return turns
      }
      return { adapter, turnsDuring }
    }

    test.each(['clear', 'iterator'] as const)('%s lets other work go on', async (name) => {
      const { adapter, turnsDuring } = await filled()
      const work = name === 'clear' ? adapter.clear() : collect(adapter.iterator('ns'))
      expect(await turnsDuring(work)).toBeGreaterThan(5)
    })

    test('clear leaves what is set meanwhile, and goes to its end under fake timers', async () => {
      const { adapter } = await filled()
      vi.useFakeTimers()
      const cleared = adapter.clear()
      await adapter.set('ns:7', 'new')
      await cleared
      expect(await collect(adapter.iterator())).toEqual([['ns:7', 'new']])
    })

    test('an end waits for what is being cleared', async () => {
      const { adapter } = await filled()
      const store = adapter.store.folder
      void adapter.clear()
      await adapter.disconnect()
      expect(await collect(open({ store }).iterator())).toEqual([])
    })
  })

  test('keeps no entry after an end that is past, and for ever without one', async () => {
    const adapter = open()
    await adapter.set('past', 1, -1)
    for (const ttl of [undefined, 0, Number.POSITIVE_INFINITY]) await adapter.set(`ttl ${ttl}`, 1, ttl)
    vi.setSystemTime(NOW + 1e12)
    expect(await adapter.get('past')).toBeUndefined()
    expect(await collect(adapter.iterator())).toHaveLength(3)
  })

  test.each([
    [() => new KeyvStore(undefined as any), 'Expected `options` to be an object, got `undefined`'],
    [() => new KeyvStore({} as any), 'Expected `store` to be the path of a folder or a Store, got `undefined`'],
    [() => new KeyvStore({ store: '' }), 'Expected `store` to be the path of a folder, got `""`'],
    [() => new KeyvStore({ store: 'x', namespace: 5 as any }), 'Expected `namespace` to be a string, got `5`'],
    [() => new KeyvStore({ store: 'x', namespace: '' }), 'Expected `namespace` to be a name of whole characters'],
  ])('refuses options without sense: %s', (make, message) => {
    expect(make).toThrow(message)
  })

  test('refuses arguments of a wrong type before anything is stored', async () => {
    const adapter = open()
    const entries = [
      { key: 'a', value: 1 },
      { key: 5 as any, value: 2 },
    ]
    await expect(adapter.setMany(entries)).rejects.toThrow('Expected `key` to be a string, got `5`')
    await expect(adapter.get(5 as any)).rejects.toThrow(TypeError)
    await expect(adapter.set('a', 1, 'soon' as any)).rejects.toThrow('Expected `ttl` to be a number of milliseconds')
    await expect(adapter.getMany('a' as any)).rejects.toThrow('Expected `keys` to be an array, got `"a"`')
    await expect(adapter.setMany({} as any)).rejects.toThrow('Expected `entries` to be an array')
    expect(await adapter.has('a')).toBe(false)
  })
})
