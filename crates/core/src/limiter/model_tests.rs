//! The limiter against a plain list of everything that ever counted, added up anew for each question.
//!
//! Times are whole milliseconds here, so that no two of them share a group of the log.

mod events;

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::Index;

use events::{Event, any_event, any_limits};

use super::tests::at;
use super::{
    Admission, Amounts, Consumption, Demand, Limiter, Limits, MonotonicMillis, Observation, Permit, Reason, Remaining,
};

const MILLISECOND: i128 = 1_000_000;
const WINDOW: i128 = 60_000 * MILLISECOND;
const REASONS: [Reason; 4] = [
    Reason::Requests,
    Reason::Tokens,
    Reason::InputTokens,
    Reason::OutputTokens,
];

fn observation(seen: [Option<(u64, u32)>; 4]) -> Observation {
    let [requests, tokens, input_tokens, output_tokens] = seen.map(|seen| {
        let (left, millis) = seen?;
        let reset_in = Duration::from_millis(u64::from(millis));
        Some(Remaining { left, reset_in })
    });
    Observation {
        requests,
        tokens,
        input_tokens,
        output_tokens,
    }
}

/// Something that counts for a minute.
#[derive(Debug, Clone, Copy)]
struct Entry {
    time: i128,
    counts: [u64; 4],
}

#[derive(Debug)]
struct Start {
    permit: Permit,
    reserved: Amounts,
    /// Where its entries are; none after a reset.
    entry: Option<usize>,
    debt: Option<usize>,
}

fn counts(requests: u64, amounts: Amounts) -> [u64; 4] {
    [requests, amounts.tokens, amounts.input_tokens, amounts.output_tokens]
}

fn budgets(limits: &Limits) -> [Option<u64>; 4] {
    [
        limits.requests_per_minute,
        limits.tokens_per_minute,
        limits.input_tokens_per_minute,
        limits.output_tokens_per_minute,
    ]
    .map(|limit| limit.map(u64::from))
}

/// Everything that ever counted, by a clock that only goes forward.
struct Model {
    limits: Limits,
    now: i128,
    entries: Vec<Entry>,
    held: Vec<Start>,
    blocked_until: i128,
    /// How full the bucket is that each start fills by one interval and that runs out with time; below 0: since when it
    /// is empty.
    level: i128,
    /// What the clock that the limiter is given shows; it may be set back.
    shown: i128,
    /// The furthest that it has been, and how much time had passed then.
    furthest: (i128, i128),
}

impl Model {
    fn new(limits: Limits) -> Self {
        let shown = 1_000_000 * MILLISECOND;
        Self {
            limits,
            now: WINDOW,
            entries: Vec::new(),
            held: Vec::new(),
            blocked_until: 0,
            level: -WINDOW,
            shown,
            furthest: (shown, WINDOW),
        }
    }

    /// Only the way forward is time that passes, and a way gone twice passes once.
    fn advance(&mut self, time: i128) {
        let before = self.now;
        self.shown += time;
        if self.shown < self.furthest.0 {
            self.now += time;
        } else {
            self.now = self.now.max(self.furthest.1 + self.shown - self.furthest.0);
            self.furthest = (self.shown, self.now);
        }
        self.level -= self.now - before;
    }

    fn clock(&self) -> MonotonicMillis {
        at(self.shown as f64 / 1e6)
    }

