// What the four caches share: one request's way through memory and store, and the rules of the mode.
//
// A subclass knows how requests are found; it looks into its index first, and only what memory cannot answer comes here.
// Invariant: where the mode does not read, memory is empty, so that a look-up needs no rule to find nothing.

import { flushOrThrow } from '../store/flush.ts'
import type { StoredCodec, StoredEntry, StoredFacts, StoreTier } from '../store/store-tier.ts'
import type { Milliseconds } from '../units.ts'
import { decodeValue } from '../values/codec/decode.ts'
import { encodeValue } from '../values/codec/encode.ts'
import { Unstorable } from '../values/codec/unstorable.ts'
import { sizeOf } from '../values/size-of.ts'
import { Accounts } from './accounts.ts'
import { isWhole } from './admission.ts'
import type { CacheDefaults, CacheOptions, DetailedCacheStats } from './cache-stats.ts'
import { openStoreTier } from './cache-store.ts'
import type { Entry, Index } from './entry.ts'
import { Flights } from './flights.ts'
import { HotTier } from './hot-tier.ts'
import { type Isolation, isolationOf } from './isolation.ts'
import { type ModeRules, rulesOf } from './mode.ts'
import type { EntryOptions } from './options.ts'
import type { Encoder, Place } from './place.ts'
import { replayMiss } from './replay-miss.ts'
import { FREE, type Price, priceOf } from './usage.ts'

/** What makes one kind of cache different from the others. */
export interface CacheKind extends CacheDefaults {
  /** What its values are called, one of them and all. */
  readonly value: string
  readonly values: string
  /** Whether values may be answers of models, which say how they ended and what they took. */
  readonly holdsAnswers: boolean
  /** Bytes of a value; of any, if it is left out. */
  readonly sizeOf?: (value: any) => number
  /** For the store; that of any value, if it is left out. */
  readonly codec?: StoredCodec
}

/** An answer that was there. */
export interface Found {
  readonly value: unknown
}

/** An answer of the store, as it is held. */
export interface Recalled {
  readonly held: unknown
  /** Where memory holds it, unless it is too large for that. */
  readonly entry: Entry<unknown> | undefined
  readonly price: Price
}

const ANY_VALUE: StoredCodec = { encode: encodeValue, decode: decodeValue }

export abstract class CacheEngine implements Encoder {
  readonly kind: CacheKind
  readonly rules: ModeRules
  readonly flights = new Flights()
  readonly accounts: Accounts
  /** Only where the mode uses one. */
  readonly store: StoreTier | undefined
  /** Whether others that have the store open wait for an answer that is being fetched here. */
  readonly sharesFlights: boolean
  protected readonly tier: HotTier<unknown>
  /** Whether a look-up that memory does not answer is a miss, and no more. */
  protected readonly isShallow: boolean
  /** Whether what is stored is held for the usual time as it is, and nothing else happens. */
  protected readonly isPlain: boolean
  readonly #ttl: Milliseconds
  readonly #isolation: Isolation | undefined
  readonly #ownsStore: boolean
  readonly #sizeOf: (value: unknown) => number

  constructor(options: CacheOptions | undefined, kind: CacheKind, indexes: readonly Index<unknown>[]) {
    this.kind = kind
    this.tier = new HotTier(options, kind, indexes)
    this.rules = rulesOf(options?.mode)
    this.#isolation = isolationOf(options?.isolation)
    this.#ttl = options?.ttl ?? kind.ttl
    this.#sizeOf = kind.sizeOf ?? sizeOf
    const opened = openStoreTier(options, kind.values, kind.codec ?? ANY_VALUE, this.rules)
    this.store = opened?.tier
    this.sharesFlights = this.store !== undefined && this.rules.reads && this.rules.writes
    this.#ownsStore = opened?.isOwn ?? false
    this.accounts = new Accounts(this.tier, this.store, this.rules)
    const { reads, writes, keeps } = this.rules
    this.isPlain = reads && writes && !keeps && this.store === undefined && this.#isolation === undefined
    this.isShallow = this.rules.calls && (this.store === undefined || !this.rules.reads)
  }

  /** Every entry in memory, with the encoding of its request. */
  abstract held(): Iterable<{ entry: Entry<unknown>; request: string }>

  abstract requestOf(index: Index<unknown>, home: string, key: string): string

  protected abstract clearIndex(): void

  /** What the entry of a place can be invalidated by in the store. */
  protected labelInStore(_place: Place): string | null {
    return null
  }

  /** The place that `make` makes, which can say what was digested in it if anybody is to know. */
  locate(make: () => Place): Place {
    const place = make()
    if (this.store !== undefined) place.remake = make
    return place
  }

  beginLookUp(): number {
    return this.tier.beginLookUp()
  }

  endLookUp(begun: number): void {
    this.tier.endLookUp(begun)
  }

  /** The live answer in memory, which counts as a hit. Where there is none nothing is counted yet. */
  readHeld(place: Place): Found | undefined {
    const entry = this.tier.live(place.find())
    return entry && { value: this.give(this.tier.hit(entry)) }
  }

  /** The live answer in the store, which counts as a hit. */
  readStored(place: Place): Found | undefined {
    const found = this.recall(place)
    if (found === undefined) return undefined
    this.tier.countHit()
    if (found.price !== FREE) this.tier.addSaving(found.price.time, found.price.totalTokens, found.price.cost)
    return { value: this.give(found.held) }
  }

