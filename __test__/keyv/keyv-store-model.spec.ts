// The adapter, through keyv, beside a Map that expires by the same clock.

import { KeyvStore } from '@aah/ai-evals-performance/keyv'
import fc from 'fast-check'
import Keyv5 from 'keyv'
import Keyv6 from 'keyv-6'
import { afterEach, expect, test, vi } from 'vitest'
import { temporaryFolder } from '../helpers/folders.ts'
import { collect } from '../helpers/model-server.ts'

afterEach(() => {
  vi.useRealTimers()
})

const NAMESPACES = ['one', 'two']
const namespace = fc.constantFrom(...NAMESPACES)
const key = fc.constantFrom('a', 'b', 'c', 'a:b', 'é', 'x'.repeat(1_100))

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('set'),
      namespace,
      key,
      value: fc.integer(),
      ttl: fc.option(fc.integer({ min: 1, max: 500 })),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete'), namespace, key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear'), namespace }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait'), time: fc.integer({ min: 1, max: 300 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('flush') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen') }) },
) as fc.Arbitrary<{ do: string; namespace: string; key: string; value: number; ttl: number | null; time: number }>

class Model {
  readonly #entries = new Map<string, { value: number; expires: number }>()

  set(namespace: string, key: string, value: number, ttl: number | null) {
    this.#entries.set(`${namespace}/${key}`, { value, expires: Date.now() + (ttl ?? Number.POSITIVE_INFINITY) })
  }

  delete(namespace: string, key: string): boolean {
    const isThere = this.get(namespace, key) !== undefined
    this.#entries.delete(`${namespace}/${key}`)
    return isThere
  }

  clear(namespace: string) {
    for (const name of this.#entries.keys()) if (name.startsWith(`${namespace}/`)) this.#entries.delete(name)
  }

  get(namespace: string, key: string): number | undefined {
    const entry = this.#entries.get(`${namespace}/${key}`)
    return entry && entry.expires >= Date.now() ? entry.value : undefined
  }

  entries(namespace: string): [string, number][] {
    const names = [...this.#entries.keys()].filter((name) => name.startsWith(`${namespace}/`))
    return names.flatMap((name) => {
      const key = name.slice(namespace.length + 1)
      const value = this.get(namespace, key)
      return value === undefined ? [] : [[key, value] as [string, number]]
    })
  }
}

/** The adapter of a folder, and a keyv of each namespace. */
function open(folder: string, make: (store: KeyvStore, namespace: string) => Keyv5) {
  const adapters = NAMESPACES.map(() => new KeyvStore({ store: folder }))
  const keyvs = Object.fromEntries(NAMESPACES.map((name, index) => [name, make(adapters[index]!, name)]))
  return {
    adapters,
    of: (name: string) => keyvs[name]!,
    close: () => Promise.all(adapters.map((each) => each.disconnect())),
  }
}

test.each([
  ['keyv 5', (store: KeyvStore, namespace: string) => new Keyv5({ store, namespace })],
  ['keyv 6', (store: KeyvStore, namespace: string) => new Keyv6({ store, namespace }) as unknown as Keyv5],
])(
  '%s over a folder is a Map whose entries expire',
  async (_, make) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const property = fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const folder = temporaryFolder()
      const model = new Model()
      let side = open(folder, make)
      for (const { do: name, namespace, key, value, ttl, time } of steps) {
        if (name === 'set') {
          await side.of(namespace).set(key, value, ttl ?? undefined)
          model.set(namespace, key, value, ttl)
        } else if (name === 'delete') {
          expect(await side.of(namespace).delete(key)).toBe(model.delete(namespace, key))
        } else if (name === 'clear') {
          await side.of(namespace).clear()
          model.clear(namespace)
        } else if (name === 'wait') vi.setSystemTime(Date.now() + time)
        else if (name === 'flush') await side.adapters[0]!.store.flush()
        else {
          await side.close()
          side = open(folder, make)
        }
        for (const each of NAMESPACES) {
          const entries = await collect(side.of(each).iterator!(undefined))
          expect(entries.sort()).toEqual(model.entries(each).sort())
          for (const known of ['a', 'a:b']) expect(await side.of(each).get(known)).toBe(model.get(each, known))
        }
      }
      await side.close()
    })
    await fc.assert(property, { numRuns: 60 })
  },
  120_000,
)
