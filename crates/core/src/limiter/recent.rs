//! Order statistics of the last 120 of a series of numbers.
//!
//! The numbers are kept twice, in the order in which they came and sorted, and both always hold the same ones. So a
//! quantile is one look, and a new number moves as many places as its rank differs from that of the one it replaces.

/// How many numbers are looked back on.
const REMEMBERED: usize = 120;

#[derive(Debug, Default)]
pub(super) struct Recent {
    arrived: Vec<u64>,
    sorted: Vec<u64>,
    /// Where in `arrived` the oldest is, once it is full.
    oldest: usize,
}

impl Recent {
    pub(super) fn len(&self) -> usize {
        self.sorted.len()
    }

    /// The smallest number that at least `percent` per cent are not above (the nearest rank).
    pub(super) fn percentile(&self, percent: usize) -> Option<u64> {
        let rank = (self.sorted.len() * percent).div_ceil(100).max(1);
        self.sorted.get(rank - 1).copied()
    }

    pub(super) fn push(&mut self, number: u64) {
        let to = self.sorted.partition_point(|&other| other < number);
        if self.arrived.len() < REMEMBERED {
            self.arrived.push(number);
            self.sorted.insert(to, number);
            return;
        }
        let left = std::mem::replace(&mut self.arrived[self.oldest], number);
        self.oldest = (self.oldest + 1) % REMEMBERED;
        let from = self.sorted.partition_point(|&other| other < left);
        if from < to {
            self.sorted.copy_within(from + 1..to, from);
            self.sorted[to - 1] = number;
        } else {
            self.sorted.copy_within(to..from, to + 1);
            self.sorted[to] = number;
        }
    }
}
