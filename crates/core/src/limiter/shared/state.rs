//! What the users of one limiter share: who may be admitted next, and whom to call.
//!
//! Invariant: only the first of the line is admitted while somebody stands there, and whoever made room calls those whom
//! it concerns, after the lock was given back.

use std::{collections::HashMap, sync::Arc, time::Duration};

use super::super::elapsed::{MonotonicMillis, Nanos};
use super::super::{Admission, Demand, Limiter, Limits};
use super::clocks::{ClockId, Clocks};
use super::line::{Line, Told, UserId};
use super::names::NameError;
use super::owners::Owners;

pub(super) type Waker = Arc<dyn Fn() + Send + Sync>;

pub(super) struct User {
    pub(super) clock: ClockId,
    pub(super) waker: Option<Waker>,
}

pub(super) struct State {
    pub(super) limiter: Limiter,
    /// The limits that were asked for; the limiter may be pacing itself more slowly for now.
    pub(super) agreed: Limits,
    pub(super) clocks: Clocks,
    pub(super) line: Line,
    pub(super) owners: Owners,
    /// By [`UserId`]; the places of those who went are given again.
    pub(super) users: Vec<Option<User>>,
    pub(super) keys: HashMap<String, u32>,
}

impl State {
    pub(super) fn user(&mut self, user: UserId) -> Option<&mut User> {
        self.users[user].as_mut()
    }

    pub(super) fn clock_of(&self, user: UserId) -> ClockId {
        self.users[user].as_ref().map_or(0, |user| user.clock)
    }

    /// A user in the calling thread.
    pub(super) fn join(&mut self) -> UserId {
        let clock = self.clocks.join();
        self.add_user(clock)
    }

    pub(super) fn has_users(&self) -> bool {
        self.users.iter().any(Option::is_some)
    }

    /// Whether nobody holds it, and nothing that it admitted counts any more.
    pub(super) fn is_over(&mut self) -> bool {
        if self.has_users() {
            return false;
        }
        let now = self.clocks.now();
        self.limiter.counts_nothing(millis(now))
    }

    /// Its limits are these; where nobody holds it, they become these.
    pub(super) fn agree(&mut self, limits: Limits) -> Result<(), NameError> {
        if self.agreed == limits {
            return Ok(());
        }
        if self.has_users() {
            return Err(NameError::OtherLimits { in_force: self.agreed });
        }
        self.agreed = limits;
        let now = self.clocks.now();
        self.limiter.set_limits(limits, millis(now));
        Ok(())
    }

    pub(super) fn add_user(&mut self, clock: ClockId) -> UserId {
        let user = Some(User { clock, waker: None });
        if let Some(free) = self.users.iter().position(Option::is_none) {
            self.users[free] = user;
            return free;
        }
        self.users.push(user);
        self.users.len() - 1
    }

    pub(super) fn admit(&mut self, user: UserId, now: Nanos, demand: &Demand, waits: bool) -> Admission {
        let admission = match self.kept_back(user, now, waits) {
            Some(told) => self.refuse(now, demand, told),
            None => self.limiter.try_acquire(millis(now), demand),
        };
        match admission {
            Admission::Granted(permit) => {
                self.line.admit(user);
                self.owners.add(permit, user);
            }
            Admission::TooLarge { .. } if waits => self.line.leave(user),
            Admission::Wait { .. } | Admission::Full if waits => {
                self.line.join(user, *demand, Told::of(admission, now));
            }
            _ => {}
        }
        admission
    }

    /// Why `user` may not be admitted now, whatever the limits say.
    pub(super) fn kept_back(&self, user: UserId, now: Nanos, waits: bool) -> Option<Told> {
        if self.line.is_empty() {
            return None;
        }
        let first = self.line.keeps_back(user, now);
        // Who does not wait does not go before those who do, behind the same handle.
        if first.is_none() && !waits && self.line.holds(user) {
            return self.line.first().map(|first| first.told);
        }
        first
    }

    /// What those behind the first are told: to ask when both the first had its chance and the limits allow it.
    pub(super) fn refuse(&mut self, now: Nanos, demand: &Demand, first: Told) -> Admission {
        let own = match self.limiter.refusal(millis(now), demand) {
            Some(own @ Admission::TooLarge { .. }) => return own,
            Some(own) => Told::of(own, now),
            None => Told {
                until: Some(now),
                ..first
            },
        };
        let (Some(own_until), Some(first_until)) = (own.until, first.until) else {
            return Admission::Full;
        };
        let later = if own_until > first_until { own } else { first };
        Admission::Wait {
            duration: Duration::from_nanos(own_until.max(first_until).saturating_sub(now)),
            reason: later.reason,
        }
    }

    /// Whom to call, now that `actor` has done something: the first in line, where it may ask earlier than it was told,
    /// and whoever would pass it if it did not come.
    pub(super) fn call(&mut self, actor: UserId, now: Nanos) -> [Option<Waker>; 2] {
        let Some(first) = self.line.first() else {
            return [None, None];
        };
        if first.user == actor {
            return [None, None];
        }
        let (is_called, demand, told) = (first.is_called, first.demand, first.told);
        let first = if !is_called && self.may_ask_earlier(demand, told, now) {
            self.call_place(0, now)
        } else {
            None
        };
        [first, self.call_next(actor, now)]
    }

    /// While the first waits for a release, so do those behind it, and nothing else tells them that there was one. Once
    /// it may ask, the next of them is called, to come again when the first has had its chance.
    pub(super) fn call_next(&mut self, actor: UserId, now: Nanos) -> Option<Waker> {
        self.line.first()?.told.until?;
        let (place, next) = self.line.next_waiting_for_release()?;
        let (user, demand, told) = (next.user, next.demand, next.told);
        if user == actor || !self.may_ask_earlier(demand, told, now) {
            return None;
        }
        self.call_place(place, now)
    }

    pub(super) fn call_place(&mut self, place: usize, now: Nanos) -> Option<Waker> {
        let user = self.line.call(place, now)?;
        self.user(user)?.waker.clone()
    }

    pub(super) fn may_ask_earlier(&mut self, demand: Demand, told_before: Told, now: Nanos) -> bool {
        let until = match self.limiter.refusal(millis(now), &demand) {
            Some(refusal @ (Admission::Wait { .. } | Admission::Full)) => Told::of(refusal, now).until,
            // It may start, or never will.
            _ => Some(now),
        };
        match (until, told_before.until) {
            (Some(until), Some(told)) => until < told,
            (Some(_), None) => true,
            (None, _) => false,
        }
    }
}

/// Shared time, as the limiter takes it.
pub(super) fn millis(now: Nanos) -> MonotonicMillis {
    MonotonicMillis(now as f64 / 1e6)
}
