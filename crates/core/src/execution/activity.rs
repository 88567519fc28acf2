//! What the time of a busy period went into.
//!
//! A busy period begins with a run on an idle executor and ends with the last run; runs that overlap share it. The next
//! one starts from zero. Everything is an integral over time, so a figure read in the middle of a run is as exact as
//! one read at its end. Time counts as waited for a limit only while a place is free: who has all his places taken is
//! held back by nothing else.

use crate::limiter::{Nanos, Reason};

/// How many reasons there are to wait.
pub const REASONS: usize = 6;

/// Figures of the current busy period, or of the last where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Metrics {
    /// Length of the period in milliseconds.
    pub total_millis: f64,
    /// Mean milliseconds from start to end of the tasks that have ended; 0 where none has.
    pub mean_task_millis: f64,
    /// Milliseconds during which some limit held back the next task of some lane.
    pub throttled_millis: f64,
    /// The same by what held it back, in the order of [`Reason`]; lanes that wait at a time for different reasons count
    /// in each.
    pub waited_millis: [f64; REASONS],
    /// Mean number of tasks in flight over the most there were at once: 0..=1.
    pub efficiency: f64,
    /// Mean number of tasks in flight over the number allowed: 0..=1.
    pub utilization: f64,
    /// Mean use of the fullest budget of any lane: 0..=1.
    pub limit_utilization: f64,
}

#[derive(Debug, Default)]
pub(super) struct Activity {
    runs: u64,
    /// Up to when the figures are complete.
    until: Nanos,
    /// How many lanes wait for each reason.
    waiting: [u64; REASONS],
    lanes_waiting: u64,
    total: f64,
    throttled: f64,
    waited: [f64; REASONS],
    /// Task nanoseconds, and those that full use of the allowed concurrency would have made.
    busy: f64,
    capacity: f64,
    most_in_flight: u64,
    ended: u64,
    ended_nanos: f64,
    /// When the use of the limits was last looked at, and what it was.
    sampled: (Nanos, f64),
    limits_used: f64,
}

impl Activity {
    /// Brings the figures up to `now`, during which time `in_flight` tasks ran where `concurrency` were allowed.
    pub(super) fn advance(&mut self, now: Nanos, in_flight: u64, concurrency: u64) {
        let passed = now.saturating_sub(self.until) as f64;
        self.until = now;
        self.most_in_flight = self.most_in_flight.max(in_flight);
        if self.runs == 0 {
            return;
        }
        self.total += passed;
        self.busy += passed * in_flight as f64;
        self.capacity += passed * concurrency as f64;
        if self.lanes_waiting > 0 && in_flight < concurrency {
            self.throttled += passed;
            for (waited, &lanes) in self.waited.iter_mut().zip(&self.waiting) {
                if lanes > 0 {
                    *waited += passed;
                }
            }
        }
    }

    pub(super) fn begin_run(&mut self) {
        if self.runs == 0 {
            *self = Self {
                until: self.until,
                sampled: (self.until, 0.0),
                waiting: self.waiting,
                lanes_waiting: self.lanes_waiting,
                ..Self::default()
            };
        }
        self.runs += 1;
    }

    pub(super) fn end_run(&mut self) {
        self.runs = self.runs.saturating_sub(1);
    }

    /// One lane waits for `after`, and for `before` no longer.
    pub(super) fn change_wait(&mut self, before: Option<Reason>, after: Option<Reason>) {
        if let Some(before) = before {
            self.waiting[before as usize] -= 1;
            self.lanes_waiting -= 1;
        }
        if let Some(after) = after {
            self.waiting[after as usize] += 1;
            self.lanes_waiting += 1;
        }
    }

    pub(super) fn end_task(&mut self, nanos: Nanos) {
        self.ended += 1;
        self.ended_nanos += nanos as f64;
    }

    /// How long ago the use of the limits was last looked at; nothing while nobody runs.
    pub(super) fn sample_age(&self) -> Nanos {
        if self.runs == 0 {
            0
        } else {
            self.until.saturating_sub(self.sampled.0)
        }
    }

    /// The fullest budget is now used to this share: between two looks the mean of both counts.
    pub(super) fn sample(&mut self, utilization: f64) {
        let (since, before) = self.sampled;
        self.limits_used += self.until.saturating_sub(since) as f64 * f64::midpoint(before, utilization);
        self.sampled = (self.until, utilization);
    }

    pub(super) fn metrics(&self) -> Metrics {
        Metrics {
            total_millis: self.total / 1e6,
            mean_task_millis: share(self.ended_nanos, self.ended as f64) / 1e6,
            throttled_millis: self.throttled / 1e6,
            waited_millis: self.waited.map(|nanos| nanos / 1e6),
            efficiency: share(self.busy, self.total * self.most_in_flight as f64).min(1.0),
            utilization: share(self.busy, self.capacity).min(1.0),
            limit_utilization: share(self.limits_used, self.total).min(1.0),
        }
    }
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}
