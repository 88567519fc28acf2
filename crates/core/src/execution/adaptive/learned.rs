//! Limits that a provider has but nobody told us: believed after a refusal, and tried anew with time.
//!
//! After a refusal a belief starts a little below what was seen, is back there after two minutes of use, and then rises
//! faster and faster: 1.1 times after three minutes, 1.4 after four, 2.3 after six. (The curve of CUBIC, RFC 9438: flat
//! where the limit is thought to be, steep where it must have moved.) Time in which the limit was not needed does not
//! count: that nothing was refused then says nothing.

use crate::limiter::Nanos;

const MINUTE: f64 = 60e9;
/// Below what was seen, so that what is on its way finds room.
const MARGIN: f64 = 0.95;

/// By how much a belief has risen after so much use.
fn rise(used: Nanos) -> f64 {
    0.05 * (used as f64 / (2.0 * MINUTE)).powi(3)
}

/// How much of a budget a provider gives out in any minute.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ceiling {
    seen: f64,
    used: Nanos,
}

impl Ceiling {
    pub(super) fn new(seen: f64) -> Self {
        Self {
            seen: seen.max(1.0),
            used: 0,
        }
    }

    /// What it was learned from.
    pub(super) fn seen(&self) -> f64 {
        self.seen
    }

    /// What may count now, at least 1.
    pub(super) fn value(&self) -> f64 {
        (self.seen * (MARGIN + rise(self.used))).max(1.0)
    }

    /// So much of what was seen had not been admitted after all.
    pub(super) fn lower_by(&mut self, amount: u64) {
        self.seen = (self.seen - amount as f64).max(1.0);
    }

    /// Time has passed during which so much counted.
    pub(super) fn pass(&mut self, time: Nanos, counted: u64) {
        if counted as f64 >= 0.8 * self.value() {
            self.used += time;
        }
    }

    /// Whether it has risen so far that it says nothing any more.
    pub(super) fn is_forgotten(&self) -> bool {
        rise(self.used) > 15.0
    }
}

/// Starts spread in time: after a burst one each interval (GCRA).
#[derive(Debug, Clone, Copy)]
pub(super) struct Pacing {
    per_minute: f64,
    burst: f64,
    used: Nanos,
    /// When the next start is due, if nothing is taken in advance.
    due: Nanos,
    last_start: Nanos,
    /// Whether the last start came about as early as it might.
    in_use: bool,
}

impl Pacing {
    pub(super) fn new(per_minute: f64, burst: u64, now: Nanos) -> Self {
        Self {
            per_minute: per_minute.max(1.0),
            burst: (burst as f64).max(1.0),
            used: 0,
            due: now,
            last_start: now,
            in_use: false,
        }
    }

    pub(super) fn per_minute(&self) -> f64 {
        self.per_minute * (1.0 + rise(self.used))
    }

    /// Starts at once, at least 1.
    pub(super) fn burst(&self) -> u64 {
        (self.burst * (1.0 + rise(self.used))) as u64
    }

    fn interval(&self) -> Nanos {
        (MINUTE / self.per_minute()) as Nanos
    }

    /// When the next start is allowed.
    pub(super) fn free_at(&self) -> Nanos {
        self.due.saturating_sub((self.burst() - 1) * self.interval())
    }

    pub(super) fn is_in_use(&self) -> bool {
        self.in_use
    }

    pub(super) fn start(&mut self, now: Nanos) {
        let interval = self.interval();
        self.in_use = self.due + interval / 4 >= now;
        if self.in_use {
            self.used += now - self.last_start;
        }
        self.last_start = now;
        self.due = self.due.max(now) + interval;
    }

    /// It was still too fast: half the burst, and where there is none left and starts came as fast as they might, a
    /// fifth fewer.
    pub(super) fn lower(&mut self, in_use: bool) {
        let (burst, per_minute) = (self.burst(), self.per_minute());
        self.used = 0;
        self.burst = ((burst / 2) as f64).max(1.0);
        self.per_minute = if burst == 1 && in_use {
            (per_minute * 0.8).max(1.0)
        } else {
            per_minute
        };
    }

    /// Whether it holds nothing back any more.
    pub(super) fn is_forgotten(&self) -> bool {
        rise(self.used) > 15.0
    }
}
