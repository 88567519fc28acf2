import { collectPreviews } from '../key/previews.ts'
import type { Bytes } from '../units.ts'
import { sizeOfString } from '../values/size-of.ts'
import type { Entry, Index } from './entry.ts'

/** Part of an encoding that holds one; seldom, of a text that looks like it. */
const DIGEST = /S\d+:[\da-f]{64}/

/** Knows the requests that entries answer. */
export interface Encoder {
  /** The canonical encoding of the whole request whose entry has that key in that part of the index. */
  requestOf(index: Index<unknown>, home: string, key: string): string
}

/** The place of one request in a cache: where its entry is or would be, and what the request is called elsewhere. */
export class Place {
  readonly index: Index<unknown>
  /** The part of the index. */
  readonly home: string
  /** What the entry is called in that part. */
  readonly key: string
  /** Makes the place once more, of what the caller gave. */
  remake: (() => Place) | undefined
  private readonly encoder: Encoder
  private encoded: string | undefined
  private readonly labelOf: (() => string) | undefined
  private labelled: string | undefined

  constructor(encoder: Encoder, index: Index<unknown>, home: string, key: string, labelOf?: () => string) {
    this.encoder = encoder
    this.index = index
    this.home = home
    this.key = key
    this.labelOf = labelOf
    this.labelled = undefined
    this.encoded = undefined
    this.remake = undefined
  }

  /** The canonical encoding of the whole request: its name in a store, and while it is being answered. */
  get request(): string {
    this.encoded ??= this.encoder.requestOf(this.index, this.home, this.key)
    return this.encoded
  }

  /**
   * What it can be invalidated by; empty where it cannot. A look-up that finds its entry needs none, so it is made when it
   * is first asked for: whoever holds a place for longer than the call it was made in asks at once, since what the caller
   * gave can change after that.
   */
  get label(): string {
    this.labelled ??= this.labelOf?.() ?? ''
    return this.labelled
  }

  /** What people need to see of the texts that the request holds as digests only; `null` where there are none. */
  previews(): string | null {
    const { remake } = this
    if (remake === undefined || !DIGEST.test(this.request)) return null
    return collectPreviews(() => remake().request).previews
  }

  /** What its entry needs besides its value. */
  get bytes(): Bytes {
    return sizeOfString(this.key) + (this.label === '' ? 0 : sizeOfString(this.label))
  }

  /** The entry, live or not. */
  find(): Entry<unknown> | undefined {
    return this.index.entry(this.home, this.key)
  }
}

/** Of the canonical encoding of a request, which of the answers to it is meant. The first is not mentioned. */
export function encodeSample(sample: number): string {
  return sample === 0 ? '' : `s6:sampled${sample};`
}
