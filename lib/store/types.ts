import type { Bytes } from '../units.ts'

/** What bounds a store. */
export interface StoreOptions {
  /**
   * Most bytes that the store's entries take on disk: an integer ≥ 1, or `Infinity` for no such bound. It is kept in the
   * background and within a fifth; the entries used longest ago leave first. Where several ask for one store, the bound
   * of the first in each process holds.
   *
   * @default 4294967296, 4 GiB
   */
  maxBytes?: Bytes
}

/** What a store holds, and what it could not do. */
export interface StoreStats {
  /** Entries on disk, of all namespaces, expired ones included until they are removed. */
  entries: number
  /** Bytes of the store's files. */
  bytes: Bytes
  /** The bound on them. */
  maxBytes: Bytes
  /** Writes that are on their way to the disk. */
  pending: number
  /** Writes that were given up: the disk does not take any, or not as fast as they came. */
  droppedWrites: number
  /** Writes that were tried and failed. */
  failedWrites: number
  /** Entries that were found damaged, and removed. */
  damagedRecords: number
  /** How often `'degraded'` was told. */
  degradations: number
}

/** What `Store.verify` found. */
export interface VerifyReport {
  /** Whether nothing is wrong: no entry is damaged, and SQLite finds the file sound. */
  ok: boolean
  /** Entries that are as they were written. */
  entries: number
  /** Bytes of these. */
  bytes: Bytes
  /** Entries that are not. A look-up of one is a miss, and removes it. */
  damaged: number
  /** Entries that another version of this package wrote: they are whole, and what they mean is not known. */
  unknown: number
  /** What SQLite says of the file; empty where it is sound. */
  problems: string[]
}

/** What the event `'degraded'` says: a store cannot do all of its work, and goes on as well as it can. */
export interface DegradedEvent {
  /** A stable word, such as `'write-failed'`, `'read-only'`, `'damaged-record'` or `'future-schema'`. */
  reason: string
  /** The folder or file that it is about. */
  path: string
  /** What happened, for people. */
  message: string
}

/** What the event `'unstorable'` says, once for each kind of value and namespace: it stays in memory only. */
export interface UnstorableEvent {
  namespace: string
  /** What is in the way, such as `'function'` or `'class Decimal'`; `registerCodec` teaches a class to be stored. */
  kind: string
  /** Where in the value it is, such as `choices[0].message`; empty for the value itself. */
  path: string
}
