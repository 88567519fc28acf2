// One cache's view of a store: requests and values of JavaScript on this side, texts and bytes on the other.
//
// Nothing here fails for the state of the store; once that is closed, it is as if it were empty.

import { type Explanation, readExplanation } from '../cache/explanation.ts'
import { FREE, type Price } from '../cache/usage.ts'
import * as native from '../native.ts'
import type { Encoded } from '../values/codec/encode.ts'
import { Unstorable } from '../values/codec/unstorable.ts'
import type { StoreHandle } from './store-handle.ts'

/** How values become bytes and are made of them again. */
export interface StoredCodec {
  encode(value: any): Encoded | Unstorable
  /** `undefined` where the bytes are none of such a value. */
  decode(codec: number, encoded: string | Uint8Array): { value: unknown } | undefined
}

/** An entry of the store, decoded. */
export interface StoredEntry {
  readonly value: unknown
  readonly created: number
  readonly deadline: number
  readonly price: Price
}

/** What an entry is stored with. */
export interface StoredFacts {
  readonly created: number
  readonly deadline: number
  readonly price: Price
  readonly label: string | null
  readonly previews: string | null
}

/** Added to what the namespace has counted since the store was made. */
export interface Counters {
  readonly hits: number
  readonly coalesced: number
  readonly time: number
  readonly tokens: number
  readonly cost: number
  readonly notStorable: number
}

/** What a namespace has counted, and what it holds. */
export interface Lifetime extends Counters {
  readonly entries: number
  readonly bytes: number
}

/** How many labels or entries cross at once. */
const PAGE = 1_000
const FACTS = 10
/** The outcome of a lease that nobody keeps. */
const GO_WITHOUT = 2

export class StoreTier {
  readonly name: string
  readonly handle: StoreHandle
  readonly #codec: StoredCodec
  readonly #namespace: ReturnType<StoreHandle['namespace']>
  /** codec, created, deadline, time, input, output and all tokens, cost, bytes of the value, bytes stored. */
  readonly #facts = new Float64Array(FACTS)

  constructor(handle: StoreHandle, name: string, codec: StoredCodec) {
    this.handle = handle
    this.name = name
    this.#codec = codec
    this.#namespace = handle.namespace(name)
  }

