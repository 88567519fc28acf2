//! One limiter for several users, in one thread or in many.
//!
//! A [`Handle`] is one user's hold on a limiter: an object, or a lane of an executor. Whoever is refused joins a line and
//! takes turns with the others; whoever waits is called when something that another user did makes it worth asking again.
//! A handle that goes gives its place and its permits back, so that a thread that ended holds nothing.
//!
//! Order among those who wait behind one handle, timers, and asking again are the caller's business.

mod clocks;
mod line;
#[cfg(test)]
mod model_tests;
mod names;
#[cfg(test)]
mod names_tests;
mod owners;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    num::NonZeroU64,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use clocks::{ClockId, Clocks};
use line::{Line, Told, UserId};
pub use names::NameError;
use owners::Owners;

use super::elapsed::{MonotonicMillis, Nanos};
use super::{Admission, Amounts, Consumption, Demand, Limiter, Limits, Permit, Usage};
use crate::clock::Clock;

/// More names of estimates than this share one: a program that makes them up as it goes does not fill memory.
const MOST_KEYS: usize = 4_096;

type Waker = Arc<dyn Fn() + Send + Sync>;

struct User {
    clock: ClockId,
    waker: Option<Waker>,
}

struct State {
    limiter: Limiter,
    /// The limits that were asked for; the limiter may be pacing itself more slowly for now.
    agreed: Limits,
    clocks: Clocks,
    line: Line,
    owners: Owners,
    /// By [`UserId`]; the places of those who went are given again.
    users: Vec<Option<User>>,
    keys: HashMap<String, u32>,
}

struct Shared(Mutex<State>);

/// One user's hold on a limiter that it may share with others.
pub struct Handle {
    shared: Arc<Shared>,
    user: UserId,
}

impl Handle {
    /// A limiter that nobody finds by a name. All who share it, by [`another`](Self::another), live by one clock.
    #[must_use]
    pub fn alone(limits: Limits) -> Self {
        Self::of(Arc::new(Shared::new(limits, Clocks::one())))
    }

    /// The limiter of this name, for every thread of the process that asks for it. Each thread has a clock of its own,
    /// which `real` time relates to the others'.
    ///
    /// # Errors
    ///
    /// [`NameError`] where a limiter of that name has other limits.
    pub fn named(name: &str, limits: Limits, real: Arc<dyn Clock>) -> Result<Self, NameError> {
        names::open(name, limits, || Shared::new(limits, Clocks::of_threads(real)))
    }

    /// For another user of the same limiter in the same thread.
    #[must_use]
    pub fn another(&self) -> Self {
        let mut state = self.shared.lock();
        let clock = state.clock_of(self.user);
        state.clocks.join_again(clock);
        let user = state.add_user(clock);
        drop(state);
        Self {
            shared: self.shared.clone(),
            user,
        }
    }

    fn of(shared: Arc<Shared>) -> Self {
        let user = shared.lock().join();
        Self { shared, user }
    }

    /// Tells what this thread's clock shows now, before it is first used: the more often, the better it agrees with
    /// those of other threads.
    pub fn synchronize(&self, now: MonotonicMillis) {
        let mut state = self.shared.lock();
        let clock = state.clock_of(self.user);
        state.clocks.synchronize(clock, now);
    }

    /// The number by which this limiter knows the estimates of this name; 0, that of no name, where there are too many.
    #[must_use]
    pub fn key(&self, name: &str) -> u32 {
        let keys = &mut self.shared.lock().keys;
        let next = keys.len() as u32 + 1;
        match keys.get(name) {
            Some(&key) => key,
            None if keys.len() >= MOST_KEYS => 0,
            None => *keys.entry(name.to_owned()).or_insert(next),
        }
    }

    /// Gives a permit if it is this handle's turn and the limits allow it. Who is refused has a place in the line until it
    /// is admitted, [leaves](Self::leave_line) or is dropped.
    #[must_use]
    pub fn try_acquire(&self, now: MonotonicMillis, demand: &Demand) -> Admission {
        self.act(now, |state, now| state.admit(self.user, now, demand, true))
    }

