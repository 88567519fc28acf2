//! The memory tier as somebody sees it who keeps keys and values himself: entries are slots, small numbers that this
//! side assigns and takes back.
//!
//! The caller answers look-ups from his own index, counts the misses and writes the slot of each hit down in a log. The
//! log has to reach [`SlotCache::apply_reads`] before the next [`SlotCache::set`] or statistic, and then the outcome is
//! that of a tier that saw every read when it happened.
//!
//! Invariant: a slot is in use or on the free list, never both, and no slot is numbered higher than the most entries
//! ever held at once, plus one for the newcomer that has not yet displaced another.

use std::collections::HashSet;

use super::{MemoryTier, Tier, TierStats};
use crate::clock::UnixMillis;

/// No slot: an entry that is new in [`SlotCache::set`].
pub const VACANT: u32 = u32::MAX;

/// Where [`SlotCache::set`] put an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// The entry's slot.
    pub slot: u32,
    /// The slot of the entry that had to leave. A bound on the number of entries makes one leave at most.
    pub released: Option<u32>,
}

/// A memory tier of slots, its free list, and the times that look-ups took.
pub struct SlotCache {
    tier: MemoryTier<u32, ()>,
    free: Vec<u32>,
    /// For each slot ever assigned, the number of the last log that it was seen in.
    seen_in: Vec<u64>,
    logs: u64,
    access_nanoseconds: f64,
    access_samples: u64,
}

impl SlotCache {
    /// A cache for at most `max_entries` entries.
    #[must_use]
    pub fn new(max_entries: u64) -> Self {
        Self {
            tier: MemoryTier::new(max_entries),
            free: Vec::new(),
            seen_in: Vec::new(),
            logs: 0,
            access_nanoseconds: 0.0,
            access_samples: 0,
        }
    }

    /// Takes over a log of hits, oldest first, and a number of misses. Of a slot read several times only the last read
    /// moves it.
    pub fn apply_reads(&mut self, log: &[u32], misses: u64) {
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

    /// Stores an entry of `bytes`: in `slot` if an entry is there, else in a slot that it assigns.
    pub fn set(&mut self, slot: u32, bytes: u64, deadline: UnixMillis, now: UnixMillis) -> Placed {
        if self.tier.renew(&slot, bytes, deadline) {
            return Placed { slot, released: None };
        }
        let slot = self.assign();
        let left = self.tier.insert(slot, (), bytes, deadline, now);
        debug_assert!(left.len() <= 1, "more than one entry made room for one");
        self.free.extend(&left);
        Placed {
            slot,
            released: left.first().copied(),
        }
    }

    /// Stores entries, each a slot and its bytes, one after the other as [`SlotCache::set`] would. Returns the slot of
    /// each, followed by those that nobody holds any more.
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
            gone.extend(placed.released);
        }
        outcome.extend(gone.into_iter().filter(|slot| !self.tier.holds(slot)));
        outcome
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
        self.seen_in.clear();
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

    fn assign(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.seen_in.push(0);
            self.seen_in.len() as u32 - 1
        })
    }
}

#[cfg(test)]
mod tests;
