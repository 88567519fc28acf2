//! The limiter against a plain list of everything that was ever started, counted anew for each question.

use std::time::Duration;

use proptest::prelude::*;

use super::tests::{acquire, at, exactly, limits, used};
use super::{Admission, Limiter, Limits, MonotonicMillis, Permit};

const MINUTE: f64 = 60_000.0;

#[derive(Debug, Clone)]
enum Event {
    Advance(u32),
    StepBack(u32),
    Acquire(u64),
    Settle { held: prop::sample::Index, tokens: u64 },
    Release(prop::sample::Index),
    SetLimits(Limits),
    Reset,
}

fn any_limits() -> impl Strategy<Value = Limits> {
    let requests = prop::option::weighted(0.8, 1..12_u64);
    let tokens = prop::option::weighted(0.8, 1..200_u64);
    (requests, tokens, 1..8_u64).prop_map(|(requests, tokens, concurrency)| limits(requests, tokens, concurrency))
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0..30_000_u32).prop_map(Event::Advance),
        3 => Just(Event::Advance(0)),
        1 => (0..200_000_u32).prop_map(Event::StepBack),
        12 => (0..80_u64).prop_map(Event::Acquire),
        1 => (80..500_u64).prop_map(Event::Acquire),
        4 => (any::<prop::sample::Index>(), 0..120_u64).prop_map(|(held, tokens)| Event::Settle { held, tokens }),
        6 => any::<prop::sample::Index>().prop_map(Event::Release),
        1 => any_limits().prop_map(Event::SetLimits),
        1 => Just(Event::Reset),
    ]
}

struct Start {
    permit: Permit,
    millis: u64,
    reserved: u64,
    tokens: u64,
    released: bool,
    forgotten: bool,
}

/// Everything that was ever started, by a clock that only goes forward.
struct Model {
    limits: Limits,
    millis: u64,
    starts: Vec<Start>,
    /// What the clock that the limiter is given shows; it may be set back.
    shown: u64,
    /// The furthest that it has been, and how much time had passed then.
    furthest: (u64, u64),
}

impl Model {
    fn new(limits: Limits) -> Self {
        let shown = 1_000_000;
        Self {
            limits,
            millis: 0,
            starts: Vec::new(),
            shown,
            furthest: (shown, 0),
        }
    }

    /// Only the way forward is time that passes, and a way gone twice passes once.
    fn advance(&mut self, millis: u64) {
        self.shown += millis;
        if self.shown < self.furthest.0 {
            self.millis += millis;
        } else {
            self.millis = self.millis.max(self.furthest.1 + self.shown - self.furthest.0);
            self.furthest = (self.shown, self.millis);
        }
    }

    fn clock(&self) -> MonotonicMillis {
        at(self.shown as f64)
    }

    /// Makes the event happen here and there.
    fn apply(&mut self, event: &Event, limiter: &mut Limiter) -> Result<(), TestCaseError> {
        let clock = self.clock();
        match *event {
            Event::Advance(millis) => self.advance(u64::from(millis)),
            Event::StepBack(millis) => self.shown = self.shown.saturating_sub(u64::from(millis)),
            Event::Acquire(tokens) => return self.acquire(limiter.try_acquire(clock, &exactly(tokens)), tokens),
            Event::Settle { held, tokens } => {
                if let Some(start) = self.held(held) {
                    let tokens = tokens.min(start.reserved);
                    start.tokens = tokens;
                    limiter.settle(start.permit, used(tokens), clock);
                }
            }
            Event::Release(held) => {
                if let Some(start) = self.held(held) {
                    start.released = true;
                    limiter.release(start.permit, clock);
                }
            }
            Event::SetLimits(limits) => {
                self.limits = limits;
                limiter.set_limits(limits, clock);
            }
            Event::Reset => {
                self.starts.iter_mut().for_each(|start| start.forgotten = true);
                limiter.reset(clock);
            }
        }
        Ok(())
    }

    fn counting(&self, millis: u64) -> impl Iterator<Item = &Start> {
        self.starts
            .iter()
            .filter(move |start| !start.forgotten && start.millis <= millis && millis - start.millis < 60_000)
    }

    fn in_flight(&self) -> usize {
        self.starts.iter().filter(|start| !start.released).count()
    }

    fn allows(&self, millis: u64, tokens: u64) -> bool {
        let requests = self.counting(millis).count() as u64;
        let used: u64 = self.counting(millis).map(|start| start.tokens).sum();
        self.limits
            .requests_per_minute
            .is_none_or(|limit| requests < limit.get())
            && self
                .limits
                .tokens_per_minute
                .is_none_or(|limit| used == 0 || used + tokens <= limit.get())
    }

    /// The first millisecond at which a start is allowed, if nothing else happens.
    fn allowed_from(&self, tokens: u64) -> u64 {
        let leaving = self.counting(self.millis).map(|start| start.millis + 60_000);
        let mut moments: Vec<u64> = leaving
            .chain([self.millis])
            .filter(|&moment| moment >= self.millis)
            .collect();
        moments.sort_unstable();
        moments
            .into_iter()
            .find(|&moment| self.allows(moment, tokens))
            .expect("an empty window allows every start")
    }

