import { checkString, wrongType } from '../arguments.ts'
import type { Milliseconds } from '../units.ts'
import type { CacheStats, InvalidatableCache } from './cache-stats.ts'
import { startSweeping, sweepQuietly } from './cleanup.ts'

const METHODS = ['clear', 'removeExpired', 'getStats'] as const

/**
 * Clears and sweeps several caches by name: those of this package, or any object with the same three methods.
 *
 * @example
 * const invalidator = new CacheInvalidator()
 * invalidator.register('responses', cacheManager.responseCache)
 * invalidator.invalidate('responses') // true
 */
export class CacheInvalidator {
  readonly #caches = new Map<string, InvalidatableCache>()

  /**
   * Takes a cache under a name, in place of an earlier one of that name.
   *
   * @throws TypeError where `cache` lacks one of the three methods.
   */
  register(name: string, cache: InvalidatableCache): void {
    checkString('name', name)
    if (typeof cache !== 'object' || cache === null) throw wrongType('cache', 'a cache', cache)
    for (const method of METHODS) {
      if (typeof cache[method] !== 'function') throw wrongType(`cache.${method}`, 'a function', cache[method])
    }
    this.#caches.set(name, cache)
  }

  /** Clears every cache. Where one throws, the others are cleared all the same, and then its error is thrown. */
  invalidateAll(): void {
    this.#fromEach((cache) => cache.clear())
  }

  /** Clears the cache of that name; `false` where there is none. */
  invalidate(name: string): boolean {
    checkString('name', name)
    const cache = this.#caches.get(name)
    cache?.clear()
    return cache !== undefined
  }

  /**
   * Removes what has expired from every cache: how many entries of each. Where one throws, the others are swept all the
   * same, and then its error is thrown.
   */
  removeExpired(): Map<string, number> {
    return this.#fromEach((cache) => cache.removeExpired())
  }

  /** The statistics of every cache. */
  getStats(): Map<string, CacheStats> {
    return new Map(Array.from(this.#caches, ([name, cache]) => [name, cache.getStats()]))
  }

  /**
   * Removes what has expired every `intervalMs`, until the timer it returns is cleared. The timer does not keep the
   * process alive, and a cache that throws does not end it.
   *
   * @param intervalMs a number > 0 and below 2³¹. Default: 300,000, five minutes.
   */
  scheduleCleanup(intervalMs?: Milliseconds): NodeJS.Timeout {
    return startSweeping(() => sweepQuietly(this.#caches.values()), intervalMs)
  }

  /** What each cache answers. The first failure is thrown once all have been asked. */
  #fromEach<T>(ask: (cache: InvalidatableCache) => T): Map<string, T> {
    const answers = new Map<string, T>()
    const failures: unknown[] = []
    for (const [name, cache] of this.#caches) {
      try {
        answers.set(name, ask(cache))
      } catch (failure) {
        failures.push(failure)
      }
    }
    if (failures.length > 0) throw failures[0]
    return answers
  }
}
