//! The tasks that share one limiter, and what they learn about its provider where that is asked for.
//!
//! A lane that shares its limiter with others takes turns with them, and leaves their line whenever something else than
//! the limiter holds its tasks back. What it learns holds back its own tasks only, and never changes a limit.

use std::time::Duration;

use super::adaptive::{Adaptive, Change, Hold, Load};
use super::{LaneId, Outcome, Refusal, Start};
use crate::limiter::{
    Admission, Amounts, Consumption, Demand, Handle, Limits, MonotonicMillis, Nanos, Permit, Reason, Usage,
};

/// A task in flight.
#[derive(Debug)]
pub(super) struct RunningTask {
    pub(super) lane: LaneId,
    pub(super) start: Nanos,
    permit: Permit,
    /// What it counts with in the adaptive rule.
    load: Load,
}

pub(super) struct Lane {
    limiter: Handle,
    adaptive: Option<Box<Adaptive>>,
    in_flight: u64,
    /// Whether it has a place in the line of its limiter.
    in_line: bool,
    /// What held its next task back when it was last asked.
    pub(super) waiting: Option<Reason>,
}

impl Lane {
    /// `adaptive` is the concurrency of the executor where the lane adapts to its provider.
    pub(super) fn new(limiter: Handle, adaptive: Option<u64>) -> Self {
        let limits = limiter.limits();
        Self {
            limiter,
            adaptive: adaptive.map(|concurrency| Box::new(Adaptive::new(&limits, concurrency))),
            in_flight: 0,
            in_line: false,
            waiting: None,
        }
    }

    pub(super) fn try_start(
        &mut self,
        id: LaneId,
        demand: &Demand,
        now: MonotonicMillis,
        time: Nanos,
    ) -> Result<RunningTask, Start> {
        if let Some(adaptive) = &mut self.adaptive
            && let Some(hold) = adaptive.hold(time, self.in_flight, demand)
        {
            self.leave_line(now);
            return Err(Start::Refused(held(id, hold, time)));
        }
        match self.limiter.try_acquire(now, demand) {
            Admission::Granted(permit) => {
                self.in_flight += 1;
                self.in_line = false;
                let load = match &mut self.adaptive {
                    Some(adaptive) => {
                        let load = Load::one(self.limiter.reserved(permit).unwrap_or_default());
                        adaptive.started(time, load);
                        load
                    }
                    None => Load::default(),
                };
                Ok(RunningTask {
                    lane: id,
                    start: time,
                    permit,
                    load,
                })
            }
            admission => Err(self.refused(id, admission, now)),
        }
    }

    fn refused(&mut self, id: LaneId, admission: Admission, now: MonotonicMillis) -> Start {
        let (reason, wait) = match admission {
            Admission::Wait { duration, reason } => (reason, Some(duration)),
            Admission::TooLarge { reason, limit, demand } => {
                self.in_line = false;
                return Start::TooLarge(Refusal::by(id, reason, Some(limit), demand));
            }
            Admission::Full | Admission::Granted(_) => (Reason::Concurrency, None),
        };
        self.in_line = true;
        let usage = self.limiter.usage(now);
        let limits = self.limiter.limits();
        let (limit, current) = match reason {
            Reason::Requests => (limits.requests_per_minute, usage.requests),
            Reason::Tokens => (limits.tokens_per_minute, usage.tokens),
            Reason::InputTokens => (limits.input_tokens_per_minute, usage.input_tokens),
            Reason::OutputTokens => (limits.output_tokens_per_minute, usage.output_tokens),
            Reason::Concurrency => (limits.concurrency, usage.in_flight),
            Reason::Provider => (None, usage.requests),
        };
        Start::Refused(Refusal {
            wait,
            ..Refusal::by(id, reason, limit.map(u64::from), current)
        })
    }

    pub(super) fn end(
        &mut self,
        task: &RunningTask,
        outcome: Outcome,
        used: Consumption,
        now: MonotonicMillis,
        time: Nanos,
    ) -> Option<Change> {
        let counted = self.limiter.end(task.permit, used, now);
        let change = self.adaptive.as_mut().and_then(|adaptive| {
            let used = counted.map_or(task.load, Load::one);
            adaptive.ended(time, task.start, task.load, outcome, used, self.in_flight)
        });
        self.in_flight -= 1;
        change
    }

    /// A decision taken when a task was asked about.
    pub(super) fn take_change(&mut self) -> Option<Change> {
        self.adaptive.as_mut()?.take_change()
    }

    /// Something else than the limiter holds its tasks back, or nobody waits: others need not wait for them.
    pub(super) fn leave_line(&mut self, now: MonotonicMillis) {
        if self.in_line {
            self.in_line = false;
            self.limiter.leave_line(now);
        }
    }

    /// The concurrency of the executor has changed.
    pub(super) fn set_most(&mut self, concurrency: u64) {
        if let Some(adaptive) = &mut self.adaptive {
            adaptive.set_limits(&self.limiter.limits(), concurrency);
        }
    }

    pub(super) fn limiter(&self) -> &Handle {
        &self.limiter
    }

    pub(super) fn set_limits(&mut self, limits: Limits, concurrency: u64, now: MonotonicMillis) {
        self.limiter.set_limits(limits, now);
        self.set_most(concurrency);
    }

    pub(super) fn block(&mut self, pause: Duration, now: MonotonicMillis, time: Nanos) {
        self.limiter.block(now, pause);
        if let Some(adaptive) = &mut self.adaptive {
            adaptive.blocked(time.saturating_add(pause.as_nanos() as Nanos));
        }
    }

    pub(super) fn reset(&mut self, now: MonotonicMillis) -> Option<Change> {
        self.limiter.reset(now);
        self.adaptive.as_mut().and_then(|adaptive| adaptive.reset())
    }

    pub(super) fn usage(&mut self, now: MonotonicMillis) -> Usage {
        self.limiter.usage(now)
    }

    pub(super) fn reserved(&self, task: &RunningTask) -> Option<Amounts> {
        self.limiter.reserved(task.permit)
    }

    pub(super) fn restore(&mut self, age: Duration, requests: u64, amounts: Amounts, now: MonotonicMillis) {
        self.limiter.restore(now, age, requests, amounts);
    }
}

fn held(id: LaneId, hold: Hold, time: Nanos) -> Refusal {
    match hold {
        Hold::Places { allowed, in_flight } => Refusal::places(id, allowed, in_flight),
        Hold::Until {
            moment,
            reason,
            limit,
            current,
        } => Refusal {
            wait: Some(Duration::from_nanos(moment.saturating_sub(time))),
            ..Refusal::by(id, reason, limit, current)
        },
    }
}