    fn held(&mut self, index: prop::sample::Index) -> Option<&mut Start> {
        let held: Vec<usize> = (0..self.starts.len())
            .filter(|&start| !self.starts[start].released)
            .collect();
        if held.is_empty() {
            None
        } else {
            Some(&mut self.starts[held[index.index(held.len())]])
        }
    }

    fn acquire(&mut self, admission: Admission, tokens: u64) -> Result<(), TestCaseError> {
        if self
            .limits
            .concurrency
            .is_some_and(|most| self.in_flight() as u64 >= most.get())
        {
            prop_assert_eq!(admission, Admission::Full);
            return Ok(());
        }
        let wait = self.allowed_from(tokens) - self.millis;
        match admission {
            Admission::Granted(permit) => {
                prop_assert_eq!(wait, 0, "admitted too early");
                let start = Start {
                    permit,
                    millis: self.millis,
                    reserved: tokens,
                    tokens,
                    released: false,
                    forgotten: false,
                };
                self.starts.push(start);
            }
            Admission::Wait { duration, .. } => {
                prop_assert!(wait > 0, "held back without a reason");
                prop_assert_eq!(duration, Duration::from_millis(wait));
            }
            Admission::TooLarge { .. } => prop_assert!(false, "oversize is allowed"),
            Admission::Full => prop_assert!(false, "{:?} places are free", self.limits.concurrency),
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Each decision and each announced wait is the one that counting every start anew gives: never more requests,
    /// tokens or places than allowed in the 60 s up to any start, hence in any 60 s; and never a start held back that
    /// was free.
    #[test]
    fn decides_as_a_plain_count_does(first in any_limits(), events in prop::collection::vec(any_event(), 1..300)) {
        let mut limiter = Limiter::new(first);
        let mut model = Model::new(first);
        limiter.usage(model.clock());
        for event in events {
            model.apply(&event, &mut limiter)?;
            let usage = limiter.usage(model.clock());
            let tokens: u64 = model.counting(model.millis).map(|start| start.tokens).sum();
            prop_assert_eq!(usage.requests as usize, model.counting(model.millis).count());
            prop_assert_eq!(usage.tokens, tokens);
            prop_assert_eq!(usage.in_flight as usize, model.in_flight());
        }
    }

    /// With fractions of a millisecond, starts share groups: every window that begins with a start is counted.
    #[test]
    fn no_minute_holds_more_than_its_limits(
        requests in 1..40_u64,
        tokens in 50..400_u64,
        steps in prop::collection::vec((0.0..3_000.0_f64, 0..2_u8, 1..50_u64), 1..600),
    ) {
        let mut limiter = Limiter::new(limits(Some(requests), Some(tokens), 1));
        let mut now = 0.0;
        let mut starts: Vec<(f64, u64)> = Vec::new();
        for (pause, long, size) in steps {
            now += if long == 1 { pause } else { pause / 10_000.0 };
            if let Some(permit) = acquire(&mut limiter, now, size) {
                limiter.release(permit, at(now));
                starts.push((now, size));
            }
        }
        for &(begin, _) in &starts {
            let inside = || starts.iter().filter(|(start, _)| (begin..begin + MINUTE).contains(start));
            prop_assert!(inside().count() as u64 <= requests);
            prop_assert!(inside().map(|(_, size)| size).sum::<u64>() <= tokens);
        }
    }

    /// Somebody who asks again exactly when told to is admitted, and so uses at least 99 % of the limit. Readings are
    /// whole nanoseconds: between two of them the limiter rounds.
    #[test]
    fn a_told_wait_is_enough(requests in 1..200_u64, jitter in prop::collection::vec(0..900_000_u32, 1..50)) {
        let mut limiter = Limiter::new(limits(Some(requests), None, 1));
        let mut now = 0.0;
        let mut granted = 0_u64;
        let mut jitter = jitter.into_iter().cycle();
        while now < 10.0 * MINUTE {
            match limiter.try_acquire(at(now), &exactly(1)) {
                Admission::Granted(permit) => {
                    granted += 1;
                    limiter.release(permit, at(now));
                    now += f64::from(jitter.next().unwrap_or(0)) / 1e6;
                }
                Admission::Wait { duration, .. } => {
                    now += duration.as_secs_f64() * 1_000.0;
                    let admission = limiter.try_acquire(at(now), &exactly(1));
                    let Admission::Granted(permit) = admission else {
                        return Err(TestCaseError::fail("the wait was not enough"));
                    };
                    granted += 1;
                    limiter.release(permit, at(now));
                }
                admission => return Err(TestCaseError::fail(format!("no permit is held: {admission:?}"))),
            }
        }
        prop_assert!(granted as f64 >= 0.99 * 10.0 * requests as f64, "{granted} of {}", 10 * requests);
    }
}
