//! The sliding log: what was started in the last minute, and when it stops counting.
//!
//! A start counts in every half-open interval `[t, t + 60 s)` that holds it, so it leaves the log exactly 60 s after it
//! happened. Starts less than a millisecond apart share one group, dated by its last: the log holds at most 60,001
//! groups whatever the limits are, and errs by under a millisecond, towards the stricter side. Who may start is the
//! limiter's question.

use std::collections::VecDeque;

use super::elapsed::Nanos;

/// How long a start counts.
pub(super) const WINDOW: Nanos = 60_000_000_000;
/// Starts closer to the first of a group than this join it.
const GROUP: Nanos = 1_000_000;

/// The number of a group, given out in order and never twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GroupId(u64);

#[derive(Debug)]
struct Group {
    first_start: Nanos,
    last_start: Nanos,
    requests: u64,
    tokens: u64,
}

#[derive(Debug, Default)]
pub(super) struct Window {
    groups: VecDeque<Group>,
    /// The number of `groups[0]`; the others follow without a gap.
    front: u64,
    requests: u64,
    tokens: u64,
}

impl Window {
    pub(super) fn requests(&self) -> u64 {
        self.requests
    }

    pub(super) fn tokens(&self) -> u64 {
        self.tokens
    }

    /// Drops what no longer counts at `now`.
    pub(super) fn expire(&mut self, now: Nanos) {
        while let Some(group) = self.groups.front()
            && now - group.last_start >= WINDOW
        {
            self.requests -= group.requests;
            self.tokens -= group.tokens;
            self.groups.pop_front();
            self.front += 1;
        }
    }

    /// Records one start. `now` is not before any earlier one.
    pub(super) fn record(&mut self, now: Nanos, tokens: u64) -> GroupId {
        self.requests += 1;
        self.tokens += tokens;
        match self.groups.back_mut() {
            Some(group) if now - group.first_start < GROUP => {
                group.last_start = now;
                group.requests += 1;
                group.tokens += tokens;
            }
            _ => self.groups.push_back(Group {
                first_start: now,
                last_start: now,
                requests: 1,
                tokens,
            }),
        }
        GroupId(self.front + self.groups.len() as u64 - 1)
    }

    /// Replaces `reserved` tokens of a start by those really used; its time stays. Nothing where it has left the log.
    pub(super) fn settle(&mut self, group: GroupId, reserved: u64, used: u64) {
        let group = group
            .0
            .checked_sub(self.front)
            .and_then(|index| self.groups.get_mut(index as usize));
        if let Some(group) = group {
            group.tokens = group.tokens - reserved + used;
            self.tokens = self.tokens - reserved + used;
        }
    }

    /// When at most `allowed` requests of those in the log still count; `None` where that is so already.
    pub(super) fn requests_at_most(&self, allowed: u64) -> Option<Nanos> {
        self.left_by(self.requests.checked_sub(allowed)?, |group| group.requests)
    }

    /// When at most `allowed` tokens of those in the log still count; `None` where that is so already.
    pub(super) fn tokens_at_most(&self, allowed: u64) -> Option<Nanos> {
        self.left_by(self.tokens.checked_sub(allowed)?, |group| group.tokens)
    }

    /// Looks at as many of the oldest groups as have to leave.
    fn left_by(&self, mut excess: u64, amount: impl Fn(&Group) -> u64) -> Option<Nanos> {
        for group in &self.groups {
            if excess == 0 {
                return None;
            }
            excess = excess.saturating_sub(amount(group));
            if excess == 0 {
                return Some(group.last_start.saturating_add(WINDOW));
            }
        }
        None
    }

    /// Forgets every start; their later settlements change nothing.
    pub(super) fn clear(&mut self) {
        self.front += self.groups.len() as u64;
        self.groups.clear();
        self.requests = 0;
        self.tokens = 0;
    }

    #[cfg(test)]
    pub(super) fn groups(&self) -> usize {
        self.groups.len()
    }
}
