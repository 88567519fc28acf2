// The tier nearest to the caller: values by reference, in JavaScript. It mirrors the native memory tier exactly.
//
// Rust decides what is kept and counts; this side holds keys and values, and asks before it stores. A look-up crosses
// nothing: it is answered here and a hit written down in a log that reaches Rust before its next decision.
// Invariant: `#entries` has an entry under a slot exactly while the native tier has one there.

import { checkOptions, integerOption, limitOption, positiveOption } from '../arguments.ts'
import * as native from '../native.ts'
import type { Bytes, Milliseconds } from '../units.ts'
import type { CacheDefaults, CacheOptions, CacheStats } from './cache-stats.ts'
import { Entry, type FlatIndex, type Index } from './entry.ts'

/** Rust moves an entry once for each log that it is in: in a long one the hits of an entry cost one move together. */
const LOG_LENGTH = 8_192
/** No slot: what is stored has none yet, or is not kept. */
const VACANT = 0xffff_ffff
/** As `cacheSet` packs two slots into one number. */
const SLOTS = 2 ** 26
/** Where it puts what is not kept. */
const NOT_KEPT = SLOTS - 1
const LOOK_UPS_PER_SAMPLE = 64
const NOT_TIMED = -1
const NANOSECONDS_PER_MILLISECOND = 1e6

export class HotTier<V> {
  readonly #maxSize: number
  readonly #ttl: Milliseconds
  readonly #native: ReturnType<typeof native.cacheNew>
  readonly #indexes: readonly Index<V>[]
  readonly #entries: (Entry<V> | undefined)[] = []
  readonly #log = new Uint32Array(LOG_LENGTH)
  #logged = 0
  #misses = 0
  /** Hits of deeper tiers and what they saved: nothing that Rust decides by. */
  #deeperHits = 0
  #saved = { time: 0, tokens: 0, cost: 0 }
  #untilSample = 0
  /** What Rust was told last of the index. */
  #homeBytes: Bytes = 0
  #indexBytes: Bytes = 0
  /** Whether Rust has yet to say what else had to leave for the entry it was given last. */
  #moreToRelease = false

  /** `indexes` are those whose parts take bytes of their own. */
  constructor(options: CacheOptions | undefined, defaults: CacheDefaults, indexes: readonly Index<V>[] = []) {
    checkOptions('options', options)
    this.#maxSize = integerOption('maxSize', options?.maxSize, defaults.maxSize)
    this.#ttl = positiveOption('ttl', options?.ttl, defaults.ttl)
    const maxMemory = limitOption('maxMemory', options?.maxMemory, defaults.maxMemory)
    this.#native = native.cacheNew(this.#maxSize, maxMemory)
    this.#indexes = indexes
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
    this.#misses++
    return undefined
  }

  /**
   * The first half of {@link read}, for a caller that can ask a deeper tier: `found` if it is live, and nothing is counted.
   * The look-up is over with {@link hit}, {@link countHit} or {@link countMiss}.
   */
  live(found: Entry<V> | undefined): Entry<V> | undefined {
    if (found === undefined || isLive(found)) return found
    this.remove(found)
    return undefined
  }

  /** Counts a look-up that an entry answers, which becomes the most recently used. */
  hit(entry: Entry<V>): V {
    this.#logHit(entry.slot)
    return entry.value
  }

  /** Counts a look-up that a deeper tier answered. What of it is held here came as the most recently used. */
  countHit(): void {
    this.#deeperHits++
  }

  countMiss(): void {
    this.#misses++
  }

