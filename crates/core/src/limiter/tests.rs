//! One rule of the limiter at a time, and what all its tests share.

use std::num::NonZeroU64;
use std::time::Duration;

use super::window::Budget;
use super::{Admission, Consumption, Demand, Guarantee, Limiter, Limits, MonotonicMillis, Permit, Reason};

pub(super) fn limits(requests: Option<u64>, tokens: Option<u64>, concurrency: u64) -> Limits {
    Limits {
        requests_per_minute: requests.and_then(NonZeroU64::new),
        tokens_per_minute: tokens.and_then(NonZeroU64::new),
        concurrency: NonZeroU64::new(concurrency),
        guarantee: Guarantee::Strict,
        allow_oversize: true,
        ..Limits::default()
    }
}

/// A task whose estimate is exactly `tokens`.
pub(super) fn exactly(tokens: u64) -> Demand {
    Demand {
        tokens: Some(tokens),
        ..Demand::default()
    }
}

/// The provider says that it took `tokens` in all.
pub(super) fn used(tokens: u64) -> Consumption {
    Consumption::Used {
        tokens: Some(tokens),
        input_tokens: None,
        output_tokens: None,
        characters: 0,
    }
}

pub(super) fn at(millis: f64) -> MonotonicMillis {
    MonotonicMillis(millis)
}

pub(super) fn acquire(limiter: &mut Limiter, now: f64, tokens: u64) -> Option<Permit> {
    match limiter.try_acquire(at(now), &exactly(tokens)) {
        Admission::Granted(permit) => Some(permit),
        _ => None,
    }
}

fn wait(millis: u64, reason: Reason) -> Admission {
    Admission::Wait {
        duration: Duration::from_millis(millis),
        reason,
    }
}

#[test]
fn a_start_counts_for_exactly_a_minute() {
    let mut limiter = Limiter::new(limits(Some(2), None, 9));
    assert!(acquire(&mut limiter, 0.0, 0).is_some());
    assert!(acquire(&mut limiter, 10_000.0, 0).is_some());
    assert_eq!(
        limiter.try_acquire(at(20_000.0), &exactly(0)),
        wait(40_000, Reason::Requests)
    );
    assert_eq!(acquire(&mut limiter, 59_999.999, 0), None);
    assert!(acquire(&mut limiter, 60_000.0, 0).is_some());
    assert_eq!(acquire(&mut limiter, 69_999.0, 0), None);
    assert!(acquire(&mut limiter, 70_000.0, 0).is_some());
}

#[test]
fn starts_within_a_millisecond_leave_with_the_last_of_them() {
    let mut limiter = Limiter::new(limits(Some(2), None, 9));
    assert!(acquire(&mut limiter, 0.0, 0).is_some());
    assert!(acquire(&mut limiter, 0.875, 0).is_some());
    assert_eq!(acquire(&mut limiter, 60_000.5, 0), None);
    assert!(acquire(&mut limiter, 60_000.875, 0).is_some());
    assert!(acquire(&mut limiter, 60_000.875, 0).is_some());
}

#[test]
fn a_refused_start_uses_up_nothing() {
    let mut limiter = Limiter::new(limits(Some(10), Some(100), 1));
    let first = acquire(&mut limiter, 0.0, 60).expect("nothing is in use");
    assert_eq!(limiter.try_acquire(at(0.0), &exactly(10)), Admission::Full);
    limiter.release(first, at(0.0));
    assert_eq!(limiter.try_acquire(at(0.0), &exactly(41)), wait(60_000, Reason::Tokens));
    let usage = limiter.usage(at(0.0));
    assert_eq!((usage.requests, usage.tokens, usage.in_flight), (1, 60, 0));
}

