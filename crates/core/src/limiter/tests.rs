//! The limiter against a plain list of everything that was ever started, counted anew for each question.

use std::num::NonZeroU64;
use std::time::Duration;

use proptest::prelude::*;

use super::{Admission, Consumption, Demand, Limiter, Limits, MonotonicMillis, Permit, Reason};

const MINUTE: f64 = 60_000.0;

fn limits(requests: Option<u64>, tokens: Option<u64>, concurrency: u64) -> Limits {
    Limits {
        requests_per_minute: requests.and_then(NonZeroU64::new),
        tokens_per_minute: tokens.and_then(NonZeroU64::new),
        concurrency: NonZeroU64::new(concurrency).expect("a test allows some concurrency"),
    }
}

/// A task whose estimate is exactly `tokens`.
fn exactly(tokens: u64) -> Demand {
    Demand {
        output_tokens: Some(tokens),
        input_characters: 0,
    }
}

fn at(millis: f64) -> MonotonicMillis {
    MonotonicMillis(millis)
}

fn acquire(limiter: &mut Limiter, now: f64, tokens: u64) -> Option<Permit> {
    match limiter.try_acquire(at(now), exactly(tokens)) {
        Admission::Granted(permit) => Some(permit),
        Admission::Wait { .. } | Admission::Full => None,
    }
}

fn wait(millis: u64, reason: Reason) -> Admission {
    Admission::Wait {
        duration: Duration::from_millis(millis),
        reason,
    }
}

// ── one rule at a time ──

#[test]
fn a_start_counts_for_exactly_a_minute() {
    let mut limiter = Limiter::new(limits(Some(2), None, 9));
    assert!(acquire(&mut limiter, 0.0, 0).is_some());
    assert!(acquire(&mut limiter, 10_000.0, 0).is_some());
    assert_eq!(
        limiter.try_acquire(at(20_000.0), exactly(0)),
        wait(40_000, Reason::Requests)
    );
    assert_eq!(acquire(&mut limiter, 59_999.999, 0), None);
    assert!(acquire(&mut limiter, 60_000.0, 0).is_some());
    assert_eq!(acquire(&mut limiter, 69_999.0, 0), None);
    assert!(acquire(&mut limiter, 70_000.0, 0).is_some());
}

#[test]
fn a_refused_start_uses_up_nothing() {
    let mut limiter = Limiter::new(limits(Some(10), Some(100), 1));
    let first = acquire(&mut limiter, 0.0, 60).expect("nothing is in use");
    assert_eq!(limiter.try_acquire(at(0.0), exactly(10)), Admission::Full);
    limiter.release(first, at(0.0));
    assert_eq!(limiter.try_acquire(at(0.0), exactly(41)), wait(60_000, Reason::Tokens));
    let usage = limiter.usage(at(0.0));
    assert_eq!((usage.requests, usage.tokens, usage.in_flight), (1, 60, 0));
}

#[test]
fn a_refund_is_free_at_once_and_a_debt_is_carried() {
    let mut limiter = Limiter::new(limits(None, Some(100), 9));
    let first = acquire(&mut limiter, 0.0, 100).expect("nothing is in use");
    limiter.settle(first, Consumption::Tokens(30), at(5.0));
    let second = acquire(&mut limiter, 1_000.0, 70).expect("70 came back");
    limiter.settle(second, Consumption::Tokens(500), at(2_000.0));
    assert_eq!(limiter.usage(at(2_000.0)).tokens, 530);
    assert_eq!(
        limiter.try_acquire(at(60_000.0), exactly(1)),
        wait(1_000, Reason::Tokens)
    );
    assert!(acquire(&mut limiter, 61_000.0, 100).is_some());
}

#[test]
fn a_task_above_the_whole_token_limit_runs_alone() {
    let mut limiter = Limiter::new(limits(None, Some(100), 9));
    assert!(acquire(&mut limiter, 0.0, 1).is_some());
    assert_eq!(
        limiter.try_acquire(at(0.0), exactly(1_000)),
        wait(60_000, Reason::Tokens)
    );
    assert!(acquire(&mut limiter, 60_000.0, 1_000).is_some());
    assert_eq!(acquire(&mut limiter, 60_001.0, 1), None);
    assert!(acquire(&mut limiter, 120_000.0, 1).is_some());
}

#[test]
fn a_task_that_outlives_the_window_keeps_its_place_and_nothing_else() {
    let mut limiter = Limiter::new(limits(Some(1), Some(100), 1));
    let slow = acquire(&mut limiter, 0.0, 100).expect("nothing is in use");
    assert_eq!(limiter.try_acquire(at(90_000.0), exactly(1)), Admission::Full);
    limiter.settle(slow, Consumption::Tokens(9_999), at(90_000.0));
    limiter.release(slow, at(90_000.0));
    limiter.release(slow, at(90_000.0));
    assert!(acquire(&mut limiter, 90_000.0, 100).is_some());
}

