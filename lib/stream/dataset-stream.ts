import { EventEmitter } from 'node:events'
import { checkFunction, wrongType } from '../arguments.ts'
import { emitSafely } from '../emit.ts'
import { NativeOffer } from '../native.ts'
import type { Bytes, Milliseconds } from '../units.ts'
import { streamConfig } from './config.ts'
import { SpillQueue, workOff } from './spill-queue.ts'
import { type StreamStats, streamStats } from './stats.ts'
import { Turns } from './turns.ts'
import type { StreamConfig } from './types.ts'

/**
 * A bounded buffer between a producer and a function that works on batches. It refuses what does not fit, so that the
 * producer slows down; what it has taken is processed exactly once and in order.
 *
 * ```ts
 * const stream = new DatasetStream<number>({ batchSize: 2 })
 * for (const item of [1, 2, 3]) stream.push(item)
 * await stream.process(async (batch) => batch.map((item) => item * 10)) // [10, 20, 30]
 * ```
 *
 * Events; a listener that throws disturbs nothing:
 * - `'data'` (item): an item was taken.
 * - `'backpressure'` ({@link BackpressureEvent}): an item was refused. `'memory-pressure'` (the same) follows where
 *   `maxMemory` was the reason.
 * - `'batch-complete'` ({@link BatchCompleteEvent}): a batch is done and its room is free again.
 * - `'pause'`, `'resume'`: no values.
 * - `'error'` (error): a batch failed, or a listener threw. Emitted only where somebody listens.
 */
export class DatasetStream<T = any> extends EventEmitter {
  readonly #config: Readonly<Required<StreamConfig>>
  readonly #queue: SpillQueue<T>
  readonly #turns = new Turns()
  #paused = false
  /** Ends the wait of a run that found the stream paused. */
  #wake: (() => void) | undefined

  constructor(config?: StreamConfig) {
    super()
    this.#config = streamConfig('config', config)
    this.#queue = new SpillQueue(this.#config)
  }

  /**
   * Offers an item. `true`: it was taken and will be processed, by the call of {@link process} that runs or by the next
   * one. `false`: `bufferSize` or `maxMemory` is reached and the item was not taken; offer it again later, for instance
   * after `'batch-complete'`. Items of the batch in flight take room until it is done.
   */
  push(item: T): boolean {
    const answer = this.#queue.offer(item)
    if (answer === NativeOffer.Taken) {
      emitSafely(this, 'data', item)
      return true
    }
    const reason = answer === NativeOffer.TooManyBytes ? 'memory' : 'buffer'
    const { bufferSize, maxMemory } = this.#config
    const { buffered, bytes } = this.#queue.summary()
    const event: BackpressureEvent = { reason, itemsBuffered: buffered, bufferSize, memoryUsage: bytes, maxMemory }
    emitSafely(this, 'backpressure', event)
    if (reason === 'memory') emitSafely(this, 'memory-pressure', event)
    return false
  }

  /**
   * Hands everything taken to `processor`, in order, in batches of at most `batchSize`, one at a time, and resolves with
   * all that it returned. Items pushed meanwhile are processed too. While paused it waits; it never returns early.
   *
   * If a batch fails, the promise is rejected with the very error `processor` threw, and the batch stays in front for
   * the next call; results of the batches before it are not returned again. A `processor` that returns anything but an
   * array is a `TypeError` and counts as failed. Calls that overlap run one after the other, so `processor` must not wait
   * for another `process()` of the same stream.
   */
  async process<R>(processor: (batch: T[]) => Promise<R[]>): Promise<R[]> {
    checkFunction('processor', processor)
    return this.#turns.run(() => this.#drain(processor))
  }

  /** Lets no further batch start. The one in flight goes on; items can still be pushed. */
  pause(): void {
    if (this.#paused) return
    this.#paused = true
    emitSafely(this, 'pause')
  }

  /** Ends a pause. */
  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#wake?.()
    emitSafely(this, 'resume')
  }

  isPaused(): boolean {
    return this.#paused
  }

  /**
   * Forgets all items and resets the statistics. A pause stays. The batch in flight still ends: its results belong to its
   * call of {@link process}, and should it fail, its items are gone.
   */
  clear(): void {
    this.#queue.clear()
  }

  getStats(): StreamStats {
    return streamStats(this.#queue)
  }

  async #drain<R>(processor: (batch: T[]) => Promise<R[]>): Promise<R[]> {
    const results: R[] = []
    for (;;) {
      while (this.#paused) await this.#resumed()
      const batch = this.#queue.begin(this.#config.batchSize)
      const batchSize = batch.length
      if (batchSize === 0) return results
      const started = globalThis.performance.now()
      const returned = await workOff(this.#queue, batch, (items) => callProcessor(processor, items)).catch((error) => {
        emitSafely(this, 'error', error)
        throw error
      })
      for (const result of returned) results.push(result)
      this.#announceBatch(batchSize, globalThis.performance.now() - started)
    }
  }

  #announceBatch(batchSize: number, duration: number): void {
    if (this.listenerCount('batch-complete') === 0) return
    const { processed, buffered } = this.#queue.summary()
    const event: BatchCompleteEvent = { batchSize, itemsProcessed: processed, itemsBuffered: buffered, duration }
    emitSafely(this, 'batch-complete', event)
  }

  #resumed(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}

/** Values of `'backpressure'` and `'memory-pressure'`. */
export interface BackpressureEvent {
  /** Which bound was reached: `bufferSize` or `maxMemory`. */
  reason: 'buffer' | 'memory'
  itemsBuffered: number
  bufferSize: number
  memoryUsage: Bytes
  maxMemory: Bytes
}

/** Values of `'batch-complete'`. */
export interface BatchCompleteEvent {
  /** Items of this batch. */
  batchSize: number
  /** Items processed so far, this batch included. */
  itemsProcessed: number
  itemsBuffered: number
  /** Time this batch took. */
  duration: Milliseconds
}

async function callProcessor<T, R>(processor: (batch: T[]) => Promise<R[]>, items: T[]): Promise<R[]> {
  const returned = await processor(items)
  if (!Array.isArray(returned)) throw wrongType('processor(batch)', 'an array of results', returned)
  return returned
}
