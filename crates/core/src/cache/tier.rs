//! The trait that every place where entries are kept implements.
//!
//! A tier never fails its caller: one that cannot do its work answers as if it were empty and says so elsewhere. It
//! reads no clock; what has expired is decided by the time it is given, which may also move backwards.

use crate::clock::UnixMillis;

/// What a tier has done since it was made or last cleared, and what it holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TierStats {
    /// Look-ups that found a live entry.
    pub hits: u64,
    /// Look-ups that found none.
    pub misses: u64,
    /// Entries removed to make room; expired and invalidated ones are not among them.
    pub evictions: u64,
    /// Entries whose deadline has not passed.
    pub live_entries: u64,
    /// Bytes of all entries held, those expired but not yet removed included.
    pub bytes: u64,
}

/// A bounded store of entries under keys.
pub trait Tier<K, V> {
    /// The live value under `key`, which becomes the most recently used. Counts as a hit or a miss; an expired entry
    /// is a miss and is removed.
    fn get(&self, key: &K, now: UnixMillis) -> Option<V>;

    /// Whether a live value is under `key`. Changes neither statistics nor recency.
    fn contains(&self, key: &K, now: UnixMillis) -> bool;

    /// Stores a value as the most recently used entry, in place of the one under the same key if there is one.
    ///
    /// Returns the keys of which nothing is held now: those that had to leave to make room, expired entries first, then
    /// the least recently used, and `key` itself where the tier does not keep the entry. One that is larger by itself
    /// than the tier may be is not kept, makes no room and counts as no eviction.
    fn insert(&self, key: K, value: V, bytes: u64, deadline: UnixMillis, now: UnixMillis) -> Vec<K>;

    /// Removes the entry under `key`, live or expired; false where there is none.
    fn remove(&self, key: &K) -> bool;

    /// Removes every expired entry and returns their keys, earliest deadline first.
    fn remove_expired(&self, now: UnixMillis) -> Vec<K>;

    /// Removes everything and resets the statistics.
    fn clear(&self);

    /// The keys of the live entries, least recently used first.
    fn keys(&self, now: UnixMillis) -> Vec<K>;

    /// The statistics at this moment.
    fn stats(&self, now: UnixMillis) -> TierStats;

    /// The number of live entries.
    fn len(&self, now: UnixMillis) -> u64 {
        self.stats(now).live_entries
    }

    /// Whether no entry is live.
    fn is_empty(&self, now: UnixMillis) -> bool {
        self.len(now) == 0
    }
}
