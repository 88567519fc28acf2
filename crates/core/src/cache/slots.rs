//! The memory tier as somebody sees it who keeps keys and values himself: entries are slots, small numbers that this
//! side assigns and takes back.
//!
//! The caller answers look-ups from his own index, counts the misses and writes the slot of each hit down in a log. The
//! log has to reach [`SlotCache::apply_reads`] before the next [`SlotCache::set`] or statistic, and then the outcome is
//! that of a tier that saw every read when it happened.
//!
//! He also knows what his index takes besides the keys of single entries ([`SlotCache::set_index`]), and how much of it
//! leaves with which entry. Its bytes count towards the bound, so after a [`SlotCache::set`] that says so he asks [`SlotCache::take_released`] what
//! else had to leave, until the index he has left fits.
//!
//! Invariant: a slot is in use or on the free list, never both, and no slot is numbered higher than the most entries
//! ever held at once, plus one for the newcomer that has not yet displaced another.

mod savings;

use std::collections::HashSet;

pub use savings::Saving;
use savings::Savings;

use super::{MemoryTier, Tier, TierStats};
use crate::clock::UnixMillis;

/// No slot: an entry that is new in [`SlotCache::set`].
pub const VACANT: u32 = u32::MAX;

/// Bytes of the caller's index, besides the keys of single entries.
#[derive(Debug, Clone, Copy, Default)]
pub struct IndexBytes {
    /// Of the part that an entry is in, perhaps with others.
    pub home: u64,
    /// Of all parts together, that one included.
    pub all: u64,
}

/// Where [`SlotCache::set`] put an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// The entry's slot, or [`VACANT`] where the entry is not kept, nor what was in its slot before.
    pub slot: u32,
    /// The slot of one entry that had to leave.
    pub released: Option<u32>,
    /// Whether more may have to leave: [`SlotCache::take_released`] has to be asked.
    pub more: bool,
}

/// A memory tier of slots, its free list, what each entry saves, and the times that look-ups took.
pub struct SlotCache {
    tier: MemoryTier<u32, ()>,
    max_bytes: u64,
    index: IndexBytes,
    free: Vec<u32>,
    /// Slots that nobody holds any more and that the caller has not been told of yet.
    released: Vec<u32>,
    /// For each slot ever assigned, the number of the last log that it was seen in.
    seen_in: Vec<u64>,
    logs: u64,
    savings: Savings,
    access_nanoseconds: f64,
    access_samples: u64,
}

impl SlotCache {
    /// A cache for at most `max_entries` entries that take, with the caller's index, at most `max_bytes`.
    #[must_use]
    pub fn new(max_entries: u64, max_bytes: u64) -> Self {
        Self {
            tier: MemoryTier::new(max_entries, max_bytes),
            max_bytes,
            index: IndexBytes::default(),
            free: Vec::new(),
            released: Vec::new(),
            seen_in: Vec::new(),
            logs: 0,
            savings: Savings::default(),
            access_nanoseconds: 0.0,
            access_samples: 0,
        }
    }

    /// Takes over a log of hits, oldest first, and a number of misses. Of a slot read several times only the last read
    /// moves it; what its entry saves counts for each.
    pub fn apply_reads(&mut self, log: &[u32], misses: u64) {
        self.savings.count(log);
        self.logs += 1;
        let mut last_reads = Vec::new();
        for slot in log.iter().rev() {
            if let Some(seen_in) = self.seen_in.get_mut(*slot as usize)
                && *seen_in != self.logs
            {
                *seen_in = self.logs;
                last_reads.push(*slot);
            }
        }
        self.tier
            .take_over_reads(log.len() as u64, misses, last_reads.iter().rev());
    }

    /// What the index takes with the entries that are set from now on.
    pub fn set_index(&mut self, index: IndexBytes) {
        self.index = index;
    }

    /// Stores an entry of `bytes`: in `slot` if an entry is there, else in a slot that it assigns. What the entry in `slot` saved is
    /// forgotten.
    pub fn set(&mut self, slot: u32, bytes: u64, deadline: UnixMillis, now: UnixMillis) -> Placed {
        self.savings.forget(slot);
        if bytes.saturating_add(self.index.home) > self.max_bytes {
            self.remove(&[slot]);
            return Placed {
                slot: VACANT,
                released: None,
                more: false,
            };
        }
        let renewed = (slot != VACANT).then(|| self.tier.renew(&slot, bytes, deadline, now));
        let (slot, mut left) = match renewed.flatten() {
            Some(left) => (slot, left),
            None => self.insert(bytes, deadline, now),
        };
        self.free.extend(&left);
        let is_kept = !left.contains(&slot);
        left.retain(|released| *released != slot);
        let released = left.pop();
        self.released.append(&mut left);
        Placed {
            slot: if is_kept { slot } else { VACANT },
            released,
            more: !self.released.is_empty() || self.tier.bytes().saturating_add(self.index.all) > self.max_bytes,
        }
    }

