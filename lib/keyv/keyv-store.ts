import { EventEmitter } from 'node:events'
import { checkObject, checkString, outOfRange, wrongType } from '../arguments.ts'
import { checkNamespace, checkStore } from '../cache/cache-store.ts'
import { FREE } from '../cache/usage.ts'
import { asyncDispose } from '../dispose.ts'
import { Store } from '../index.ts'
import { encodeText } from '../key/text.ts'
import { nextTurn } from '../next-turn.ts'
import { handleOf } from '../store/store.ts'
import { type StoredFacts, StoreTier } from '../store/store-tier.ts'
import type { Milliseconds } from '../units.ts'
import { decodeValue } from '../values/codec/decode.ts'
import { encodeValue } from '../values/codec/encode.ts'

/** Where a {@link KeyvStore} keeps its entries. */
export interface KeyvStoreOptions {
  /**
   * The folder on disk, which is made if need be, or a `Store` that is open: the same one that caches use, if you like. A
   * folder is closed by `disconnect()`, a store by whoever opened it.
   */
  store: string | Store
  /**
   * Entries of another name are other entries. This is apart from the namespaces of keyv, any number of which can be kept
   * in one.
   *
   * @default 'keyv'
   */
  namespace?: string
}

/** What `setMany` stores. */
export interface KeyvStoreEntry {
  key: string
  value: any
  /** From now on; without one, or with 0, it does not expire. */
  ttl?: Milliseconds
}

interface Prepared {
  request: string
  value: unknown
  facts: StoredFacts
}

/**
 * A storage adapter for [keyv](https://keyv.org), version 5 or 6: what takes a keyv keeps its entries on disk, for later
 * runs and for other threads and processes of the machine.
 *
 * What was set is found at once in this process. It is written in the background, and by the time that `store.flush()`
 * resolves other processes find it too. An entry expires as keyv says, by `Date.now()`, and is then removed from disk.
 * Where the store is bounded, the entries used longest ago leave first.
 *
 * Nothing that happens to the disk or the files makes a call fail: what cannot be read is a miss, what cannot be written
 * is dropped, and the store tells of it in its statistics and by `'degraded'`. keyv's own `'error'` is not used for that,
 * because one that nobody listens to is thrown.
 *
 * Give each keyv an adapter of its own, any number of which can be on one folder: keyv 5 tells an adapter of the last
 * namespace only, and one that is shared would clear that for another. It takes `ns:key` in the namespace `ns` for `key`,
 * too.
 *
 * Values that keyv does not serialize (`serialize: undefined`, in version 6 `serialization: false`) come back as what they
 * were: bigint, Date, Map, Set, typed arrays, errors and classes with a registered codec included. `set` resolves to
 * `false` for a value that cannot be stored, such as a function.
 *
 * @example
 * import { Keyv } from 'keyv'
 *
 * const disk = new KeyvStore({ store: '.cache/evals' })
 * const keyv = new Keyv({ store: disk, namespace: 'judgements', ttl: 86_400_000 })
 * await keyv.set('row 1', { score: 0.9 })
 * await keyv.get('row 1') // { score: 0.9 }
 * await disk.store.flush() // on disk now, for the next run
 * await keyv.disconnect()
 */
// There is no `deleteMany`. Version 5 wants one boolean of it and version 6 one for each key; without it, each makes what
// it wants of `delete`. Version 6 then also prefixes keys by itself, as version 5 does.
export class KeyvStore extends EventEmitter {
  /** The open store: its `flush()`, `stats()` and `'degraded'`. */
  readonly store: Store
  /** What keyv 5 knows the adapter by: it iterates only over those whose dialect it has heard of. */
  readonly opts: Record<string, unknown>
  /** Set by keyv 5: whose entries `clear()` removes. */
  namespace: string | undefined
  readonly #tier: StoreTier
  readonly #isOwn: boolean
  /** Each `clear()` that is under way, by the keys that were set since it began. */
  readonly #clears = new Map<Set<string>, Promise<void>>()

  /** @throws TypeError or RangeError for an option of the wrong type or without sense. */
  constructor(options: KeyvStoreOptions) {
    checkObject('options', options)
    const { store, namespace = 'keyv' } = options
    checkStore(store)
    if (store === '') throw outOfRange('store', 'the path of a folder', store)
    checkNamespace(namespace)
    super()
    // One for each keyv that uses it.
    this.setMaxListeners(0)
    this.#isOwn = typeof store === 'string'
    this.store = typeof store === 'string' ? Store.open(store) : store
    this.opts = { dialect: 'sqlite', url: `sqlite://${this.store.folder}`, namespace }
    this.#tier = new StoreTier(handleOf(this.store), namespace, { encode: encodeValue, decode: decodeValue })
  }

