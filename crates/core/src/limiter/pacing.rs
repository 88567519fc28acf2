//! Pacing: how many starts may follow each other at once (the generic cell rate algorithm).
//!
//! Starts are due one interval after another; one may come early by as many intervals as the burst has further starts.
//! So no interval of length `t` holds more than `burst + t / interval` of them. A burst of the whole request limit
//! refuses nothing that the sliding log admits, and is not asked. ITU-T I.371, Annex A, as a virtual schedule.

use super::elapsed::Nanos;
use super::terms::Limits;
use super::window::WINDOW;

#[derive(Debug, Default)]
pub(super) struct Pacing {
    /// Between two starts; 0 where requests are not limited.
    interval: Nanos,
    burst: u64,
    paced: bool,
    /// When the next start is due (the theoretical arrival time); at most `burst` intervals from now.
    due: Nanos,
}

impl Pacing {
    pub(super) fn new(limits: &Limits) -> Self {
        let mut pacing = Self::default();
        pacing.set(limits, 0);
        pacing
    }

    /// The same number of starts stays used up, at most the whole burst.
    pub(super) fn set(&mut self, limits: &Limits, now: Nanos) {
        let requests = limits.requests_per_minute.map_or(0, u64::from);
        let before = self.interval;
        self.interval = WINDOW.checked_div(requests).unwrap_or(0);
        self.burst = limits.burst.map_or(requests, |burst| requests.min(burst.get()));
        self.paced = self.burst < requests;
        if self.due > now {
            let ahead = u128::from(self.due - now) * u128::from(self.interval);
            let ahead = ahead.checked_div(u128::from(before)).unwrap_or(0);
            self.due = self.not_beyond(now, now.saturating_add(u64::try_from(ahead).unwrap_or(u64::MAX)));
        }
    }

    /// When the next start is allowed; `None` where it is now.
    pub(super) fn held_back_until(&self, now: Nanos) -> Option<Nanos> {
        let until = self.due.saturating_sub((self.burst.max(1) - 1) * self.interval);
        (self.paced && until > now).then_some(until)
    }

    /// Takes `starts` that happened `then` into account.
    pub(super) fn start(&mut self, then: Nanos, starts: u64, now: Nanos) {
        let due = self.due.max(then).saturating_add(self.interval.saturating_mul(starts));
        self.due = self.not_beyond(now, due);
    }

    pub(super) fn clear(&mut self) {
        self.due = 0;
    }

    fn not_beyond(&self, now: Nanos, due: Nanos) -> Nanos {
        due.min(now.saturating_add(self.burst * self.interval))
    }
}