#[test]
fn a_refund_is_free_at_once_and_a_debt_is_carried() {
    let mut limiter = Limiter::new(limits(None, Some(100), 9));
    let first = acquire(&mut limiter, 0.0, 100).expect("nothing is in use");
    limiter.settle(first, used(30), at(5.0));
    let second = acquire(&mut limiter, 1_000.0, 70).expect("70 came back");
    limiter.settle(second, used(500), at(2_000.0));
    assert_eq!(limiter.usage(at(2_000.0)).tokens, 530);
    assert_eq!(
        limiter.try_acquire(at(60_000.0), &exactly(1)),
        wait(2_000, Reason::Tokens),
        "a debt counts from its settlement"
    );
    assert_eq!(limiter.usage(at(61_999.0)).tokens, 430, "the start itself has left");
    assert!(acquire(&mut limiter, 62_000.0, 100).is_some());
}

#[test]
fn a_task_above_the_whole_token_limit_runs_alone() {
    let mut limiter = Limiter::new(limits(None, Some(100), 9));
    assert!(acquire(&mut limiter, 0.0, 1).is_some());
    assert_eq!(
        limiter.try_acquire(at(0.0), &exactly(1_000)),
        wait(60_000, Reason::Tokens)
    );
    assert!(acquire(&mut limiter, 60_000.0, 1_000).is_some());
    assert_eq!(acquire(&mut limiter, 60_001.0, 1), None);
    assert!(acquire(&mut limiter, 120_000.0, 1).is_some());
}

#[test]
fn a_task_that_outlives_the_window_keeps_its_place_and_owes_what_was_not_reserved() {
    let mut limiter = Limiter::new(limits(Some(1), Some(100), 1));
    let slow = acquire(&mut limiter, 0.0, 100).expect("nothing is in use");
    assert_eq!(limiter.try_acquire(at(90_000.0), &exactly(1)), Admission::Full);
    limiter.settle(slow, used(130), at(90_000.0));
    limiter.release(slow, at(90_000.0));
    limiter.release(slow, at(90_000.0));
    let usage = limiter.usage(at(90_000.0));
    assert_eq!((usage.requests, usage.tokens, usage.in_flight), (0, 30, 0));
    assert_eq!(acquire(&mut limiter, 149_999.0, 71), None);
    assert!(acquire(&mut limiter, 150_000.0, 71).is_some());
}

#[test]
fn new_limits_hold_at_once() {
    let mut limiter = Limiter::new(limits(Some(1), None, 9));
    assert!(acquire(&mut limiter, 0.0, 0).is_some());
    assert_eq!(acquire(&mut limiter, 1.0, 0), None);
    limiter.set_limits(limits(Some(3), None, 9), at(2.0));
    assert!(acquire(&mut limiter, 2.0, 0).is_some());
    assert!(acquire(&mut limiter, 1_000.0, 0).is_some());
    limiter.set_limits(limits(Some(2), None, 9), at(1_000.0));
    assert_eq!(
        limiter.try_acquire(at(1_000.0), &exactly(0)),
        wait(59_002, Reason::Requests)
    );
}

#[test]
fn a_reset_forgets_the_window_and_keeps_the_places() {
    let mut limiter = Limiter::new(limits(Some(1), Some(10), 2));
    let first = acquire(&mut limiter, 0.0, 10).expect("nothing is in use");
    limiter.reset(at(1.0));
    assert!(acquire(&mut limiter, 1.0, 10).is_some());
    assert_eq!(limiter.try_acquire(at(1.0), &exactly(0)), Admission::Full);
    limiter.settle(first, used(1_000), at(2.0));
    assert_eq!(limiter.usage(at(2.0)).tokens, 10);
}

#[test]
fn the_log_stays_small_without_limits() {
    let mut limiter = Limiter::new(limits(None, None, 1));
    for step in 0..200_000 {
        let now = f64::from(step) * 0.01;
        let permit = acquire(&mut limiter, now, 0).expect("nothing limits it");
        limiter.release(permit, at(now));
    }
    assert_eq!(limiter.window.counts().of(Budget::Requests), 200_000);
    assert!(limiter.window.groups() <= 2_000);
    assert!(limiter.held.len() == 0);
}

