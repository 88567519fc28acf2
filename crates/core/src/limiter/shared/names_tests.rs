//! Limiters that are found by a name, and the clocks of the threads that find them.

use std::{
    num::NonZeroU64,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use super::tests::{at, granted, limits, of, wait};
use super::{Handle, NameError};
use crate::clock::{Clock, UnixMillis};
use crate::limiter::Reason;

struct FixedClock(AtomicU64);

impl FixedClock {
    fn at(millis: u64) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(millis)))
    }

    fn set(&self, millis: u64) {
        self.0.store(millis, Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn wall(&self) -> UnixMillis {
        UnixMillis(0.0)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}

#[test]
fn a_name_means_one_limiter_as_long_as_anybody_holds_it() {
    let open = |requests| Handle::named("one limiter", limits(Some(requests), None, None), FixedClock::at(0));
    let one = open(1).expect("the name is free");
    granted(one.try_acquire(at(0.0), &of(0)));
    let other = open(1).expect("the limits are the same");
    assert_eq!(other.usage(at(0.0)).requests, 1);
    let in_force = limits(Some(1), None, None);
    assert_eq!(open(2).err(), Some(NameError::OtherLimits { in_force }));
    drop(one);
    assert!(open(2).is_err());
    drop(other);
    assert!(open(2).is_ok());
}

#[test]
fn what_was_started_by_a_name_counts_for_a_minute_whoever_has_gone() {
    let real = FixedClock::at(0);
    let open = |requests| {
        Handle::named("somebody left", limits(Some(requests), None, None), real.clone()).expect("nobody holds it")
    };
    granted(open(1).try_acquire(at(5_000.0), &of(0)));
    real.set(20_000);
    // Neither by the same limits nor by others.
    assert_eq!(
        open(1).try_acquire(at(25_000.0), &of(0)),
        wait(40_000.0, Reason::Requests)
    );
    let other = open(2);
    granted(other.try_acquire(at(25_000.0), &of(0)));
    assert_eq!(
        other.try_acquire(at(25_000.0), &of(0)),
        wait(40_000.0, Reason::Requests)
    );
    drop(other);
    real.set(80_000);
    assert_eq!(open(3).usage(at(0.0)).requests, 0);
}

#[test]
fn a_name_goes_with_the_limits_that_were_set_and_not_with_the_pace() {
    let open = |requests| Handle::named("changing limits", limits(Some(requests), None, None), FixedClock::at(0));
    let one = open(1).expect("the name is free");
    one.set_limits(limits(Some(7), None, None), at(0.0));
    one.set_burst(NonZeroU64::new(2), at(0.0));
    assert!(open(1).is_err());
    assert!(open(7).is_ok());
}

#[test]
fn clocks_that_began_at_different_moments_tell_one_time() {
    let real = FixedClock::at(500);
    let open = {
        let real = real.clone();
        move || Handle::named("two clocks", limits(Some(1), None, None), real.clone()).expect("the limits are the same")
    };
    let one = open();
    granted(one.try_acquire(at(10_000.0), &of(0)));
    // A second later, in a thread whose clock shows 7.
    real.set(1_500);
    let other = thread::spawn(open).join().expect("no panic");
    assert_eq!(other.try_acquire(at(7.0), &of(0)), wait(59_000.0, Reason::Requests));
    other.leave_line(at(7.0));
    assert_eq!(one.try_acquire(at(11_000.0), &of(0)), wait(59_000.0, Reason::Requests));
    granted(one.try_acquire(at(70_000.0), &of(0)));
}

#[test]
fn a_measurement_that_took_long_is_made_up_for_by_a_better_one() {
    let real = FixedClock::at(0);
    let open = {
        let real = real.clone();
        move || {
            Handle::named("late clocks", limits(Some(1), None, None), real.clone()).expect("the limits are the same")
        }
    };
    let one = open();
    granted(one.try_acquire(at(0.0), &of(0)));
    let other = thread::spawn(open).join().expect("no panic");
    // Read at 1,000; 400 ms pass before it is compared.
    real.set(1_400);
    other.synchronize(at(3_000.0));
    real.set(1_410);
    other.synchronize(at(3_410.0));
    assert_eq!(other.try_acquire(at(3_500.0), &of(0)), wait(58_500.0, Reason::Requests));
    // Once in use it stays, however the two differ.
    other.synchronize(at(50_000.0));
    granted(other.try_acquire(at(62_000.0), &of(0)));
}

#[test]
fn clocks_of_one_thread_are_one() {
    let real = FixedClock::at(0);
    let open = || Handle::named("same thread", limits(Some(1), None, None), real.clone()).expect("same limits");
    let one = open();
    granted(one.try_acquire(at(1_000.0), &of(0)));
    // Moved by hand: real time stands still.
    assert_eq!(
        open().try_acquire(at(41_000.0), &of(0)),
        wait(20_000.0, Reason::Requests)
    );
    assert_eq!(
        one.another().try_acquire(at(51_000.0), &of(0)),
        wait(10_000.0, Reason::Requests)
    );
}

#[test]
fn a_clock_that_joins_those_moved_ahead_does_not_have_to_catch_up() {
    let real = FixedClock::at(0);
    let open = {
        let real = real.clone();
        move || Handle::named("moved ahead", limits(Some(1), None, None), real.clone()).expect("same limits")
    };
    let one = open();
    let _ = one.usage(at(0.0));
    granted(one.try_acquire(at(3_600_000.0), &of(0)));
    let other = thread::spawn(open).join().expect("no panic");
    assert_eq!(other.try_acquire(at(5.0), &of(0)), wait(60_000.0, Reason::Requests));
}