    /// The slot of another entry that had to leave, or lets one leave where entries and index hold more than they may.
    /// `index` is the bytes of the index as it is now, without what is known to have left.
    pub fn take_released(&mut self, index: u64, now: UnixMillis) -> Option<u32> {
        if let Some(released) = self.released.pop() {
            return Some(released);
        }
        let released = self.tier.shrink(self.max_bytes.saturating_sub(index), now)?;
        self.free.push(released);
        Some(released)
    }

    /// Stores entries, each a slot and its bytes, one after the other as [`SlotCache::set`] would, if the index
    /// takes nothing besides them. Returns the slot of each, [`VACANT`] for one that is not kept, followed by those that nobody holds
    /// any more.
    ///
    /// A slot can be assigned anew within the batch: then it is in the outcome twice, and the later entry holds it.
    pub fn set_many(
        &mut self,
        entries: impl IntoIterator<Item = (u32, u64)>,
        deadline: UnixMillis,
        now: UnixMillis,
    ) -> Vec<u32> {
        let mut outcome = Vec::new();
        let mut gone = HashSet::new();
        for (slot, bytes) in entries {
            let known = if gone.contains(&slot) { VACANT } else { slot };
            let placed = self.set(known, bytes, deadline, now);
            outcome.push(placed.slot);
            if placed.slot != known && known != VACANT {
                gone.insert(known);
            }
            gone.extend(placed.released);
            gone.extend(self.released.drain(..));
        }
        outcome.extend(gone.into_iter().filter(|slot| !self.tier.holds(slot)));
        outcome
    }

    /// Takes note of what each later hit of the entry in `slot` saves.
    pub fn set_saving(&mut self, slot: u32, saving: Saving) {
        if self.tier.holds(&slot) {
            self.savings.set(slot, saving);
        }
    }

    /// What all hits have saved.
    #[must_use]
    pub fn saved(&self) -> Saving {
        self.savings.total()
    }

    /// Invalidates entries; their slots are free again.
    pub fn remove(&mut self, slots: &[u32]) {
        for slot in slots {
            if self.tier.remove(slot) {
                self.free.push(*slot);
            }
        }
    }

    /// Removes every expired entry and returns their slots.
    pub fn remove_expired(&mut self, now: UnixMillis) -> Vec<u32> {
        let expired = self.tier.remove_expired(now);
        self.free.extend(&expired);
        expired
    }

    /// Removes everything and resets the statistics.
    pub fn clear(&mut self) {
        self.tier.clear();
        self.free.clear();
        self.released.clear();
        self.seen_in.clear();
        self.savings = Savings::default();
        self.access_nanoseconds = 0.0;
        self.access_samples = 0;
    }

    /// Slots of the live entries, least recently used first.
    #[must_use]
    pub fn by_recency(&self, now: UnixMillis) -> Vec<u32> {
        self.tier.keys(now)
    }

    /// What the tier has done and holds.
    #[must_use]
    pub fn stats(&self, now: UnixMillis) -> TierStats {
        self.tier.stats(now)
    }

    /// Takes note of how long one look-up took. One too short for the clock counts as a nanosecond: it was not free.
    pub fn record_access(&mut self, nanoseconds: f64) {
        self.access_nanoseconds += nanoseconds.max(1.0);
        self.access_samples += 1;
    }

    /// The mean of the look-up times noted; 0 where there are none.
    #[must_use]
    pub fn mean_access_nanoseconds(&self) -> f64 {
        if self.access_samples == 0 {
            return 0.0;
        }
        self.access_nanoseconds / self.access_samples as f64
    }

    /// Stores an entry in a slot that nobody holds; the slot, and those that had to leave.
    fn insert(&mut self, bytes: u64, deadline: UnixMillis, now: UnixMillis) -> (u32, Vec<u32>) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.seen_in.push(0);
            self.seen_in.len() as u32 - 1
        });
        self.savings.forget(slot);
        (slot, self.tier.insert(slot, (), bytes, deadline, now))
    }
}

#[cfg(test)]
mod tests;