  /** The live answer in the store, as it is held in memory from now on; nothing is counted. */
  recall(place: Place): Recalled | undefined {
    if (!this.rules.reads) return undefined
    const stored = this.store?.read(place.request)
    if (stored === undefined) return undefined
    const { value, price, created } = stored
    const held = this.isolate(value)
    const deadline = this.#keptUntil(place, stored)
    const entry = this.#hold(place, value, held, deadline, price)
    if (entry !== undefined) entry.created = created
    return { held, entry, price }
  }

  /** What a look-up answers that memory does not. */
  protected readDeeper(place: Place): unknown {
    const found = this.readStored(place)
    if (found === undefined) this.countMiss(place)
    return found?.value
  }

  /** @throws ReplayMissError where the mode allows no call. */
  countMiss(place: Place): void {
    this.tier.countMiss()
    if (!this.rules.calls) throw replayMiss(this, place)
  }

  isHeld(place: Place): boolean {
    return this.tier.has(place.find())
  }

  /** Whether there is a live answer, in memory or in the store. */
  hasAnswer(place: Place): boolean {
    return this.isHeld(place) || (this.rules.reads && (this.store?.has(place.request) ?? false))
  }

  /** A value as it is held and shared, made of one that somebody else may change. */
  isolate(value: unknown): unknown {
    if (this.#isolation === undefined) return value
    const outcome = this.#isolation.hold(value)
    if (!(outcome instanceof Unstorable)) return outcome.value
    // Where there is a store it finds that out by itself.
    if (this.store === undefined) this.accounts.notStorable++
    return value
  }

  /** A value for one caller, made of what is held. */
  give(held: unknown): unknown {
    return this.#isolation === undefined ? held : this.#isolation.give(held)
  }

  set(place: Place, value: unknown, options: EntryOptions | undefined): void {
    if (!this.rules.writes) return
    this.flights.supersede(place)
    const price = this.priceOf(value, options?.usage, options?.cost, 0)
    this.keep(place, value, this.isolate(value), options?.ttl, price)
  }

  /** Whether an answer is stored that nobody asked to have stored. */
  admits(value: unknown): boolean {
    return !this.kind.holdsAnswers || isWhole(value)
  }

  /** The price of a value that took `time`, by what its caller says and otherwise by what an answer does. */
  priceOf(value: unknown, usage: unknown, cost: unknown, time: Milliseconds): Price {
    return priceOf(this.kind.holdsAnswers ? value : undefined, usage, cost, time)
  }

  /** Stores an answer; `held` is what was made of it to be held in memory. */
  keep(place: Place, value: unknown, held: unknown, ttl: Milliseconds | undefined, price: Price): void {
    if (!this.rules.writes) return
    if (this.rules.reads) this.#hold(place, value, held, this.#deadlineOf(ttl), price)
    if (this.store !== undefined) this.#write(this.store, place, value, ttl, price)
  }

  /** Whether there was a live answer. */
  delete(place: Place): boolean {
    this.flights.supersede(place)
    const isThere = this.isHeld(place) || (this.store?.has(place.request) ?? false)
    const entry = place.find()
    if (entry !== undefined) this.tier.remove(entry)
    if (this.rules.writes) this.store?.delete(place.request)
    return isThere
  }

  clear(): void {
    this.flights.supersedeAll(() => true)
    this.accounts.clear()
    this.tier.clear()
    this.clearIndex()
    if (this.rules.writes) this.store?.clear()
  }

  stats(): DetailedCacheStats {
    return this.accounts.stats()
  }

  removeExpired(): number {
    return this.tier.removeExpired()
  }

  async flush(): Promise<void> {
    if (this.store !== undefined) await flushOrThrow(this.store.handle)
  }

  async close(): Promise<void> {
    if (this.store === undefined) return
    this.accounts.report()
    this.flights.releaseAll()
    if (this.#ownsStore) await this.store.handle.close()
  }

  /** `undefined` for a full time to live. */
  #deadlineOf(ttl: Milliseconds | undefined): number | undefined {
    if (this.rules.keeps) return Number.POSITIVE_INFINITY
    return ttl === undefined ? undefined : Date.now() + ttl
  }

  /** The deadline of an entry of the store, which has none any more where what is used is kept for ever. */
  #keptUntil(place: Place, { value, created, deadline, price }: StoredEntry): number {
    if (!this.rules.keeps || deadline === Number.POSITIVE_INFINITY) return deadline
    const facts = { created, deadline: Number.POSITIVE_INFINITY, price, ...this.#descriptionOf(place) }
    this.store?.put(place.request, value, facts)
    return facts.deadline
  }

  /** What people and patterns find the entry by. */
  #descriptionOf(place: Place): Pick<StoredFacts, 'label' | 'previews'> {
    return { label: this.labelInStore(place), previews: place.previews() }
  }

  #hold(place: Place, value: unknown, held: unknown, deadline: number | undefined, price: Price) {
    const bytes = place.bytes + this.#sizeOf(value)
    const found = place.find()
    let entry = found
    if (found === undefined) entry = this.tier.admit(place.index, place.home, place.key, held, bytes, deadline)
    else if (!this.tier.renew(found, held, bytes, deadline)) entry = undefined
    if (entry === undefined) return undefined
    if (place.label !== '') entry.label = place.label
    if (price !== FREE) this.tier.setSaving(entry, price.time, price.totalTokens, price.cost)
    return entry
  }

  #write(store: StoreTier, place: Place, value: unknown, ttl: Milliseconds | undefined, price: Price): void {
    const created = Date.now()
    const deadline = this.#deadlineOf(ttl) ?? created + this.#ttl
    const facts = { created, deadline, price, ...this.#descriptionOf(place) }
    if (!store.put(place.request, value, facts)) this.accounts.notStorable++
  }
}
