import { storeClose, storeLook, storeOpen } from '../native.ts'
import { requireStore, storeFolder } from './place.ts'

type NativeStore = ReturnType<typeof storeOpen>

/** A store opened so keeps the bound that it has. */
const ANY_BOUND = Number.MAX_SAFE_INTEGER

/** The options that all commands have. */
export interface CommonOptions {
  store?: string
  json?: boolean
}

type Work = (store: NativeStore, folder: string) => Promise<void>

/** Has `work` look at the store that is meant. Whatever is wrong there stays as it is. */
export function lookAtStore(options: CommonOptions, work: Work): Promise<void> {
  const folder = storeFolder(options.store)
  requireStore(folder)
  return use(storeLook(folder), folder, work)
}

/** Has `work` change the store that is meant. */
export function changeStore(options: CommonOptions, work: Work, { mayBeMissing = false } = {}): Promise<void> {
  const folder = storeFolder(options.store)
  if (!mayBeMissing) requireStore(folder)
  return use(storeOpen(folder, ANY_BOUND), folder, work)
}

async function use(store: NativeStore, folder: string, work: Work): Promise<void> {
  try {
    await work(store, folder)
  } finally {
    await storeClose(store)
  }
}
