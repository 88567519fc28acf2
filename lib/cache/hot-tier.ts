// The tier nearest to the caller: values by reference, in JavaScript. It mirrors the native memory tier exactly.
//
// Rust decides what is kept and counts; this side holds keys and values, and asks before it stores. A look-up crosses
// nothing: it is answered here and a hit written down in a log that reaches Rust before its next decision.
// Invariant: `#entries` has an entry under a slot exactly while the native tier has one there.

import { checkOptions, integerOption, positiveOption } from '../arguments.ts'
import * as native from '../native.ts'
import type { Milliseconds } from '../units.ts'
import type { CacheOptions, CacheStats } from './cache-stats.ts'
import { Entry, type FlatIndex, type Home } from './entry.ts'

/** Rust moves an entry once for each log that it is in: in a long one the hits of an entry cost one move together. */
const LOG_LENGTH = 8_192
/** The slot of what is stored: it has none yet. */
const VACANT = 0xffff_ffff
/** As `cacheSet` packs two slots into one number. */
const SLOTS = 2 ** 26
const LOOK_UPS_PER_SAMPLE = 64
const NOT_TIMED = -1
const NANOSECONDS_PER_MILLISECOND = 1e6

export class HotTier<V> {
  readonly #maxSize: number
  readonly #ttl: Milliseconds
  readonly #native: ReturnType<typeof native.cacheNew>
  readonly #entries: (Entry<V> | undefined)[] = []
  readonly #log = new Uint32Array(LOG_LENGTH)
  #logged = 0
  #misses = 0
  #untilSample = 0

  constructor(options: CacheOptions | undefined, defaults: Required<CacheOptions>) {
    checkOptions('options', options)
    this.#maxSize = integerOption('maxSize', options?.maxSize, defaults.maxSize)
    this.#ttl = positiveOption('ttl', options?.ttl, defaults.ttl)
    this.#native = native.cacheNew(this.#maxSize)
  }

  /** Answers a look-up from what the index found, counts it, and makes the entry the most recently used. */
  read(found: Entry<V> | undefined): V | undefined {
    if (found !== undefined) {
      if (isLive(found)) {
        this.#logHit(found.slot)
        return found.value
      }
      this.remove(found)
    }
    // A deeper tier would be asked here, before the look-up counts as a miss.
    this.#misses++
    return undefined
  }

  has(found: Entry<V> | undefined): boolean {
    return found !== undefined && isLive(found)
  }

  /** Gives an entry a new value and a new deadline. Nothing is evicted for it. */
  renew(entry: Entry<V>, value: V, bytes: number): void {
    const now = Date.now()
    const deadline = now + this.#ttl
    this.#decide(entry.slot, bytes, deadline, now)
    entry.value = value
    entry.deadline = deadline
  }

  /**
   * Makes room for an entry, then stores it. `place` names its home only when that is done, since the last entry of a
   * home may have been the one that had to leave.
   */
  admit(key: string, value: V, bytes: number, place: () => Home<V>): Entry<V> {
    const now = Date.now()
    const deadline = now + this.#ttl
    const slot = this.#decide(VACANT, bytes, deadline, now)
    const entry = new Entry(key, place(), slot, value, deadline)
    this.#entries[slot] = entry
    return entry
  }

  /** Stores `values` in their order, in one crossing. `bytes` has the size of each. */
  storeMany(index: FlatIndex<V>, values: ReadonlyMap<string, V>, bytes: Float64Array): void {
    const known = Uint32Array.from(values.keys(), (key) => index.find(key)?.slot ?? VACANT)
    const now = Date.now()
    const deadline = now + this.#ttl
    this.#handOverHits()
    const outcome = native.cacheSetMany(this.#native, known, bytes, deadline, now)
    let at = 0
    for (const [key, value] of values) {
      // A slot whose entry had to leave during the batch may have been given to another.
      const slot = outcome[at++] as number
      this.#release(slot)
      const entry = new Entry(key, index, slot, value, deadline)
      this.#entries[slot] = entry
      index.add(entry)
    }
    for (; at < outcome.length; at++) this.#release(outcome[at] as number)
  }

  remove(entry: Entry<V>): void {
    native.cacheRemove(this.#native, entry.slot)
    this.#release(entry.slot)
  }

  removeMany(entries: readonly Entry<V>[]): void {
    const slots = Uint32Array.from(entries, (entry) => entry.slot)
    native.cacheRemoveMany(this.#native, slots)
    for (const slot of slots) this.#release(slot)
  }

  removeExpired(): number {
    const slots = native.cacheRemoveExpired(this.#native, Date.now())
    for (const slot of slots) this.#release(slot)
    return slots.length
  }

  /** Removes everything and resets the statistics. The index is the caller's to clear. */
  clear(): void {
    native.cacheClear(this.#native)
    this.#entries.length = 0
    this.#logged = 0
    this.#misses = 0
    this.#untilSample = 0
  }

  /** Keys of the live entries, least recently used first. */
  keys(): string[] {
    this.#handOverHits()
    return Array.from(native.cacheByRecency(this.#native, Date.now()), (slot) => (this.#entries[slot] as Entry<V>).key)
  }

  /** `indexBytes` is what the index holds besides the keys of single entries. */
  stats(indexBytes: number): CacheStats {
    this.#handOverReads()
    const { hits, misses, evictions, liveEntries, bytes, meanAccessNanoseconds } = native.cacheStats(
      this.#native,
      Date.now(),
    )
    const lookUps = hits + misses
    return {
      hits,
      misses,
      hitRate: lookUps === 0 ? 0 : hits / lookUps,
      size: liveEntries,
      maxSize: this.#maxSize,
      entries: liveEntries,
      evictions,
      memoryUsage: bytes + indexBytes,
      avgAccessTime: meanAccessNanoseconds / NANOSECONDS_PER_MILLISECOND,
    }
  }

  /** Opens a look-up; hand what it returns to {@link endLookUp}. One that throws in between is not measured. */
  beginLookUp(): number {
    return this.#untilSample-- > 0 ? NOT_TIMED : native.cacheBeginAccess(this.#native)
  }

  endLookUp(begun: number): void {
    if (begun === NOT_TIMED) return
    native.cacheEndAccess(this.#native, begun)
    this.#untilSample = LOOK_UPS_PER_SAMPLE - 1
  }

  #logHit(slot: number): void {
    this.#log[this.#logged++] = slot
    if (this.#logged === LOG_LENGTH) this.#handOverReads()
  }

  /** Before every decision. Misses have no part in those, and wait. */
  #handOverHits(): void {
    if (this.#logged > 0) this.#handOverReads()
  }

  #handOverReads(): void {
    native.cacheApplyReads(this.#native, this.#log, this.#logged, this.#misses)
    this.#logged = 0
    this.#misses = 0
  }

  #decide(slot: number, bytes: number, deadline: number, now: number): number {
    this.#handOverHits()
    const outcome = native.cacheSet(this.#native, slot, bytes, deadline, now)
    if (outcome < SLOTS) return outcome
    this.#release(Math.floor(outcome / SLOTS) - 1)
    return outcome % SLOTS
  }

  #release(slot: number): void {
    const entry = this.#entries[slot]
    if (entry === undefined) return
    this.#entries[slot] = undefined
    entry.home.forget(entry)
  }
}

/** An entry lives strictly before its deadline. */
function isLive<V>(entry: Entry<V>): boolean {
  return entry.deadline === Number.POSITIVE_INFINITY || entry.deadline > Date.now()
}
