import { storeClose, storeOpen } from '../native.ts'
import { requireStore, storeFolder } from './place.ts'

type NativeStore = ReturnType<typeof storeOpen>

/** A store opened so keeps the bound that it has. */
const ANY_BOUND = Number.MAX_SAFE_INTEGER

/** The options that all commands have. */
export interface CommonOptions {
  store?: string
  json?: boolean
}

/** Opens the store that is meant, has `work` done with it, and closes it. */
export async function withStore<T>(
  options: CommonOptions,
  work: (store: NativeStore, folder: string) => Promise<T>,
  { mayBeMissing = false } = {},
): Promise<T> {
  const folder = storeFolder(options.store)
  if (!mayBeMissing) requireStore(folder)
  const store = storeOpen(folder, ANY_BOUND)
  try {
    return await work(store, folder)
  } finally {
    await storeClose(store)
  }
}
