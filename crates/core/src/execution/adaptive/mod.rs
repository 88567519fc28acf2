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
//! for each budget, unless the configured limits say that it is not the one in question: a budget used half as much as
//! the fullest is not.
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

mod counted;
mod learned;
mod log;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

pub(super) use counted::Load;
use counted::{BUDGETS, Counted};
use learned::{Ceiling, Pacing};
pub use log::{Action, Decision};
pub(super) use log::{Change, DecisionLog};

use super::Outcome;
use crate::limiter::{Demand, Limits, Nanos, Reason};

const FIRST_CONCURRENCY: u64 = 4;
const GROWTH_INTERVAL: Nanos = 5_000_000_000;
/// A budget that is used less is not what refuses at first sight.
const LEAST_USED: f64 = 0.25;
/// How fast it is forgotten what was admitted.
const FORGETTING: Nanos = 600_000_000_000;
/// How long nothing starts after an unforeseen refusal, and when the first task tries again.
const PAUSE: Nanos = 500_000_000;
const LONGEST_PAUSE: Nanos = 30_000_000_000;

/// Why a lane lets no task start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Hold {
    /// As many as may are in flight.
    Places { allowed: u64, in_flight: u64 },
    /// Ask again then.
    Until {
        moment: Nanos,
        reason: Reason,
        limit: Option<u64>,
        current: u64,
    },
}

