//! What a queue holds in front, and what it has processed.
//!
//! Invariant: `bytes` is the sum of the sizes held, so it returns to zero with the last item. Time comes in as the
//! measured duration of a batch; which items fit is decided by the queue above.

use std::{collections::VecDeque, time::Duration};

/// Sizes of the items in front, oldest first, and totals since the last [`clear`](Ledger::clear).
#[derive(Debug, Default)]
pub struct Ledger {
    sizes: VecDeque<u64>,
    bytes: u64,
    refusals: u64,
    processed: u64,
    batches: u64,
    failures: u64,
    busy: Duration,
}

/// A reading of the totals.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Summary {
    /// Items whose batch succeeded.
    pub processed: u64,
    /// Items taken and not yet processed, the batch in flight included.
    pub buffered: u64,
    /// Estimated bytes of the buffered items that are in memory.
    pub bytes: u64,
    /// Times an item found no room in memory.
    pub refusals: u64,
    /// Batches that succeeded.
    pub batches: u64,
    /// Batches that failed; their items are still buffered.
    pub failures: u64,
    /// Mean duration of a batch that succeeded; zero before the first.
    pub mean_batch: Duration,
    /// Items per second of processing; zero while no time was measured.
    pub throughput: f64,
}

impl Ledger {
    /// Number of items in front.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.sizes.len() as u64
    }

    /// Whether nothing is in front.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sizes.is_empty()
    }

    /// Estimated bytes of the items in front.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Puts an item of `size` bytes behind those in front.
    pub fn take(&mut self, size: u64) {
        self.sizes.push_back(size);
        self.bytes += size;
    }

    /// Counts an item that found no room.
    pub fn refuse(&mut self) {
        self.refusals += 1;
    }

    /// The first `count` items were processed in `elapsed`; their room is free again.
    pub fn complete(&mut self, count: u64, elapsed: Duration) {
        let count = self.sizes.len().min(usize::try_from(count).unwrap_or(usize::MAX));
        self.bytes -= self.sizes.drain(..count).sum::<u64>();
        self.processed += count as u64;
        self.batches += 1;
        self.busy += elapsed;
    }

    /// Counts a batch that failed; its items stay in front.
    pub fn fail(&mut self) {
        self.failures += 1;
    }

    /// Forgets items and totals.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The totals, with only the items in front as buffered.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let seconds = self.busy.as_secs_f64();
        Summary {
            processed: self.processed,
            buffered: self.len(),
            bytes: self.bytes,
            refusals: self.refusals,
            batches: self.batches,
            failures: self.failures,
            mean_batch: if self.batches == 0 {
                Duration::ZERO
            } else {
                Duration::from_secs_f64(seconds / self.batches as f64)
            },
            throughput: if seconds > 0.0 {
                self.processed as f64 / seconds
            } else {
                0.0
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_return_to_zero_with_the_last_item() {
        let mut ledger = Ledger::default();
        for size in [3, 5, 7] {
            ledger.take(size);
        }
        assert_eq!((ledger.len(), ledger.bytes()), (3, 15));
        ledger.complete(2, Duration::ZERO);
        assert_eq!((ledger.len(), ledger.bytes()), (1, 7));
        ledger.complete(1, Duration::ZERO);
        assert_eq!((ledger.len(), ledger.bytes(), ledger.is_empty()), (0, 0, true));
    }

    #[test]
    fn averages_over_batches_and_rates_over_processing_time() {
        let mut ledger = Ledger::default();
        for _ in 0..30 {
            ledger.take(1);
        }
        ledger.complete(20, Duration::from_millis(300));
        ledger.complete(10, Duration::from_millis(100));
        let summary = ledger.summary();
        assert_eq!(summary.mean_batch, Duration::from_millis(200));
        assert!((summary.throughput - 75.0).abs() < 1e-9);
    }

    #[test]
    fn numbers_stay_finite_when_no_time_passed() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.summary(), Summary::default());
        ledger.take(1);
        ledger.complete(1, Duration::ZERO);
        assert!(ledger.summary().throughput.abs() < f64::EPSILON);
    }
}