  /** What each hit of an entry saves from now on, until it gets another value. Costs a hit nothing. */
  setSaving(entry: Entry<V>, milliseconds: Milliseconds, tokens: number, cost: number): void {
    this.#handOverHits()
    native.cacheSetSaving(this.#native, entry.slot, milliseconds, tokens, cost)
  }

  /** Adds what one look-up saved that no entry here answered. */
  addSaving(milliseconds: Milliseconds, tokens: number, cost: number): void {
    this.#saved.time += milliseconds
    this.#saved.tokens += tokens
    this.#saved.cost += cost
  }

  has(found: Entry<V> | undefined): boolean {
    return found !== undefined && isLive(found)
  }

  /**
   * Gives an entry a new value and a new deadline: a full time to live, if none is given. One that has become too large
   * leaves; whether it is still here.
   */
  renew(entry: Entry<V>, value: V, bytes: Bytes, deadline?: number): boolean {
    const now = Date.now()
    const until = deadline ?? now + this.#ttl
    const isKept = this.#decide(entry.slot, bytes, entry.home.bytes, until, now) !== NOT_KEPT
    if (isKept) {
      entry.value = value
      entry.deadline = until
      entry.created = now
    } else {
      this.#release(entry.slot)
    }
    this.#releaseMore(now)
    return isKept
  }

  /**
   * Makes room for an entry, then stores it in the part of the index that is called `home`, until `deadline` or for a full
   * time to live. `undefined` where it is too large to be kept.
   */
  admit(index: Index<V>, home: string, key: string, value: V, bytes: Bytes, deadline?: number): Entry<V> | undefined {
    const now = Date.now()
    const until = deadline ?? now + this.#ttl
    const planned = index.home(home)
    const slot = this.#decide(VACANT, bytes, planned.bytes, until, now)
    let entry: Entry<V> | undefined
    if (slot === NOT_KEPT) {
      planned.leaveIfEmpty()
    } else {
      // Not always the one above: the last entry of that may have been the one that had to leave.
      const place = index.home(home)
      entry = new Entry(key, place, slot, value, until, now)
      this.#entries[slot] = entry
      place.add(entry)
    }
    this.#releaseMore(now)
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
      const slot = outcome[at++] as number
      if (slot === VACANT) continue
      // A slot whose entry had to leave during the batch may have been given to another.
      this.#release(slot)
      const entry = new Entry(key, index, slot, value, deadline, now)
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
    this.#deeperHits = 0
    this.#saved = { time: 0, tokens: 0, cost: 0 }
    this.#untilSample = 0
  }

  /** Keys of the live entries, least recently used first. */
  keys(): string[] {
    this.#handOverHits()
    return Array.from(native.cacheByRecency(this.#native, Date.now()), (slot) => (this.#entries[slot] as Entry<V>).key)
  }

  /** What all hits saved. */
  savings(): { time: Milliseconds; tokens: number; cost: number } {
    this.#handOverReads()
    const { savedMilliseconds, savedTokens, savedCost } = native.cacheStats(this.#native, Date.now())
    const { time, tokens, cost } = this.#saved
    return { time: time + savedMilliseconds, tokens: tokens + savedTokens, cost: cost + savedCost }
  }

  stats(): CacheStats {
    this.#handOverReads()
    const counted = native.cacheStats(this.#native, Date.now())
    const { misses, evictions, liveEntries, bytes, meanAccessNanoseconds } = counted
    const hits = counted.hits + this.#deeperHits
    const lookUps = hits + misses
    return {
      hits,
      misses,
      hitRate: lookUps === 0 ? 0 : hits / lookUps,
      size: liveEntries,
      maxSize: this.#maxSize,
      entries: liveEntries,
      evictions,
      memoryUsage: bytes + this.#bytesOfIndexes(),
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

  #bytesOfIndexes(): Bytes {
    let bytes = 0
    for (let at = 0; at < this.#indexes.length; at++) bytes += (this.#indexes[at] as Index<V>).bytes
    return bytes
  }

  /** Before each decision, and seldom news: most entries go where the one before went. */
  #describeIndex(homeBytes: Bytes): void {
    const indexBytes = this.#bytesOfIndexes()
    if (homeBytes === this.#homeBytes && indexBytes === this.#indexBytes) return
    native.cacheSetIndex(this.#native, homeBytes, indexBytes)
    this.#homeBytes = homeBytes
    this.#indexBytes = indexBytes
  }

  /** The slot of the entry, or `NOT_KEPT`. Once it is in place, {@link #releaseMore} has to follow. */
  #decide(slot: number, bytes: Bytes, homeBytes: Bytes, deadline: number, now: number): number {
    this.#handOverHits()
    this.#describeIndex(homeBytes)
    const answer = native.cacheSet(this.#native, slot, bytes, deadline, now)
    this.#moreToRelease = answer < 0
    const outcome = answer < 0 ? -1 - answer : answer
    if (outcome < SLOTS) return outcome
    this.#release(Math.floor(outcome / SLOTS) - 1)
    return outcome % SLOTS
  }

  /** Each time with what is left of the index, since a part of it leaves with its last entry. */
  #releaseMore(now: number): void {
    while (this.#moreToRelease) {
      const slot = native.cacheTakeReleased(this.#native, this.#bytesOfIndexes(), now)
      if (slot === VACANT) this.#moreToRelease = false
      else this.#release(slot)
    }
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
