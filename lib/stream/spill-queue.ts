import { PerformanceError } from '../errors.ts'
import { NativeOffer, NativePlacement, NativeSpillQueue, type NativeStreamSummary } from '../native.ts'
import { sizeOf } from '../values/size-of.ts'
import { decode, encode } from './clone.ts'
import { isFaithful } from './faithful.ts'
import { Fifo } from './fifo.ts'
import type { StreamConfig } from './types.ts'

/** Items that lie behind: in memory, or as the next record on disk. */
type Segment<T> = T[] | typeof ON_DISK
const ON_DISK = Symbol('on disk')

/**
 * Items in the order they came, the first in memory, the rest on disk where they can go there unchanged.
 *
 * The native queue knows sizes and decides; this mirrors its moves with the items themselves. A batch stays in front
 * until it is completed, so a failure costs nothing. One batch is in flight at a time: callers take turns.
 */
export class SpillQueue<T> {
  readonly #native: NativeSpillQueue
  #front = new Fifo<T>()
  #behind = new Fifo<Segment<T>>()
  #chunk: T[] = []
  #length = 0
  #inFlight: { batch: T[]; count: number } | undefined
  #spillError: PerformanceError | undefined
  /** Changes with `clear()`, so that a read that began before it is recognised. */
  #generation = 0

  constructor(config: Required<StreamConfig>) {
    this.#native = new NativeSpillQueue(config.bufferSize, config.maxMemory)
  }

  /** Items taken and not completed. */
  get length(): number {
    return this.#length
  }

  /** Items that are not in the batch in flight. */
  get waiting(): number {
    return this.#length - (this.#inFlight?.count ?? 0)
  }

  /** Why items that should be on disk are in memory: the last failure to write since `clear()`. */
  get spillError(): PerformanceError | undefined {
    return this.#spillError
  }

  /** Takes the item if memory has room, else says which bound refused it. */
  offer(item: T): NativeOffer {
    const answer = this.#native.offer(sizeOf(item))
    if (answer === NativeOffer.Taken) {
      this.#front.push(item)
      this.#length++
    }
    return answer
  }

  /** Takes the item, always. */
  add(item: T): void {
    const placement = this.#native.place(sizeOf(item))
    this.#length++
    if (placement === NativePlacement.Front) {
      this.#front.push(item)
    } else {
      this.#chunk.push(item)
      if (placement === NativePlacement.ChunkFull) this.#passChunkOn()
    }
  }

  /**
   * Brings items to the front until `count` are there or no more are left. A record that cannot be read is an error once
   * it is the very next; it stays where it is.
   */
  async fill(count: number): Promise<void> {
    while (this.#front.length < count && (await this.#bringForward()));
  }

  /** The first items in front, at most `count`, as the batch in flight. */
  begin(count: number): T[] {
    const batch = this.#front.first(count)
    this.#inFlight = { batch, count: batch.length }
    return batch
  }

  /** The batch is done: its items are gone. After `clear()` there is nothing left to remove. */
  complete(batch: T[], elapsed: number): void {
    if (this.#inFlight?.batch !== batch) return
    const { count } = this.#inFlight
    this.#inFlight = undefined
    this.#front.drop(count)
    this.#length -= count
    this.#native.complete(count, elapsed)
  }

  /** The batch failed: its items are still in front. */
  release(batch: T[]): void {
    if (this.#inFlight?.batch !== batch) return
    this.#inFlight = undefined
    this.#native.fail()
  }

  clear(): void {
    this.#generation++
    this.#front = new Fifo()
    this.#behind = new Fifo()
    this.#chunk = []
    this.#length = 0
    this.#inFlight = undefined
    this.#spillError = undefined
    this.#native.clear()
  }

  summary(): NativeStreamSummary {
    return this.#native.summary()
  }

  /** Moves the chunk behind, in runs of items that can go to disk and items that cannot. */
  #passChunkOn(): void {
    const chunk = this.#chunk
    this.#chunk = []
    for (let start = 0; start < chunk.length; ) {
      const faithful = isFaithful(chunk[start])
      let end = start + 1
      while (end < chunk.length && isFaithful(chunk[end]) === faithful) end++
      const run = chunk.slice(start, end)
      if (faithful && this.#spill(run)) {
        this.#behind.push(ON_DISK)
      } else {
        this.#native.keep(run.length)
        this.#behind.push(run)
      }
      start = end
    }
  }

  #spill(run: T[]): boolean {
    const payload = encode(run)
    if (payload === undefined) return false
    const failure = this.#native.spill(run.length, payload)
    if (failure == null) return true
    this.#spillError = new PerformanceError('ERR_SPILL_WRITE', `Items stay in memory: ${failure}`)
    return false
  }

  /** Moves the next items to the front; `false` when there are none. */
  async #bringForward(): Promise<boolean> {
    const [next] = this.#behind.first(1)
    if (next === ON_DISK) return this.#readRecord()
    const items = next ?? this.#chunk
    if (next === undefined) this.#chunk = []
    else this.#behind.drop(1)
    this.#native.advance(items.length)
    this.#front.pushAll(items)
    return items.length > 0
  }

  async #readRecord(): Promise<boolean> {
    const generation = this.#generation
    const record = (await this.#native.record()?.read()) ?? 'nothing waits there'
    if (generation !== this.#generation) return true
    const items = typeof record === 'string' ? undefined : decode<T>(record)
    if (items !== undefined) {
      this.#behind.drop(1)
      this.#native.accept()
      this.#front.pushAll(items)
      return true
    }
    if (this.#front.length > 0) return false
    const reason = typeof record === 'string' ? record : 'a record does not decode'
    throw new PerformanceError('ERR_SPILL_READ', `Items on disk cannot be read back: ${reason}`)
  }
}

/** Hands the batch to `work`, timed; its items leave the queue only when `work` has succeeded. */
export async function workOff<T, R>(queue: SpillQueue<T>, batch: T[], work: (batch: T[]) => Promise<R>): Promise<R> {
  const started = globalThis.performance.now()
  let result: R
  try {
    result = await work(batch)
  } catch (error) {
    queue.release(batch)
    throw error
  }
  queue.complete(batch, globalThis.performance.now() - started)
  return result
}
