//! One rule of the execution at a time, and what all its tests share.

#![expect(clippy::float_cmp, reason = "whole milliseconds and halves are exact")]

use std::num::NonZeroU64;
use std::time::Duration;

use super::{Action, Execution, LaneId, Metrics, Outcome, Refusal, Start};
use crate::limiter::{Amounts, Consumption, Demand, Handle, Limits, MonotonicMillis, Permit, Reason};

pub(super) fn at(millis: f64) -> MonotonicMillis {
    MonotonicMillis(millis)
}

pub(super) fn places(concurrency: u64) -> NonZeroU64 {
    NonZeroU64::new(concurrency).expect("a test allows some concurrency")
}

pub(super) fn limits(requests: Option<u64>, tokens: Option<u64>) -> Limits {
    Limits {
        requests_per_minute: requests.and_then(NonZeroU64::new),
        tokens_per_minute: tokens.and_then(NonZeroU64::new),
        allow_oversize: true,
        ..Limits::default()
    }
}

pub(super) fn of(tokens: u64) -> Demand {
    Demand {
        tokens: Some(tokens),
        ..Demand::default()
    }
}

pub(super) fn used(tokens: u64) -> Consumption {
    Consumption::Used {
        tokens: Some(tokens),
        input_tokens: None,
        output_tokens: None,
        characters: 0,
    }
}

pub(super) fn start(execution: &mut Execution, lane: LaneId, now: f64) -> Option<Permit> {
    match execution.try_start(lane, &of(1), at(now)) {
        Start::Started(permit) => Some(permit),
        Start::Refused(_) | Start::TooLarge(_) => None,
    }
}

fn refusal(execution: &mut Execution, lane: LaneId, now: f64) -> Refusal {
    match execution.try_start(lane, &of(1), at(now)) {
        Start::Refused(refusal) => refusal,
        start => panic!("{start:?}"),
    }
}

fn answer(execution: &mut Execution, permit: Permit, now: f64) {
    execution.end(permit, Outcome::Answered, used(1), true, at(now));
}

fn refuse(execution: &mut Execution, permit: Permit, now: f64) {
    let nothing = Consumption::Refused { input_characters: 0 };
    execution.end(permit, Outcome::RateLimited, nothing, false, at(now));
}

/// One lane in an executor of this concurrency.
fn alone(concurrency: u64, limits: Limits, adaptive: bool) -> (Execution, LaneId) {
    let mut execution = Execution::new(places(concurrency));
    let lane = execution.add_lane(Handle::alone(limits), adaptive);
    (execution, lane)
}

fn start_all(execution: &mut Execution, lane: LaneId, now: f64) -> Vec<Permit> {
    std::iter::from_fn(|| start(execution, lane, now)).collect()
}

#[test]
fn lanes_have_limits_of_their_own_under_one_concurrency() {
    let (mut execution, first) = alone(3, limits(Some(1), None), false);
    let second = execution.add_lane(Handle::alone(limits(Some(9), None)), false);
    let permit = start(&mut execution, first, 0.0).expect("nothing is in use");
    let held_back = refusal(&mut execution, first, 10.0);
    assert_eq!(
        (held_back.reason, held_back.wait),
        (Some(Reason::Requests), Some(Duration::from_millis(59_990)))
    );
    assert_eq!(
        (held_back.lane, held_back.limit, held_back.current),
        (first, Some(1), 1)
    );
    assert_eq!(start_all(&mut execution, second, 10.0).len(), 2);
    let full = refusal(&mut execution, second, 10.0);
    assert_eq!((full.reason, full.wait), (None, None));
    answer(&mut execution, permit, 20.0);
    assert!(start(&mut execution, second, 20.0).is_some());
}

#[test]
fn the_end_of_a_task_that_is_not_in_flight_changes_nothing() {
    let (mut execution, lane) = alone(1, limits(Some(9), None), false);
    let permit = start(&mut execution, lane, 0.0).expect("nothing is in use");
    answer(&mut execution, Permit(permit.0 + 1), 1.0);
    assert_eq!(start(&mut execution, lane, 1.0), None);
    answer(&mut execution, permit, 1.0);
    let next = start(&mut execution, lane, 1.0).expect("the place is free");
    answer(&mut execution, permit, 2.0);
    assert_eq!(start(&mut execution, lane, 2.0), None);
    assert_ne!(permit, next);
}