    /// Makes the event happen here and there.
    fn apply(&mut self, event: &Event, limiter: &mut Limiter) -> Result<(), TestCaseError> {
        let clock = self.clock();
        match *event {
            Event::Advance(millis) => self.advance(i128::from(millis) * MILLISECOND),
            Event::StepBack(millis) => self.shown = (self.shown - i128::from(millis) * MILLISECOND).max(0),
            Event::Acquire(demand) => return self.acquire(limiter.try_acquire(clock, &demand), &demand),
            Event::Settle { held, used } => self.settle(held, used, limiter),
            Event::Release(held) => {
                if !self.held.is_empty() {
                    let start = self.held.swap_remove(held.index(self.held.len()));
                    limiter.release(start.permit, clock);
                }
            }
            Event::Block(millis) => {
                self.blocked_until = self.blocked_until.max(self.now + i128::from(millis) * MILLISECOND);
                limiter.block(clock, Duration::from_millis(u64::from(millis)));
            }
            Event::SetLimits(limits) => {
                self.set_limits(limits);
                limiter.set_limits(limits, clock);
            }
            Event::SetBurst(burst) => {
                self.set_limits(Limits { burst, ..self.limits });
                limiter.set_burst(burst, clock);
            }
            Event::Restore { age, requests, amounts } => {
                self.restore(i128::from(age) * MILLISECOND, requests, amounts);
                limiter.restore(clock, Duration::from_millis(u64::from(age)), requests, amounts);
            }
            Event::Observe(seen) => {
                self.observe(seen);
                limiter.observe(clock, &observation(seen));
            }
            Event::Reset => {
                self.entries.clear();
                self.held
                    .iter_mut()
                    .for_each(|start| (start.entry, start.debt) = (None, None));
                self.blocked_until = 0;
                self.level = -self.now;
                limiter.reset(clock);
            }
        }
        Ok(())
    }

    fn interval(&self) -> i128 {
        self.limits
            .requests_per_minute
            .map_or(0, |requests| WINDOW / i128::from(requests.get()))
    }

    fn burst(&self) -> i128 {
        let requests = self.limits.requests_per_minute.map_or(0, u64::from);
        i128::from(self.limits.burst.map_or(requests, |burst| requests.min(burst.get())))
    }

    fn fill(&mut self, since: i128, starts: u64) {
        let level = self.level.max(-since) + self.interval() * i128::from(starts);
        self.level = level.min(self.interval() * self.burst());
    }

    fn set_limits(&mut self, limits: Limits) {
        let before = self.interval();
        self.limits = limits;
        if self.level > 0 {
            self.level = (self.level * self.interval() / before).min(self.interval() * self.burst());
        }
    }

    fn restore(&mut self, age: i128, requests: u64, amounts: Amounts) {
        if age < WINDOW {
            self.fill(age, requests);
            self.entries.push(Entry {
                time: self.now - age,
                counts: counts(requests, amounts),
            });
        }
    }

    /// What is missing to what is left counts until the reset.
    fn observe(&mut self, seen: [Option<(u64, u32)>; 4]) {
        for (budget, (seen, limit)) in seen.into_iter().zip(budgets(&self.limits)).enumerate() {
            let (Some((left, millis)), Some(limit)) = (seen, limit) else {
                continue;
            };
            let mut counts = [0; 4];
            counts[budget] = limit
                .saturating_sub(self.counted(self.now, budget))
                .saturating_sub(left);
            let until = WINDOW.min(i128::from(millis) * MILLISECOND);
            self.entries.push(Entry {
                time: self.now + until - WINDOW,
                counts,
            });
        }
    }

    fn settle(&mut self, held: Index, [input_tokens, output_tokens]: [u64; 2], limiter: &mut Limiter) {
        if self.held.is_empty() {
            return;
        }
        let held = held.index(self.held.len());
        let (now, start) = (self.now, &mut self.held[held]);
        let tokens = input_tokens + output_tokens;
        let used = Consumption::Used {
            tokens: Some(tokens),
            input_tokens: Some(input_tokens),
            output_tokens: Some(output_tokens),
            characters: 0,
        };
        if let Some(entry) = start.entry {
            let used = [1, tokens, input_tokens, output_tokens];
            let reserved = counts(1, start.reserved);
            self.entries[entry].counts = [0, 1, 2, 3].map(|budget| used[budget].min(reserved[budget]));
            let debt = [0, 1, 2, 3].map(|budget| used[budget].saturating_sub(reserved[budget]));
            if let Some(earlier) = start.debt.take() {
                self.entries[earlier].counts = [0; 4];
            }
            start.debt = Some(self.entries.len());
            self.entries.push(Entry {
                time: now,
                counts: debt,
            });
        }
        limiter.settle(self.held[held].permit, used, self.clock());
    }

    fn counted(&self, moment: i128, budget: usize) -> u64 {
        let counting = self.entries.iter().filter(|entry| entry.time + WINDOW > moment);
        counting.map(|entry| entry.counts[budget]).sum()
    }

