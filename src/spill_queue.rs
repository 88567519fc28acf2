//! `NativeSpillQueue`: sizes and places of a stream's items; JavaScript holds the items and mirrors the moves.

use std::time::Duration;

use ai_evals_performance_core::stream::{Bounds, Offer, Placement, SpillQueue};
use napi_derive::napi;

use crate::spill_record::NativeSpillRecord;

/// The answer to an item that may be refused.
#[napi]
pub enum NativeOffer {
    /// Taken, in front.
    Taken,
    /// Refused: the bound on items.
    TooManyItems,
    /// Refused: the bound on bytes.
    TooManyBytes,
}

/// Where an item that is always taken belongs.
#[napi]
pub enum NativePlacement {
    /// In front.
    Front,
    /// In the chunk that is gathered for the disk.
    Chunk,
    /// In the chunk, which is now full.
    ChunkFull,
}

/// Totals of a queue.
#[napi(object)]
pub struct NativeStreamSummary {
    /// Items whose batch succeeded.
    pub processed: f64,
    /// Items taken and not yet processed.
    pub buffered: f64,
    /// Bytes of the buffered items in memory.
    pub bytes: f64,
    /// Times an item found no room in memory.
    pub refusals: f64,
    /// Batches that succeeded.
    pub batches: f64,
    /// Batches that failed.
    pub failures: f64,
    /// Mean duration of a batch, in milliseconds.
    pub mean_batch: f64,
    /// Items per second of processing.
    pub throughput: f64,
}

/// A queue whose overflow waits on disk.
#[napi]
pub struct NativeSpillQueue(SpillQueue);

#[napi]
impl NativeSpillQueue {
    /// An empty queue with its bounds in memory.
    #[napi(constructor, catch_unwind)]
    #[must_use]
    pub fn new(items: f64, bytes: f64) -> Self {
        Self(SpillQueue::new(Bounds {
            items: items as u64,
            bytes: bytes as u64,
        }))
    }

    /// Takes an item in front if there is room.
    #[napi(catch_unwind)]
    pub fn offer(&mut self, size: f64) -> NativeOffer {
        match self.0.offer(size as u64) {
            Offer::Taken => NativeOffer::Taken,
            Offer::TooManyItems => NativeOffer::TooManyItems,
            Offer::TooManyBytes => NativeOffer::TooManyBytes,
        }
    }

    /// Takes an item and says where it belongs.
    #[napi(catch_unwind)]
    pub fn place(&mut self, size: f64) -> NativePlacement {
        match self.0.place(size as u64) {
            Placement::Front => NativePlacement::Front,
            Placement::Chunk => NativePlacement::Chunk,
            Placement::ChunkFull => NativePlacement::ChunkFull,
        }
    }

    /// Moves the first `count` items of the chunk to disk. Answers with what went wrong, if anything did.
    #[napi(catch_unwind)]
    pub fn spill(&mut self, count: u32, payload: &[u8]) -> Option<String> {
        self.0
            .spill(count as usize, payload)
            .err()
            .map(|error| error.to_string())
    }

    /// Leaves the first `count` items of the chunk in memory.
    #[napi(catch_unwind)]
    pub fn keep(&mut self, count: u32) {
        self.0.keep(count as usize);
    }

    /// Moves the first `count` items behind to the front.
    #[napi(catch_unwind)]
    pub fn advance(&mut self, count: u32) {
        self.0.advance(count as usize);
    }

    /// The oldest record on disk, to be read once.
    #[napi(catch_unwind)]
    #[must_use]
    pub fn record(&self) -> Option<NativeSpillRecord> {
        self.0.record().map(NativeSpillRecord::new)
    }

    /// The oldest record was read: its items are in front now.
    #[napi(catch_unwind)]
    pub fn accept(&mut self) {
        self.0.accept();
    }

    /// The first `count` items were processed in `elapsed` milliseconds.
    #[napi(catch_unwind)]
    pub fn complete(&mut self, count: u32, elapsed: f64) {
        let elapsed = Duration::try_from_secs_f64(elapsed / 1_000.0).unwrap_or_default();
        self.0.complete(u64::from(count), elapsed);
    }

    /// Counts a batch that failed.
    #[napi(catch_unwind)]
    pub fn fail(&mut self) {
        self.0.fail();
    }

    /// Forgets items and totals and removes the file.
    #[napi(catch_unwind)]
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The totals.
    #[napi(catch_unwind)]
    #[must_use]
    pub fn summary(&self) -> NativeStreamSummary {
        let summary = self.0.summary();
        NativeStreamSummary {
            processed: summary.processed as f64,
            buffered: summary.buffered as f64,
            bytes: summary.bytes as f64,
            refusals: summary.refusals as f64,
            batches: summary.batches as f64,
            failures: summary.failures as f64,
            mean_batch: summary.mean_batch.as_secs_f64() * 1_000.0,
            throughput: summary.throughput,
        }
    }
}
