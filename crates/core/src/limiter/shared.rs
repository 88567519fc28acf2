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
mod state;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    num::NonZeroU64,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use clocks::Clocks;
use line::{Line, UserId};
pub use names::NameError;
use owners::Owners;
use state::{State, Waker, millis};

use super::elapsed::{MonotonicMillis, Nanos};
use super::{Admission, Amounts, Consumption, Demand, Limiter, Limits, Observation, Permit, Usage};
use crate::clock::Clock;

/// More names of estimates than this share one: a program that makes them up as it goes does not fill memory.
const MOST_KEYS: usize = 4_096;

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

    /// As [`Limiter::observe`]: who was told when to ask is told anew when it does.
    pub fn observe(&self, now: MonotonicMillis, seen: &Observation) {
        self.act(now, |state, now| state.limiter.observe(millis(now), seen));
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
