// What the four caches share: one request's way through memory, the rules of the mode, and the accounts.
//
// A subclass knows how requests are found; it looks into its index first, and only what memory cannot answer comes here.

import type { Milliseconds } from '../units.ts'
import { sizeOf } from '../values/size-of.ts'
import { isWhole } from './admission.ts'
import type { CacheDefaults, CacheOptions, DetailedCacheStats } from './cache-stats.ts'
import type { Index } from './entry.ts'
import { Flights } from './flights.ts'
import { HotTier } from './hot-tier.ts'
import { type ModeRules, rulesOf } from './mode.ts'
import type { StoreOptions } from './options.ts'
import type { Place } from './place.ts'
import { replayMiss } from './replay-miss.ts'
import { Ledger } from './savings.ts'
import { FREE, type Price, priceOf } from './usage.ts'

export interface EngineDefaults extends CacheDefaults {
  /** Bytes of a value; of any, if it is left out. */
  readonly sizeOf?: (value: any) => number
  /** Whether values may be answers of models, which say how they ended and what they took. */
  readonly holdsAnswers: boolean
}

/** An answer that was there. */
export interface Found {
  readonly value: unknown
}

export abstract class CacheEngine {
  readonly rules: ModeRules
  readonly flights = new Flights()
  readonly ledger = new Ledger()
  protected readonly tier: HotTier<unknown>
  /** Whether a look-up that memory does not answer is a miss, and no more. */
  protected readonly isShallow: boolean
  readonly #sizeOf: (value: unknown) => number
  readonly #holdsAnswers: boolean

  constructor(options: CacheOptions | undefined, defaults: EngineDefaults, indexes: readonly Index<unknown>[]) {
    this.tier = new HotTier(options, defaults, indexes)
    this.rules = rulesOf(options?.mode)
    this.isShallow = this.rules.calls
    this.#sizeOf = defaults.sizeOf ?? sizeOf
    this.#holdsAnswers = defaults.holdsAnswers
  }

  protected abstract clearIndex(): void

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

  /** The live answer in the store, which counts as a hit and is in memory from now on. */
  readStored(_place: Place): Found | undefined {
    return undefined
  }

  /** @throws PerformanceError where the mode allows no call. */
  countMiss(place: Place): void {
    this.tier.countMiss()
    if (!this.rules.calls) throw replayMiss(place.request)
  }

  /** What a look-up answers that memory does not. */
  protected readDeeper(place: Place): unknown {
    const found = this.readStored(place)
    if (found === undefined) this.countMiss(place)
    return found?.value
  }

  isHeld(place: Place): boolean {
    return this.tier.has(place.find())
  }

  /** A value as it is held and shared, made of one that somebody else may change. */
  isolate(value: unknown): unknown {
    return value
  }

  /** A value for one caller, made of what is held. */
  give(held: unknown): unknown {
    return held
  }

  set(place: Place, value: unknown, options: StoreOptions | undefined): void {
    if (!this.rules.writes) return
    this.flights.supersede(place)
    const price = this.priceOf(value, options?.usage, options?.cost, 0)
    this.keep(place, value, this.isolate(value), options?.ttl, price)
  }

  /** Whether an answer is stored that nobody asked to have stored. */
  admits(value: unknown): boolean {
    return !this.#holdsAnswers || isWhole(value)
  }

  /** The price of a value that took `time`, by what its caller says and otherwise by what an answer does. */
  priceOf(value: unknown, usage: unknown, cost: unknown, time: Milliseconds): Price {
    return priceOf(this.#holdsAnswers ? value : undefined, usage, cost, time)
  }

  /** Stores an answer; `held` is what was made of it to be held in memory. */
  keep(place: Place, _value: unknown, held: unknown, ttl: Milliseconds | undefined, price: Price): void {
    if (!this.rules.writes) return
    if (this.rules.reads) this.#hold(place, held, this.#deadlineOf(ttl), price)
  }

  /** Whether there was a live entry. */
  delete(place: Place): boolean {
    this.flights.supersede(place)
    const entry = place.find()
    if (entry === undefined) return false
    const wasLive = this.tier.has(entry)
    this.tier.remove(entry)
    return wasLive
  }

  clear(): void {
    this.flights.supersedeAll(() => true)
    this.tier.clear()
    this.clearIndex()
    this.ledger.clear()
  }

  stats(): DetailedCacheStats {
    const { coalesced, tokens, cost, notStorable } = this.ledger
    const stats = this.tier.stats()
    const saved = this.tier.savings()
    return {
      ...stats,
      savings: { coalesced, time: saved.time, tokens: saved.tokens + tokens, cost: saved.cost + cost },
      lifetime: undefined,
      notStorable,
      storedEntries: 0,
      storedBytes: 0,
    }
  }

  removeExpired(): number {
    return this.tier.removeExpired()
  }

  /** `undefined` for a full time to live. */
  #deadlineOf(ttl: Milliseconds | undefined): number | undefined {
    if (this.rules.keeps) return Number.POSITIVE_INFINITY
    return ttl === undefined ? undefined : Date.now() + ttl
  }

  #hold(place: Place, held: unknown, deadline: number | undefined, price: Price): void {
    const bytes = place.bytes + this.#sizeOf(held)
    const found = place.find()
    let entry = found
    if (found === undefined) entry = this.tier.admit(place.index, place.home, place.key, held, bytes, deadline)
    else if (!this.tier.renew(found, held, bytes, deadline)) entry = undefined
    if (entry === undefined) return
    if (place.label !== '') entry.label = place.label
    if (price !== FREE) this.tier.setSaving(entry, price.time, price.totalTokens, price.cost)
  }
}
