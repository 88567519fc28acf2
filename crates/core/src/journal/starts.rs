//! What was started in the last minute before a journal was opened, for the limiters of the next process.
//!
//! A start counts for a minute with what it used, or with what was reserved where that was less or nothing is known of
//! its use; what it used beyond that counts for a minute from when that was known. Ages follow the wall clock, which may
//! have jumped meanwhile: an age is never less than nothing, and what is kept lies within a minute of the last start.

use std::collections::{HashMap, VecDeque};

use super::record::{Amounts, Settlement, Start};
use crate::clock::UnixMillis;

const MINUTE: f64 = 60_000.0;

/// What one limiter counts.
#[derive(Debug, Clone, PartialEq)]
pub struct EarlierStarts {
    /// The name of its lane.
    pub lane: Vec<u8>,
    /// How many milliseconds ago, and how much; at most a minute, in the order of the file.
    pub starts: Vec<(f64, Amounts)>,
}

#[derive(Debug)]
struct Entry {
    lane: usize,
    at: f64,
    amounts: Amounts,
}

/// A start that has not been settled.
#[derive(Debug)]
struct Open {
    lane: usize,
    /// Counts all entries there ever were.
    number: u64,
    reserved: Amounts,
}

/// The last minute, as a journal tells it.
#[derive(Debug)]
pub(super) struct Starts {
    now: f64,
    lanes: Vec<Vec<u8>>,
    numbers: HashMap<Vec<u8>, usize>,
    open: HashMap<u64, Open>,
    entries: VecDeque<Entry>,
    dropped: u64,
}

impl Starts {
    pub(super) fn new(now: UnixMillis) -> Self {
        Self {
            now: now.0,
            lanes: Vec::new(),
            numbers: HashMap::new(),
            open: HashMap::new(),
            entries: VecDeque::new(),
            dropped: 0,
        }
    }

    /// A number that was used before is that of the later start from now on.
    pub(super) fn start(&mut self, start: &Start<'_>) {
        let lane = self.lane(start.lane);
        let number = self.push(lane, start.at, start.reserved);
        let open = Open {
            lane,
            number,
            reserved: start.reserved,
        };
        self.open.insert(start.sequence, open);
    }

    pub(super) fn settle(&mut self, settlement: &Settlement) {
        let Some(open) = self.open.remove(&settlement.sequence) else {
            return;
        };
        let entry = open.number.checked_sub(self.dropped);
        if let Some(entry) = entry.and_then(|at| self.entries.get_mut(at as usize)) {
            let counted = open.reserved.with(&settlement.used, f64::min);
            // A request was sent, whatever came of it.
            entry.amounts = Amounts {
                requests: open.reserved.requests,
                ..counted
            };
        }
        let debt = settlement.used.with(&open.reserved, |used, reserved| used - reserved);
        let debt = Amounts { requests: 0.0, ..debt };
        if debt != Amounts::default() {
            self.push(open.lane, settlement.at, debt);
        }
    }

    /// The file has been read: nothing more will be settled.
    pub(super) fn seal(&mut self) {
        self.open = HashMap::new();
    }

    /// What counts still, by lane.
    pub(super) fn counting(&self, now: UnixMillis) -> Vec<EarlierStarts> {
        let mut lanes: Vec<_> = self.lanes.iter().map(|_| Vec::new()).collect();
        for Entry { lane, at, amounts } in &self.entries {
            let age = (now.0 - at).max(0.0);
            if age < MINUTE {
                lanes[*lane].push((age, *amounts));
            }
        }
        let named = self.lanes.iter().cloned().zip(lanes);
        named
            .filter(|(_, starts)| !starts.is_empty())
            .map(|(lane, starts)| EarlierStarts { lane, starts })
            .collect()
    }

    fn lane(&mut self, name: &[u8]) -> usize {
        if let Some(&lane) = self.numbers.get(name) {
            return lane;
        }
        self.lanes.push(name.to_owned());
        self.numbers.insert(name.to_owned(), self.lanes.len() - 1);
        self.lanes.len() - 1
    }

    fn push(&mut self, lane: usize, at: UnixMillis, amounts: Amounts) -> u64 {
        let over = self.now.max(at.0) - MINUTE;
        while self.entries.front().is_some_and(|entry| entry.at <= over) {
            self.entries.pop_front();
            self.dropped += 1;
        }
        let entry = Entry {
            lane,
            at: at.0,
            amounts,
        };
        self.entries.push_back(entry);
        self.dropped + self.entries.len() as u64 - 1
    }
}
