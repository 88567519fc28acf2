//! Who may start when: requests, tokens, input tokens and output tokens a minute, concurrency, pacing and pauses that
//! the provider asked for, decided in one step.
//!
//! A *permit* is the right to one start: it counts towards the concurrency until it is released, and towards the limits
//! a minute until 60 s after it was given. Either everything allows a start or nothing is touched. In no interval of
//! 60 s are more permits given than the request limit that held when the last of them was, and at each start what counts
//! of tokens is within the limits: what was used by those that are settled, what is reserved for the others.
//!
//! Who waits, in what order and with which timer is the caller's business.

mod elapsed;
#[cfg(test)]
mod estimate_tests;
mod estimator;
mod learned;
#[cfg(test)]
mod minute_tests;
#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod observe_tests;
mod pacing;
mod shared;
#[cfg(test)]
mod simulation_tests;
mod slab;
mod terms;
#[cfg(test)]
mod tests;
mod window;

use std::num::NonZeroU64;
use std::time::Duration;

pub use elapsed::MonotonicMillis;
pub(crate) use elapsed::{Elapsed, Nanos};
use estimator::{MOST_TOKENS, Reservation, TokenEstimator};
use pacing::Pacing;
pub use shared::{Handle, NameError};
pub(crate) use slab::Slab;
pub use terms::{
    Admission, Amounts, Consumption, Demand, Guarantee, Limits, Observation, Permit, Reason, Remaining, Usage,
};
use window::{Budget, Counts, GroupId, WINDOW, Window};

/// No process starts as many in a minute; bounds the sums that the window keeps.
const MOST_REQUESTS: u64 = 1 << 40;

#[derive(Debug)]
struct Task {
    group: GroupId,
    reservation: Reservation,
    /// Among which tasks it is learned from.
    cohort: u64,
    /// What its start counts now: never more than was reserved.
    counted: Amounts,
    /// What it used above that, from its settlement on.
    debt: Option<(GroupId, Amounts)>,
    settled: bool,
    /// The log was cleared since it started: nothing of it counts any more.
    forgotten: bool,
}

/// Admits starts so that everything stays within [`Limits`].
#[derive(Debug)]
pub struct Limiter {
    limits: Limits,
    elapsed: Elapsed,
    window: Window,
    pacing: Pacing,
    blocked_until: Nanos,
    estimator: TokenEstimator,
    held: Slab<Task>,
}

