//! One time for threads whose clocks began at different moments.
//!
//! Each thread's readings become the time since the limiter began: by how much they are off is measured once, against
//! real time. From then on only the readings count, so a clock that a test moves by hand moves this time too. Shared time
//! is the latest that any thread has seen; it never goes back.

use std::{sync::Arc, thread::ThreadId, time::Duration};

use super::super::elapsed::{Elapsed, MonotonicMillis, Nanos};
use super::super::window::WINDOW;
use crate::clock::Clock;

/// Which clock a reading is of.
pub(super) type ClockId = usize;

struct ThreadClock {
    /// Nobody's where it serves users that live by one clock wherever they are.
    thread: Option<ThreadId>,
    users: u64,
    elapsed: Elapsed,
    /// What had passed at its first reading, by the best measurement so far.
    begun: Option<Nanos>,
    /// Whether readings have been used: no measurement changes it any more.
    is_running: bool,
}

impl ThreadClock {
    /// Since its first reading.
    fn passed(&mut self, now: MonotonicMillis) -> Nanos {
        self.elapsed.advance(now) - WINDOW
    }
}

/// The clocks of a limiter's users.
pub(super) struct Clocks {
    /// Real time and what it was at the beginning; nothing where there is only one clock.
    real: Option<(Arc<dyn Clock>, Duration)>,
    threads: Vec<ThreadClock>,
    latest: Nanos,
}

impl Clocks {
    /// For users who all live by one clock.
    pub(super) fn one() -> Self {
        Self {
            real: None,
            threads: Vec::new(),
            latest: 0,
        }
    }

    /// For the users of several threads.
    pub(super) fn of_threads(real: Arc<dyn Clock>) -> Self {
        let begun = real.monotonic();
        Self {
            real: Some((real, begun)),
            ..Self::one()
        }
    }

    /// The clock of the calling thread, for one more user.
    pub(super) fn join(&mut self) -> ClockId {
        let thread = self.real.is_some().then(|| std::thread::current().id());
        let of_thread = |clock: &ThreadClock| clock.users > 0 && clock.thread == thread;
        let clock = self
            .threads
            .iter()
            .position(of_thread)
            .unwrap_or_else(|| self.add(thread));
        self.threads[clock].users += 1;
        clock
    }

    /// For one more user of the thread that this clock belongs to.
    pub(super) fn join_again(&mut self, clock: ClockId) {
        self.threads[clock].users += 1;
    }

    /// One user less.
    pub(super) fn leave(&mut self, clock: ClockId) {
        self.threads[clock].users -= 1;
    }

    fn add(&mut self, thread: Option<ThreadId>) -> ClockId {
        let clock = ThreadClock {
            thread,
            users: 0,
            elapsed: Elapsed::default(),
            begun: None,
            is_running: false,
        };
        if let Some(free) = self.threads.iter().position(|clock| clock.users == 0) {
            self.threads[free] = clock;
            return free;
        }
        self.threads.push(clock);
        self.threads.len() - 1
    }

    /// Compares a reading, taken just now, with real time. Of several measurements the best counts: the one with the
    /// least time between the reading and here. Nothing once the clock's readings are in use.
    pub(super) fn synchronize(&mut self, clock: ClockId, now: MonotonicMillis) {
        let Some((real, begun)) = &self.real else { return };
        let clock = &mut self.threads[clock];
        if clock.is_running {
            return;
        }
        let real = real.monotonic().saturating_sub(*begun).as_nanos() as Nanos;
        let measured = real.saturating_sub(clock.passed(now));
        clock.begun = Some(clock.begun.map_or(measured, |before| before.min(measured)));
    }

    /// The shared time at a reading: never less than at any before.
    pub(super) fn advance(&mut self, clock: ClockId, now: MonotonicMillis) -> Nanos {
        if !self.threads[clock].is_running {
            self.start(clock, now);
        }
        let clock = &mut self.threads[clock];
        let time = clock.begun.unwrap_or_default() + clock.passed(now);
        self.latest = self.latest.max(time);
        self.latest
    }

    /// A clock joins at the latest time: were it behind, as where others are moved by hand, its users would wait for it
    /// to catch up.
    fn start(&mut self, clock: ClockId, now: MonotonicMillis) {
        if self.threads[clock].begun.is_none() {
            self.synchronize(clock, now);
        }
        let latest = self.latest;
        let clock = &mut self.threads[clock];
        let passed = clock.passed(now);
        clock.begun = clock.begun.max(Some(latest.saturating_sub(passed)));
        clock.is_running = true;
    }

    /// The time where no thread tells it: real time, but never before the latest.
    pub(super) fn now(&self) -> Nanos {
        let real = self
            .real
            .as_ref()
            .map(|(real, begun)| real.monotonic().saturating_sub(*begun));
        self.latest.max(real.map_or(0, |real| real.as_nanos() as Nanos))
    }

    /// The latest time that any thread has seen.
    pub(super) fn latest(&self) -> Nanos {
        self.latest
    }
}
