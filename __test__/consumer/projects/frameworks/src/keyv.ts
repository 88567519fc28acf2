import { Store } from '@aah/ai-evals-performance'
import { KeyvStore, type KeyvStoreEntry, type KeyvStoreOptions } from '@aah/ai-evals-performance/keyv'
import { Keyv } from 'keyv'

const options: KeyvStoreOptions = { store: Store.open('folder'), namespace: 'mine' }
const adapter = new KeyvStore(options)
export const keyv = new Keyv<number>({ store: adapter, ttl: 1_000 })
export const value: Promise<number | undefined> = keyv.get('key')
export const entries: KeyvStoreEntry[] = [{ key: 'key', value: 1, ttl: 5 }]
export const stats: number = adapter.store.stats().entries

// @ts-expect-error: a number is no folder.
export const wrong = new KeyvStore({ store: 5 })
