//! Lanes against plain lists: what is in flight, what was started in the last minute, and where the time went.

use std::time::Duration;

use proptest::prelude::*;

use super::tests::{at, limits, of, places, used};
use super::{Execution, LaneId, Outcome, REASONS, Start};
use crate::limiter::{Consumption, Handle, Limits, Permit, Reason};

const LANES: usize = 3;
/// The last lane adapts: its limits still hold, and what it admits is a matter of other tests.
const ADAPTIVE: usize = 2;

#[derive(Debug, Clone)]
enum Event {
    Advance(u32),
    Start(usize, u64),
    End {
        task: prop::sample::Index,
        outcome: u8,
        tokens: u64,
    },
    EndUnknown(u64),
    SetConcurrency(u64),
    SetLimits(usize, Limits),
    Block(usize, u32),
    StopWaiting(usize),
    Reset,
    BeginRun,
    EndRun,
}

fn any_limits() -> impl Strategy<Value = Limits> {
    let requests = prop::option::weighted(0.8, 1..12_u64);
    let tokens = prop::option::weighted(0.8, 1..200_u64);
    (requests, tokens).prop_map(|(requests, tokens)| limits(requests, tokens))
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => (0..20_000_u32).prop_map(Event::Advance),
        16 => (0..LANES, 0..60_u64).prop_map(|(lane, tokens)| Event::Start(lane, tokens)),
        10 => (any::<prop::sample::Index>(), 0..5_u8, 0..80_u64)
            .prop_map(|(task, outcome, tokens)| Event::End { task, outcome, tokens }),
        1 => any::<u64>().prop_map(Event::EndUnknown),
        1 => (1..8_u64).prop_map(Event::SetConcurrency),
        1 => (0..LANES, any_limits()).prop_map(|(lane, limits)| Event::SetLimits(lane, limits)),
        1 => (0..LANES, 0..20_000_u32).prop_map(|(lane, pause)| Event::Block(lane, pause)),
        1 => (0..LANES).prop_map(Event::StopWaiting),
        1 => Just(Event::Reset),
        1 => Just(Event::BeginRun),
        1 => Just(Event::EndRun),
    ]
}

struct Task {
    permit: Permit,
    lane: usize,
}

struct Model {
    now: u64,
    concurrency: u64,
    limits: [Limits; LANES],
    in_flight: Vec<Task>,
    /// When each lane's starts happened that no reset has forgotten.
    started: [Vec<u64>; LANES],
    waiting: [Option<Reason>; LANES],
    runs: u64,
    total: u64,
    busy: u64,
    throttled: u64,
    waited: [u64; REASONS],
}

impl Model {
    fn advance(&mut self, millis: u64) {
        self.now += millis;
        if self.runs == 0 {
            return;
        }
        let in_flight = self.in_flight.len() as u64;
        self.total += millis;
        self.busy += millis * in_flight;
        if in_flight < self.concurrency {
            let waits = |reason: usize| self.waiting.iter().flatten().any(|&other| other as usize == reason);
            let waited: Vec<usize> = (0..REASONS).filter(|&reason| waits(reason)).collect();
            self.throttled += if waited.is_empty() { 0 } else { millis };
            for reason in waited {
                self.waited[reason] += millis;
            }
        }
    }

    fn in_minute(&self, lane: usize) -> usize {
        let counts = |&&started: &&u64| self.now - started < 60_000;
        self.started[lane].iter().filter(counts).count()
    }

    fn start(&mut self, execution: &mut Execution, lane: usize, tokens: u64) -> Result<(), TestCaseError> {
        let has_place = (self.in_flight.len() as u64) < self.concurrency;
        let requests = self.limits[lane].requests_per_minute;
        self.waiting[lane] = None;
        match execution.try_start(LaneId(lane as u32), &of(tokens), at(self.now as f64)) {
            Start::Started(permit) => {
                prop_assert!(has_place, "above the concurrency");
                prop_assert!(self.in_flight.iter().all(|task| task.permit != permit), "given twice");
                self.started[lane].push(self.now);
                self.in_flight.push(Task { permit, lane });
                prop_assert!(requests.is_none_or(|limit| self.in_minute(lane) as u64 <= limit.get()));
            }
            Start::Refused(refusal) => {
                prop_assert_eq!(refusal.lane.0 as usize, lane);
                prop_assert!(has_place || refusal.reason.is_none());
                prop_assert!(
                    !has_place || lane == ADAPTIVE || refusal.reason.is_some(),
                    "held back without a reason"
                );
                prop_assert_eq!(refusal.reason.is_some(), refusal.wait.is_some());
                self.waiting[lane] = refusal.reason;
            }
            Start::TooLarge(refusal) => prop_assert!(false, "{:?}", refusal),
        }
        Ok(())
    }

