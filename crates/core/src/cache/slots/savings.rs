//! What hits save: time, tokens and money that an answer cost when it was paid for.
//!
//! Invariant: a slot has the saving of the entry in it. After that entry has left it keeps it until the next one comes,
//! for the log may still name hits from before; from then on it has none until it is given one.

use std::ops::AddAssign;

/// What one hit, or all of them together, saved.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Saving {
    /// Time that the answer took.
    pub milliseconds: f64,
    /// Tokens that it used.
    pub tokens: f64,
    /// Money, in whatever currency the caller counts.
    pub cost: f64,
}

impl Saving {
    const NONE: Self = Self {
        milliseconds: 0.0,
        tokens: 0.0,
        cost: 0.0,
    };
}

impl AddAssign for Saving {
    fn add_assign(&mut self, other: Self) {
        self.milliseconds += other.milliseconds;
        self.tokens += other.tokens;
        self.cost += other.cost;
    }
}

/// Savings by slot, and their sum over all hits.
#[derive(Default)]
pub(super) struct Savings {
    /// Empty as long as no entry has one: then nothing is looked up for a hit.
    by_slot: Vec<Saving>,
    total: Saving,
}

impl Savings {
    pub(super) fn set(&mut self, slot: u32, saving: Saving) {
        let slots = slot as usize + 1;
        if self.by_slot.len() < slots {
            self.by_slot.resize(slots, Saving::NONE);
        }
        self.by_slot[slot as usize] = saving;
    }

    pub(super) fn forget(&mut self, slot: u32) {
        if let Some(saving) = self.by_slot.get_mut(slot as usize) {
            *saving = Saving::NONE;
        }
    }

    /// Adds up a log of hits, each as often as it is named.
    pub(super) fn count(&mut self, log: &[u32]) {
        if self.by_slot.is_empty() {
            return;
        }
        for slot in log {
            if let Some(saving) = self.by_slot.get(*slot as usize) {
                self.total += *saving;
            }
        }
    }

    pub(super) fn total(&self) -> Saving {
        self.total
    }
}
