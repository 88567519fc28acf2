//! Which entries expire first.
//!
//! Entries of one time to live come in the order of their deadlines: those are appended to a queue, and only what comes
//! out of that order is sorted in. What leaves early is not looked for here; the caller says which are outdated.
//!
//! Invariant: both parts are sorted by deadline and, where that is the same, by number.

use std::{
    cmp::Ordering,
    collections::{BTreeSet, VecDeque},
};

use crate::clock::UnixMillis;

/// The deadline of an entry. Sorts by `f64::total_cmp`, so that no value a caller passes breaks the order.
#[derive(Debug, Clone)]
pub(super) struct Due<K> {
    pub(super) deadline: UnixMillis,
    /// Counts up, so it tells a deadline from an earlier one of the same key.
    pub(super) number: u64,
    pub(super) key: K,
}

impl<K> Ord for Due<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.deadline
            .0
            .total_cmp(&other.deadline.0)
            .then_with(|| self.number.cmp(&other.number))
    }
}

impl<K> PartialOrd for Due<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> PartialEq for Due<K> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<K> Eq for Due<K> {}

pub(super) struct Deadlines<K> {
    in_order: VecDeque<Due<K>>,
    out_of_order: BTreeSet<Due<K>>,
}

impl<K> Deadlines<K> {
    pub(super) fn new() -> Self {
        Self {
            in_order: VecDeque::new(),
            out_of_order: BTreeSet::new(),
        }
    }

    /// How many there are, outdated ones included.
    pub(super) fn len(&self) -> usize {
        self.in_order.len() + self.out_of_order.len()
    }

    pub(super) fn push(&mut self, due: Due<K>) {
        if self.in_order.back().is_none_or(|last| *last < due) {
            self.in_order.push_back(due);
        } else {
            self.out_of_order.insert(due);
        }
    }

    pub(super) fn first(&self) -> Option<&Due<K>> {
        match (self.in_order.front(), self.out_of_order.first()) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }

    pub(super) fn remove(&mut self, due: &Due<K>) {
        if self.in_order.front() == Some(due) {
            self.in_order.pop_front();
        } else {
            self.out_of_order.remove(due);
        }
    }

    pub(super) fn retain(&mut self, mut is_current: impl FnMut(&Due<K>) -> bool) {
        self.in_order.retain(&mut is_current);
        self.out_of_order.retain(is_current);
    }

    /// Those that have passed, at a cost that does not depend on how many have not.
    pub(super) fn passed(&self, now: UnixMillis) -> impl Iterator<Item = &Due<K>> {
        let has_passed = move |due: &&Due<K>| due.deadline.has_passed(now);
        let in_order = self.in_order.iter().take_while(has_passed);
        in_order.chain(self.out_of_order.iter().take_while(has_passed))
    }
}
