// The four caches as the conformance suite sees them, and the settings that each of them is asked in.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EmbeddingCache, LRUCache, QueryCache, ResponseCache } from '@aah/ai-evals-performance'

export interface Options {
  maxSize?: number
  ttl?: number
  maxMemory?: number
}

/** One cache seen through a single name for a key. */
export interface AnyCache {
  get(key: string): unknown
  set(key: string, value: unknown): void
  has(key: string): boolean
  clear(): void
  getStats(): ReturnType<LRUCache['getStats']>
  removeExpired(): number
  close(): Promise<void>
}

export interface Subject {
  name: string
  defaults: { maxSize: number; ttl: number }
  make(options?: Options): AnyCache
  /** Values differ by number. */
  value(number: number): unknown
  /** A value of at least that many bytes. */
  sized(bytes: number): unknown
}

/** `partsOf` says what the cache calls the key. */
function through(cache: any, partsOf: (key: string) => unknown[]): AnyCache {
  return {
    get: (key) => cache.get(...partsOf(key)),
    set: (key, value) => cache.set(...partsOf(key), value),
    has: (key) => cache.has(...partsOf(key)),
    clear: () => cache.clear(),
    getStats: () => cache.getStats(),
    removeExpired: () => cache.removeExpired(),
    close: async () => cache.close?.(),
  }
}

const config = { provider: 'openai', model: 'gpt-4' }
const messages = (key: string) => ({ messages: [{ role: 'user', content: key }] })
const lastCharacter = (key: string) => key.slice(-1)

const response = {
  defaults: { maxSize: 500, ttl: 7_200_000 },
  value: (number: number) => ({ text: `answer ${number}` }),
  sized: (bytes: number) => ({ text: 'x'.repeat(bytes) }),
}
const query = {
  defaults: { maxSize: 200, ttl: 300_000 },
  value: (number: number) => [{ row: number }],
  sized: (bytes: number) => ['x'.repeat(bytes)],
}

export const SUBJECTS: Subject[] = [
  {
    name: 'LRUCache',
    defaults: { maxSize: 100, ttl: 3_600_000 },
    make: (options) => through(new LRUCache(options), (key) => [key]),
    value: (number) => ({ number }),
    sized: (bytes) => 'x'.repeat(bytes),
  },
  {
    ...response,
    name: 'ResponseCache',
    make: (options) => through(new ResponseCache(options), (key) => [key, config]),
  },
  {
    ...response,
    name: 'ResponseCache with objects as input',
    make: (options) => through(new ResponseCache(options), (key) => [messages(key), config]),
  },
  {
    name: 'EmbeddingCache',
    defaults: { maxSize: 1_000, ttl: 86_400_000 },
    make: (options) => through(new EmbeddingCache(options), (key) => [key]),
    value: (number) => [number, number / 3],
    sized: (bytes) => Array.from({ length: bytes / 8 }, (_, index) => index),
  },
  {
    ...query,
    name: 'QueryCache',
    make: (options) => through(new QueryCache(options), (key) => [key, { id: key }]),
  },
  {
    ...query,
    name: 'QueryCache of few queries',
    make: (options) => through(new QueryCache(options), (key) => [`query ${lastCharacter(key)}`, { id: key }]),
  },
]

/** What a cache does otherwise in a setting, on purpose. */
export type Deviation =
  /** Nothing is kept: every look-up is a miss. */
  | 'keeps nothing'
  /** What had to leave memory is found all the same. */
  | 'outlives eviction'
  /** The store follows a moment later, and so does what is said of it. */
  | 'writes behind'

export interface Setting {
  name: string
  deviations: readonly Deviation[]
  /** How often a property is tried: a store is a folder to make and to remove. */
  runs: number
  /** The options of one cache, besides those that a test asks for. */
  options(): object
  /** Called once all caches are closed. */
  end(): void
}

export const IN_MEMORY: Setting = { name: 'in memory', deviations: [], runs: 100, options: () => ({}), end() {} }

/** Each cache has a store of its own, in a temporary folder. */
export function withStore(): Setting {
  const folders: string[] = []
  return {
    name: 'with a store',
    deviations: ['outlives eviction', 'writes behind'],
    runs: 10,
    options() {
      const store = mkdtempSync(join(tmpdir(), 'cache-conformance-'))
      folders.push(store)
      return { store }
    },
    end() {
      for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
    },
  }
}

export const OFF: Setting = {
  name: 'switched off',
  deviations: ['keeps nothing'],
  runs: 100,
  options: () => ({ mode: 'off' }),
  end() {},
}
