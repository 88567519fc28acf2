//! How fast a provider may be asked whose limits are not the configured ones.
//!
//! **Concurrency (AIMD).** It starts at 4 and doubles with each round, a round being the time until a task started since
//! the last growth is answered. The first refusal (HTTP 429) ends that: each one cuts to four fifths, at least 1; growth
//! is then a twentieth of the configured concurrency, at least 1, once a round and at most every 5 s. It grows only while
//! four fifths of it are in use. What was sent before the last cut neither cuts nor grows: it tells of the past. The
//! configured concurrency is never exceeded.
//!
//! **Ceilings.** Concurrency cannot hold a rate when answers are quick. What a provider admitted in the minute before a
//! refusal is, if one of its minute limits refused, that limit. So each refusal makes a [`Ceiling`] of what counts then
//! for each budget that may have refused, see [`attribution`].
//!
//! **Caution.** The refusal may as well be about the last second or about the tasks in flight; then the minute's ceiling
//! is wrong, and far too low. So after a refusal that no ceiling foresaw nothing starts for half a second, and then one
//! task at a time, whatever the ceilings say: after half a second, after two more, eight, and then every half minute,
//! until one is not refused. A budget in which it exceeded the new ceiling is refuted: what was believed before holds
//! again, and the next tries the others. Where all are refuted, the limit is one of short times, and starts are spread by [`Pacing`]: half as many
//! at once as in the last second, and where that is 1, a fifth fewer a minute.
//!
//! A refusal close to a ceiling needs no caution: it says where the limit is. Ceilings and pacing rise with time, see
//! [`learned`]; so a provider that has recovered is used again, and one that has not is asked in vain now and then.

mod attribution;
mod counted;
mod hold;
mod learned;
mod log;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use attribution::Caution;
use counted::Counted;
pub(super) use counted::Load;
pub(super) use hold::Hold;
use learned::{Ceiling, Pacing};
pub use log::{Action, Decision};
pub(super) use log::{Change, DecisionLog};

use super::Outcome;
use crate::limiter::{Limits, Nanos};

const FIRST_CONCURRENCY: u64 = 4;
const GROWTH_INTERVAL: Nanos = 5_000_000_000;
/// How fast it is forgotten what was admitted.
const FORGETTING: Nanos = 600_000_000_000;
/// How long nothing starts after an unforeseen refusal, and when the first task tries again.
const PAUSE: Nanos = 500_000_000;

#[derive(Debug)]
pub(super) struct Adaptive {
    most: u64,
    limits: [Option<u64>; 4],
    allowed: u64,
    slow_start: bool,
    cut_at: Option<Nanos>,
    grown_at: Nanos,
    counted: Counted,
    /// Up to when ceilings have been told of the time.
    until: Nanos,
    ceilings: [Option<Ceiling>; 4],
    /// Which of them the last cut made.
    made: [bool; 4],
    /// The most that counted lately when a task was admitted.
    proven: [f64; 4],
    pacing: Option<Pacing>,
    caution: Option<Caution>,
    /// The most that a task reserved lately: stands for one that says nothing or more.
    usual: Load,
    /// How long a refusal takes to come, at most.
    refusal_takes: Nanos,
    /// A decision that nobody was there to take.
    pending: Option<Change>,
}

impl Adaptive {
    /// `concurrency` is the most that may be in flight in all lanes together.
    pub(super) fn new(limits: &Limits, concurrency: u64) -> Self {
        let mut adaptive = Self {
            most: 1,
            limits: [None; 4],
            allowed: FIRST_CONCURRENCY,
            slow_start: true,
            cut_at: None,
            grown_at: 0,
            counted: Counted::default(),
            until: 0,
            ceilings: [None; 4],
            made: [false; 4],
            proven: [0.0; 4],
            pacing: None,
            caution: None,
            usual: Load::default(),
            refusal_takes: 0,
            pending: None,
        };
        adaptive.set_limits(limits, concurrency);
        adaptive
    }

    /// What was learned stays; the concurrency never exceeds the new one.
    pub(super) fn set_limits(&mut self, limits: &Limits, concurrency: u64) {
        self.most = limits.concurrency.map_or(concurrency, |own| own.get().min(concurrency));
        self.allowed = self.allowed.min(self.most);
        self.limits = [
            limits.requests_per_minute,
            limits.tokens_per_minute,
            limits.input_tokens_per_minute,
            limits.output_tokens_per_minute,
        ]
        .map(|limit| limit.map(u64::from));
    }

    /// A task has started: what it reserved counts.
    pub(super) fn started(&mut self, now: Nanos, load: Load) {
        let counted = self.counted.sum();
        if let Some(caution) = &mut self.caution {
            let exceeds = |budget: usize| {
                let seen = self.ceilings[budget].map_or(f64::INFINITY, |ceiling| ceiling.seen());
                (counted[budget] + load[budget]) as f64 > seen
            };
            caution.probe = Some((now, [0, 1, 2, 3].map(exceeds)));
        }
        if let Some(pacing) = &mut self.pacing {
            pacing.start(now);
        }
        self.counted.add(now, load);
        self.usual = self.usual.decayed().most(load);
    }

