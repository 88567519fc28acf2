//! What one executor decides: which task may start, and what its time went into.
//!
//! A *lane* is the tasks that share one limiter, as those of one provider or model do. A task starts when a place of the
//! executor is free, when the lane's own rule has no objection (`adaptive`, where it was asked for) and when the lane's
//! limiter admits it; otherwise nothing is touched. What a start holds, it holds until its end, once: the end of a task
//! that is not in flight changes nothing.
//!
//! Whose turn it is, and when a task that failed comes back, is the caller's business.

mod activity;
mod adaptive;
mod lane;
#[cfg(test)]
mod model_tests;
mod progress;
#[cfg(test)]
mod tests;

use std::num::NonZeroU64;
use std::time::Duration;

use activity::Activity;
pub use activity::{Metrics, REASONS};
pub use adaptive::{Action, Decision};
use adaptive::{Change, DecisionLog};
use lane::{Lane, RunningTask};
pub use progress::Progress;
use progress::{Pace, eta_millis};

use crate::limiter::{
    Amounts, Consumption, Demand, Elapsed, Handle, Limits, MonotonicMillis, Nanos, Permit, Reason, Slab, Usage,
};

/// How often the use of the limits is looked at for its mean.
const SAMPLE_EVERY: Nanos = 100_000_000;

/// The number of a lane: the first is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LaneId(pub u32);

/// How a task ended, as its lane sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The provider answered.
    Answered,
    /// The provider surely did not answer, for a reason that says nothing about its limits.
    Refused,
    /// It failed, perhaps after it was answered.
    Failed,
    /// The provider said that there were too many (HTTP 429).
    RateLimited,
    /// Nobody waits for it any longer.
    GivenUp,
}

/// What holds a task back.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Refusal {
    /// The lane that was asked.
    pub lane: LaneId,
    /// After which time it is worth asking again; `None`: after an end.
    pub wait: Option<Duration>,
    /// What holds it back; `None` for the concurrency of the executor, its own or as the lane lowered it.
    pub reason: Option<Reason>,
    /// How much is allowed; `None` where that is no number.
    pub limit: Option<u64>,
    /// How much of it is used.
    pub current: u64,
}

impl Refusal {
    fn by(lane: LaneId, reason: Reason, limit: Option<u64>, current: u64) -> Self {
        Self {
            lane,
            wait: None,
            reason: Some(reason),
            limit,
            current,
        }
    }

    /// All places of the executor, or those that the lane leaves itself, are taken.
    fn places(lane: LaneId, allowed: u64, in_flight: u64) -> Self {
        Self {
            lane,
            wait: None,
            reason: None,
            limit: Some(allowed),
            current: in_flight,
        }
    }
}

/// The answer to a task that wants to start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Start {
    /// It has started.
    Started(Permit),
    /// Not now.
    Refused(Refusal),
    /// Never: more is asked for than a whole budget.
    TooLarge(Refusal),
}

/// Lanes under one concurrency.
pub struct Execution {
    concurrency: u64,
    elapsed: Elapsed,
    lanes: Vec<Lane>,
    running: Slab<RunningTask>,
    activity: Activity,
    pace: Pace,
    runs: u64,
    decisions: DecisionLog,
}

impl Execution {
    /// No lanes yet.
    #[must_use]
    pub fn new(concurrency: NonZeroU64) -> Self {
        Self {
            concurrency: concurrency.get(),
            elapsed: Elapsed::default(),
            lanes: Vec::new(),
            running: Slab::default(),
            activity: Activity::default(),
            pace: Pace::default(),
            runs: 0,
            decisions: DecisionLog::default(),
        }
    }

    /// Adds a lane: with [`Handle::alone`] one with limits of its own.
    pub fn add_lane(&mut self, limiter: Handle, adaptive: bool) -> LaneId {
        self.lanes
            .push(Lane::new(limiter, adaptive.then_some(self.concurrency)));
        LaneId(self.lanes.len() as u32 - 1)
    }

    /// The limiter of a lane, as this executor holds it.
    #[must_use]
    pub fn limiter(&self, lane: LaneId) -> &Handle {
        self.lanes[lane.0 as usize].limiter()
    }

    /// Whether there is such a lane.
    #[must_use]
    pub fn has_lane(&self, lane: LaneId) -> bool {
        (lane.0 as usize) < self.lanes.len()
    }

    /// Starts a task if everything allows it. The lane exists, here and below.
    pub fn try_start(&mut self, id: LaneId, demand: &Demand, now: MonotonicMillis) -> Start {
        let time = self.advance(now);
        let lane = &mut self.lanes[id.0 as usize];
        let start = if self.running.len() as u64 >= self.concurrency || self.running.is_full() {
            lane.leave_line(now);
            Start::Refused(Refusal::places(id, self.concurrency, self.running.len() as u64))
        } else {
            match lane.try_start(id, demand, now, time) {
                Ok(task) => Start::Started(Permit(self.running.insert(task))),
                Err(refused) => refused,
            }
        };
        let reason = match start {
            Start::Refused(refusal) => refusal.reason,
            Start::Started(_) | Start::TooLarge(_) => None,
        };
        if reason != lane.waiting {
            self.activity.change_wait(lane.waiting, reason);
            lane.waiting = reason;
        }
        let change = lane.take_change();
        self.note(id, change, now);
        start
    }

