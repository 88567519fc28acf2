//! What the time of a busy period went into.
//!
//! A busy period begins with a run on an idle limiter and ends with the last run; runs that overlap share it. The next
//! one starts from zero. Everything is an integral over time, so a figure read in the middle of a run is as exact as
//! one read at its end.

use super::elapsed::Nanos;

/// Figures of the current busy period, or of the last where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Metrics {
    /// Length of the period in milliseconds.
    pub total_millis: f64,
    /// Mean milliseconds from start to end of the tasks that have ended; 0 where none has.
    pub mean_task_millis: f64,
    /// Milliseconds during which the next task was held back by a rate limit.
    pub throttled_millis: f64,
    /// Mean number of tasks in flight over the most there were at once: 0..=1.
    pub efficiency: f64,
    /// Mean number of tasks in flight over the number allowed: 0..=1.
    pub utilization: f64,
}

#[derive(Debug, Default)]
pub(super) struct Activity {
    runs: u64,
    /// Up to when the figures are complete.
    until: Nanos,
    throttling: bool,
    total: f64,
    throttled: f64,
    /// Task nanoseconds, and those that full use of the allowed concurrency would have made.
    busy: f64,
    capacity: f64,
    most_in_flight: u64,
    ended: u64,
    ended_nanos: f64,
}

impl Activity {
    /// Brings the figures up to `now`, during which time `in_flight` tasks ran where `concurrency` were allowed.
    pub(super) fn advance(&mut self, now: Nanos, in_flight: u64, concurrency: u64) {
        let passed = (now - self.until) as f64;
        self.until = now;
        self.most_in_flight = self.most_in_flight.max(in_flight);
        if self.runs == 0 {
            return;
        }
        self.total += passed;
        self.busy += passed * in_flight as f64;
        self.capacity += passed * concurrency as f64;
        if self.throttling {
            self.throttled += passed;
        }
    }

    pub(super) fn begin_run(&mut self) {
        if self.runs == 0 {
            *self = Self {
                until: self.until,
                ..Self::default()
            };
        }
        self.runs += 1;
    }

    pub(super) fn end_run(&mut self) {
        self.runs = self.runs.saturating_sub(1);
        if self.runs == 0 {
            self.throttling = false;
        }
    }

    pub(super) fn set_throttling(&mut self, throttling: bool) {
        self.throttling = throttling;
    }

    pub(super) fn end_task(&mut self, nanos: Nanos) {
        self.ended += 1;
        self.ended_nanos += nanos as f64;
    }

    pub(super) fn metrics(&self) -> Metrics {
        Metrics {
            total_millis: self.total / 1e6,
            mean_task_millis: share(self.ended_nanos, self.ended as f64) / 1e6,
            throttled_millis: self.throttled / 1e6,
            efficiency: share(self.busy, self.total * self.most_in_flight as f64).min(1.0),
            utilization: share(self.busy, self.capacity).min(1.0),
        }
    }
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}
