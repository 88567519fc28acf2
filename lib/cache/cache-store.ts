// The store that a cache's options name, and who has to close it.

import { checkString, outOfRange, wrongType } from '../arguments.ts'
import { handleOf, Store } from '../store/store.ts'
import { openFolder } from '../store/store-handle.ts'
import { type StoredCodec, StoreTier } from '../store/store-tier.ts'
import type { CacheOptions } from './cache-stats.ts'
import type { ModeRules } from './mode.ts'

/** No name: two that differ in such halves only would be one where names are kept as UTF-8. */
const LONE_SURROGATE = /\p{Surrogate}/u

export function checkNamespace(name: unknown): asserts name is string {
  checkString('namespace', name)
  if (name === '' || LONE_SURROGATE.test(name)) throw outOfRange('namespace', 'a name of whole characters', name)
}

export function checkStore(store: unknown): asserts store is string | Store {
  if (typeof store !== 'string' && !(store instanceof Store)) {
    throw wrongType('store', 'the path of a folder or a Store', store)
  }
}

/**
 * The tier that keeps a cache's entries, if the mode uses any, and whether the cache has to close its store.
 *
 * @throws TypeError or RangeError where `store` or `namespace` is wrong.
 */
export function openStoreTier(
  options: CacheOptions | undefined,
  namespace: string,
  codec: StoredCodec,
  rules: ModeRules,
): { tier: StoreTier; isOwn: boolean } | undefined {
  const { store, namespace: name = namespace } = options ?? {}
  checkNamespace(name)
  if (store !== undefined) checkStore(store)
  if (store === undefined || !(rules.reads || rules.writes)) return undefined
  if (store instanceof Store) return { tier: new StoreTier(handleOf(store), name, codec), isOwn: false }
  return { tier: new StoreTier(openFolder('store', store), name, codec), isOwn: true }
}
