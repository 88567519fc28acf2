import { checkFunction, wrongType } from '../arguments.ts'
import type { PerformanceError } from '../errors.ts'
import { streamConfig, WRITER_DEFAULTS } from './config.ts'
import { SpillQueue, workOff } from './spill-queue.ts'
import { Turns } from './turns.ts'
import type { StreamConfig } from './types.ts'

type Writer<T> = (results: T[]) => Promise<void>

/**
 * Gathers results and writes them in batches, each exactly once and in order, however its calls overlap.
 *
 * ```ts
 * const writer = new ResultWriter({ batchSize: 100 })
 * const insert = (rows: RunResult[]) => database.insert(rows)
 * for (const result of results) await writer.write(result, insert)
 * await writer.flush(insert)
 * ```
 *
 * Results that arrive faster than they are written wait in a temporary file beyond `bufferSize` or `maxMemory`, on the
 * terms that {@link BatchProcessor} describes.
 */
export class ResultWriter<T = any> {
  readonly #batchSize: number
  readonly #queue: SpillQueue<T>
  readonly #turns = new Turns()

  constructor(config?: StreamConfig) {
    const checked = streamConfig('config', config, WRITER_DEFAULTS)
    this.#batchSize = checked.batchSize
    this.#queue = new SpillQueue(checked)
  }

  /**
   * Takes a result, at once. Where `batchSize` of them wait then, it writes those that still do when its turn comes, and
   * resolves when that is done; otherwise it resolves at once.
   *
   * If `writer` fails, the call that was writing is rejected with that very error. The batch stays in front: the
   * next call that finds a full batch, or a flush, tries it again with its own `writer`. Calls that overlap write one
   * after the other, so `writer` must not wait for another call of the same ResultWriter.
   */
  async write(result: T, writer: Writer<T>): Promise<void> {
    checkFunction('writer', writer)
    this.#queue.add(result)
    await this.#writeFullBatches(writer)
  }

  /** Takes several results, as {@link write} does one, and writes every full batch there is. */
  async writeMany(results: T[], writer: Writer<T>): Promise<void> {
    if (!Array.isArray(results)) throw wrongType('results', 'an array', results)
    checkFunction('writer', writer)
    for (const result of results) this.#queue.add(result)
    await this.#writeFullBatches(writer)
  }

  /** Writes everything taken, in batches of at most `batchSize`. Does nothing where nothing waits. */
  async flush(writer: Writer<T>): Promise<void> {
    checkFunction('writer', writer)
    await this.#turns.run(() => this.#writeBatches(writer, 1))
  }

  /**
   * What was done since the start or the last `clear()`: results written, results still waiting (those being written
   * included), calls of a writer that succeeded, and calls that failed.
   */
  getStats(): { itemsWritten: number; itemsBuffered: number; flushes: number; errors: number } {
    const { processed, buffered, batches, failures } = this.#queue.summary()
    return { itemsWritten: processed, itemsBuffered: buffered, flushes: batches, errors: failures }
  }

  /**
   * Why results beyond the bounds had to stay in memory: a {@link PerformanceError} with code `ERR_SPILL_WRITE` for the
   * last failure to write them to disk, `undefined` where there was none since `clear()`. None is lost by it.
   */
  get spillError(): PerformanceError | undefined {
    return this.#queue.spillError
  }

  /** Drops the results that wait and resets the statistics. A write in flight still ends; its results are not kept. */
  clear(): void {
    this.#queue.clear()
  }

  async #writeFullBatches(writer: Writer<T>): Promise<void> {
    if (this.#queue.waiting < this.#batchSize) return
    await this.#turns.run(() => this.#writeBatches(writer, this.#batchSize))
  }

  /** Writes batch after batch while at least `fewest` results wait. */
  async #writeBatches(writer: Writer<T>, fewest: number): Promise<void> {
    while (this.#queue.length >= fewest) {
      await this.#queue.fill(this.#batchSize)
      if (this.#queue.length < fewest) return
      await workOff(this.#queue, this.#queue.begin(this.#batchSize), async (results) => writer(results))
    }
  }
}
