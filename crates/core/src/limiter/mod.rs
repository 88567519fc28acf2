//! Who may start when: concurrency, requests a minute and tokens a minute, decided in one step.
//!
//! A *permit* is the right to one start: it counts towards the concurrency until it is released, and towards both
//! minute limits until 60 s after it was given. Either all three limits allow a start or none is touched. In no
//! interval of 60 s are more permits given than the request limit that held when the last of them was.
//!
//! Who waits, in what order and with which timer is the caller's business.

mod activity;
mod elapsed;
mod estimator;
#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;
mod window;

use std::collections::HashMap;
use std::num::NonZeroU64;
use std::time::Duration;

use activity::Activity;
pub use activity::Metrics;
pub use elapsed::MonotonicMillis;
use elapsed::{Elapsed, Nanos};
pub use estimator::{Consumption, Demand};
use estimator::{Estimate, TokenEstimator};
use window::{GroupId, Window};

/// What is allowed; `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most permits given in any 60 s.
    pub requests_per_minute: Option<NonZeroU64>,
    /// The most tokens reserved or used by permits given in any 60 s.
    pub tokens_per_minute: Option<NonZeroU64>,
    /// The most permits held at a time.
    pub concurrency: NonZeroU64,
}

/// The right to one start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Permit(pub u64);

/// Which of the two minute limits holds a start back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Requests a minute.
    Requests,
    /// Tokens a minute.
    Tokens,
}

/// The answer to a request for a permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Start now.
    Granted(Permit),
    /// Ask again after this time; a settlement or a change of the limits may allow it earlier.
    Wait {
        /// How long, if nobody else is admitted and no debt is settled meanwhile.
        duration: Duration,
        /// The limit that takes longest.
        reason: Reason,
    },
    /// As many as may are in flight: ask again after a release.
    Full,
}

/// What the limits have been used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Permits given in the last 60 s.
    pub requests: u64,
    /// Tokens reserved or used by them.
    pub tokens: u64,
    /// Permits not yet released.
    pub in_flight: u64,
}

#[derive(Debug)]
struct Held {
    group: GroupId,
    start: Nanos,
    reserved: Estimate,
}

/// Admits starts so that concurrency, requests and tokens stay within [`Limits`].
#[derive(Debug)]
pub struct Limiter {
    limits: Limits,
    elapsed: Elapsed,
    window: Window,
    estimator: TokenEstimator,
    activity: Activity,
    held: HashMap<Permit, Held>,
    next_permit: u64,
}

impl Limiter {
    /// A limiter that has admitted nothing yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            elapsed: Elapsed::default(),
            window: Window::default(),
            estimator: TokenEstimator::default(),
            activity: Activity::default(),
            held: HashMap::new(),
            next_permit: 0,
        }
    }

    /// Gives a permit if all three limits allow it. A task whose estimate is above the whole token limit is admitted
    /// when no token of another one counts.
    pub fn try_acquire(&mut self, now: MonotonicMillis, demand: Demand) -> Admission {
        let now = self.advance(now);
        if self.held.len() as u64 >= self.limits.concurrency.get() {
            self.activity.set_throttling(false);
            return Admission::Full;
        }
        let reserved = self.estimator.estimate(demand, &self.limits);
        if let Some((until, reason)) = self.held_back_until(reserved.tokens) {
            self.activity.set_throttling(true);
            return Admission::Wait {
                duration: Duration::from_nanos(until.saturating_sub(now)),
                reason,
            };
        }
        self.activity.set_throttling(false);
        let permit = Permit(self.next_permit);
        self.next_permit += 1;
        let group = self.window.record(now, reserved.tokens);
        self.held.insert(
            permit,
            Held {
                group,
                start: now,
                reserved,
            },
        );
        Admission::Granted(permit)
    }

    fn held_back_until(&self, tokens: u64) -> Option<(Nanos, Reason)> {
        let requests_until = self
            .limits
            .requests_per_minute
            .and_then(|limit| self.window.requests_at_most(limit.get() - 1));
        let tokens_until = self
            .limits
            .tokens_per_minute
            .and_then(|limit| self.window.tokens_at_most(limit.get().saturating_sub(tokens)));
        match (requests_until, tokens_until) {
            (Some(requests), Some(tokens)) if tokens > requests => Some((tokens, Reason::Tokens)),
            (Some(requests), _) => Some((requests, Reason::Requests)),
            (None, Some(tokens)) => Some((tokens, Reason::Tokens)),
            (None, None) => None,
        }
    }

    /// Replaces the tokens reserved for a held permit by those used, at the time of its start: a refund is free at
    /// once, a debt counts until the start leaves the window. Later settlements correct earlier ones.
    pub fn settle(&mut self, permit: Permit, consumption: Consumption, now: MonotonicMillis) {
        self.advance(now);
        if let Some(held) = self.held.get_mut(&permit) {
            let used = Estimate::exactly(consumption.tokens(held.reserved));
            self.window.settle(held.group, held.reserved.tokens, used.tokens);
            held.reserved = used;
            self.estimator.remember(consumption, used);
        }
    }

    /// Gives a permit back. A second time changes nothing.
    pub fn release(&mut self, permit: Permit, now: MonotonicMillis) {
        let now = self.advance(now);
        if let Some(held) = self.held.remove(&permit) {
            self.activity.end_task(now - held.start);
        }
    }

    /// Changes the limits from now on. Permits already given stay and count; what was reserved for them as a share of
    /// the old limits shrinks to that of the new, so that a raised concurrency can be used at once.
    pub fn set_limits(&mut self, limits: Limits, now: MonotonicMillis) {
        self.advance(now);
        self.limits = limits;
        for held in self.held.values_mut() {
            let reserved = held.reserved.under(&limits);
            self.window.settle(held.group, held.reserved.tokens, reserved.tokens);
            held.reserved = reserved;
        }
    }

    /// Forgets what was started in the last minute. Permits held still count towards the concurrency.
    pub fn reset(&mut self, now: MonotonicMillis) {
        self.advance(now);
        self.window.clear();
    }

    /// A run begins: from now on its time counts in the metrics.
    pub fn begin_run(&mut self, now: MonotonicMillis) {
        self.advance(now);
        self.activity.begin_run();
    }

    /// A run has ended.
    pub fn end_run(&mut self, now: MonotonicMillis) {
        self.advance(now);
        self.activity.end_run();
    }

    /// What counts towards the limits at `now`.
    pub fn usage(&mut self, now: MonotonicMillis) -> Usage {
        self.advance(now);
        Usage {
            requests: self.window.requests(),
            tokens: self.window.tokens(),
            in_flight: self.held.len() as u64,
        }
    }

    /// What the time of the current or last busy period went into.
    pub fn metrics(&mut self, now: MonotonicMillis) -> Metrics {
        self.advance(now);
        self.activity.metrics()
    }

    fn advance(&mut self, now: MonotonicMillis) -> Nanos {
        let now = self.elapsed.advance(now);
        self.window.expire(now);
        self.activity
            .advance(now, self.held.len() as u64, self.limits.concurrency.get());
        now
    }
}
