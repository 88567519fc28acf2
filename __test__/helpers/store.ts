// A store as tests use it: opened, filled, and listened to.

import { LRUCache, Store } from '@aah/ai-evals-performance'
import { derived } from './derived.cjs'
import { temporaryFolder } from './folders.ts'

/** The name of the database in a store's folder. */
export const DATABASE = 'store.sqlite'

export interface Degraded {
  reason: string
  path: string
  message: string
}

/** An open store, a cache that asks it at nearly every read, and what went wrong so far. */
export function open(folder: string, maxSize = 1) {
  const store = Store.open(folder)
  const degraded: Degraded[] = []
  store.on('degraded', (event: Degraded) => degraded.push(event))
  return { store, degraded, cache: new LRUCache({ store, maxSize }) }
}

/** A folder with a store of some entries, closed. */
export async function filledFolder(keys: string[] = ['a', 'b', 'c']): Promise<string> {
  const folder = temporaryFolder()
  const { store, cache } = open(folder)
  for (const key of keys) cache.set(key, derived(key))
  await store.flush()
  await store.close()
  return folder
}
