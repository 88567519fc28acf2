//! Why a task may not start now, by what was learned.

use super::Adaptive;
use super::counted::{BUDGETS, Load};
use crate::limiter::{Demand, Nanos, Reason};

/// Why a lane lets no task start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::execution) enum Hold {
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

impl Adaptive {
    /// Why no task of this demand may start now.
    pub(in crate::execution) fn hold(&mut self, now: Nanos, in_flight: u64, demand: &Demand) -> Option<Hold> {
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