  /** The live value of a key. */
  async get<Value>(key: string): Promise<Value | undefined> {
    return this.#tier.read(requestOf(key))?.value as Value | undefined
  }

  /** The live values of keys, in their order. */
  async getMany<Value>(keys: string[]): Promise<(Value | undefined)[]> {
    return listOf('keys', keys).map((key) => this.#tier.read(requestOf(key))?.value as Value | undefined)
  }

  /**
   * Stores a value, in place of what the key had. Without a `ttl`, or with 0, it does not expire.
   *
   * @returns Whether it can be stored.
   */
  async set(key: string, value: unknown, ttl?: Milliseconds): Promise<boolean> {
    return this.#put(preparedOf({ key, value, ttl }))
  }

  /** Stores several; resolves to a `boolean[]`, one for each. The type is that of both versions of keyv. */
  async setMany(entries: KeyvStoreEntry[]): Promise<any> {
    const prepared = listOf('entries', entries).map(preparedOf)
    return prepared.map((entry) => this.#put(entry))
  }

  /** Removes the entry of a key; whether there was one. */
  async delete(key: string): Promise<boolean> {
    const request = requestOf(key)
    const isThere = this.#tier.has(request)
    this.#tier.delete(request)
    return isThere
  }

  /** Whether a key has a live entry. */
  async has(key: string): Promise<boolean> {
    return this.#tier.has(requestOf(key))
  }

  /** The same for several; one boolean for each. */
  async hasMany(keys: string[]): Promise<boolean[]> {
    return listOf('keys', keys).map((key) => this.#tier.has(requestOf(key)))
  }

  /**
   * Removes the entries of keyv's namespace; without one, all that this adapter can have. It lets other work go on
   * meanwhile, and what that sets here stays.
   */
  async clear(): Promise<void> {
    if (!this.namespace) return this.#tier.clear()
    const setSince = new Set<string>()
    const done = this.#clear(prefixOf(this.namespace), setSince).finally(() => this.#clears.delete(setSince))
    this.#clears.set(setSince, done)
    return done
  }

  /**
   * The live entries, keys and values, of a namespace of keyv or all, in no order. They are read some at a time, so their
   * number does not matter; those that are set or deleted meanwhile may or may not be among them.
   */
  async *iterator<Value>(namespace?: string): AsyncGenerator<[key: string, value: Awaited<Value>], void> {
    const prefix = namespace ? prefixOf(namespace) : ''
    for (let cursor = 0; cursor >= 0; ) {
      if (cursor > 0) await nextTurn()
      const page = this.#tier.page(prefix, cursor)
      yield* page.entries as [string, Awaited<Value>][]
      cursor = page.cursor
    }
  }

  /** Writes what is still to be written and gives the folder back; leaves a store alone that was open before. */
  async disconnect(): Promise<void> {
    await Promise.all(this.#clears.values())
    if (this.#isOwn) await this.store.close()
  }

  /** The same as {@link disconnect}, for `await using`. */
  [asyncDispose](): Promise<void> {
    return this.disconnect()
  }

  async #clear(prefix: string, setSince: ReadonlySet<string>): Promise<void> {
    const isDoomed = (label: string) => label.startsWith(prefix) && !setSince.has(label)
    for (let cursor = 0; cursor >= 0; ) {
      if (cursor > 0) await nextTurn()
      cursor = this.#tier.deleteLabelledPage(cursor, isDoomed).cursor
    }
  }

  #put({ request, value, facts }: Prepared): boolean {
    for (const setSince of this.#clears.keys()) setSince.add(facts.label as string)
    return this.#tier.put(request, value, facts)
  }
}

/** What a key is stored under: as the caches do it, so that the command line shows it. */
function requestOf(key: unknown): string {
  checkString('key', key)
  return `{s3:key${encodeText(key)}}`
}

/** The label of an entry is its key, which a request has only the digest of where it is long. */
function preparedOf({ key, value, ttl }: KeyvStoreEntry): Prepared {
  const created = Date.now()
  const facts = { created, deadline: deadlineOf(created, ttl), price: FREE, label: key, previews: null }
  return { request: requestOf(key), value, facts }
}

function deadlineOf(now: number, ttl: unknown): number {
  if (ttl === undefined || ttl === null || ttl === 0) return Number.POSITIVE_INFINITY
  if (typeof ttl !== 'number') throw wrongType('ttl', 'a number of milliseconds', ttl)
  // For keyv an entry still lives in the millisecond in which it expires.
  return Number.isFinite(ttl) ? Math.floor(now + ttl) + 1 : Number.POSITIVE_INFINITY
}

function prefixOf(namespace: string): string {
  return `${namespace}:`
}

function listOf<T>(name: string, value: T[]): T[] {
  if (!Array.isArray(value)) throw wrongType(name, 'an array', value)
  return value
}