    /// The same for somebody who does not wait: it joins no line, and does not overtake those who wait, behind this
    /// handle or another.
    #[must_use]
    pub fn try_acquire_once(&self, now: MonotonicMillis, demand: &Demand) -> Admission {
        self.act(now, |state, now| state.admit(self.user, now, demand, false))
    }

    /// As [`Limiter::settle`].
    pub fn settle(&self, permit: Permit, consumption: Consumption, now: MonotonicMillis) {
        self.act(now, |state, now| state.limiter.settle(permit, consumption, millis(now)));
    }

    /// Gives a permit of this handle back. A second time changes nothing.
    pub fn release(&self, permit: Permit, now: MonotonicMillis) {
        self.act(now, |state, now| {
            if state.owners.remove(permit, self.user) {
                state.limiter.release(permit, millis(now));
            }
        });
    }

    /// Settles a permit of this handle and gives it back, in one step. Returns what counted for it in between.
    pub(crate) fn end(&self, permit: Permit, consumption: Consumption, now: MonotonicMillis) -> Option<Amounts> {
        self.act(now, |state, now| {
            state.limiter.settle(permit, consumption, millis(now));
            let counted = state.limiter.reserved(permit);
            if state.owners.remove(permit, self.user) {
                state.limiter.release(permit, millis(now));
            }
            counted
        })
    }

    /// As [`Limiter::block`].
    pub fn block(&self, now: MonotonicMillis, duration: Duration) {
        self.act(now, |state, now| state.limiter.block(millis(now), duration));
    }

    /// As [`Limiter::set_limits`]. From now on, the limiter's name goes with these limits.
    pub fn set_limits(&self, limits: Limits, now: MonotonicMillis) {
        self.act(now, |state, now| {
            state.agreed = limits;
            state.limiter.set_limits(limits, millis(now));
        });
    }

    /// What is allowed.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.shared.lock().agreed
    }

    /// As [`Limiter::set_burst`].
    pub fn set_burst(&self, burst: Option<NonZeroU64>, now: MonotonicMillis) {
        self.act(now, |state, now| state.limiter.set_burst(burst, millis(now)));
    }

    /// As [`Limiter::reset`].
    pub fn reset(&self, now: MonotonicMillis) {
        self.act(now, |state, now| state.limiter.reset(millis(now)));
    }

    /// As [`Limiter::usage`]: what all users together have used.
    #[must_use]
    pub fn usage(&self, now: MonotonicMillis) -> Usage {
        self.act(now, |state, now| state.limiter.usage(millis(now)))
    }

    /// As [`Limiter::reserved`].
    #[must_use]
    pub fn reserved(&self, permit: Permit) -> Option<Amounts> {
        self.shared.lock().limiter.reserved(permit)
    }

    /// As [`Limiter::restore`].
    pub fn restore(&self, now: MonotonicMillis, age: Duration, requests: u64, amounts: Amounts) {
        self.act(now, |state, now| {
            state.limiter.restore(millis(now), age, requests, amounts);
        });
    }

    /// Calls `waker` whenever another handle did something that makes it worth that this one asks again: at once where
    /// that has happened already. It may be called in any thread.
    pub fn on_freed(&self, waker: Box<dyn Fn() + Send + Sync>) {
        let waker: Waker = waker.into();
        let mut state = self.shared.lock();
        let is_called = state.line.is_called(self.user);
        let before = state.user(self.user).and_then(|user| user.waker.replace(waker.clone()));
        drop(state);
        drop(before);
        if is_called {
            waker();
        }
    }

    /// Nobody is called any more.
    pub fn forget_waker(&self) {
        let mut state = self.shared.lock();
        let before = state.user(self.user).and_then(|user| user.waker.take());
        drop(state);
        drop(before);
    }

    /// Whoever waited behind this handle has given up.
    pub fn leave_line(&self, now: MonotonicMillis) {
        self.act(now, |state, _| state.line.leave(self.user));
    }

    /// Does something at this time, and then calls whoever it concerns.
    fn act<T>(&self, now: MonotonicMillis, action: impl FnOnce(&mut State, Nanos) -> T) -> T {
        let mut state = self.shared.lock();
        let clock = state.clock_of(self.user);
        let now = state.clocks.advance(clock, now);
        let outcome = action(&mut state, now);
        let calls = state.call(self.user, now);
        drop(state);
        for call in calls.into_iter().flatten() {
            call();
        }
        outcome
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        let gone = state.users[self.user].take();
        let now = state.clocks.latest();
        state.line.leave(self.user);
        if let Some(user) = &gone {
            state.clocks.leave(user.clock);
        }
        for permit in state.owners.of(self.user) {
            state.owners.remove(permit, self.user);
            state.limiter.release(permit, millis(now));
        }
        let calls = state.call(self.user, now);
        drop(state);
        for call in calls.into_iter().flatten() {
            call();
        }
    }
}