/// No task has been admitted since a refusal that nothing foresaw.
#[derive(Debug, Clone, Copy)]
struct Caution {
    quiet_until: Nanos,
    /// When one task may try whatever the ceilings say.
    probe_at: Nanos,
    next_pause: Nanos,
    /// The task that tries: when it started, and which new ceilings it exceeds.
    probe: Option<(Nanos, [bool; 4])>,
    before: [Option<Ceiling>; 4],
    /// Requests admitted in the second before.
    in_second: u64,
    /// Whether starts came as fast as they might.
    paced: bool,
}

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

    /// Why no task of this demand may start now.
    pub(super) fn hold(&mut self, now: Nanos, in_flight: u64, demand: &Demand) -> Option<Hold> {
        self.pass(now);
        self.presume_admitted(now);
        if in_flight >= self.allowed {
            return Some(Hold::Places {
                allowed: self.allowed,
                in_flight,
            });
        }
        let held = self.held_by_ceiling(self.load_of(demand));
        match &self.caution {
            None => held.or_else(|| self.held_by_pacing()).filter(|hold| hold.is_after(now)),
            Some(caution) => {
                if let Some((start, _)) = caution.probe {
                    return Some(Hold::provider(start + self.presumed_after()));
                }
                let held = held.map(|hold| hold.no_later_than(caution.probe_at));
                held.filter(|hold| hold.is_after(caution.quiet_until))
                    .or(Some(Hold::provider(caution.quiet_until)))
                    .filter(|hold| hold.is_after(now))
            }
        }
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

    fn is_new(&self, start: Nanos) -> bool {
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

    fn refused(&mut self, now: Nanos, start: Nanos, load: Load) -> Option<Change> {
        if !self.is_new(start) {
            // It counted when the ceilings were made, and should not have.
            for (budget, ceiling) in self
                .ceilings
                .iter_mut()
                .enumerate()
                .filter(|&(budget, _)| self.made[budget])
            {
                if let Some(ceiling) = ceiling {
                    ceiling.lower_by(load[budget]);
                }
            }
            return None;
        }
        self.slow_start = false;
        self.allowed = (self.allowed * 4 / 5).max(1);
        self.cut_at = Some(now);
        self.grown_at = now;
        let seen = self.seen(load);
        let foreseen: [bool; 4] = [0, 1, 2, 3].map(|budget| {
            let near = |ceiling: Ceiling| seen[budget].is_some_and(|seen| seen >= 0.9 * ceiling.value());
            self.ceilings[budget].is_some_and(near) && self.may_be_limit(budget, seen)
        });
        let reason = if let Some(caution) = &mut self.caution {
            caution.probe = None;
            caution.quiet_until = now + PAUSE;
            caution.probe_at = now + caution.next_pause;
            caution.next_pause = (caution.next_pause * 4).min(LONGEST_PAUSE);
            self.proven = [0.0; 4];
            if self.ceilings.iter().all(Option::is_none) {
                self.lower_ceilings(seen, self.suspects(seen, 0.0));
            } else {
                self.confirm_ceilings(seen);
            }
            "refused again"
        } else if foreseen.contains(&true) {
            self.lower_ceilings(seen, foreseen);
            let in_second = self.counted.in_last_second(now);
            if self.is_bursty(in_second) {
                self.spread(now, in_second, self.is_paced());
            }
            let fullest = (0..BUDGETS.len()).find(|&budget| foreseen[budget]);
            fullest.map_or("refused", |budget| BUDGETS[budget].word())
        } else {
            self.caution = Some(Caution {
                quiet_until: now + PAUSE,
                probe_at: now + PAUSE,
                next_pause: 4 * PAUSE,
                probe: None,
                before: self.ceilings,
                in_second: self.counted.in_last_second(now),
                paced: self.is_paced(),
            });
            self.made = [false; 4];
            self.lower_ceilings(seen, self.suspects(seen, LEAST_USED));
            "refused"
        };
        Some(self.change(Action::Cut, reason))
    }

    /// Time passes: what was in use shows whether the ceilings hold it back.
    fn pass(&mut self, now: Nanos) {
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
    fn presume_admitted(&mut self, now: Nanos) {
        let probe = self.caution.as_ref().and_then(|caution| caution.probe);
        if probe.is_some_and(|(start, _)| now >= start + self.presumed_after()) {
            self.pending = self.admitted(now);
        }
    }

    fn presumed_after(&self) -> Nanos {
        2 * self.refusal_takes + PAUSE / 2
    }

    /// The task that tried was admitted: what it exceeded is no limit.
    fn admitted(&mut self, now: Nanos) -> Option<Change> {
        let mut caution = self.caution.take()?;
        let (_, exceeded) = caution.probe.take()?;
        let mut refuted = !self.made.contains(&true);
        for budget in 0..BUDGETS.len() {
            if self.made[budget] && exceeded[budget] {
                self.ceilings[budget] = caution.before[budget];
                self.made[budget] = false;
                refuted = true;
            }
        }
        if !refuted {
            return None;
        }
        if self.made.contains(&true) {
            // It was a small one: the next may refute the others too.
            caution.probe_at = now;
            caution.next_pause = 4 * PAUSE;
            self.caution = Some(caution);
            return None;
        }
        self.spread(now, caution.in_second, caution.paced)
            .then(|| self.change(Action::Burst, "room in the minute"))
    }

    /// Whether starts are now further apart.
    fn spread(&mut self, now: Nanos, in_second: u64, paced: bool) -> bool {
        if let Some(pacing) = &mut self.pacing {
            pacing.lower(paced);
        } else if in_second >= 2 {
            let ceiling = self.ceilings[0].map(|ceiling| ceiling.value());
            let per_minute = ceiling.or(self.limits[0].map(|limit| limit as f64));
            let per_minute = per_minute.unwrap_or(in_second as f64 * 60.0);
            self.pacing = Some(Pacing::new(per_minute, in_second / 2, now));
        } else {
            return false;
        }
        true
    }

    /// Whether the last second saw twice its share of the minute.
    fn is_bursty(&self, in_second: u64) -> bool {
        in_second >= 2 && in_second * 30 >= self.counted.sum()[0]
    }

    /// What each budget gives out a minute, if it is what refused a task of this load. Between what was admitted and what
    /// would have been too much, the middle.
    fn seen(&self, load: Load) -> [Option<f64>; 4] {
        let counted = self.counted.sum();
        [0, 1, 2, 3].map(|budget| {
            let middle = if budget == 0 { 0.0 } else { load[budget] as f64 / 2.0 };
            (counted[budget] > 0).then(|| counted[budget] as f64 + middle)
        })
    }

    fn is_paced(&self) -> bool {
        self.pacing.is_some_and(|pacing| pacing.is_in_use())
    }

    /// Not where clearly more was admitted a while ago.
    fn may_be_limit(&self, budget: usize, seen: [Option<f64>; 4]) -> bool {
        seen[budget].is_some_and(|seen| seen >= 0.9 * self.proven[budget])
    }

    /// Budgets that may have refused: the configured ones that are used to this share, and at least half as much as the
    /// fullest of them; where none is configured, requests and tokens.
    fn suspects(&self, seen: [Option<f64>; 4], least: f64) -> [bool; 4] {
        let counted = self.counted.sum();
        let used = [0, 1, 2, 3].map(|budget| self.limits[budget].map(|limit| counted[budget] as f64 / limit as f64));
        let fullest = used.into_iter().flatten().reduce(f64::max);
        [0, 1, 2, 3].map(|budget| {
            let is_full = match fullest {
                Some(fullest) => used[budget].is_some_and(|used| used >= least.max(fullest / 2.0)),
                None => budget < 2,
            };
            is_full && self.may_be_limit(budget, seen)
        })
    }

    fn lower_ceilings(&mut self, seen: [Option<f64>; 4], which: [bool; 4]) {
        for budget in 0..BUDGETS.len() {
            let Some(seen) = seen[budget].filter(|_| which[budget]) else {
                continue;
            };
            let believed = self.ceilings[budget].map_or(f64::INFINITY, |ceiling| ceiling.value());
            self.ceilings[budget] = Some(Ceiling::new(seen.min(believed)));
            self.made[budget] = true;
        }
    }

    /// A task was refused that tried them: what counts now is enough to refuse one.
    fn confirm_ceilings(&mut self, seen: [Option<f64>; 4]) {
        for (ceiling, seen) in self.ceilings.iter_mut().zip(seen) {
            if let (Some(ceiling), Some(seen)) = (ceiling, seen)
                && seen < ceiling.seen()
            {
                *ceiling = Ceiling::new(seen);
            }
        }
    }

    fn held_by_ceiling(&self, load: Load) -> Option<Hold> {
        let held = |budget: usize| {
            let limit = self.ceilings[budget]?.value() as u64;
            let moment = self.counted.at_most(budget, limit.saturating_sub(load[budget]))?;
            Some(Hold::Until {
                moment,
                reason: BUDGETS[budget],
                limit: Some(limit),
                current: self.counted.sum()[budget],
            })
        };
        (0..BUDGETS.len()).filter_map(held).max_by_key(Hold::moment)
    }

    fn held_by_pacing(&self) -> Option<Hold> {
        let pacing = self.pacing?;
        Some(Hold::Until {
            moment: pacing.free_at(),
            reason: Reason::Requests,
            limit: Some(pacing.per_minute() as u64),
            current: self.counted.sum()[0],
        })
    }

    fn load_of(&self, demand: &Demand) -> Load {
        let tokens = demand.tokens.or(demand
            .input_tokens
            .zip(demand.output_tokens)
            .map(|(input, output)| input + output));
        Load::stated([tokens, demand.input_tokens, demand.output_tokens], self.usual)
    }

    fn change(&self, action: Action, reason: &'static str) -> Change {
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

impl Hold {
    fn provider(moment: Nanos) -> Self {
        Self::Until {
            moment,
            reason: Reason::Provider,
            limit: None,
            current: 0,
        }
    }

    fn moment(&self) -> Nanos {
        match *self {
            Self::Places { .. } => Nanos::MAX,
            Self::Until { moment, .. } => moment,
        }
    }

    fn is_after(&self, now: Nanos) -> bool {
        self.moment() > now
    }

    fn no_later_than(self, latest: Nanos) -> Self {
        match self {
            Self::Until {
                moment,
                reason,
                limit,
                current,
            } => Self::Until {
                moment: moment.min(latest),
                reason,
                limit,
                current,
            },
            places @ Self::Places { .. } => places,
        }
    }
}