#[test]
fn new_limits_hold_at_once() {
    let mut limiter = Limiter::new(limits(Some(1), None, 9));
    assert!(acquire(&mut limiter, 0.0, 0).is_some());
    assert_eq!(acquire(&mut limiter, 1.0, 0), None);
    limiter.set_limits(limits(Some(3), None, 9), at(2.0));
    assert!(acquire(&mut limiter, 2.0, 0).is_some());
    assert!(acquire(&mut limiter, 1_000.0, 0).is_some());
    limiter.set_limits(limits(Some(2), None, 9), at(1_000.0));
    assert_eq!(
        limiter.try_acquire(at(1_000.0), exactly(0)),
        wait(59_002, Reason::Requests)
    );
}

#[test]
fn a_reset_forgets_the_window_and_keeps_the_places() {
    let mut limiter = Limiter::new(limits(Some(1), Some(10), 2));
    let first = acquire(&mut limiter, 0.0, 10).expect("nothing is in use");
    limiter.reset(at(1.0));
    assert!(acquire(&mut limiter, 1.0, 10).is_some());
    assert_eq!(limiter.try_acquire(at(1.0), exactly(0)), Admission::Full);
    limiter.settle(first, Consumption::Tokens(1_000), at(2.0));
    assert_eq!(limiter.usage(at(2.0)).tokens, 10);
}

#[test]
fn the_log_stays_small_without_limits() {
    let mut limiter = Limiter::new(limits(None, None, 1));
    for step in 0..200_000 {
        let now = f64::from(step) * 0.01;
        let permit = acquire(&mut limiter, now, 0).expect("nothing limits it");
        limiter.release(permit, at(now));
    }
    assert_eq!(limiter.window.requests(), 200_000);
    assert!(limiter.window.groups() <= 2_000);
    assert!(limiter.held.is_empty());
}

#[test]
fn the_first_wave_shares_the_token_limit_and_later_ones_go_by_the_largest_use() {
    let mut limiter = Limiter::new(limits(None, Some(1_000), 4));
    let unknown = Demand::default();
    let mut permits = Vec::new();
    while let Admission::Granted(permit) = limiter.try_acquire(at(0.0), unknown) {
        permits.push(permit);
    }
    assert_eq!((permits.len(), limiter.usage(at(0.0)).tokens), (4, 1_000));
    for (permit, consumption) in permits.into_iter().zip([
        Consumption::Tokens(20),
        Consumption::Characters(161),
        Consumption::Failed {
            input_characters: 4_000 - 3,
        },
        Consumption::Tokens(0),
    ]) {
        limiter.settle(permit, consumption, at(1.0));
        limiter.release(permit, at(1.0));
    }
    assert_eq!(limiter.usage(at(1.0)).tokens, 20 + 41 + 1_000);
    limiter.reset(at(1.0));
    assert!(matches!(limiter.try_acquire(at(1.0), unknown), Admission::Granted(_)));
    assert_eq!(
        limiter.usage(at(1.0)).tokens,
        41,
        "what failed is no measure for what succeeds"
    );
    limiter.try_acquire(
        at(1.0),
        Demand {
            output_tokens: None,
            input_characters: 400,
        },
    );
    assert_eq!(
        limiter.usage(at(1.0)).tokens,
        41 + 100,
        "a question is at least its characters"
    );
}

#[test]
fn a_raised_concurrency_can_be_used_before_any_task_has_ended() {
    let mut limiter = Limiter::new(limits(None, Some(1_000), 1));
    assert!(matches!(
        limiter.try_acquire(at(0.0), Demand::default()),
        Admission::Granted(_)
    ));
    limiter.set_limits(limits(None, Some(1_000), 4), at(0.0));
    let permit = acquire(&mut limiter, 0.0, 300).expect("three quarters are free");
    limiter.set_limits(limits(None, Some(1_000), 2), at(0.0));
    assert_eq!(
        limiter.usage(at(0.0)).tokens,
        250 + 300,
        "a share never grows, and what is known stays"
    );
    limiter.release(permit, at(0.0));
}

#[test]
fn an_old_peak_stops_counting_after_a_hundred_tasks() {
    let mut limiter = Limiter::new(limits(None, Some(1_000), 1));
    for tokens in std::iter::once(900).chain(std::iter::repeat_n(5, 100)) {
        let permit = acquire(&mut limiter, 0.0, 0).expect("the window is forgotten each time");
        limiter.settle(permit, Consumption::Tokens(tokens), at(0.0));
        limiter.release(permit, at(0.0));
        limiter.reset(at(0.0));
    }
    limiter.try_acquire(at(0.0), Demand::default());
    assert_eq!(limiter.usage(at(0.0)).tokens, 5);
}