#[test]
fn the_first_wave_shares_the_token_limit_and_later_ones_go_by_the_largest_use() {
    let mut limiter = Limiter::new(limits(None, Some(1_000), 4));
    let unknown = Demand::default();
    let mut permits = Vec::new();
    while let Admission::Granted(permit) = limiter.try_acquire(at(0.0), &unknown) {
        permits.push(permit);
    }
    assert_eq!((permits.len(), limiter.usage(at(0.0)).tokens), (4, 1_000));
    for (permit, consumption) in permits.into_iter().zip([
        used(20),
        Consumption::Used {
            tokens: None,
            input_tokens: None,
            output_tokens: None,
            characters: 161,
        },
        Consumption::Refused {
            input_characters: 4_000 - 3,
        },
        used(0),
    ]) {
        limiter.settle(permit, consumption, at(1.0));
        limiter.release(permit, at(1.0));
    }
    assert_eq!(limiter.usage(at(1.0)).tokens, 20 + 41 + 1_000);
    limiter.reset(at(1.0));
    assert!(matches!(limiter.try_acquire(at(1.0), &unknown), Admission::Granted(_)));
    assert_eq!(
        limiter.usage(at(1.0)).tokens,
        41,
        "what failed is no measure for what succeeds"
    );
    limiter.try_acquire(
        at(1.0),
        &Demand {
            input_characters: 400,
            ..Demand::default()
        },
    );
    assert_eq!(
        limiter.usage(at(1.0)).tokens,
        41 + 100,
        "a question is at least its characters"
    );
}

#[test]
fn a_raised_concurrency_can_be_used_before_any_task_has_ended() {
    let mut limiter = Limiter::new(limits(None, Some(1_000), 1));
    assert!(matches!(
        limiter.try_acquire(at(0.0), &Demand::default()),
        Admission::Granted(_)
    ));
    limiter.set_limits(limits(None, Some(1_000), 4), at(0.0));
    let permit = acquire(&mut limiter, 0.0, 300).expect("three quarters are free");
    limiter.set_limits(limits(None, Some(1_000), 2), at(0.0));
    assert_eq!(
        limiter.usage(at(0.0)).tokens,
        250 + 300,
        "a share never grows, and what is known stays"
    );
    limiter.release(permit, at(0.0));
}

#[test]
fn an_old_peak_stops_counting_after_a_hundred_tasks() {
    let mut limiter = Limiter::new(limits(None, Some(1_000), 1));
    for tokens in std::iter::once(900).chain(std::iter::repeat_n(5, 100)) {
        let permit = acquire(&mut limiter, 0.0, 0).expect("the window is forgotten each time");
        limiter.settle(permit, used(tokens), at(0.0));
        limiter.release(permit, at(0.0));
        limiter.reset(at(0.0));
    }
    limiter.try_acquire(at(0.0), &Demand::default());
    assert_eq!(limiter.usage(at(0.0)).tokens, 5);
}

#[test]
fn a_failed_task_keeps_what_was_reserved_for_a_reason_and_a_refused_one_does_not() {
    let input_characters = 40;
    let failed = Consumption::Failed { input_characters };
    let refused = Consumption::Refused { input_characters };
    for (output_tokens, consumption, counted) in [
        (Some(500), failed, 510),
        (Some(500), refused, 10),
        (None, failed, 10),
        (None, refused, 10),
    ] {
        let mut limiter = Limiter::new(limits(None, Some(1_000), 2));
        let demand = Demand {
            output_tokens,
            input_characters,
            ..Demand::default()
        };
        let Admission::Granted(permit) = limiter.try_acquire(at(0.0), &demand) else {
            panic!("refused the first start");
        };
        limiter.settle(permit, consumption, at(1.0));
        assert_eq!(
            limiter.usage(at(1.0)).tokens,
            counted,
            "{output_tokens:?} {consumption:?}"
        );
    }
}