    /// From when on each cause allows the start, if nothing else happens.
    fn allowed_from(&self, demand: [u64; 4]) -> Vec<(i128, Reason)> {
        let mut moments: Vec<i128> = self.entries.iter().map(|entry| entry.time + WINDOW).collect();
        moments.push(self.now);
        moments.retain(|&moment| moment >= self.now);
        moments.sort_unstable();
        let by_budget = (0..4).filter_map(|budget| {
            let limit = budgets(&self.limits)[budget]?;
            let free = |moment: i128| {
                let counted = self.counted(moment, budget);
                counted == 0 || counted + demand[budget] <= limit
            };
            Some((moments.iter().copied().find(|&moment| free(moment))?, REASONS[budget]))
        });
        let mut causes: Vec<_> = by_budget.collect();
        causes.push((self.blocked_until, Reason::Provider));
        if self.burst()
            < self
                .limits
                .requests_per_minute
                .map_or(0, |limit| i128::from(limit.get()))
        {
            let excess = self.level + self.interval() - self.interval() * self.burst();
            causes.push((self.now + excess, Reason::Requests));
        }
        causes
    }

    fn acquire(&mut self, admission: Admission, demand: &Demand) -> Result<(), TestCaseError> {
        let reserved = match (demand.tokens, demand.input_tokens, demand.output_tokens) {
            (None, Some(input_tokens), Some(output_tokens)) => Amounts {
                tokens: input_tokens + output_tokens,
                input_tokens,
                output_tokens,
            },
            (tokens, ..) => {
                let tokens = tokens.expect("every demand is stated");
                Amounts {
                    tokens,
                    input_tokens: tokens,
                    output_tokens: tokens,
                }
            }
        };
        let asked = counts(1, reserved);
        let too_large = (0..4).find(|&budget| budgets(&self.limits)[budget].is_some_and(|limit| asked[budget] > limit));
        if let Some(budget) = too_large.filter(|_| !self.limits.allow_oversize) {
            let expected = Admission::TooLarge {
                reason: REASONS[budget],
                limit: budgets(&self.limits)[budget].unwrap_or(0),
                demand: asked[budget],
            };
            prop_assert_eq!(admission, expected);
            return Ok(());
        }
        if self
            .limits
            .concurrency
            .is_some_and(|most| self.held.len() as u64 >= most.get())
        {
            prop_assert_eq!(admission, Admission::Full);
            return Ok(());
        }
        let causes = self.allowed_from(asked);
        let until = causes.iter().map(|&(until, _)| until).max().unwrap_or(0);
        match admission {
            Admission::Granted(permit) => {
                prop_assert!(until <= self.now, "admitted too early");
                self.fill(0, 1);
                let entry = Some(self.entries.len());
                self.entries.push(Entry {
                    time: self.now,
                    counts: asked,
                });
                self.held.push(Start {
                    permit,
                    reserved,
                    entry,
                    debt: None,
                });
            }
            Admission::Wait { duration, reason } => {
                prop_assert!(until > self.now, "held back without a reason");
                prop_assert_eq!(i128::try_from(duration.as_nanos()).expect("it fits"), until - self.now);
                prop_assert!(causes.contains(&(until, reason)), "{:?} of {:?}", reason, causes);
            }
            other => prop_assert!(false, "{:?} although places are free", other),
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Each decision, each announced wait and its reason are those that adding up everything anew gives: never more
    /// than allowed in the 60 s up to any start, hence in any 60 s; and never a start held back that was free.
    #[test]
    fn decides_as_a_plain_count_does(first in any_limits(), events in prop::collection::vec(any_event(), 1..250)) {
        let mut limiter = Limiter::new(first);
        let mut model = Model::new(first);
        limiter.usage(model.clock());
        for event in events {
            model.apply(&event, &mut limiter)?;
            let usage = limiter.usage(model.clock());
            let counted = [0, 1, 2, 3].map(|budget| model.counted(model.now, budget));
            prop_assert_eq!([usage.requests, usage.tokens, usage.input_tokens, usage.output_tokens], counted);
            prop_assert_eq!(usage.in_flight as usize, model.held.len());
            let shares = budgets(&model.limits).into_iter().zip(counted);
            let fullest = shares.filter_map(|(limit, count)| Some(count as f64 / limit? as f64)).fold(0.0, f64::max);
            prop_assert!((usage.utilization - fullest.min(1.0)).abs() < 1e-9);
        }
    }
}
