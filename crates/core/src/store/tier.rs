//! The tier on disk: a namespace of a store as any other [`Tier`].
//!
//! What was inserted counts at once, though it is written later. What it does otherwise than a tier in memory follows
//! from the store, which others share and whose writer makes room when it writes:
//!
//! - The bound is on the bytes of the whole store, not on entries. `insert` names no evicted key, and no eviction is
//!   counted. An entry too large for the store is taken, and dropped when it is to be written.
//! - The store counts the bytes of its own records; those that `insert` is given are not used.
//! - When an entry was used is known to within ten minutes; `keys` are in that order.
//! - Hits and misses are those of this tier; what it holds outlives it.

use std::cell::Cell;

use super::{
    Store,
    entry::{Entry, Namespace, Value},
    hit::Found,
    record::Facts,
    text::text_bytes,
};
use crate::{
    cache::{Tier, TierStats},
    clock::UnixMillis,
};

/// The codec of values of which nothing is known but their bytes; other readers know none of this number.
const OPAQUE: u8 = 0;

/// The bytes in one namespace of a store, which should be this tier's own. Like its [`Store`], it is for one thread.
///
/// `keys`, `stats` and `remove_expired` look at every entry of the namespace.
pub struct DiskTier {
    store: Store,
    namespace: Namespace,
    hits: Cell<u64>,
    misses: Cell<u64>,
}

impl DiskTier {
    /// The tier of a namespace, with whatever the store has of it.
    #[must_use]
    pub fn new(store: Store, namespace: Namespace) -> Self {
        Self {
            store,
            namespace,
            hits: Cell::new(0),
            misses: Cell::new(0),
        }
    }

    /// The store, to flush or close it, or to hear what goes wrong.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// When the entry under a key ends or has ended.
    fn deadline(&self, key: &str) -> Option<UnixMillis> {
        if !self.store.is_open() {
            return None;
        }
        let facts = self.store.facts(&self.namespace, &self.namespace.address(&units(key)));
        facts.map(|facts| facts.deadline)
    }
}

impl Tier<String, Vec<u8>> for DiskTier {
    fn get(&self, key: &String, now: UnixMillis) -> Option<Vec<u8>> {
        let value = self
            .store
            .read(&self.namespace, &units(key), now, |hit| match hit.value {
                Found::Bytes(bytes) => bytes.to_vec(),
                Found::Units(units) => text_bytes(units),
            });
        let count = if value.is_some() { &self.hits } else { &self.misses };
        count.set(count.get() + 1);
        if value.is_none() && self.deadline(key).is_some_and(|deadline| deadline.has_passed(now)) {
            self.store.remove(&self.namespace, &units(key));
        }
        value
    }

    fn contains(&self, key: &String, now: UnixMillis) -> bool {
        self.deadline(key).is_some_and(|deadline| !deadline.has_passed(now))
    }

    fn insert(&self, key: String, value: Vec<u8>, _: u64, deadline: UnixMillis, now: UnixMillis) -> Vec<String> {
        let entry = Entry {
            facts: Facts::new(OPAQUE, now, deadline),
            value: Value::Bytes(value),
            label: Vec::new(),
            previews: Vec::new(),
        };
        if self.store.put(&self.namespace, &units(&key), entry) {
            return Vec::new();
        }
        // What stood there before is wrong by now.
        self.store.remove(&self.namespace, &units(&key));
        vec![key]
    }

    fn remove(&self, key: &String) -> bool {
        let is_there = self.deadline(key).is_some();
        if is_there {
            self.store.remove(&self.namespace, &units(key));
        }
        is_there
    }

    fn remove_expired(&self, now: UnixMillis) -> Vec<String> {
        let mut expired = self.store.held(&self.namespace);
        expired.retain(|held| held.deadline.has_passed(now));
        expired.sort_by(|one, other| one.deadline.0.total_cmp(&other.deadline.0));
        let keys = expired.iter().filter_map(|held| self.store.key_of(held)).collect();
        let ids: Vec<_> = expired.iter().map(|held| held.id).collect();
        self.store.remove_ids(&self.namespace, &ids);
        keys
    }

    fn clear(&self) {
        self.store.clear(&self.namespace);
        self.hits.set(0);
        self.misses.set(0);
    }

    fn keys(&self, now: UnixMillis) -> Vec<String> {
        let held = self.store.held(&self.namespace);
        let live = held.iter().filter(|held| !held.deadline.has_passed(now));
        live.filter_map(|held| self.store.key_of(held)).collect()
    }

    fn stats(&self, now: UnixMillis) -> TierStats {
        let held = self.store.held(&self.namespace);
        TierStats {
            hits: self.hits.get(),
            misses: self.misses.get(),
            evictions: 0,
            live_entries: held.iter().filter(|held| !held.deadline.has_passed(now)).count() as u64,
            bytes: held.iter().map(|held| held.bytes).sum(),
        }
    }
}

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}