    /// Nobody waits in this lane any longer.
    pub fn stop_waiting(&mut self, id: LaneId, now: MonotonicMillis) {
        self.advance(now);
        let lane = &mut self.lanes[id.0 as usize];
        self.activity.change_wait(lane.waiting.take(), None);
        lane.leave_line(now);
    }

    /// A task has ended: settles what was reserved for it and gives its place back. `completed` says whether it counts
    /// as done: an attempt that will be made again does not.
    pub fn end(&mut self, permit: Permit, outcome: Outcome, used: Consumption, completed: bool, now: MonotonicMillis) {
        let time = self.advance(now);
        let Some(task) = self.running.remove(permit.0) else {
            return;
        };
        let change = self.lanes[task.lane.0 as usize].end(&task, outcome, used, now, time);
        self.note(task.lane, change, now);
        self.activity.end_task(time - task.start);
        if completed {
            self.pace.end_task(time);
        }
    }

    /// Changes how many may be in flight in all lanes together.
    pub fn set_concurrency(&mut self, concurrency: NonZeroU64, now: MonotonicMillis) {
        self.advance(now);
        self.concurrency = concurrency.get();
        for lane in &mut self.lanes {
            lane.set_most(self.concurrency);
        }
    }

    /// Changes the limits of a lane at once; what it learned about its provider stays.
    pub fn set_limits(&mut self, lane: LaneId, limits: Limits, now: MonotonicMillis) {
        self.advance(now);
        self.lanes[lane.0 as usize].set_limits(limits, self.concurrency, now);
    }

    /// The provider asked for a pause of this lane. A later one never shortens an earlier.
    pub fn block(&mut self, lane: LaneId, pause: Duration, now: MonotonicMillis) {
        let time = self.advance(now);
        self.lanes[lane.0 as usize].block(pause, now, time);
    }

    /// Forgets what was started in the last minute, the pauses asked for, and what was learned about providers. Tasks in
    /// flight stay in flight.
    pub fn reset(&mut self, now: MonotonicMillis) {
        self.advance(now);
        for lane in 0..self.lanes.len() {
            let change = self.lanes[lane].reset(now);
            self.note(LaneId(lane as u32), change, now);
        }
    }

    /// What counts towards the limits of a lane.
    pub fn usage(&mut self, lane: LaneId, now: MonotonicMillis) -> Usage {
        self.advance(now);
        self.lanes[lane.0 as usize].usage(now)
    }

    /// The tokens reserved for a task in flight.
    #[must_use]
    pub fn reserved(&self, permit: Permit) -> Option<Amounts> {
        let task = self.running.get(permit.0)?;
        self.lanes[task.lane.0 as usize].reserved(task)
    }

    /// Starts of an earlier process count as long as they would have there.
    pub fn restore(&mut self, lane: LaneId, age: Duration, requests: u64, amounts: Amounts, now: MonotonicMillis) {
        self.advance(now);
        self.lanes[lane.0 as usize].restore(age, requests, amounts, now);
    }

    /// A run begins: from now on its time counts.
    pub fn begin_run(&mut self, now: MonotonicMillis) {
        let time = self.advance(now);
        self.activity.begin_run();
        if self.runs == 0 {
            self.pace.begin(time);
            self.sample(now);
        }
        self.runs += 1;
    }

    /// A run has ended.
    pub fn end_run(&mut self, now: MonotonicMillis) {
        self.advance(now);
        self.sample(now);
        self.activity.end_run();
        self.runs = self.runs.saturating_sub(1);
        if self.runs == 0 {
            for lane in &mut self.lanes {
                self.activity.change_wait(lane.waiting.take(), None);
            }
        }
    }

    /// What the time of the current or last busy period went into.
    pub fn metrics(&mut self, now: MonotonicMillis) -> Metrics {
        self.advance(now);
        self.sample(now);
        self.activity.metrics()
    }

    /// How fast tasks end, and when the `remaining` ones will have.
    pub fn progress(&mut self, remaining: Option<u64>, now: MonotonicMillis) -> Progress {
        let time = self.advance(now);
        let rate = self.pace.rate(time);
        Progress {
            rate,
            eta_millis: eta_millis(rate, remaining),
            limit_utilization: self.limit_utilization(now),
        }
    }

    /// How many decisions adaptive lanes have taken.
    #[must_use]
    pub fn decided(&self) -> u64 {
        self.decisions.count
    }

    /// The latest decisions of adaptive lanes, the oldest first.
    pub fn decisions(&self) -> impl Iterator<Item = &Decision> {
        self.decisions.iter()
    }

    fn note(&mut self, lane: LaneId, change: Option<Change>, now: MonotonicMillis) {
        if let Some(change) = change {
            self.decisions.push(change.by(lane, now));
        }
    }

    fn limit_utilization(&mut self, now: MonotonicMillis) -> f64 {
        self.lanes
            .iter_mut()
            .map(|lane| lane.usage(now).utilization)
            .fold(0.0, f64::max)
    }

    fn sample(&mut self, now: MonotonicMillis) {
        let utilization = self.limit_utilization(now);
        self.activity.sample(utilization);
    }

    fn advance(&mut self, now: MonotonicMillis) -> Nanos {
        let time = self.elapsed.advance(now);
        self.activity.advance(time, self.running.len() as u64, self.concurrency);
        if self.activity.sample_age() >= SAMPLE_EVERY {
            self.sample(now);
        }
        time
    }
}