#[test]
fn metrics_divide_the_time_of_a_busy_period() {
    let (mut execution, lane) = alone(4, limits(Some(2), None), false);
    execution.begin_run(at(0.0));
    let started = start_all(&mut execution, lane, 0.0);
    answer(&mut execution, started[0], 20_000.0);
    answer(&mut execution, started[1], 40_000.0);
    let third = start(&mut execution, lane, 60_000.0).expect("the window is empty");
    answer(&mut execution, third, 80_000.0);
    execution.end_run(at(80_000.0));
    let metrics = execution.metrics(at(500_000.0));
    let expected = Metrics {
        total_millis: 80_000.0,
        mean_task_millis: 80_000.0 / 3.0,
        throttled_millis: 60_000.0,
        waited_millis: [60_000.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        efficiency: 0.5,
        utilization: 0.25,
        limit_utilization: metrics.limit_utilization,
    };
    assert_eq!(metrics, expected);
    execution.begin_run(at(500_000.0));
    assert_eq!(execution.metrics(at(500_000.0)), Metrics::default());
}

#[test]
fn lanes_that_wait_for_different_reasons_count_in_each_and_once_in_all() {
    let (mut execution, first) = alone(9, limits(Some(1), None), false);
    let second = execution.add_lane(Handle::alone(limits(None, None)), false);
    execution.begin_run(at(0.0));
    start_all(&mut execution, first, 0.0);
    execution.block(second, Duration::from_secs(20), at(0.0));
    assert_eq!(refusal(&mut execution, second, 10_000.0).reason, Some(Reason::Provider));
    execution.stop_waiting(first, at(15_000.0));
    assert!(start(&mut execution, second, 20_000.0).is_some());
    let metrics = execution.metrics(at(30_000.0));
    assert_eq!(metrics.waited_millis[Reason::Requests as usize], 15_000.0);
    assert_eq!(metrics.waited_millis[Reason::Provider as usize], 10_000.0);
    assert_eq!(metrics.throttled_millis, 20_000.0);
}

#[test]
fn who_has_all_places_taken_does_not_wait_for_a_limit() {
    let (mut execution, lane) = alone(2, limits(Some(1), None), false);
    execution.begin_run(at(0.0));
    start_all(&mut execution, lane, 0.0);
    execution.set_concurrency(places(1), at(1_000.0));
    assert_eq!(refusal(&mut execution, lane, 5_000.0).reason, None);
    assert_eq!(execution.metrics(at(9_000.0)).throttled_millis, 1_000.0);
}

#[test]
fn the_use_of_the_limits_is_a_mean_over_time() {
    let (mut execution, lane) = alone(9, limits(Some(4), None), false);
    execution.begin_run(at(0.0));
    start(&mut execution, lane, 0.0);
    for tenth in 1..=1_000 {
        execution.usage(lane, at(f64::from(tenth) * 100.0));
    }
    // A quarter for 60 of 100 s.
    let mean = execution.metrics(at(100_000.0)).limit_utilization;
    assert!((mean - 0.15).abs() < 0.001, "{mean}");
}

#[test]
fn progress_counts_tasks_that_are_done() {
    let (mut execution, lane) = alone(9, limits(Some(40), None), false);
    execution.begin_run(at(0.0));
    for second in 1..=10 {
        let now = f64::from(second) * 1_000.0;
        let [done, again] = [0, 1].map(|_| start(&mut execution, lane, now).expect("room"));
        answer(&mut execution, done, now);
        refuse(&mut execution, again, now);
    }
    let progress = execution.progress(Some(30), at(10_000.0));
    assert_eq!((progress.rate, progress.eta_millis), (1.0, Some(30_000.0)));
    assert_eq!(progress.limit_utilization, 0.5);
}

#[test]
fn a_reset_ends_waits_and_keeps_places() {
    let (mut execution, lane) = alone(2, limits(Some(1), None), true);
    let permit = start(&mut execution, lane, 0.0).expect("nothing is in use");
    execution.block(lane, Duration::from_secs(9), at(0.0));
    execution.reset(at(1.0));
    assert!(start(&mut execution, lane, 1.0).is_some());
    execution.reset(at(2.0));
    assert_eq!(refusal(&mut execution, lane, 2.0).reason, None);
    refuse(&mut execution, permit, 3.0);
}

#[test]
fn starts_of_an_earlier_process_count_and_what_is_reserved_can_be_read() {
    let (mut execution, lane) = alone(9, limits(Some(3), Some(100)), false);
    let amounts = Amounts {
        tokens: 60,
        ..Amounts::default()
    };
    execution.restore(lane, Duration::from_secs(50), 2, amounts, at(0.0));
    let usage = execution.usage(lane, at(0.0));
    assert_eq!((usage.requests, usage.tokens), (2, 60));
    let permit = start(&mut execution, lane, 0.0).expect("one is left");
    assert_eq!(execution.reserved(permit).map(|amounts| amounts.tokens), Some(1));
    assert_eq!(refusal(&mut execution, lane, 0.0).wait, Some(Duration::from_secs(10)));
    answer(&mut execution, permit, 1.0);
    assert_eq!(execution.reserved(permit), None);
}

#[test]
fn a_demand_above_the_budget_of_somebodys_limiter_is_never_admitted() {
    let strict = Limits {
        allow_oversize: false,
        ..limits(None, Some(10))
    };
    let (mut execution, lane) = alone(9, strict, false);
    let Start::TooLarge(refusal) = execution.try_start(lane, &of(11), at(0.0)) else {
        panic!("11 of 10");
    };
    assert_eq!(
        (refusal.reason, refusal.limit, refusal.current),
        (Some(Reason::Tokens), Some(10), 11)
    );
}

#[test]
fn a_lane_that_is_held_back_otherwise_lets_others_of_its_limiter_go_first() {
    let own = Limits {
        concurrency: NonZeroU64::new(1),
        ..limits(None, None)
    };
    let limiter = Handle::alone(own);
    let mut first = Execution::new(places(1));
    let mut second = Execution::new(places(9));
    let lane = first.add_lane(limiter.another(), false);
    let other = second.add_lane(limiter.another(), false);
    let held = start(&mut second, other, 0.0).expect("nothing is in use");
    assert_eq!(refusal(&mut first, lane, 0.0).reason, Some(Reason::Concurrency));
    first.stop_waiting(lane, at(1.0));
    answer(&mut second, held, 2.0);
    assert!(
        start(&mut second, other, 2.0).is_some(),
        "nobody is before it in the line"
    );
}

#[test]
fn concurrency_doubles_while_it_is_in_use_until_the_first_refusal_and_then_grows_slowly() {
    let (mut execution, lane) = alone(40, limits(None, None), true);
    let mut running = start_all(&mut execution, lane, 0.0);
    assert_eq!(running.len(), 4);
    for (now, allowed) in [(1_000.0, 8), (2_000.0, 16), (3_000.0, 32)] {
        answer(&mut execution, running.remove(0), now);
        for permit in running.drain(..) {
            answer(&mut execution, permit, now);
        }
        running = start_all(&mut execution, lane, now);
        assert_eq!(running.len(), allowed, "once a round");
    }
    for permit in running.drain(..) {
        refuse(&mut execution, permit, 9_000.0);
    }
    let cuts = execution.decisions().filter(|decision| decision.action == Action::Cut);
    assert_eq!(
        cuts.map(|decision| decision.concurrency).collect::<Vec<_>>(),
        [25],
        "one cut for all sent before it"
    );
    let probe = start(&mut execution, lane, 9_500.0).expect("one may try");
    assert_eq!(start(&mut execution, lane, 9_500.0), None, "only one");
    answer(&mut execution, probe, 9_600.0);
    let mut now = 10_000.0;
    let mut grown = Vec::new();
    while now < 35_000.0 {
        running = start_all(&mut execution, lane, now);
        grown.push(running.len());
        now += 1_000.0;
        for permit in running.drain(..) {
            answer(&mut execution, permit, now);
        }
    }
    grown.dedup();
    assert_eq!(grown, [25, 27, 29, 31, 33, 35], "a twentieth of 40 each 5 s");
}

#[test]
fn what_is_not_in_use_does_not_grow_and_nothing_exceeds_the_configured_concurrency() {
    let (mut execution, lane) = alone(6, limits(None, None), true);
    for round in 0..10 {
        let permit = start(&mut execution, lane, f64::from(round)).expect("room");
        answer(&mut execution, permit, f64::from(round));
    }
    assert_eq!(execution.decisions().count(), 0);
    let running = start_all(&mut execution, lane, 100.0);
    answer(&mut execution, running[0], 101.0);
    assert_eq!(start_all(&mut execution, lane, 101.0).len(), 3);
    execution.set_concurrency(places(2), at(102.0));
    for permit in &running {
        answer(&mut execution, *permit, 103.0);
    }
    assert_eq!(start(&mut execution, lane, 103.0), None);
}

#[test]
fn a_pause_the_provider_asked_for_is_kept_and_a_later_one_never_shortens_it() {
    for adaptive in [false, true] {
        let (mut execution, lane) = alone(9, limits(None, None), adaptive);
        let permit = start(&mut execution, lane, 0.0).expect("nothing is in use");
        refuse(&mut execution, permit, 10.0);
        execution.block(lane, Duration::from_secs(5), at(10.0));
        execution.block(lane, Duration::from_secs(1), at(20.0));
        assert_eq!(refusal(&mut execution, lane, 5_009.0).reason, Some(Reason::Provider));
        assert!(start(&mut execution, lane, 5_010.0).is_some());
    }
}

#[test]
fn the_log_keeps_the_last_thousand_decisions() {
    let (mut execution, lane) = alone(9, limits(None, None), true);
    for second in 0..1_500 {
        let now = f64::from(second) * 60_000.0;
        if let Some(permit) = start(&mut execution, lane, now) {
            refuse(&mut execution, permit, now + 1.0);
        }
    }
    let moments: Vec<f64> = execution.decisions().map(|decision| decision.at).collect();
    assert_eq!((moments.len(), moments[999]), (1_000, 1_499.0 * 60_000.0 + 1.0));
}
