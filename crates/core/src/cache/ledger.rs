//! What is known of each entry besides its value: size, deadline, and when it was last used.
//!
//! Invariant: `bytes` is the sum over `records`, and `deadlines` names every record that can expire. A deadline whose
//! number is not its record's is outdated; there are never many more of those than of records. Whatever is not in
//! `oldest` was used later than all that is. What goes first when room is needed is not decided here.

use std::{cmp::Reverse, collections::HashMap, hash::Hash};

use super::{
    Xxh3BuildHasher,
    deadlines::{Deadlines, Due},
};
use crate::clock::UnixMillis;

/// Outdated deadlines are looked for when there are more than this beyond two for each record.
const SPARE_DEADLINES: usize = 64;
/// At least so many records are looked at together for the least recently used one.
const FEWEST_OLDEST: usize = 64;

#[derive(Debug, Clone, Copy)]
struct Record {
    bytes: u64,
    deadline: UnixMillis,
    /// Numbers the use that gave the entry its deadline.
    number: u64,
    /// The higher, the more recently used.
    last_use: u64,
}

type Records<K> = HashMap<K, Record, Xxh3BuildHasher>;

pub(super) struct Ledger<K> {
    records: Records<K>,
    deadlines: Deadlines<K>,
    /// Some keys with the last use they had when this was filled, the least recently used at the end. One that was used
    /// since, or is gone, is outdated. Empty until it is asked for.
    oldest: Vec<(u64, K)>,
    bytes: u64,
    uses: u64,
}

impl<K: Clone + Hash + Eq> Ledger<K> {
    pub(super) fn new() -> Self {
        Self {
            records: HashMap::default(),
            deadlines: Deadlines::new(),
            oldest: Vec::new(),
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

    #[cfg(test)]
    pub(super) fn deadlines_kept(&self) -> u64 {
        self.deadlines.len() as u64
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
        if self.renew(&key, bytes, deadline) {
            return;
        }
        self.uses += 1;
        let number = self.uses;
        self.records.insert(
            key.clone(),
            Record {
                bytes,
                deadline,
                number,
                last_use: number,
            },
        );
        self.bytes += bytes;
        self.expect(Due { deadline, number, key });
    }

    /// As [`Ledger::enter`] where a record is under the key; false where there is none.
    pub(super) fn renew(&mut self, key: &K, bytes: u64, deadline: UnixMillis) -> bool {
        let Some(held) = self.records.get_mut(key) else {
            return false;
        };
        self.uses += 1;
        let number = self.uses;
        self.bytes = self.bytes - held.bytes + bytes;
        *held = Record {
            bytes,
            deadline,
            number,
            last_use: number,
        };
        self.expect(Due {
            deadline,
            number,
            key: key.clone(),
        });
        true
    }

    /// Takes a record out; false where there is none.
    pub(super) fn strike(&mut self, key: &K) -> bool {
        let Some(record) = self.records.remove(key) else {
            return false;
        };
        self.bytes -= record.bytes;
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

    /// The key whose deadline was the first to pass, if one has.
    pub(super) fn first_expired(&mut self, now: UnixMillis) -> Option<K> {
        loop {
            let first = self
                .deadlines
                .first()
                .filter(|due| due.deadline.has_passed(now))?
                .clone();
            if is_current(&self.records, &first) {
                return Some(first.key);
            }
            self.deadlines.remove(&first);
        }
    }

    /// The key that was used longest ago. A search looks at each record, and serves as many calls as it took records into
    /// `oldest`, less those used or struck meanwhile: the cost of a call is a constant for each use since the last one.
    pub(super) fn least_recently_used(&mut self) -> Option<K> {
        loop {
            while let Some((last_use, key)) = self.oldest.last() {
                if self.records.get(key).is_some_and(|record| record.last_use == *last_use) {
                    return Some(key.clone());
                }
                self.oldest.pop();
            }
            if self.records.is_empty() {
                return None;
            }
            self.find_oldest();
        }
    }

    /// Fills `oldest` with a quarter of the records.
    fn find_oldest(&mut self) {
        let mut uses: Vec<_> = self
            .records
            .iter()
            .map(|(key, record)| (record.last_use, key))
            .collect();
        let wanted = (uses.len() / 4).max(FEWEST_OLDEST);
        if wanted < uses.len() {
            uses.select_nth_unstable_by_key(wanted, |(last_use, _)| *last_use);
            uses.truncate(wanted);
        }
        uses.sort_unstable_by_key(|(last_use, _)| Reverse(*last_use));
        self.oldest
            .extend(uses.into_iter().map(|(last_use, key)| (last_use, key.clone())));
    }

    /// How many records have expired, at a cost that does not depend on how many are live.
    pub(super) fn count_expired(&self, now: UnixMillis) -> u64 {
        self.deadlines
            .passed(now)
            .filter(|due| is_current(&self.records, due))
            .count() as u64
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

    fn expect(&mut self, due: Due<K>) {
        if due.deadline == UnixMillis::NEVER {
            return;
        }
        self.deadlines.push(due);
        if self.deadlines.len() > 2 * self.records.len() + SPARE_DEADLINES {
            self.deadlines.retain(|due| is_current(&self.records, due));
        }
    }
}

fn is_current<K: Hash + Eq>(records: &Records<K>, due: &Due<K>) -> bool {
    records.get(&due.key).is_some_and(|record| record.number == due.number)
}
