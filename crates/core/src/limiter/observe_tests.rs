//! What a provider says is left: it lowers what this limiter believes, until the reset, and nothing else.

use std::num::NonZeroU64;
use std::time::Duration;

use proptest::prelude::*;

use super::tests::{acquire, at, exactly, limits, used};
use super::{Admission, Handle, Limiter, Limits, Observation, Reason, Remaining};

fn remaining(left: u64, reset_millis: u64) -> Remaining {
    Remaining {
        left,
        reset_in: Duration::from_millis(reset_millis),
    }
}

fn requests(left: u64, reset_millis: u64) -> Observation {
    Observation {
        requests: Some(remaining(left, reset_millis)),
        ..Observation::default()
    }
}

fn tokens(left: u64, reset_millis: u64) -> Observation {
    Observation {
        tokens: Some(remaining(left, reset_millis)),
        ..Observation::default()
    }
}

fn starts(limiter: &mut Limiter, now: f64) -> u64 {
    (0..100).take_while(|_| acquire(limiter, now, 0).is_some()).count() as u64
}

#[test]
fn what_others_used_is_missing_until_the_reset() {
    let mut limiter = Limiter::new(limits(Some(10), None, 99));
    limiter.observe(at(0.0), &requests(3, 20_000));
    assert_eq!(starts(&mut limiter, 0.0), 3);
    let refusal = limiter.try_acquire(at(5_000.0), &exactly(0));
    let wait = Admission::Wait {
        duration: Duration::from_secs(15),
        reason: Reason::Requests,
    };
    assert_eq!(refusal, wait);
    assert_eq!(starts(&mut limiter, 19_999.0), 0);
    assert_eq!(starts(&mut limiter, 20_000.0), 7);
}

#[test]
fn more_than_is_believed_changes_nothing() {
    let mut limiter = Limiter::new(limits(Some(10), Some(100), 99));
    acquire(&mut limiter, 0.0, 40).expect("room");
    let before = limiter.usage(at(0.0));
    limiter.observe(at(0.0), &requests(9, 60_000));
    limiter.observe(at(0.0), &requests(5_000, 60_000));
    limiter.observe(at(0.0), &tokens(60, 60_000));
    limiter.observe(at(0.0), &Observation::default());
    assert_eq!(limiter.usage(at(0.0)), before);
}

#[test]
fn a_reset_that_is_now_says_nothing_and_one_that_is_far_away_says_a_minute() {
    let mut limiter = Limiter::new(limits(Some(10), None, 99));
    limiter.observe(at(0.0), &requests(0, 0));
    assert_eq!(limiter.usage(at(0.0)).requests, 0);
    limiter.observe(at(0.0), &requests(0, 3_600_000));
    assert_eq!(starts(&mut limiter, 59_999.0), 0);
    assert_eq!(starts(&mut limiter, 60_000.0), 10);
}

#[test]
fn a_budget_without_a_limit_and_the_concurrency_are_left_alone() {
    let mut limiter = Limiter::new(limits(None, Some(100), 2));
    limiter.observe(at(0.0), &requests(0, 60_000));
    limiter.observe(at(0.0), &tokens(100, 60_000));
    let usage = limiter.usage(at(0.0));
    assert_eq!((usage.requests, usage.tokens, usage.in_flight), (0, 0, 0));
    assert_eq!(starts(&mut limiter, 0.0), 2);
}

#[test]
fn a_settlement_after_it_still_finds_its_own_start() {
    let mut limiter = Limiter::new(limits(None, Some(100), 99));
    let permit = limiter.try_acquire(at(0.0), &exactly(50));
    let Admission::Granted(permit) = permit else {
        panic!("refused: {permit:?}")
    };
    limiter.observe(at(1_000.0), &tokens(20, 30_000));
    assert_eq!(limiter.usage(at(1_000.0)).tokens, 80);
    limiter.settle(permit, used(10), at(2_000.0));
    assert_eq!(limiter.usage(at(2_000.0)).tokens, 40);
    assert_eq!(limiter.usage(at(31_000.0)).tokens, 10);
    assert_eq!(limiter.usage(at(60_000.0)).tokens, 0);
}

#[test]
fn all_who_share_a_limiter_see_it_and_who_waits_learns_when_it_asks_again() {
    let one = Handle::alone(limits(Some(1), None, 99));
    let other = one.another();
    assert!(matches!(one.try_acquire(at(0.0), &exactly(0)), Admission::Granted(_)));
    let told = |admission| match admission {
        Admission::Wait { duration, .. } => duration.as_millis(),
        other => panic!("expected to wait: {other:?}"),
    };
    assert_eq!(told(one.try_acquire(at(10_000.0), &exactly(0))), 50_000);
    other.observe(at(60_000.0), &requests(0, 25_000));
    assert_eq!(told(one.try_acquire(at(60_000.0), &exactly(0))), 25_000);
    assert!(matches!(
        one.try_acquire(at(85_000.0), &exactly(0)),
        Admission::Granted(_)
    ));
}

fn any_remaining() -> impl Strategy<Value = Option<Remaining>> {
    prop::option::of((0..40_u64, 0..90_000_u64)).prop_map(|seen| seen.map(|(left, reset)| remaining(left, reset)))
}

fn any_observation() -> impl Strategy<Value = Observation> {
    (any_remaining(), any_remaining(), any_remaining(), any_remaining()).prop_map(
        |(requests, tokens, input_tokens, output_tokens)| Observation {
            requests,
            tokens,
            input_tokens,
            output_tokens,
        },
    )
}

proptest! {
    /// Two limiters that are used alike, one of which is also told what is left: it never counts less and never admits
    /// what the other would not, keeps to what it was told, and is as the other once all resets are over.
    #[test]
    fn never_raises_what_is_left_and_is_forgotten_after_the_reset(
        steps in prop::collection::vec((0..20_000_u64, 0..30_u64, prop::option::of(any_observation())), 1..60),
    ) {
        let limits = Limits {
            input_tokens_per_minute: NonZeroU64::new(150),
            output_tokens_per_minute: NonZeroU64::new(150),
            ..limits(Some(8), Some(100), 1_000)
        };
        let (mut plain, mut told) = (Limiter::new(limits), Limiter::new(limits));
        let mut now = 0.0;
        for (pause, tokens, seen) in steps {
            now += pause as f64;
            if let Some(seen) = seen {
                told.observe(at(now), &seen);
                let usage = told.usage(at(now));
                let left = [8 - usage.requests, 100 - usage.tokens, 150 - usage.input_tokens, 150 - usage.output_tokens];
                for (left, seen) in left.into_iter().zip(seen.in_order()) {
                    prop_assert!(seen.is_none_or(|seen| left <= seen.left || seen.reset_in.is_zero()));
                }
            }
            if acquire(&mut told, now, tokens).is_some() {
                prop_assert!(acquire(&mut plain, now, tokens).is_some(), "admitted what had no room");
            }
            let (more, less) = (told.usage(at(now)), plain.usage(at(now)));
            prop_assert!(more.requests >= less.requests && more.tokens >= less.tokens);
            prop_assert!(more.requests <= 8 && more.tokens <= 100, "a limit was exceeded");
        }
        now += 60_001.0;
        prop_assert_eq!(told.usage(at(now)), plain.usage(at(now)));
    }
}
