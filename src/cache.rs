//! The memory tier for JavaScript: entries are slots, and keys and values never come here.
//!
//! `log` is the caller's read log, of which the first `logged` items are filled. What stores answers with the slots of
//! what was stored, followed by those whose entries had to leave.

use ai_evals_performance_core::{
    cache::{SlotCache, TierStats},
    clock::UnixMillis,
};
use napi::bindgen_prelude::Uint32Array;
use napi_derive::napi;
use std::time::Instant;

/// What a cache has done and holds.
#[napi(object)]
pub struct NativeCacheStats {
    /// Look-ups that found a live entry.
    pub hits: f64,
    /// Look-ups that found none.
    pub misses: f64,
    /// Entries removed to make room.
    pub evictions: f64,
    /// Entries whose deadline has not passed.
    pub live_entries: f64,
    /// Bytes of all entries held.
    pub bytes: f64,
    /// Mean time of the look-ups timed; 0 where there are none.
    pub mean_access_nanoseconds: f64,
}

/// Expiry, eviction and accounting of one cache.
#[napi]
pub struct NativeCache {
    slots: SlotCache,
    made: Instant,
}

#[napi]
impl NativeCache {
    /// A cache for at most `max_entries` entries.
    #[napi(constructor, catch_unwind)]
    #[must_use]
    pub fn new(max_entries: f64) -> Self {
        Self {
            slots: SlotCache::new(max_entries as u64),
            made: real_time(),
        }
    }

    /// Takes over a read log.
    #[napi(catch_unwind)]
    pub fn apply_reads(&mut self, log: &[u32], logged: u32) {
        self.slots.apply_reads(&log[..logged as usize]);
    }

    /// Stores an entry in its slot, or in a new one where it has none.
    #[napi(catch_unwind)]
    pub fn set(&mut self, log: &[u32], logged: u32, slot: u32, bytes: f64, deadline: f64, now: f64) -> Vec<u32> {
        self.slots.apply_reads(&log[..logged as usize]);
        self.slots
            .set(slot, bytes as u64, UnixMillis(deadline), UnixMillis(now))
    }

    /// Stores many entries with one deadline, as `set` would one after the other; a slot given to two of them is the
    /// later one's.
    #[napi(catch_unwind)]
    pub fn set_many(&mut self, slots: &[u32], bytes: &[f64], deadline: f64, now: f64) -> Uint32Array {
        let entries = slots.iter().zip(bytes).map(|(slot, bytes)| (*slot, *bytes as u64));
        self.slots
            .set_many(entries, UnixMillis(deadline), UnixMillis(now))
            .into()
    }

    /// Invalidates the entry in a slot.
    #[napi(catch_unwind)]
    pub fn remove(&mut self, slot: u32) {
        self.slots.remove(&[slot]);
    }

    /// Invalidates the entries in many slots.
    #[napi(catch_unwind)]
    pub fn remove_many(&mut self, slots: &[u32]) {
        self.slots.remove(slots);
    }

    /// Removes what has expired; returns the slots.
    #[napi(catch_unwind)]
    pub fn remove_expired(&mut self, now: f64) -> Uint32Array {
        self.slots.remove_expired(UnixMillis(now)).into()
    }

    /// Removes everything and resets the statistics.
    #[napi(catch_unwind)]
    pub fn clear(&mut self) {
        self.slots.clear();
    }

    /// Slots of the live entries, least recently used first.
    #[napi(catch_unwind)]
    #[must_use]
    pub fn by_recency(&self, now: f64) -> Uint32Array {
        self.slots.by_recency(UnixMillis(now)).into()
    }

    /// What the cache has done and holds at this moment.
    #[napi(catch_unwind)]
    #[must_use]
    pub fn stats(&self, now: f64) -> NativeCacheStats {
        let TierStats {
            hits,
            misses,
            evictions,
            live_entries,
            bytes,
        } = self.slots.stats(UnixMillis(now));
        let [hits, misses, evictions] = [hits, misses, evictions].map(|count| count as f64);
        let [live_entries, bytes] = [live_entries, bytes].map(|count| count as f64);
        let mean_access_nanoseconds = self.slots.mean_access_nanoseconds();
        NativeCacheStats {
            hits,
            misses,
            evictions,
            live_entries,
            bytes,
            mean_access_nanoseconds,
        }
    }

    /// A point of time that fake timers do not move, in nanoseconds: the begin of a look-up that is timed.
    #[napi(catch_unwind)]
    #[must_use]
    pub fn begin_access(&self) -> f64 {
        real_time().duration_since(self.made).as_nanos() as f64
    }

    /// Takes note of the time since `begun`, as `begin_access` gave it.
    #[napi(catch_unwind)]
    pub fn end_access(&mut self, begun: f64) {
        let nanoseconds = self.begin_access() - begun;
        self.slots.record_access(nanoseconds);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "what a look-up costs is real time, whatever fake timers say"
)]
fn real_time() -> Instant {
    Instant::now()
}