impl Shared {
    fn new(limits: Limits, clocks: Clocks) -> Self {
        Self(Mutex::new(State {
            limiter: Limiter::new(limits),
            agreed: limits,
            clocks,
            line: Line::default(),
            owners: Owners::default(),
            users: Vec::new(),
            keys: HashMap::new(),
        }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn user(&mut self, user: UserId) -> Option<&mut User> {
        self.users[user].as_mut()
    }

    fn clock_of(&self, user: UserId) -> ClockId {
        self.users[user].as_ref().map_or(0, |user| user.clock)
    }

    /// A user in the calling thread.
    fn join(&mut self) -> UserId {
        let clock = self.clocks.join();
        self.add_user(clock)
    }

    fn has_users(&self) -> bool {
        self.users.iter().any(Option::is_some)
    }

    /// Whether nobody holds it, and nothing that it admitted counts any more.
    fn is_over(&mut self) -> bool {
        if self.has_users() {
            return false;
        }
        let now = self.clocks.now();
        self.limiter.counts_nothing(millis(now))
    }

    /// Its limits are these; where nobody holds it, they become these.
    fn agree(&mut self, limits: Limits) -> Result<(), NameError> {
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

    fn add_user(&mut self, clock: ClockId) -> UserId {
        let user = Some(User { clock, waker: None });
        if let Some(free) = self.users.iter().position(Option::is_none) {
            self.users[free] = user;
            return free;
        }
        self.users.push(user);
        self.users.len() - 1
    }

    fn admit(&mut self, user: UserId, now: Nanos, demand: &Demand, waits: bool) -> Admission {
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
    fn kept_back(&self, user: UserId, now: Nanos, waits: bool) -> Option<Told> {
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
    fn refuse(&mut self, now: Nanos, demand: &Demand, first: Told) -> Admission {
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
    fn call(&mut self, actor: UserId, now: Nanos) -> [Option<Waker>; 2] {
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
    fn call_next(&mut self, actor: UserId, now: Nanos) -> Option<Waker> {
        self.line.first()?.told.until?;
        let (place, next) = self.line.next_waiting_for_release()?;
        let (user, demand, told) = (next.user, next.demand, next.told);
        if user == actor || !self.may_ask_earlier(demand, told, now) {
            return None;
        }
        self.call_place(place, now)
    }

    fn call_place(&mut self, place: usize, now: Nanos) -> Option<Waker> {
        let user = self.line.call(place, now)?;
        self.user(user)?.waker.clone()
    }

    fn may_ask_earlier(&mut self, demand: Demand, told_before: Told, now: Nanos) -> bool {
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
fn millis(now: Nanos) -> MonotonicMillis {
    MonotonicMillis(now as f64 / 1e6)
}
