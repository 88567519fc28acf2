//! The sliding log: what was started in the last minute, and when it stops counting.
//!
//! A start counts in every half-open interval `[t, t + 60 s)` that holds it, so it leaves the log exactly 60 s after it
//! happened; all that counts leaves with its group, no earlier. Entries less than a millisecond apart share one group,
//! dated by its last: the log holds about 60,000 groups whatever the limits are, and errs by under a millisecond,
//! towards the stricter side. Who may start is the limiter's question.

use std::collections::VecDeque;

use super::elapsed::Nanos;
use super::terms::{Amounts, Limits, Reason};

/// How long a start counts.
pub(super) const WINDOW: Nanos = 60_000_000_000;
/// Entries closer to the first of a group than this join it.
const GROUP: Nanos = 1_000_000;

/// What is counted a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Budget {
    Requests,
    Tokens,
    InputTokens,
    OutputTokens,
}

impl Budget {
    pub(super) const ALL: [Self; 4] = [Self::Requests, Self::Tokens, Self::InputTokens, Self::OutputTokens];

    pub(super) fn limit(self, limits: &Limits) -> Option<u64> {
        match self {
            Self::Requests => limits.requests_per_minute,
            Self::Tokens => limits.tokens_per_minute,
            Self::InputTokens => limits.input_tokens_per_minute,
            Self::OutputTokens => limits.output_tokens_per_minute,
        }
        .map(u64::from)
    }

    pub(super) fn reason(self) -> Reason {
        match self {
            Self::Requests => Reason::Requests,
            Self::Tokens => Reason::Tokens,
            Self::InputTokens => Reason::InputTokens,
            Self::OutputTokens => Reason::OutputTokens,
        }
    }
}

/// One number for each budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts([u64; 4]);

impl Counts {
    pub(super) fn new(requests: u64, amounts: Amounts) -> Self {
        Self([requests, amounts.tokens, amounts.input_tokens, amounts.output_tokens])
    }

    /// So many of one budget, and none of the others.
    pub(super) fn only(budget: Budget, count: u64) -> Self {
        let mut counts = Self::default();
        counts.0[budget as usize] = count;
        counts
    }

    pub(super) fn of(&self, budget: Budget) -> u64 {
        self.0[budget as usize]
    }

    fn add(&mut self, other: Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count += more;
        }
    }

    /// `other` has been added before.
    fn subtract(&mut self, other: Self) {
        for (count, less) in self.0.iter_mut().zip(other.0) {
            *count -= less;
        }
    }
}

/// The number of a group, in the order of time. Groups that were put in between take the number of the one before
/// them: see [`Window::restore`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct GroupId(u64);

impl GroupId {
    /// The number after a group has been put in with `restored` as its number.
    pub(super) fn beside(self, restored: Self) -> Self {
        if self <= restored { Self(self.0 - 1) } else { self }
    }
}

#[derive(Debug)]
struct Group {
    first: Nanos,
    last: Nanos,
    counts: Counts,
}

#[derive(Debug)]
pub(super) struct Window {
    groups: VecDeque<Group>,
    /// The number of `groups[0]`; the others follow without a gap.
    front: u64,
    counts: Counts,
}

impl Window {
    pub(super) fn new() -> Self {
        Self {
            groups: VecDeque::new(),
            // Room for earlier groups that are restored later.
            front: 1 << 32,
            counts: Counts::default(),
        }
    }

    /// What counts.
    pub(super) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Drops what no longer counts at `now`.
    pub(super) fn expire(&mut self, now: Nanos) {
        while let Some(group) = self.groups.front()
            && now - group.last >= WINDOW
        {
            self.counts.subtract(group.counts);
            self.groups.pop_front();
            self.front += 1;
        }
    }

    /// Lets `counts` count from now on. `now` is not before any earlier entry.
    pub(super) fn record(&mut self, now: Nanos, counts: Counts) -> GroupId {
        self.counts.add(counts);
        match self.groups.back_mut() {
            Some(group) if now - group.first < GROUP => {
                group.last = now;
                group.counts.add(counts);
            }
            _ => self.groups.push_back(Group {
                first: now,
                last: now,
                counts,
            }),
        }
        GroupId(self.front + self.groups.len() as u64 - 1)
    }

    /// Records what happened before entries that are there. Where that takes a new group its number is returned, and
    /// all numbers given out before change by [`GroupId::beside`].
    pub(super) fn restore(&mut self, then: Nanos, counts: Counts) -> Option<GroupId> {
        self.counts.add(counts);
        let later = self.groups.partition_point(|group| group.first <= then);
        if let Some(group) = later.checked_sub(1).and_then(|index| self.groups.get_mut(index))
            && (then <= group.last || then - group.first < GROUP)
        {
            group.last = group.last.max(then);
            group.counts.add(counts);
            return None;
        }
        let group = Group {
            first: then,
            last: then,
            counts,
        };
        self.groups.insert(later, group);
        self.front -= 1;
        Some(GroupId(self.front + later as u64))
    }

    /// Replaces part of what an entry counts; its time stays. Nothing where it has left the log.
    pub(super) fn replace(&mut self, group: GroupId, before: Amounts, after: Amounts) {
        let group = group
            .0
            .checked_sub(self.front)
            .and_then(|index| self.groups.get_mut(index as usize));
        if let Some(group) = group {
            for counts in [&mut group.counts, &mut self.counts] {
                counts.subtract(Counts::new(0, before));
                counts.add(Counts::new(0, after));
            }
        }
    }

    /// When at most `allowed` of a budget still counts; `None` where that is so already. Looks at as many of the oldest
    /// groups as have to leave.
    pub(super) fn at_most(&self, allowed: u64, budget: Budget) -> Option<Nanos> {
        let mut excess = self
            .counts
            .of(budget)
            .checked_sub(allowed)
            .filter(|&excess| excess > 0)?;
        for group in &self.groups {
            excess = excess.saturating_sub(group.counts.of(budget));
            if excess == 0 {
                return Some(group.last.saturating_add(WINDOW));
            }
        }
        None
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.front += self.groups.len() as u64;
        self.groups.clear();
        self.counts = Counts::default();
    }

    #[cfg(test)]
    pub(super) fn groups(&self) -> usize {
        self.groups.len()
    }
}