impl Limiter {
    /// A limiter that has admitted nothing yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            elapsed: Elapsed::default(),
            window: Window::new(),
            pacing: Pacing::new(&limits),
            blocked_until: 0,
            estimator: TokenEstimator::default(),
            held: Slab::default(),
        }
    }

    /// Gives a permit if everything allows it.
    pub fn try_acquire(&mut self, now: MonotonicMillis, demand: &Demand) -> Admission {
        let now = self.advance(now);
        let reservation = self.estimator.reserve(demand, &self.limits);
        if let Some(refusal) = self.refuse(now, &reservation) {
            return refusal;
        }
        self.pacing.start(now, 1, now);
        let task = Task {
            group: self.window.record(now, Counts::new(1, reservation.amounts)),
            reservation,
            cohort: self.estimator.start(&reservation),
            counted: reservation.amounts,
            debt: None,
            settled: false,
            forgotten: false,
        };
        Admission::Granted(Permit(self.held.insert(task)))
    }

    /// What [`try_acquire`](Self::try_acquire) would refuse with; `None` where it would give a permit.
    pub(super) fn refusal(&mut self, now: MonotonicMillis, demand: &Demand) -> Option<Admission> {
        let now = self.advance(now);
        let reservation = self.estimator.reserve(demand, &self.limits);
        self.refuse(now, &reservation)
    }

    fn refuse(&self, now: Nanos, reservation: &Reservation) -> Option<Admission> {
        if let Some(refusal) = self.too_large(reservation.stated()) {
            return Some(refusal);
        }
        let most = self.limits.concurrency;
        if most.is_some_and(|most| self.held.len() as u64 >= most.get()) || self.held.is_full() {
            return Some(Admission::Full);
        }
        let (until, reason) = self.held_back_until(now, &Counts::new(1, reservation.amounts))?;
        Some(Admission::Wait {
            duration: Duration::from_nanos(until - now),
            reason,
        })
    }

    fn too_large(&self, stated: Amounts) -> Option<Admission> {
        if self.limits.allow_oversize {
            return None;
        }
        let counts = Counts::new(1, stated);
        Budget::ALL.into_iter().find_map(|budget| {
            let demand = counts.of(budget);
            let limit = budget.limit(&self.limits).filter(|&limit| demand > limit)?;
            Some(Admission::TooLarge {
                reason: budget.reason(),
                limit,
                demand,
            })
        })
    }

    /// Of all that holds the start back what takes longest. Where more is reserved than a whole budget, nothing else
    /// may count towards it.
    fn held_back_until(&self, now: Nanos, counts: &Counts) -> Option<(Nanos, Reason)> {
        let by_log = Budget::ALL.into_iter().filter_map(|budget| {
            let limit = budget.limit(&self.limits)?;
            let until = self.window.at_most(limit.saturating_sub(counts.of(budget)), budget)?;
            Some((until, budget.reason()))
        });
        let by_pacing = self.pacing.held_back_until(now).map(|until| (until, Reason::Requests));
        let by_provider = (self.blocked_until > now).then_some((self.blocked_until, Reason::Provider));
        by_log.chain(by_pacing).chain(by_provider).reduce(
            |longest, other| {
                if other.0 > longest.0 { other } else { longest }
            },
        )
    }

    /// Replaces what was reserved for a held permit by what was used. A refund is free at once, at the time of the
    /// start; what was used above the reservation is a debt that counts for 60 s from now. Later settlements correct
    /// earlier ones.
    pub fn settle(&mut self, permit: Permit, consumption: Consumption, now: MonotonicMillis) {
        let now = self.advance(now);
        let Some(task) = self.held.get_mut(permit.0) else {
            return;
        };
        let used = task.reservation.used(consumption);
        if !task.settled {
            self.estimator
                .end(task.cohort, &task.reservation, Some((consumption, used)));
        }
        task.settled = true;
        if task.forgotten {
            return;
        }
        let counted = used.each(task.reservation.amounts, u64::min);
        self.window.replace(task.group, task.counted, counted);
        task.counted = counted;
        if let Some((group, debt)) = task.debt.take() {
            self.window.replace(group, debt, Amounts::default());
        }
        let debt = used.each(counted, u64::saturating_sub);
        if !debt.is_nothing() {
            task.debt = Some((self.window.record(now, Counts::new(0, debt)), debt));
        }
    }

    /// Gives a permit back. A second time changes nothing.
    pub fn release(&mut self, permit: Permit, now: MonotonicMillis) {
        self.advance(now);
        if let Some(task) = self.held.remove(permit.0)
            && !task.settled
        {
            self.estimator.end(task.cohort, &task.reservation, None);
        }
    }

    /// What counts for a held permit: reserved, or used once it is settled.
    #[must_use]
    pub fn reserved(&self, permit: Permit) -> Option<Amounts> {
        let task = self.held.get(permit.0)?;
        Some(task.counted + task.debt.map_or_else(Amounts::default, |(_, debt)| debt))
    }

    /// Nothing starts before `pause` is over: the provider said so. Never shortens an earlier one.
    pub fn block(&mut self, now: MonotonicMillis, pause: Duration) {
        let now = self.advance(now);
        let pause = Nanos::try_from(pause.as_nanos()).unwrap_or(Nanos::MAX);
        self.blocked_until = self.blocked_until.max(now.saturating_add(pause));
    }

    /// Changes the limits from now on. Permits already given stay and count; what was reserved for them as a share of
    /// the old limits shrinks to that of the new, so that a raised concurrency can be used at once.
    pub fn set_limits(&mut self, limits: Limits, now: MonotonicMillis) {
        let now = self.advance(now);
        self.limits = limits;
        self.pacing.set(&limits, now);
        for task in self.held.values_mut().filter(|task| !task.forgotten && !task.settled) {
            let amounts = task.reservation.under(&limits);
            self.window.replace(task.group, task.counted, amounts);
            task.reservation.amounts = amounts;
            task.counted = amounts;
        }
    }

    /// Changes how many may start at once; `None` is no pacing.
    pub fn set_burst(&mut self, burst: Option<NonZeroU64>, now: MonotonicMillis) {
        let now = self.advance(now);
        self.limits.burst = burst;
        self.pacing.set(&self.limits, now);
    }

    /// Forgets what was started in the last minute, and pauses. Permits held still count towards the concurrency, and
    /// what was learned stays.
    pub fn reset(&mut self, now: MonotonicMillis) {
        self.advance(now);
        self.window.clear();
        self.pacing.clear();
        self.blocked_until = 0;
        for task in self.held.values_mut() {
            task.forgotten = true;
        }
    }

    /// Lets starts of an earlier process count that happened `age` ago. Where many are restored, those in the order of
    /// time cost least.
    pub fn restore(&mut self, now: MonotonicMillis, age: Duration, requests: u64, amounts: Amounts) {
        let now = self.advance(now);
        let Some(age) = Nanos::try_from(age.as_nanos()).ok().filter(|&age| age < WINDOW) else {
            return;
        };
        let then = now.saturating_sub(age);
        let requests = requests.min(MOST_REQUESTS);
        let amounts = amounts.each(amounts, |tokens, _| tokens.min(MOST_TOKENS));
        self.pacing.start(then, requests, now);
        self.count_from(then, Counts::new(requests, amounts));
    }

    /// Believes a provider that says what is left: no more than that, until its reset or for 60 s. What is left is never
    /// raised, and a budget without a limit has nothing to lower.
    pub fn observe(&mut self, now: MonotonicMillis, seen: &Observation) {
        let now = self.advance(now);
        for (budget, remaining) in Budget::ALL.into_iter().zip(seen.in_order()) {
            let (Some(Remaining { left, reset_in }), Some(limit)) = (remaining, budget.limit(&self.limits)) else {
                continue;
            };
            let believed = limit.saturating_sub(self.window.counts().of(budget));
            let counts_for = Nanos::try_from(reset_in.as_nanos()).unwrap_or(Nanos::MAX).min(WINDOW);
            if believed > left && counts_for > 0 {
                // Dated so that it leaves the log at the reset.
                self.count_from(now + counts_for - WINDOW, Counts::only(budget, believed - left));
            }
        }
    }

    /// Lets something count that is dated before entries that are there.
    fn count_from(&mut self, then: Nanos, counts: Counts) {
        if let Some(restored) = self.window.restore(then, counts) {
            for task in self.held.values_mut() {
                task.group = task.group.beside(restored);
                task.debt = task.debt.map(|(group, debt)| (group.beside(restored), debt));
            }
        }
    }

    /// What counts towards the limits at `now`.
    pub fn usage(&mut self, now: MonotonicMillis) -> Usage {
        self.advance(now);
        let counts = self.window.counts();
        let share = |budget: Budget| {
            let limit = budget.limit(&self.limits)?;
            Some(counts.of(budget) as f64 / limit as f64)
        };
        Usage {
            requests: counts.of(Budget::Requests),
            tokens: counts.of(Budget::Tokens),
            input_tokens: counts.of(Budget::InputTokens),
            output_tokens: counts.of(Budget::OutputTokens),
            in_flight: self.held.len() as u64,
            utilization: Budget::ALL.into_iter().filter_map(share).fold(0.0, f64::max).min(1.0),
        }
    }

    /// Whether it would do the same at `now` if it had admitted nothing yet.
    pub(super) fn counts_nothing(&mut self, now: MonotonicMillis) -> bool {
        let now = self.advance(now);
        self.held.len() == 0 && *self.window.counts() == Counts::default() && self.blocked_until <= now
    }

    fn advance(&mut self, now: MonotonicMillis) -> Nanos {
        let now = self.elapsed.advance(now);
        self.window.expire(now);
        now
    }
}
