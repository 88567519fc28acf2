import type { Bytes, Milliseconds } from '../units.ts'
import type { SpillQueue } from './spill-queue.ts'

/** What a stream has done since it was made or cleared. */
export interface StreamStats {
  /** Items whose batch succeeded. */
  itemsProcessed: number
  /** Items taken and not yet processed, in memory or on disk, the batch in flight included. */
  itemsBuffered: number
  /** Estimated bytes of the buffered items that are in memory; 0 when nothing is buffered. */
  memoryUsage: Bytes
  /** Times an item found no room in memory: {@link DatasetStream} refused it, {@link BatchProcessor} set it aside. */
  backpressureEvents: number
  /** Mean time of a batch that succeeded; 0 before the first. */
  avgProcessingTime: Milliseconds
  /** Items per second of processing, waiting not included; 0 while no time was measured. Always finite. */
  throughput: number
}

export function streamStats(queue: SpillQueue<any>): StreamStats {
  const totals = queue.summary()
  return {
    itemsProcessed: totals.processed,
    itemsBuffered: totals.buffered,
    memoryUsage: totals.bytes,
    backpressureEvents: totals.refusals,
    avgProcessingTime: totals.meanBatch,
    throughput: totals.throughput,
  }
}
