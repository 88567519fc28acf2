//! The memory tier for JavaScript: entries are slots, and keys and values never come here.
//!
//! Functions of an [`External`], not methods of a class: napi-rs verifies the class of a receiver by a tag that takes
//! several times as long to look up as a whole call takes otherwise.

use ai_evals_performance_core::{
    cache::{Placed, SlotCache, TierStats},
    clock::UnixMillis,
};
use napi::bindgen_prelude::{External, Uint32Array};
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

/// Expiry, eviction and accounting of one cache, and the origin of its clock.
// A class without methods, for its name in the declarations.
#[napi]
pub struct NativeCache {
    slots: SlotCache,
    made: Instant,
}

/// More slots than a JavaScript heap has room for entries: two of them fit one double.
const SLOTS: f64 = (1 << 26) as f64;

/// A cache for at most `max_entries` entries.
#[napi(catch_unwind)]
#[must_use]
pub fn cache_new(max_entries: f64) -> External<NativeCache> {
    External::new(NativeCache {
        slots: SlotCache::new(max_entries as u64),
        made: real_time(),
    })
}

/// Takes over the first `logged` items of a log of hits, and a number of misses.
#[napi(catch_unwind)]
pub fn cache_apply_reads(cache: &mut External<NativeCache>, log: &[u32], logged: u32, misses: f64) {
    cache.slots.apply_reads(&log[..logged as usize], misses as u64);
}

/// Stores an entry in its slot, or in a new one where it has none. Returns the entry's slot, plus 2²⁶ × (1 + the slot of
/// the entry that had to leave) if one had to.
#[napi(catch_unwind)]
pub fn cache_set(cache: &mut External<NativeCache>, slot: u32, bytes: f64, deadline: f64, now: f64) -> f64 {
    let Placed { slot, released } = cache
        .slots
        .set(slot, bytes as u64, UnixMillis(deadline), UnixMillis(now));
    f64::from(slot) + SLOTS * released.map_or(0.0, |released| 1.0 + f64::from(released))
}

/// Stores many entries with one deadline, as `cache_set` would one after the other; a slot given to two of them is the
/// later one's. Returns the slot of each, followed by those of entries that had to leave.
#[napi(catch_unwind)]
pub fn cache_set_many(
    cache: &mut External<NativeCache>,
    slots: &[u32],
    bytes: &[f64],
    deadline: f64,
    now: f64,
) -> Uint32Array {
    let entries = slots.iter().zip(bytes).map(|(slot, bytes)| (*slot, *bytes as u64));
    cache
        .slots
        .set_many(entries, UnixMillis(deadline), UnixMillis(now))
        .into()
}

/// Invalidates the entry in a slot.
#[napi(catch_unwind)]
pub fn cache_remove(cache: &mut External<NativeCache>, slot: u32) {
    cache.slots.remove(&[slot]);
}

/// Invalidates the entries in many slots.
#[napi(catch_unwind)]
pub fn cache_remove_many(cache: &mut External<NativeCache>, slots: &[u32]) {
    cache.slots.remove(slots);
}

/// Removes what has expired; returns the slots.
#[napi(catch_unwind)]
pub fn cache_remove_expired(cache: &mut External<NativeCache>, now: f64) -> Uint32Array {
    cache.slots.remove_expired(UnixMillis(now)).into()
}

/// Removes everything and resets the statistics.
#[napi(catch_unwind)]
pub fn cache_clear(cache: &mut External<NativeCache>) {
    cache.slots.clear();
}

/// Slots of the live entries, least recently used first.
#[napi(catch_unwind)]
#[must_use]
pub fn cache_by_recency(cache: &External<NativeCache>, now: f64) -> Uint32Array {
    cache.slots.by_recency(UnixMillis(now)).into()
}

/// What the cache has done and holds at this moment.
#[napi(catch_unwind)]
#[must_use]
pub fn cache_stats(cache: &External<NativeCache>, now: f64) -> NativeCacheStats {
    let TierStats {
        hits,
        misses,
        evictions,
        live_entries,
        bytes,
    } = cache.slots.stats(UnixMillis(now));
    let [hits, misses, evictions] = [hits, misses, evictions].map(|count| count as f64);
    let [live_entries, bytes] = [live_entries, bytes].map(|count| count as f64);
    let mean_access_nanoseconds = cache.slots.mean_access_nanoseconds();
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
pub fn cache_begin_access(cache: &External<NativeCache>) -> f64 {
    real_time().duration_since(cache.made).as_nanos() as f64
}

/// Takes note of the time since `begun`, as `cache_begin_access` gave it.
#[napi(catch_unwind)]
pub fn cache_end_access(cache: &mut External<NativeCache>, begun: f64) {
    let nanoseconds = cache_begin_access(cache) - begun;
    cache.slots.record_access(nanoseconds);
}

#[expect(
    clippy::disallowed_methods,
    reason = "what a look-up costs is real time, whatever fake timers say"
)]
fn real_time() -> Instant {
    Instant::now()
}