    /// A task has ended that was one of `in_flight` in its lane; `used` is what it used of what it reserved.
    pub(super) fn ended(
        &mut self,
        now: Nanos,
        start: Nanos,
        reserved: Load,
        outcome: Outcome,
        used: Load,
        in_flight: u64,
    ) -> Option<Change> {
        self.pass(now);
        if outcome == Outcome::RateLimited {
            self.counted.correct(start, reserved, Load::default());
            self.refusal_takes = self.refusal_takes.max(now - start);
            return self.refused(now, start, reserved);
        }
        self.counted.correct(start, reserved, used);
        for (budget, proven) in self.proven.iter_mut().enumerate() {
            let of_others = reserved[budget] * in_flight;
            *proven = proven.max(self.counted.sum()[budget].saturating_sub(of_others) as f64);
        }
        let is_probe = self.is_probe(start);
        match outcome {
            Outcome::Answered | Outcome::Refused if is_probe => self.admitted(now),
            Outcome::Answered => self.answered(now, start, in_flight),
            _ => {
                if let Some(caution) = self.caution.as_mut().filter(|_| is_probe) {
                    caution.probe = None;
                }
                None
            }
        }
    }

    /// The provider asked for a pause until then: nothing has to be tried before.
    pub(super) fn blocked(&mut self, until: Nanos) {
        if let Some(caution) = &mut self.caution {
            caution.quiet_until = caution.quiet_until.max(until);
            caution.probe_at = caution.probe_at.max(until);
        }
    }

    /// A decision that was taken since the last call without being returned.
    pub(super) fn take_change(&mut self) -> Option<Change> {
        self.pending.take()
    }

    /// Forgets what was learned about minutes and seconds; the concurrency stays.
    pub(super) fn reset(&mut self) -> Option<Change> {
        let knew = self.caution.is_some() || self.pacing.is_some() || self.ceilings.iter().any(Option::is_some);
        self.counted.clear();
        self.ceilings = [None; 4];
        self.made = [false; 4];
        self.proven = [0.0; 4];
        self.pacing = None;
        self.caution = None;
        knew.then(|| self.change(Action::Reset, "reset"))
    }

    pub(super) fn is_new(&self, start: Nanos) -> bool {
        self.cut_at.is_none_or(|cut| start >= cut)
    }

    fn is_probe(&self, start: Nanos) -> bool {
        let probe = self.caution.as_ref().and_then(|caution| caution.probe);
        probe.is_some_and(|(probe, _)| probe == start)
    }

    /// Grows the concurrency where it is what limits.
    fn answered(&mut self, now: Nanos, start: Nanos, in_flight: u64) -> Option<Change> {
        let in_use = in_flight * 5 >= self.allowed * 4;
        let in_time = self.slow_start || now >= self.grown_at.saturating_add(GROWTH_INTERVAL);
        if !in_use || !in_time || start < self.grown_at || !self.is_new(start) || self.allowed >= self.most {
            return None;
        }
        let step = if self.slow_start {
            self.allowed
        } else {
            (self.most / 20).max(1)
        };
        self.allowed = (self.allowed + step).min(self.most);
        self.grown_at = now;
        Some(self.change(Action::Grow, "answered"))
    }

    /// Time passes: what was in use shows whether the ceilings hold it back.
    pub(super) fn pass(&mut self, now: Nanos) {
        let passed = now.saturating_sub(self.until);
        self.until = now;
        for (budget, slot) in self.ceilings.iter_mut().enumerate() {
            if let Some(ceiling) = slot {
                ceiling.pass(passed, self.counted.sum()[budget]);
                let is_above = self.limits[budget].is_some_and(|limit| ceiling.value() >= limit as f64);
                if is_above || ceiling.is_forgotten() {
                    *slot = None;
                }
            }
        }
        self.counted.expire(now);
        let kept = 1.0 - (passed as f64 / FORGETTING as f64).min(1.0);
        self.proven = self.proven.map(|proven| proven * kept);
        self.pacing = self.pacing.filter(|pacing| !pacing.is_forgotten());
    }

    /// Refusals come fast and answers may not: a task that tries counts as admitted when a refusal would be there.
    pub(super) fn presume_admitted(&mut self, now: Nanos) {
        let probe = self.caution.as_ref().and_then(|caution| caution.probe);
        if probe.is_some_and(|(start, _)| now >= start + self.presumed_after()) {
            self.pending = self.admitted(now);
        }
    }

    pub(super) fn presumed_after(&self) -> Nanos {
        2 * self.refusal_takes + PAUSE / 2
    }

    pub(super) fn change(&self, action: Action, reason: &'static str) -> Change {
        let ceiling = |budget: usize| self.ceilings[budget].map(|ceiling| ceiling.value() as u64);
        Change {
            action,
            reason,
            concurrency: self.allowed,
            burst: self.pacing.map(|pacing| pacing.burst()),
            requests_per_minute: ceiling(0),
            tokens_per_minute: ceiling(1),
        }
    }
}
