//! One rule of sharing at a time.

use std::{
    num::NonZeroU64,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use super::Handle;
use super::line::PATIENCE;
use crate::limiter::{Admission, Amounts, Consumption, Demand, Limits, MonotonicMillis, Permit, Reason};

const PATIENCE_MILLIS: f64 = PATIENCE as f64 / 1e6;

pub(super) fn limits(requests: Option<u64>, tokens: Option<u64>, concurrency: Option<u64>) -> Limits {
    Limits {
        requests_per_minute: requests.and_then(NonZeroU64::new),
        tokens_per_minute: tokens.and_then(NonZeroU64::new),
        concurrency: concurrency.and_then(NonZeroU64::new),
        ..Limits::default()
    }
}

pub(super) fn at(millis: f64) -> MonotonicMillis {
    MonotonicMillis(millis)
}

pub(super) fn of(tokens: u64) -> Demand {
    Demand {
        tokens: Some(tokens),
        ..Demand::default()
    }
}

pub(super) fn granted(admission: Admission) -> Permit {
    match admission {
        Admission::Granted(permit) => permit,
        refused => panic!("refused: {refused:?}"),
    }
}

/// Joins the line.
fn join(handle: &Handle, now: f64, tokens: u64) {
    let admission = handle.try_acquire(at(now), &of(tokens));
    assert!(
        matches!(admission, Admission::Wait { .. } | Admission::Full),
        "{admission:?}"
    );
}

pub(super) fn wait(millis: f64, reason: Reason) -> Admission {
    Admission::Wait {
        duration: Duration::from_nanos((millis * 1e6) as u64),
        reason,
    }
}

/// How often a handle was called.
fn count_calls(handle: &Handle) -> Arc<AtomicUsize> {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    handle.on_freed(Box::new(move || {
        counted.fetch_add(1, Ordering::SeqCst);
    }));
    calls
}

fn called(calls: &AtomicUsize) -> usize {
    calls.swap(0, Ordering::SeqCst)
}

#[test]
fn handles_of_one_limiter_share_its_limits() {
    let one = Handle::alone(limits(Some(2), Some(100), None));
    let other = one.another();
    granted(one.try_acquire(at(0.0), &of(30)));
    let permit = granted(other.try_acquire(at(1_000.0), &of(40)));
    assert_eq!(
        one.try_acquire_once(at(1_000.0), &of(1)),
        wait(59_000.0, Reason::Requests)
    );
    let used = Consumption::Used {
        tokens: Some(50),
        input_tokens: None,
        output_tokens: None,
        characters: 0,
    };
    other.settle(permit, used, at(2_000.0));
    let usage = one.usage(at(2_000.0));
    assert_eq!((usage.requests, usage.tokens, usage.in_flight), (2, 80, 2));
    assert_eq!(one.reserved(permit).map(|amounts| amounts.tokens), Some(50));
}

#[test]
fn what_changes_the_limiter_changes_it_for_all() {
    let one = Handle::alone(limits(Some(1), None, None));
    let other = one.another();
    granted(one.try_acquire(at(0.0), &of(0)));
    one.reset(at(0.0));
    granted(other.try_acquire(at(0.0), &of(0)));
    one.set_limits(limits(Some(2), None, None), at(0.0));
    granted(other.try_acquire(at(0.0), &of(0)));
    one.reset(at(0.0));
    one.block(at(0.0), Duration::from_secs(3));
    assert_eq!(other.try_acquire(at(1_000.0), &of(0)), wait(2_000.0, Reason::Provider));
    other.leave_line(at(1_000.0));
    one.set_burst(NonZeroU64::new(1), at(3_000.0));
    granted(other.try_acquire(at(3_000.0), &of(0)));
    assert_eq!(
        one.try_acquire_once(at(3_000.0), &of(0)),
        wait(30_000.0, Reason::Requests)
    );
}

#[test]
fn what_an_earlier_process_started_counts() {
    let handle = Handle::alone(limits(Some(3), None, None));
    handle.restore(at(0.0), Duration::from_secs(20), 3, Amounts::default());
    assert_eq!(handle.try_acquire(at(0.0), &of(0)), wait(40_000.0, Reason::Requests));
}

#[test]
fn numbers_of_an_earlier_process_that_make_no_sense_do_no_harm() {
    let handle = Handle::alone(limits(Some(3), None, None));
    for _ in 0..3 {
        let amounts = Amounts {
            tokens: u64::MAX,
            ..Amounts::default()
        };
        handle.restore(at(0.0), Duration::ZERO, u64::MAX, amounts);
    }
    assert_eq!(handle.try_acquire(at(0.0), &of(0)), wait(60_000.0, Reason::Requests));
}

#[test]
fn a_permit_is_given_back_once_and_by_its_owner_only() {
    let one = Handle::alone(limits(None, None, Some(2)));
    let other = one.another();
    let permit = granted(one.try_acquire(at(0.0), &of(0)));
    granted(one.try_acquire(at(0.0), &of(0)));
    other.release(permit, at(0.0));
    assert_eq!(one.usage(at(0.0)).in_flight, 2);
    one.release(permit, at(0.0));
    let next = granted(other.try_acquire(at(0.0), &of(0)));
    one.release(permit, at(0.0));
    assert_eq!(one.usage(at(0.0)).in_flight, 2);
    other.release(next, at(0.0));
    assert_eq!(one.usage(at(0.0)).in_flight, 1);
}

#[test]
fn only_the_first_in_line_is_admitted_and_the_others_take_turns() {
    let [a, b, c] = three(limits(None, None, Some(1)));
    let mut held = granted(a.try_acquire(at(0.0), &of(0)));
    assert_eq!(b.try_acquire(at(0.0), &of(0)), Admission::Full);
    assert_eq!(c.try_acquire(at(0.0), &of(0)), Admission::Full);
    let mut holder = &a;
    for next in [&b, &c, &a, &b, &c] {
        holder.release(held, at(0.0));
        let refused = holder.try_acquire(at(0.0), &of(0));
        assert_eq!(refused, wait(PATIENCE_MILLIS, Reason::Concurrency));
        held = granted(next.try_acquire(at(0.0), &of(0)));
        holder = next;
    }
}

#[test]
fn a_small_demand_does_not_overtake_a_large_one() {
    let [a, b, _] = three(limits(None, Some(100), None));
    granted(a.try_acquire(at(0.0), &of(60)));
    assert_eq!(a.try_acquire(at(10_000.0), &of(90)), wait(50_000.0, Reason::Tokens));
    let behind = wait(50_000.0 + PATIENCE_MILLIS, Reason::Tokens);
    assert_eq!(b.try_acquire(at(10_000.0), &of(10)), behind);
    assert_eq!(b.try_acquire_once(at(10_000.0), &of(10)), behind);
    granted(a.try_acquire(at(60_000.0), &of(90)));
    granted(b.try_acquire(at(60_000.0), &of(10)));
}

#[test]
fn who_asks_once_does_not_join_and_keeps_nobody_back() {
    let [a, b, _] = three(limits(None, None, Some(1)));
    let permit = granted(a.try_acquire(at(0.0), &of(0)));
    assert_eq!(b.try_acquire_once(at(0.0), &of(0)), Admission::Full);
    a.release(permit, at(0.0));
    granted(a.try_acquire(at(0.0), &of(0)));
}

#[test]
fn who_asks_once_does_not_go_before_those_who_wait_behind_the_same_handle() {
    let handle = Handle::alone(limits(None, None, Some(1)));
    let permit = granted(handle.try_acquire(at(0.0), &of(0)));
    assert_eq!(handle.try_acquire(at(0.0), &of(0)), Admission::Full);
    handle.release(permit, at(0.0));
    assert_eq!(handle.try_acquire_once(at(0.0), &of(0)), Admission::Full);
    granted(handle.try_acquire(at(0.0), &of(0)));
}

#[test]
fn a_release_calls_the_first_in_line_and_the_next_behind_it_once_each() {
    let [a, b, c] = three(limits(None, None, Some(2)));
    let (calls_of_b, calls_of_c) = (count_calls(&b), count_calls(&c));
    let held = [0; 2].map(|_| granted(a.try_acquire(at(0.0), &of(0))));
    assert_eq!(b.try_acquire(at(0.0), &of(0)), Admission::Full);
    assert_eq!(c.try_acquire(at(0.0), &of(0)), Admission::Full);
    assert_eq!((called(&calls_of_b), called(&calls_of_c)), (0, 0));
    for permit in held {
        a.release(permit, at(1.0));
    }
    assert_eq!((called(&calls_of_b), called(&calls_of_c)), (1, 1));
    granted(b.try_acquire(at(1.0), &of(0)));
    granted(c.try_acquire(at(1.0), &of(0)));
    assert_eq!((called(&calls_of_b), called(&calls_of_c)), (0, 0));
}

#[test]
fn whatever_shortens_a_wait_calls_whoever_waits() {
    type Act = fn(&Handle, Permit);
    let used = |tokens| Consumption::Used {
        tokens: Some(tokens),
        input_tokens: None,
        output_tokens: None,
        characters: 0,
    };
    let acts: [(Act, usize); 7] = [
        (
            |a, permit| a.settle(permit, Consumption::Refused { input_characters: 0 }, at(1.0)),
            1,
        ),
        (|a, _| a.reset(at(1.0)), 1),
        (|a, _| a.set_limits(limits(None, Some(200), None), at(1.0)), 1),
        (|a, _| a.forget_waker(), 0),
        (|a, _| a.set_limits(limits(None, Some(90), None), at(1.0)), 1),
        (|a, permit| a.release(permit, at(1.0)), 0),
        (|a, _| a.block(at(1.0), Duration::from_secs(100)), 0),
    ];
    for (index, (act, expected)) in acts.into_iter().enumerate() {
        let [a, b, _] = three(limits(None, Some(100), None));
        let calls = count_calls(&b);
        let permit = granted(a.try_acquire(at(0.0), &of(60)));
        assert!(matches!(b.try_acquire(at(0.0), &of(100)), Admission::Wait { .. }));
        act(&a, permit);
        assert_eq!(called(&calls), expected, "act {index}");
    }
    let [a, b, _] = three(limits(None, Some(100), None));
    let calls = count_calls(&b);
    let permit = granted(a.try_acquire(at(0.0), &of(60)));
    join(&b, 0.0, 100);
    a.settle(permit, used(50), at(1.0));
    assert_eq!(called(&calls), 0, "all of it still has to leave the window");
    a.settle(permit, used(0), at(1.0));
    assert_eq!(called(&calls), 1);
}

#[test]
fn who_becomes_first_is_called_when_the_one_before_leaves_or_goes() {
    for leaves in [true, false] {
        let [a, b, c] = three(limits(None, Some(100), None));
        let calls = count_calls(&c);
        granted(a.try_acquire(at(0.0), &of(60)));
        join(&b, 0.0, 90);
        join(&c, 0.0, 10);
        if leaves {
            b.leave_line(at(1.0));
        } else {
            drop(b);
        }
        assert_eq!(called(&calls), 1);
        granted(c.try_acquire(at(1.0), &of(10)));
    }
}

#[test]
fn a_call_that_came_before_there_was_a_waker_is_made_up_for() {
    let [a, b, _] = three(limits(None, None, Some(1)));
    let permit = granted(a.try_acquire(at(0.0), &of(0)));
    join(&b, 0.0, 0);
    a.release(permit, at(0.0));
    assert_eq!(called(&count_calls(&b)), 1);
    granted(b.try_acquire(at(0.0), &of(0)));
    assert_eq!(called(&count_calls(&b)), 0);
}

#[test]
fn a_forgotten_waker_is_not_called() {
    let [a, b, _] = three(limits(None, None, Some(1)));
    let calls = count_calls(&b);
    let permit = granted(a.try_acquire(at(0.0), &of(0)));
    join(&b, 0.0, 0);
    b.forget_waker();
    a.release(permit, at(0.0));
    assert_eq!(called(&calls), 0);
    assert_eq!(Arc::strong_count(&calls), 1);
}

#[test]
fn a_handle_that_goes_gives_its_permits_back() {
    let [a, b, c] = three(limits(None, None, Some(3)));
    let calls = count_calls(&c);
    for handle in [&a, &a, &b] {
        granted(handle.try_acquire(at(0.0), &of(0)));
    }
    assert_eq!(c.try_acquire(at(0.0), &of(0)), Admission::Full);
    drop(a);
    assert_eq!(called(&calls), 1);
    assert_eq!(c.usage(at(0.0)).in_flight, 1);
    let d = c.another();
    granted(c.try_acquire(at(0.0), &of(0)));
    granted(d.try_acquire(at(0.0), &of(0)));
    assert_eq!(b.try_acquire(at(0.0), &of(0)), Admission::Full);
}

#[test]
fn a_first_that_does_not_come_is_passed_after_a_while_and_each_time_it_is_given_longer() {
    let [a, b, _] = three(limits(None, None, Some(1)));
    let mut now = 0.0;
    let mut held = granted(b.try_acquire(at(now), &of(0)));
    join(&a, now, 0);
    for patience in [PATIENCE_MILLIS, 2.0 * PATIENCE_MILLIS, 4.0 * PATIENCE_MILLIS] {
        b.release(held, at(now));
        assert_eq!(b.try_acquire(at(now), &of(0)), wait(patience, Reason::Concurrency));
        now += patience;
        held = granted(b.try_acquire(at(now), &of(0)));
        assert_eq!(a.try_acquire(at(now), &of(0)), Admission::Full);
    }
    b.release(held, at(now));
    join(&b, now, 0);
    granted(a.try_acquire(at(now + 7.0 * PATIENCE_MILLIS), &of(0)));
}

#[test]
fn who_waits_for_a_release_behind_a_first_that_does_not_come_is_called_too() {
    let [a, b, c] = three(limits(None, None, Some(1)));
    let held = granted(c.try_acquire(at(0.0), &of(0)));
    let (calls_of_a, calls_of_b) = (count_calls(&a), count_calls(&b));
    assert_eq!(a.try_acquire(at(0.0), &of(0)), Admission::Full);
    assert_eq!(b.try_acquire(at(0.0), &of(0)), Admission::Full);
    c.release(held, at(1.0));
    assert_eq!((called(&calls_of_a), called(&calls_of_b)), (1, 1));
    // The first is too busy to come.
    assert_eq!(
        b.try_acquire(at(1.0), &of(0)),
        wait(PATIENCE_MILLIS, Reason::Concurrency)
    );
    let now = 1.0 + PATIENCE_MILLIS;
    let held = granted(b.try_acquire(at(now), &of(0)));
    // Nor does it when it has been passed.
    let calls_of_c = count_calls(&c);
    assert_eq!(c.try_acquire(at(now), &of(0)), Admission::Full);
    b.release(held, at(now));
    assert_eq!((called(&calls_of_a), called(&calls_of_c)), (0, 1));
    granted(c.try_acquire(at(now), &of(0)));
}

#[test]
fn more_than_a_whole_budget_is_refused_and_keeps_nobody_back() {
    let [a, b, _] = three(limits(None, Some(100), None));
    let too_large = Admission::TooLarge {
        reason: Reason::Tokens,
        limit: 100,
        demand: 101,
    };
    assert_eq!(a.try_acquire(at(0.0), &of(101)), too_large);
    granted(b.try_acquire(at(0.0), &of(100)));
    join(&b, 0.0, 1);
    assert_eq!(a.try_acquire(at(0.0), &of(101)), too_large);
    assert_eq!(a.try_acquire_once(at(0.0), &of(101)), too_large);
}

#[test]
fn a_demand_that_lowered_limits_made_too_large_is_called_to_hear_it() {
    let [a, b, c] = three(limits(None, Some(100), None));
    let (calls_of_b, calls_of_c) = (count_calls(&b), count_calls(&c));
    granted(a.try_acquire(at(0.0), &of(100)));
    join(&b, 0.0, 100);
    join(&c, 0.0, 10);
    a.set_limits(limits(None, Some(99), None), at(0.0));
    assert_eq!(called(&calls_of_b), 1);
    assert!(matches!(b.try_acquire(at(0.0), &of(100)), Admission::TooLarge { .. }));
    assert_eq!(called(&calls_of_c), 1);
}

#[test]
fn the_names_of_estimates_have_numbers_that_all_handles_agree_on() {
    let [a, b, _] = three(limits(None, None, None));
    assert_eq!([a.key("x"), b.key("y"), b.key("x"), a.key("y")], [1, 2, 1, 2]);
    let many: Vec<u32> = (0..10_000).map(|index| a.key(&index.to_string())).collect();
    assert_eq!((many[0], many[9_999]), (3, 0));
    assert_eq!(b.key("y"), 2);
}

fn three(limits: Limits) -> [Handle; 3] {
    let first = Handle::alone(limits);
    let others = [first.another(), first.another()];
    let [second, third] = others;
    [first, second, third]
}
