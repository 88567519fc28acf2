// What is done with a whole store rather than with one entry: looking at it, checking it, carrying it elsewhere. All of
// it runs on threads of its own, and while other processes write.

import {
  type progressNew,
  storeExport,
  storeImport,
  storeList,
  type storeOpen,
  storePrune,
  storeSummary,
  storeVerify,
} from '../native.ts'
import type { Bytes, Milliseconds } from '../units.ts'
import type { VerifyReport } from './types.ts'

type NativeStore = ReturnType<typeof storeOpen>
type NativeProgress = ReturnType<typeof progressNew>

/** An entry, without its value. */
export interface ListedEntry {
  namespace: string
  /** The request as its fields: path and value, each shortened. Not all of them where there are many. */
  request: [path: string, value: string][]
  created: Milliseconds
  /** `null`: never. */
  expires: Milliseconds | null
  /** To within ten minutes. */
  used: Milliseconds
  bytes: Bytes
  /** What the answer took; 0 where nobody said. */
  tokens: number
  cost: number
  time: Milliseconds
}

/** Entries, newest first. */
export interface Listing {
  /** How many there are; more than are listed, where a limit was set. */
  total: number
  entries: ListedEntry[]
}

/** What is stored in a namespace, and what its hits have saved since the store was made. */
export interface NamespaceSummary {
  namespace: string
  entries: number
  bytes: Bytes
  hits: number
  coalesced: number
  time: Milliseconds
  tokens: number
  cost: number
  notStorable: number
}

export interface Summary {
  entries: number
  /** Of the entries. */
  bytes: Bytes
  /** Of the files. */
  fileBytes: Bytes
  /** The bound that the store was last opened with; `null` where that is not known. */
  maxBytes: Bytes | null
  expired: number
  /** Damaged entries that were met and removed since the store was made. */
  damaged: number
  /** Names of damaged files that were set aside beside the store. */
  setAside: string[]
  namespaces: NamespaceSummary[]
}

export interface ExportReport {
  entries: number
  /** Of the file. */
  bytes: Bytes
  /** Entries that were left out because they are damaged or of another version of this package. */
  damaged: number
}

export interface ImportReport {
  imported: number
  /** Entries that the store had as new or newer. */
  kept: number
  expired: number
  damaged: number
  /** Entries that the store's bound has no room for by themselves. */
  tooLarge: number
  /** Why the file could not be read to its end; `null` if it was. */
  problem: string | null
}

export interface PruneReport {
  removed: number
  bytes: Bytes
  /** What is left. */
  entries: number
  bytesLeft: Bytes
}

/** Which entries are pruned: those that any of these selects, and then the longest unused until the rest fits. */
export interface PruneOptions {
  namespace?: string
  /** Created before this time. */
  createdBefore?: Milliseconds
  /** Not used since this time. */
  usedBefore?: Milliseconds
  /** Expired by now. */
  expired?: boolean
  maxBytes?: Bytes
  /** Only tells what would be removed. */
  dryRun?: boolean
}

export function verify(store: NativeStore, removeDamaged = false, progress?: NativeProgress): Promise<VerifyReport> {
  return report(storeVerify(store, removeDamaged, progress))
}

export function list(store: NativeStore, limit: number, namespace?: string): Promise<Listing> {
  return report(storeList(store, limit, namespace))
}

export function summary(store: NativeStore): Promise<Summary> {
  return report(storeSummary(store, Date.now()))
}

export function exportTo(
  store: NativeStore,
  file: string,
  namespace?: string,
  progress?: NativeProgress,
): Promise<ExportReport> {
  return report(storeExport(store, file, Date.now(), namespace, progress))
}

export function importFrom(store: NativeStore, file: string, progress?: NativeProgress): Promise<ImportReport> {
  return report(storeImport(store, file, Date.now(), progress))
}

export function prune(store: NativeStore, options: PruneOptions, progress?: NativeProgress): Promise<PruneReport> {
  return report(storePrune(store, options, Date.now(), progress))
}

async function report<T>(json: Promise<string>): Promise<T> {
  return JSON.parse(await json)
}
