//! The memory tier for JavaScript: entries are slots, and keys and values never come here.
//!
//! Functions of an [`External`], not methods of a class: napi-rs verifies the class of a receiver by a tag that takes
//! several times as long to look up as a whole call takes otherwise.

use ai_evals_performance_core::{
    cache::{IndexBytes, Placed, Saving, SlotCache, TierStats, VACANT},
    clock::UnixMillis,
};
use napi::bindgen_prelude::{External, Uint32Array};
use napi_derive::napi;
use std::time::Instant;

use crate::clock::real_time;

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
    /// Milliseconds that all hits saved.
    pub saved_milliseconds: f64,
    /// Tokens that all hits saved.
    pub saved_tokens: f64,
    /// Money that all hits saved.
    pub saved_cost: f64,
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
/// The last of them, given to no entry: what is not kept is here.
const NOT_KEPT: f64 = SLOTS - 1.0;

/// A cache for at most `max_entries` entries of at most `max_bytes`, which may be infinite.
#[napi(catch_unwind)]
#[must_use]
pub fn cache_new(max_entries: f64, max_bytes: f64) -> External<NativeCache> {
    External::new(NativeCache {
        slots: SlotCache::new(max_entries as u64, max_bytes as u64),
        made: real_time(),
    })
}

/// Takes over the first `logged` items of a log of hits, and a number of misses.
#[napi(catch_unwind)]
pub fn cache_apply_reads(cache: &mut External<NativeCache>, log: &[u32], logged: u32, misses: f64) {
    cache.slots.apply_reads(&log[..logged as usize], misses as u64);
}

/// What the index takes with the entries that are set from now on: the part that an entry is in, and all parts with it.
#[napi(catch_unwind)]
pub fn cache_set_index(cache: &mut External<NativeCache>, home_bytes: f64, all_bytes: f64) {
    let [home, all] = [home_bytes, all_bytes].map(|bytes| bytes as u64);
    cache.slots.set_index(IndexBytes { home, all });
}

/// Stores an entry in its slot, or in a new one where it has none.
///
/// Returns the entry's slot, 2²⁶ − 1 if it is not kept, plus 2²⁶ × (1 + the slot of an entry that had to leave) if one had
/// to. Where more may have to leave, it is −1 minus that: `cache_take_released` has to be asked.
#[napi(catch_unwind)]
pub fn cache_set(cache: &mut External<NativeCache>, slot: u32, bytes: f64, deadline: f64, now: f64) -> f64 {
    let Placed { slot, released, more } = cache
        .slots
        .set(slot, bytes as u64, UnixMillis(deadline), UnixMillis(now));
    let slot = if slot == VACANT { NOT_KEPT } else { f64::from(slot) };
    let outcome = slot + SLOTS * released.map_or(0.0, |released| 1.0 + f64::from(released));
    if more { -1.0 - outcome } else { outcome }
}

/// The slot of another entry that has to leave after `cache_set`, with an index of `index_bytes` without those that have
/// left; 2³² − 1 when none has to any more.
#[napi(catch_unwind)]
pub fn cache_take_released(cache: &mut External<NativeCache>, index_bytes: f64, now: f64) -> u32 {
    let released = cache.slots.take_released(index_bytes as u64, UnixMillis(now));
    released.unwrap_or(VACANT)
}

/// Takes note of what each later hit of the entry in a slot saves.
#[napi(catch_unwind)]
pub fn cache_set_saving(cache: &mut External<NativeCache>, slot: u32, milliseconds: f64, tokens: f64, cost: f64) {
    cache.slots.set_saving(slot, saving(milliseconds, tokens, cost));
}

fn saving(milliseconds: f64, tokens: f64, cost: f64) -> Saving {
    Saving {
        milliseconds,
        tokens,
        cost,
    }
}

/// Stores many entries with one deadline, as `cache_set` would one after the other; a slot given to two of them is the
/// later one's. Returns the slot of each, 2³² − 1 for one that is not kept, followed by those of entries that had to
/// leave.
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
    let Saving {
        milliseconds: saved_milliseconds,
        tokens: saved_tokens,
        cost: saved_cost,
    } = cache.slots.saved();
    NativeCacheStats {
        hits,
        misses,
        evictions,
        live_entries,
        bytes,
        mean_access_nanoseconds,
        saved_milliseconds,
        saved_tokens,
        saved_cost,
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
