import type { Store } from '../store/store.ts'
import type { Bytes, Milliseconds } from '../units.ts'
import type { CacheIsolation } from './isolation.ts'
import type { CacheMode } from './mode.ts'
import type { LifetimeSavings, Savings } from './savings.ts'

/** What bounds a cache, and what it does with requests. */
export interface CacheOptions {
  /** Most entries held: an integer ≥ 1. At no moment are there more: the least recently used entry leaves first. */
  maxSize?: number
  /**
   * Time to live, counted from the last `set` of an entry by `Date.now()`: a number > 0. `Infinity` keeps an entry until
   * it is evicted.
   */
  ttl?: Milliseconds
  /**
   * Most bytes held, as {@link CacheStats.memoryUsage} counts them: an integer ≥ 1, or `Infinity` for no such bound. At no
   * moment are there more: the least recently used entries leave until the rest fits. What is larger than this by itself
   * is not kept, nor what was stored under its key before, and nothing else has to leave for it.
   */
  maxMemory?: Bytes
  /**
   * What is held and given out: the very value that was stored, copies of it, or a frozen one.
   *
   * @default 'reference'
   */
  isolation?: CacheIsolation
  /**
   * Keeps entries on disk too, for later runs and for other threads and processes: the path of a folder, or an open store
   * that several caches share. What memory does not hold, or not any more, is looked for there; what is stored is
   * written there in the background. A cache that was given a folder gives it back in `close`. Default: memory only.
   */
  store?: string | Store
  /**
   * Keeps the caches of one store apart: those of one name share their entries. Default: the kind of cache, `responses`,
   * `embeddings`, `queries` or `lru`.
   */
  namespace?: string
  /**
   * What the cache does with requests. Default: what the environment variable `AI_EVALS_CACHE` says when the cache is
   * made, and otherwise `live`.
   */
  mode?: CacheMode
}

/** What a cache takes for the options that are left out. */
export type CacheDefaults = Required<Pick<CacheOptions, 'maxSize' | 'ttl' | 'maxMemory'>>

/** What a cache has done since it was made or last cleared, and what it holds now. */
export interface CacheStats {
  /** Look-ups (`get`, and each distinct text of `batchGet`) that found a live entry. */
  hits: number
  /** Look-ups that found none. */
  misses: number
  /** `hits / (hits + misses)`, 0..1; 0 before the first look-up. */
  hitRate: number
  /** Live entries; the same as `entries`. */
  size: number
  /** The most entries this cache holds. */
  maxSize: number
  /** Live entries: those expired but not yet removed are not counted. */
  entries: number
  /** Entries removed to make room. Expired and invalidated ones are not counted here. */
  evictions: number
  /**
   * Bytes held by keys and values, kept up to date on every write. An estimate of what V8 needs for them, taken when a
   * value is stored: what is changed in the value afterwards is not noticed. 0 when the cache is empty.
   */
  memoryUsage: Bytes
  /**
   * Mean time of a look-up, the making of its key included: the first and every 64th are measured with a nanosecond
   * clock that fake timers do not move. Never 0 once there was a look-up, 0 before.
   */
  avgAccessTime: Milliseconds
}

/** The statistics of the caches of this package. */
export interface DetailedCacheStats extends CacheStats {
  /** What this cache has saved since it was made or last cleared. */
  savings: Savings
  /** What its namespace of the store has saved since the store was made. `undefined` without a store. */
  lifetime: LifetimeSavings | undefined
  /** Values that could not be stored, or copied where `isolation` asks for it; they are held in memory all the same. */
  notStorable: number
  /** Entries that its namespace of the store has on disk; 0 without a store. */
  storedEntries: number
  /** Bytes that they take there. */
  storedBytes: Bytes
}

/** What {@link CacheInvalidator} asks of a cache: every cache of this package, or one of your own. */
export interface InvalidatableCache {
  /** Removes every entry. */
  clear(): void
  /** Removes the expired entries and returns how many there were. */
  removeExpired(): number
  /** What the cache has done and holds. */
  getStats(): CacheStats
}