  read(request: string): StoredEntry | undefined {
    if (!this.handle.isOpen) return undefined
    const facts = this.#facts
    const encoded = native.storeRead(this.#namespace, request, Date.now(), facts)
    if (encoded === null) return undefined
    const decoded = this.#codec.decode(facts[0] as number, encoded)
    return (
      decoded && {
        value: decoded.value,
        created: facts[1] as number,
        deadline: facts[2] as number,
        price: priceOf(facts),
      }
    )
  }

  has(request: string): boolean {
    return this.handle.isOpen && native.storeHas(this.#namespace, request, Date.now())
  }

  /** Whether the value could be stored. */
  put(request: string, value: unknown, { created, deadline, price, label, previews }: StoredFacts): boolean {
    if (!this.handle.isOpen) return true
    const encoded = this.#codec.encode(value)
    if (encoded instanceof Unstorable) {
      const { kind, path } = encoded
      this.handle.reportUnstorable({ namespace: this.name, kind, path })
      // What was stored before is not the answer any more.
      native.storeDelete(this.#namespace, request)
      return false
    }
    const facts = this.#facts
    facts[0] = encoded.codec
    facts[1] = created
    facts[2] = deadline
    facts[3] = price.time
    facts[4] = price.inputTokens
    facts[5] = price.outputTokens
    facts[6] = price.totalTokens
    facts[7] = price.cost
    const strings = encoded.codec === 1 ? encoded.strings : null
    native.storePut(this.#namespace, request, encoded.value, facts, label, previews, strings)
    return true
  }

  delete(request: string): void {
    if (this.handle.isOpen) native.storeDelete(this.#namespace, request)
  }

  clear(): void {
    if (this.handle.isOpen) native.storeClear(this.#namespace)
  }

  /** Removes the entries whose labels match; how many there were. */
  deleteLabelled(matches: (label: string) => boolean): number {
    let removed = 0
    for (let cursor = 0; cursor >= 0; ) {
      const page = this.deleteLabelledPage(cursor, matches)
      removed += page.removed
      cursor = page.cursor
    }
    return removed
  }

  /** The same for a page of entries; the first has the cursor 0, and after the last it is −1. */
  deleteLabelledPage(cursor: number, matches: (label: string) => boolean): { cursor: number; removed: number } {
    if (!this.handle.isOpen) return { cursor: -1, removed: 0 }
    const page = native.storeLabels(this.#namespace, cursor, PAGE)
    const doomed = page.ids.filter((_, index) => matches(page.labels[index] as string))
    if (doomed.length > 0) native.storeDeleteIds(this.#namespace, doomed)
    return { cursor: page.cursor, removed: doomed.length }
  }

  /** A page of the live entries whose labels begin so; the first has the cursor 0, and after the last it is −1. */
  page(prefix: string, cursor: number): { cursor: number; entries: [label: string, value: unknown][] } {
    if (!this.handle.isOpen) return { cursor: -1, entries: [] }
    const page = native.storePage(this.#namespace, prefix, Date.now(), cursor, PAGE)
    const entries: [string, unknown][] = []
    for (const [index, encoded] of page.values.entries()) {
      const decoded = this.#codec.decode(page.codecs[index] as number, encoded)
      if (decoded) entries.push([page.labels[index] as string, decoded.value])
    }
    return { cursor: page.cursor, entries }
  }

  count({ hits, coalesced, time, tokens, cost, notStorable }: Counters): void {
    if (this.handle.isOpen) native.storeCount(this.#namespace, hits, coalesced, time, tokens, cost, notStorable)
  }

  /** Asks for the right to answer a request: see `leases.ts` for the outcomes. */
  async acquire(request: string, maxWait: number): Promise<{ outcome: number; failure?: Uint8Array }> {
    return this.handle.isOpen ? native.storeAcquire(this.#namespace, request, maxWait) : { outcome: GO_WITHOUT }
  }

  /** The same for many, without waiting for anybody. */
  async tryAcquire(requests: string[]): Promise<Uint8Array> {
    if (!this.handle.isOpen) return new Uint8Array(requests.length).fill(GO_WITHOUT)
    return native.storeTryAcquire(this.#namespace, requests)
  }

  /** Gives the right back, behind what was put before. */
  release(request: string, failure: Uint8Array | null): void {
    if (this.handle.isOpen) native.storeRelease(this.#namespace, request, failure)
  }

  /** `undefined` once the store is closed. */
  explain(request: string, previews: string | null): Explanation | undefined {
    if (!this.handle.isOpen) return undefined
    return readExplanation(native.storeExplain(this.#namespace, request, previews, Date.now()), 'store')
  }

  /** Zeros once the store is closed. */
  lifetime(): Lifetime {
    const totals = this.handle.isOpen ? native.storeLifetime(this.#namespace) : new Float64Array(8)
    const [hits = 0, coalesced = 0, time = 0, tokens = 0, cost = 0, notStorable = 0, entries = 0, bytes = 0] = totals
    return { hits, coalesced, time, tokens, cost, notStorable, entries, bytes }
  }
}

function priceOf(facts: Float64Array): Price {
  const time = facts[3] as number
  const inputTokens = facts[4] as number
  const outputTokens = facts[5] as number
  const totalTokens = facts[6] as number
  const cost = facts[7] as number
  if (time === 0 && inputTokens === 0 && outputTokens === 0 && totalTokens === 0 && cost === 0) return FREE
  return { time, inputTokens, outputTokens, totalTokens, cost }
}