    fn end(&mut self, execution: &mut Execution, task: prop::sample::Index, outcome: u8, tokens: u64) {
        if self.in_flight.is_empty() {
            return;
        }
        let task = self.in_flight.swap_remove(task.index(self.in_flight.len()));
        let nothing = Consumption::Refused { input_characters: 0 };
        let (outcome, consumption) = match outcome {
            0 => (Outcome::Answered, used(tokens)),
            1 => (Outcome::Refused, nothing),
            2 => (Outcome::Failed, Consumption::Failed { input_characters: 0 }),
            3 => (Outcome::RateLimited, nothing),
            _ => (Outcome::GivenUp, nothing),
        };
        execution.end(task.permit, outcome, consumption, true, at(self.now as f64));
        execution.end(task.permit, outcome, consumption, true, at(self.now as f64));
    }

    fn apply(&mut self, event: &Event, execution: &mut Execution) -> Result<(), TestCaseError> {
        let now = at(self.now as f64);
        match *event {
            Event::Advance(millis) => self.advance(u64::from(millis)),
            Event::Start(lane, tokens) => return self.start(execution, lane, tokens),
            Event::End { task, outcome, tokens } => self.end(execution, task, outcome, tokens),
            Event::EndUnknown(permit) if self.in_flight.iter().all(|task| task.permit.0 != permit) => {
                execution.end(Permit(permit), Outcome::Answered, used(9), true, now);
            }
            Event::SetConcurrency(concurrency) => {
                self.concurrency = concurrency;
                execution.set_concurrency(places(concurrency), now);
            }
            Event::SetLimits(lane, limits) => {
                self.limits[lane] = limits;
                execution.set_limits(LaneId(lane as u32), limits, now);
            }
            Event::Block(lane, pause) => {
                execution.block(LaneId(lane as u32), Duration::from_millis(u64::from(pause)), now);
            }
            Event::StopWaiting(lane) => {
                self.waiting[lane] = None;
                execution.stop_waiting(LaneId(lane as u32), now);
            }
            Event::Reset => {
                self.started.iter_mut().for_each(Vec::clear);
                execution.reset(now);
            }
            Event::BeginRun => {
                if self.runs == 0 {
                    (self.total, self.busy, self.throttled, self.waited) = (0, 0, 0, [0; REASONS]);
                }
                self.runs += 1;
                execution.begin_run(now);
            }
            Event::EndRun if self.runs > 0 => {
                self.runs -= 1;
                if self.runs == 0 {
                    self.waiting = [None; LANES];
                }
                execution.end_run(now);
            }
            Event::EndUnknown(_) | Event::EndRun => {}
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// At any moment no more is in flight than was started and has not ended, no start exceeds the concurrency or the
    /// request limit of its lane that hold then, and every millisecond is accounted for.
    #[test]
    fn keeps_books_as_plain_lists_do(
        first in [any_limits(), any_limits(), any_limits()],
        events in prop::collection::vec(any_event(), 1..300),
    ) {
        let mut execution = Execution::new(places(4));
        for (lane, &limits) in first.iter().enumerate() {
            execution.add_lane(Handle::alone(limits), lane == ADAPTIVE);
        }
        let mut model = Model {
            now: 0,
            concurrency: 4,
            limits: first,
            in_flight: Vec::new(),
            started: Default::default(),
            waiting: [None; LANES],
            runs: 0,
            total: 0,
            busy: 0,
            throttled: 0,
            waited: [0; REASONS],
        };
        execution.usage(LaneId(0), at(0.0));
        for event in events {
            model.apply(&event, &mut execution)?;
            let now = at(model.now as f64);
            for lane in 0..LANES {
                let usage = execution.usage(LaneId(lane as u32), now);
                let in_flight = model.in_flight.iter().filter(|task| task.lane == lane).count();
                prop_assert_eq!(usage.in_flight as usize, in_flight);
                prop_assert_eq!(usage.requests as usize, model.in_minute(lane));
            }
            let metrics = execution.metrics(now);
            prop_assert!((metrics.total_millis - model.total as f64).abs() < 1e-3);
            prop_assert!((metrics.throttled_millis - model.throttled as f64).abs() < 1e-3);
            for (waited, expected) in metrics.waited_millis.iter().zip(model.waited) {
                prop_assert!((waited - expected as f64).abs() < 1e-3, "{waited} {expected}");
            }
            let mean = if model.total == 0 { 0.0 } else { model.busy as f64 / model.total as f64 };
            let most = metrics.efficiency > 0.0;
            prop_assert_eq!(most, mean > 0.0);
        }
    }
}
