//! What a refusal was about: a minute of some budget, or a shorter time.
//!
//! A budget is suspected where it was used to a quarter of its configured limit and at least half as much as the fullest,
//! and not where clearly more was admitted in a minute lately. Once a task that tries is refused too, the first of these
//! no longer counts: a limit of short times would have let it pass.

use super::counted::{BUDGETS, Load};
use super::learned::{Ceiling, Pacing};
use super::log::{Action, Change};
use super::{Adaptive, PAUSE};
use crate::limiter::Nanos;

const LONGEST_PAUSE: Nanos = 30_000_000_000;
/// A budget that is used less is not what refuses at first sight.
const LEAST_USED: f64 = 0.25;

/// No task has been admitted since a refusal that nothing foresaw.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caution {
    pub(super) quiet_until: Nanos,
    /// When one task may try whatever the ceilings say.
    pub(super) probe_at: Nanos,
    pub(super) next_pause: Nanos,
    /// The task that tries: when it started, and which new ceilings it exceeds.
    pub(super) probe: Option<(Nanos, [bool; 4])>,
    before: [Option<Ceiling>; 4],
    /// Requests admitted in the second before.
    in_second: u64,
    /// Whether starts came as fast as they might.
    paced: bool,
}

impl Adaptive {
    pub(super) fn refused(&mut self, now: Nanos, start: Nanos, load: Load) -> Option<Change> {
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

    /// The task that tried was admitted: what it exceeded is no limit.
    pub(super) fn admitted(&mut self, now: Nanos) -> Option<Change> {
        let mut caution = self.caution.take()?;
        let (_, exceeded) = caution.probe.take()?;
        let mut refuted = !self.made.contains(&true);
        for (budget, exceeded) in exceeded.into_iter().enumerate() {
            if self.made[budget] && exceeded {
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

    fn is_paced(&self) -> bool {
        self.pacing.is_some_and(|pacing| pacing.is_in_use())
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
}
