//! What a provider counts of our requests: those that it admitted in the last minute.
//!
//! A request counts from its start, and no longer once it was turned away. Starts of the same quarter of a second count
//! until the last of them could have left: the view errs towards more, by under a quarter of a second.

use std::collections::VecDeque;
use std::ops::{AddAssign, Index, IndexMut, SubAssign};

use crate::limiter::{Amounts, Nanos, Reason};

/// What a minute's limit of a provider counts, in the order in which a [`Load`] has them.
pub(super) const BUDGETS: [Reason; 4] = [
    Reason::Requests,
    Reason::Tokens,
    Reason::InputTokens,
    Reason::OutputTokens,
];

const WINDOW: Nanos = 60_000_000_000;
const SLICE: Nanos = 250_000_000;
const SLICES_A_SECOND: u64 = 4;

/// Requests, tokens, input tokens and output tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::execution) struct Load([u64; 4]);

impl Load {
    /// That of one request.
    pub(in crate::execution) fn one(amounts: Amounts) -> Self {
        Self([1, amounts.tokens, amounts.input_tokens, amounts.output_tokens])
    }

    /// That of one request of which so much is known: what is not, and what is above it, is as `usual`.
    pub(super) fn stated(tokens: [Option<u64>; 3], usual: Self) -> Self {
        let mut load = Self([1, 0, 0, 0]);
        for (budget, stated) in (1..).zip(tokens) {
            let known = usual[0] > 0;
            load[budget] = match stated {
                Some(stated) if known => stated.min(usual[budget]),
                Some(stated) => stated,
                None => usual[budget],
            };
        }
        load
    }

    pub(super) fn most(self, other: Self) -> Self {
        Self([0, 1, 2, 3].map(|budget| self.0[budget].max(other.0[budget])))
    }

    /// A tenth less.
    pub(super) fn decayed(self) -> Self {
        Self(self.0.map(|amount| amount - amount / 10))
    }
}

impl Index<usize> for Load {
    type Output = u64;

    fn index(&self, budget: usize) -> &u64 {
        &self.0[budget]
    }
}

impl IndexMut<usize> for Load {
    fn index_mut(&mut self, budget: usize) -> &mut u64 {
        &mut self.0[budget]
    }
}

impl AddAssign for Load {
    fn add_assign(&mut self, other: Self) {
        for (sum, more) in self.0.iter_mut().zip(other.0) {
            *sum += more;
        }
    }
}

impl SubAssign for Load {
    fn sub_assign(&mut self, other: Self) {
        for (sum, less) in self.0.iter_mut().zip(other.0) {
            *sum = sum.saturating_sub(less);
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Counted {
    /// The number of each slice that holds something, and what.
    slices: VecDeque<(u64, Load)>,
    sum: Load,
}

impl Counted {
    /// What counts, as of the last [`expire`](Self::expire).
    pub(super) fn sum(&self) -> Load {
        self.sum
    }

    /// Drops what no longer counts.
    pub(super) fn expire(&mut self, now: Nanos) {
        while let Some(&(slice, load)) = self.slices.front()
            && leaves(slice) <= now
        {
            self.sum -= load;
            self.slices.pop_front();
        }
    }

    pub(super) fn add(&mut self, now: Nanos, load: Load) {
        self.sum += load;
        match self.slices.back_mut() {
            Some((slice, sum)) if *slice == now / SLICE => *sum += load,
            _ => self.slices.push_back((now / SLICE, load)),
        }
    }

    /// What started at `start` was `before`, and is `after`; nothing where it no longer counts.
    pub(super) fn correct(&mut self, start: Nanos, before: Load, after: Load) {
        if let Ok(index) = self.slices.binary_search_by_key(&(start / SLICE), |&(slice, _)| slice) {
            let sum = &mut self.slices[index].1;
            *sum -= before;
            *sum += after;
            self.sum -= before;
            self.sum += after;
        }
    }

    /// When no more than `allowed` of a budget still count; `None` where that is so already.
    pub(super) fn at_most(&self, budget: usize, allowed: u64) -> Option<Nanos> {
        let mut excess = self.sum[budget].checked_sub(allowed).filter(|&excess| excess > 0)?;
        for &(slice, load) in &self.slices {
            excess = excess.saturating_sub(load[budget]);
            if excess == 0 {
                return Some(leaves(slice));
            }
        }
        None
    }

    /// Requests of about the last second.
    pub(super) fn in_last_second(&self, now: Nanos) -> u64 {
        let since = (now / SLICE).saturating_sub(SLICES_A_SECOND);
        let recent = self.slices.iter().rev().take_while(|&&(slice, _)| slice >= since);
        recent.map(|(_, load)| load[0]).sum()
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

fn leaves(slice: u64) -> Nanos {
    (slice + 1) * SLICE + WINDOW
}
