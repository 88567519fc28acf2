//! What adaptive lanes decided, for people to read.

use std::collections::VecDeque;

use serde::Serialize;

use crate::execution::LaneId;
use crate::limiter::MonotonicMillis;

const KEPT: usize = 1_000;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Action {
    /// More tasks at a time.
    Grow,
    /// Fewer tasks at a time, and less of whatever the provider seems to limit.
    Cut,
    /// A limit that was believed turned out not to be one: starts come spread out instead.
    Burst,
    /// Everything that was learned is forgotten.
    Reset,
}

/// One decision, and what holds after it. A number that is `None` is not limited by what was learned.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// When, by the clock that the executor was given.
    pub at: f64,
    /// The lane.
    pub lane: u32,
    /// What was done.
    pub action: Action,
    /// Why.
    pub reason: &'static str,
    /// Tasks at a time.
    pub concurrency: u64,
    /// Starts at once.
    pub burst: Option<u64>,
    /// Requests a minute.
    pub requests_per_minute: Option<u64>,
    /// Tokens a minute.
    pub tokens_per_minute: Option<u64>,
}

/// A decision before it is dated.
#[derive(Debug, Clone, Copy)]
pub(in crate::execution) struct Change {
    pub(super) action: Action,
    pub(super) reason: &'static str,
    pub(super) concurrency: u64,
    pub(super) burst: Option<u64>,
    pub(super) requests_per_minute: Option<u64>,
    pub(super) tokens_per_minute: Option<u64>,
}

impl Change {
    pub(in crate::execution) fn by(self, lane: LaneId, now: MonotonicMillis) -> Decision {
        Decision {
            at: now.0,
            lane: lane.0,
            action: self.action,
            reason: self.reason,
            concurrency: self.concurrency,
            burst: self.burst,
            requests_per_minute: self.requests_per_minute,
            tokens_per_minute: self.tokens_per_minute,
        }
    }
}

/// The last 1,000, and how many there have been.
#[derive(Debug, Default)]
pub(in crate::execution) struct DecisionLog {
    last: VecDeque<Decision>,
    pub(in crate::execution) count: u64,
}

impl DecisionLog {
    pub(in crate::execution) fn push(&mut self, decision: Decision) {
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back(decision);
        self.count += 1;
    }

    pub(in crate::execution) fn iter(&self) -> impl Iterator<Item = &Decision> {
        self.last.iter()
    }
}
