//! The line of those who wait for one limiter: one place each, first come first served.
//!
//! Only the first may be admitted. Whoever is admitted leaves, and joins at the end when it asks again: so all take
//! turns, and nobody waits longer than one turn of everybody before it. One exception: where the first does not come
//! although it may, since its thread is busy, the others need not stand still. They pass it once its *patience* is over;
//! each time that it has been passed, it is given twice as much, so that the slowest thread gets its turn.

use std::collections::VecDeque;

use super::super::elapsed::Nanos;
use super::super::{Admission, Demand, Reason};

/// A user of the limiter.
pub(super) type UserId = usize;

/// How late the first may be: longer than the event loop of a healthy program keeps a message waiting.
pub(super) const PATIENCE: Nanos = 50_000_000;
const MOST_PATIENCE: Nanos = 60_000_000_000;

/// What somebody was told who was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    /// When to ask again; nothing where that is after a release.
    pub(super) until: Option<Nanos>,
    pub(super) reason: Reason,
}

impl Told {
    pub(super) fn of(refusal: Admission, now: Nanos) -> Self {
        match refusal {
            Admission::Wait { duration, reason } => Self {
                until: Some(now.saturating_add(duration.as_nanos() as Nanos)),
                reason,
            },
            _ => Self {
                until: None,
                reason: Reason::Concurrency,
            },
        }
    }
}

/// A place in the line.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) user: UserId,
    pub(super) demand: Demand,
    pub(super) told: Told,
    /// Whether it was called to ask now, and has not yet.
    pub(super) is_called: bool,
    patience: Nanos,
    /// Whether somebody went before it since it last asked.
    was_passed: bool,
}

#[derive(Debug, Default)]
pub(super) struct Line {
    places: VecDeque<Waiting>,
}

impl Line {
    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub(super) fn first(&self) -> Option<&Waiting> {
        self.places.front()
    }

    pub(super) fn holds(&self, user: UserId) -> bool {
        self.places.iter().any(|waiting| waiting.user == user)
    }

    /// Whether `user` was called to ask, and has not yet.
    pub(super) fn is_called(&self, user: UserId) -> bool {
        self.places
            .iter()
            .any(|waiting| waiting.user == user && waiting.is_called)
    }

    /// Until when, and for what, the first keeps all others back; nothing where it does not keep `user` back.
    pub(super) fn keeps_back(&self, user: UserId, now: Nanos) -> Option<Told> {
        let first = self.places.front().filter(|first| first.user != user)?;
        let until = first.told.until.map(|until| until.saturating_add(first.patience));
        until
            .is_none_or(|until| now < until)
            .then_some(Told { until, ..first.told })
    }

    /// Keeps the place of `user`, or gives it the last.
    pub(super) fn join(&mut self, user: UserId, demand: Demand, told: Told) {
        let Some(waiting) = self.places.iter_mut().find(|waiting| waiting.user == user) else {
            self.places.push_back(Waiting {
                user,
                demand,
                told,
                is_called: false,
                patience: PATIENCE,
                was_passed: false,
            });
            return;
        };
        if waiting.was_passed {
            waiting.patience = MOST_PATIENCE.min(2 * waiting.patience);
        }
        waiting.was_passed = false;
        waiting.is_called = false;
        waiting.demand = demand;
        waiting.told = told;
    }

    /// `user` has no place any more.
    pub(super) fn leave(&mut self, user: UserId) {
        self.places.retain(|waiting| waiting.user != user);
    }

    /// `user` is admitted, be it before the first.
    pub(super) fn admit(&mut self, user: UserId) {
        match self.places.front_mut() {
            None => return,
            Some(first) => first.was_passed |= first.user != user,
        }
        self.leave(user);
    }

    /// Who is to be told of a release next, should the first not come, and the number of its place.
    pub(super) fn next_waiting_for_release(&self) -> Option<(usize, &Waiting)> {
        let mut behind = self.places.iter().enumerate().skip(1);
        // Who was called was told to ask now.
        behind.find(|(_, waiting)| waiting.told.until.is_none())
    }

    /// Whoever has this place is called to ask now.
    pub(super) fn call(&mut self, place: usize, now: Nanos) -> Option<UserId> {
        let waiting = self.places.get_mut(place)?;
        waiting.is_called = true;
        waiting.told.until = Some(now);
        Some(waiting.user)
    }
}
