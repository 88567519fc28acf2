//! What is known of each entry besides its value: size, deadline, and when it was last used.
//!
//! Invariant: `bytes` is the sum over `records`, and `deadlines` names exactly the records that can expire. What goes
//! first when room is needed is not decided here.

use std::{
    cmp::Ordering,
    collections::{BTreeSet, HashMap},
    hash::Hash,
};

use super::Xxh3BuildHasher;
use crate::clock::UnixMillis;

/// A point in time that sorts: by `f64::total_cmp`, so that no value a caller passes breaks the order.
#[derive(Debug, Clone, Copy)]
struct Deadline(f64);

impl Ord for Deadline {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Deadline {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Deadline {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Deadline {}

#[derive(Debug, Clone, Copy)]
struct Record {
    bytes: u64,
    deadline: UnixMillis,
    /// The higher, the more recently used.
    last_use: u64,
}

pub(super) struct Ledger<K> {
    records: HashMap<K, Record, Xxh3BuildHasher>,
    deadlines: BTreeSet<(Deadline, K)>,
    bytes: u64,
    uses: u64,
}

impl<K: Clone + Hash + Ord> Ledger<K> {
    pub(super) fn new() -> Self {
        Self {
            records: HashMap::default(),
            deadlines: BTreeSet::new(),
            bytes: 0,
            uses: 0,
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.records.len() as u64
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn contains(&self, key: &K) -> bool {
        self.records.contains_key(key)
    }

    pub(super) fn is_live(&self, key: &K, now: UnixMillis) -> bool {
        self.records
            .get(key)
            .is_some_and(|record| !record.deadline.has_passed(now))
    }

    /// Enters a record as the most recently used, in place of an earlier one under the same key.
    pub(super) fn enter(&mut self, key: K, bytes: u64, deadline: UnixMillis) {
        self.strike(&key);
        self.uses += 1;
        self.bytes += bytes;
        if deadline != UnixMillis::NEVER {
            self.deadlines.insert((Deadline(deadline.0), key.clone()));
        }
        self.records.insert(
            key,
            Record {
                bytes,
                deadline,
                last_use: self.uses,
            },
        );
    }

    /// Takes a record out; false where there is none.
    pub(super) fn strike(&mut self, key: &K) -> bool {
        let Some((key, record)) = self.records.remove_entry(key) else {
            return false;
        };
        self.bytes -= record.bytes;
        self.deadlines.remove(&(Deadline(record.deadline.0), key));
        true
    }

    /// Makes a record the most recently used; false where there is none.
    pub(super) fn touch(&mut self, key: &K) -> bool {
        let Some(record) = self.records.get_mut(key) else {
            return false;
        };
        self.uses += 1;
        record.last_use = self.uses;
        true
    }

    /// Keys whose deadline has passed, the earliest first, at a cost that does not depend on how many are live.
    pub(super) fn expired(&self, now: UnixMillis) -> impl Iterator<Item = &K> {
        self.deadlines
            .iter()
            .take_while(move |(deadline, _)| UnixMillis(deadline.0).has_passed(now))
            .map(|(_, key)| key)
    }

    pub(super) fn live_by_recency(&self, now: UnixMillis) -> Vec<K> {
        let mut live: Vec<_> = self
            .records
            .iter()
            .filter(|(_, record)| !record.deadline.has_passed(now))
            .collect();
        live.sort_unstable_by_key(|(_, record)| record.last_use);
        live.into_iter().map(|(key, _)| key.clone()).collect()
    }
}
