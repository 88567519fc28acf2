// This thread's hold on a store, behind the public class and behind the caches that open a folder by themselves.
//
// Invariant: while a handle of this thread is open there is one listener for the end of the process, and none after.

import { resolve } from 'node:path'
import { checkString, outOfRange } from '../arguments.ts'
import * as native from '../native.ts'
import { type Bytes, MiB, type Milliseconds } from '../units.ts'
import { verify } from './tools.ts'
import type { StoreStats, UnstorableEvent, VerifyReport } from './types.ts'
import { WeakList } from './weak-list.ts'

/** How long the end of the process waits for the disk. */
const LAST_WAIT: Milliseconds = 5_000

const DEFAULT_MAX_BYTES = 4_096 * MiB

/** Opens a folder that an argument of this name gives. */
export function openFolder(name: string, folder: unknown, maxBytes: Bytes = DEFAULT_MAX_BYTES): StoreHandle {
  checkString(name, folder)
  if (folder === '') throw outOfRange(name, 'the path of a folder', folder)
  return new StoreHandle(folder, maxBytes)
}

/** Has something to add to its store's counters before that is closed or looked at. */
export interface Reporter {
  report(): void
}

/** Whoever tells users of a store's events. */
export interface Teller {
  /** Whether anybody heard it. */
  unstorable(event: UnstorableEvent): boolean
}

export class StoreHandle {
  readonly folder: string
  teller: Teller | undefined
  readonly #native: ReturnType<typeof native.storeOpen>
  readonly #reporters = new WeakList<Reporter>()
  readonly #told = new Set<string>()
  #unheard: UnstorableEvent[] = []
  #closing: Promise<void> | undefined
  #lastStats: StoreStats | undefined

  constructor(folder: string, maxBytes: Bytes) {
    this.folder = resolve(folder)
    this.#native = native.storeOpen(this.folder, maxBytes)
    if (open.isEmpty) process.on('exit', endAll)
    open.add(this)
  }

  get isOpen(): boolean {
    return this.#closing === undefined
  }

  namespace(name: string) {
    return native.storeNamespace(this.#native, name)
  }

  addReporter(reporter: Reporter): void {
    this.#reporters.add(reporter)
  }

  removeReporter(reporter: Reporter): void {
    this.#reporters.delete(reporter)
  }

  /** `null`, or what went wrong with anything written since the last flush. */
  async flush(): Promise<string | null> {
    if (!this.isOpen) return null
    this.#report()
    return (await native.storeFlush(this.#native)) ?? null
  }

  stats(): StoreStats {
    return this.#lastStats ?? native.storeStats(this.#native)
  }

  verify(): Promise<VerifyReport> {
    return verify(this.#native)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Tells `listener` of what goes wrong, beginning with what it has missed; `null` ends that. */
  listen(listener: ((event: string) => void) | null): void {
    if (this.isOpen) native.storeOnEvent(this.#native, listener)
  }

  /** Tells whoever listens to this folder in this thread, now or when somebody does; of each kind once. */
  reportUnstorable(event: UnstorableEvent): void {
    const kind = `${event.namespace}\0${event.kind}`
    const peers = [...this.#peers()]
    if (peers.some((peer) => peer.#told.has(kind))) return
    this.#told.add(kind)
    const heard = peers.filter(({ teller }) => teller?.unstorable(event))
    if (heard.length === 0) this.#unheard.push(event)
  }

  /** What nobody heard. */
  takeUnheard(): UnstorableEvent[] {
    return [...this.#peers()].flatMap((peer) => {
      const unheard = peer.#unheard
      peer.#unheard = []
      return unheard
    })
  }

  /** At the end of the process nothing can be waited for but this. */
  end(): void {
    this.#report()
    native.storeFlushSync(this.#native, LAST_WAIT)
  }

  *#peers(): IterableIterator<StoreHandle> {
    for (const handle of open) if (handle.folder === this.folder) yield handle
  }

  #report(): void {
    for (const reporter of this.#reporters) reporter.report()
  }

  async #close(): Promise<void> {
    this.#report()
    this.listen(null)
    this.#lastStats = native.storeStats(this.#native)
    open.delete(this)
    if (open.isEmpty) process.off('exit', endAll)
    await native.storeClose(this.#native)
  }
}

const open = new WeakList<StoreHandle>()

function endAll(): void {
  for (const handle of open) handle.end()
}