#[test]
fn metrics_divide_the_time_of_a_busy_period() {
    let mut limiter = Limiter::new(limits(Some(2), None, 4));
    limiter.begin_run(at(0.0));
    let short = acquire(&mut limiter, 0.0, 0).expect("nothing is in use");
    let long = acquire(&mut limiter, 0.0, 0).expect("one is in use");
    assert_eq!(acquire(&mut limiter, 0.0, 0), None);
    limiter.release(short, at(20_000.0));
    limiter.release(long, at(40_000.0));
    let late = acquire(&mut limiter, 60_000.0, 0).expect("the window is empty");
    limiter.release(late, at(80_000.0));
    limiter.end_run(at(80_000.0));
    let metrics = limiter.metrics(at(500_000.0));
    let expected = super::Metrics {
        total_millis: 80_000.0,
        mean_task_millis: 80_000.0 / 3.0,
        throttled_millis: 60_000.0,
        efficiency: 0.5,
        utilization: 0.25,
    };
    assert_eq!(metrics, expected);
    limiter.begin_run(at(500_000.0));
    assert_eq!(limiter.metrics(at(500_000.0)), super::Metrics::default());
}

// ── any sequence of events ──

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
    tokens: u64,
    released: bool,
    forgotten: bool,
}

/// Everything that was ever started, by a clock that only goes forward.
struct Model {
    limits: Limits,
    millis: u64,
    starts: Vec<Start>,
}

impl Model {
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
        if self.in_flight() as u64 >= self.limits.concurrency.get() {
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
            Admission::Full => prop_assert!(false, "{} places are free", self.limits.concurrency),
        }
        Ok(())
    }
}

proptest! {
    /// Each decision and each announced wait is the one that counting every start anew gives: never more requests,
    /// tokens or places than allowed in the 60 s up to any start, hence in any 60 s; and never a start held back that
    /// was free.
    #[test]
    fn decides_as_a_plain_count_does(first in any_limits(), events in prop::collection::vec(any_event(), 1..300)) {
        let mut limiter = Limiter::new(first);
        let mut model = Model { limits: first, millis: 0, starts: Vec::new() };
        // What the clock shows; it steps back, and only the way forward from there is time that passes.
        let mut clock = 1e6;
        limiter.usage(at(clock));
        let mut furthest = clock;
        let mut elapsed_at_furthest = 0.0;
        for event in events {
            match event {
                Event::Advance(millis) => {
                    clock += f64::from(millis);
                    model.millis += u64::from(millis);
                    if clock >= furthest {
                        let passed = elapsed_at_furthest + (clock - furthest);
                        model.millis = (model.millis - u64::from(millis)).max(passed as u64);
                        furthest = clock;
                        elapsed_at_furthest = model.millis as f64;
                    }
                }
                Event::StepBack(millis) => clock = (clock - f64::from(millis)).max(0.0),
                Event::Acquire(tokens) => {
                    let admission = limiter.try_acquire(at(clock), exactly(tokens));
                    model.acquire(admission, tokens)?;
                }
                Event::Settle { held, tokens } => {
                    if let Some(start) = model.held(held) {
                        let (permit, counts) = (start.permit, !start.forgotten);
                        if counts { start.tokens = tokens; }
                        limiter.settle(permit, Consumption::Tokens(tokens), at(clock));
                    }
                }
                Event::Release(held) => {
                    if let Some(start) = model.held(held) {
                        start.released = true;
                        limiter.release(start.permit, at(clock));
                    }
                }
                Event::SetLimits(limits) => {
                    model.limits = limits;
                    limiter.set_limits(limits, at(clock));
                }
                Event::Reset => {
                    model.starts.iter_mut().for_each(|start| start.forgotten = true);
                    limiter.reset(at(clock));
                }
            }
            let usage = limiter.usage(at(clock));
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

    /// Somebody who asks again exactly when told to is admitted, and so uses at least 99 % of the limit.
    #[test]
    fn a_told_wait_is_enough(requests in 1..200_u64, jitter in prop::collection::vec(0.0..0.9_f64, 1..50)) {
        let mut limiter = Limiter::new(limits(Some(requests), None, 1));
        let mut now = 0.0;
        let mut granted = 0_u64;
        let mut jitter = jitter.into_iter().cycle();
        while now < 10.0 * MINUTE {
            match limiter.try_acquire(at(now), exactly(1)) {
                Admission::Granted(permit) => {
                    granted += 1;
                    limiter.release(permit, at(now));
                    now += jitter.next().unwrap_or(0.0);
                }
                Admission::Wait { duration, .. } => {
                    now += duration.as_secs_f64() * 1_000.0;
                    let admission = limiter.try_acquire(at(now), exactly(1));
                    let Admission::Granted(permit) = admission else {
                        return Err(TestCaseError::fail("the wait was not enough"));
                    };
                    granted += 1;
                    limiter.release(permit, at(now));
                }
                Admission::Full => return Err(TestCaseError::fail("no permit is held")),
            }
        }
        prop_assert!(granted as f64 >= 0.99 * 10.0 * requests as f64, "{granted} of {}", 10 * requests);
    }
}
