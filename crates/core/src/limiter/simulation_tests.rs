//! Hours of work on a clock that is a number: what the limiter promises, counted as a provider would.
//!
//! The counting knows nothing of the limiter. It takes what a provider sees, moment by moment, and goes through every
//! interval of 60 s that begins with one of these moments: no interval of 60 s holds more than the fullest of them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::num::NonZeroU64;
use std::time::Duration;

use super::tests::at;
use super::{Admission, Consumption, Demand, Guarantee, Limiter, Limits, MonotonicMillis, Permit};
use crate::stats::simulation::Random;

const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;

fn clock(nanos: u64) -> MonotonicMillis {
    at(nanos as f64 / 1e6)
}

/// A time, and the requests, tokens, input tokens and output tokens that a provider counts then.
type Seen = (u64, [u64; 4]);

/// The most of each in any half-open interval of 60 s.
fn busiest_minute(moments: &mut [Seen]) -> [u64; 4] {
    moments.sort_unstable_by_key(|&(time, _)| time);
    let (mut most, mut inside, mut end) = ([0; 4], [0; 4], 0);
    for begin in 0..moments.len() {
        while end < moments.len() && moments[end].0 < moments[begin].0 + MINUTE {
            for (sum, more) in inside.iter_mut().zip(moments[end].1) {
                *sum += more;
            }
            end += 1;
        }
        for (budget, leaving) in moments[begin].1.into_iter().enumerate() {
            most[budget] = inside[budget].max(most[budget]);
            inside[budget] -= leaving;
        }
    }
    most
}

/// Somebody who takes every permit as soon as he may, `late` (0 up) nanoseconds after each wait that he was told.
fn saturated_requests(limits: Limits, minutes: u64, late: u64, seed: u64) -> Vec<Seen> {
    let mut random = Random(seed);
    let mut limiter = Limiter::new(limits);
    let (mut now, mut starts) = (SECOND, Vec::new());
    while now < SECOND + minutes * MINUTE {
        match limiter.try_acquire(clock(now), &Demand::default()) {
            Admission::Granted(permit) => {
                starts.push((now, [1, 0, 0, 0]));
                limiter.release(permit, clock(now));
            }
            Admission::Wait { duration, .. } => {
                now += duration.as_nanos() as u64 + (random.uniform() * late as f64) as u64;
            }
            other => panic!("{other:?} although nothing is in flight"),
        }
    }
    starts
}

fn per_minute(requests: u64, burst: Option<u64>) -> Limits {
    Limits {
        requests_per_minute: NonZeroU64::new(requests),
        burst: burst.and_then(NonZeroU64::new),
        ..Limits::default()
    }
}

/// 99 % of the limit, also where starts are paced, and where each wait ends up to 4 ms late as timers do. The one
/// exception is `burst: 1` with late timers: an even spread has no room to catch up.
#[test]
fn who_always_asks_gets_99_percent_of_the_requests_and_never_more_than_all() {
    for requests in [1, 7, 60, 500, 3_000] {
        for (burst, late) in [
            (None, 0),
            (None, 4),
            (Some(1), 0),
            (Some(2), 4),
            (Some(requests / 3 + 2), 4),
        ] {
            let minutes = 20;
            let mut seen = saturated_requests(per_minute(requests, burst), minutes, late * SECOND / 1_000, requests);
            let used = seen.len() as f64 / (requests * minutes) as f64;
            assert!(
                used >= 0.99,
                "{used} of {requests} requests a minute, burst {burst:?}, {late} ms late"
            );
            assert!(busiest_minute(&mut seen)[0] <= requests);
        }
    }
}

#[test]
fn a_burst_bounds_every_shorter_interval_too() {
    for (requests, burst) in [(600, 1), (600, 5), (60, 3), (4_000, 10)] {
        let seen = saturated_requests(per_minute(requests, Some(burst)), 5, 0, 1);
        let interval = MINUTE / requests;
        for (first, &(begin, _)) in seen.iter().enumerate() {
            let inside = seen[first..]
                .iter()
                .take_while(|(time, _)| *time < begin + SECOND)
                .count() as u64;
            assert!(inside <= burst + (SECOND - 1) / interval, "{inside} within 1 s");
        }
    }
}

#[test]
fn what_a_pause_of_the_provider_takes_is_all_that_is_lost() {
    let mut limiter = Limiter::new(per_minute(600, Some(20)));
    let (mut now, mut starts) = (SECOND, 0);
    for round in 1..=10 {
        limiter.block(clock(now), Duration::from_secs(6));
        limiter.block(clock(now), Duration::from_secs(1));
        let paused_until = now + 6 * SECOND;
        while now < SECOND + round * MINUTE {
            match limiter.try_acquire(clock(now), &Demand::default()) {
                Admission::Granted(permit) => {
                    assert!(now >= paused_until);
                    starts += 1;
                    limiter.release(permit, clock(now));
                }
                Admission::Wait { duration, .. } => now += duration.as_nanos() as u64,
                other => panic!("{other:?} although nothing is in flight"),
            }
        }
    }
    assert!(f64::from(starts) >= 0.99 * 0.9 * 6_000.0, "{starts} of 5,400");
}

/// Tasks in flight, the one that ends next first: its end, its permit, its input and output tokens.
#[derive(Default)]
struct InFlight(BinaryHeap<Reverse<(u64, u64, [u64; 2])>>);

impl InFlight {
    fn next_end(&self) -> u64 {
        self.0.peek().map_or(u64::MAX, |Reverse((end, ..))| *end)
    }

    /// Settles and releases what has ended by `now`.
    fn end(&mut self, now: u64, limiter: &mut Limiter, consumption: impl Fn([u64; 2]) -> Consumption) {
        while self.next_end() <= now
            && let Some(Reverse((end, permit, used))) = self.0.pop()
        {
            limiter.settle(Permit(permit), consumption(used), clock(end));
            limiter.release(Permit(permit), clock(end));
        }
    }
}

fn reported([input, output]: [u64; 2]) -> Consumption {
    Consumption::Used {
        tokens: None,
        input_tokens: Some(input),
        output_tokens: Some(output),
        characters: 0,
    }
}

/// `arrivals` at random times, in lulls and in bursts, each of which asks once; how many were admitted.
fn random_arrivals(limits: Limits, arrivals: u32, seed: u64) -> usize {
    let mut random = Random(seed);
    let mut limiter = Limiter::new(limits);
    let (mut now, mut in_flight) = (SECOND, InFlight::default());
    let mut admitted: Vec<Seen> = Vec::new();
    let mut pause = 0.0;
    for arrival in 0..arrivals {
        if arrival % 512 == 0 {
            // A mean pause from 10 µs to 1 s: within the groups of the log and far beyond them.
            pause = 10_f64.powf(4.0 + 5.0 * random.uniform());
        }
        now += (-random.uniform().ln() * pause) as u64;
        in_flight.end(now, &mut limiter, reported);
        let most = [400, 400].map(|most: u32| (random.uniform() * f64::from(most)) as u64);
        let demand = match arrival % 2 {
            0 => Demand {
                input_tokens: Some(most[0]),
                output_tokens: Some(most[1]),
                ..Demand::default()
            },
            _ => Demand {
                tokens: Some(most[0] + most[1]),
                ..Demand::default()
            },
        };
        if let Admission::Granted(permit) = limiter.try_acquire(clock(now), &demand) {
            let used = most.map(|most| (random.uniform() * (most + 1) as f64) as u64);
            let latency = (2.0 * random.log_normal(1.0) * SECOND as f64) as u64;
            in_flight.0.push(Reverse((now + latency, permit.0, used)));
            admitted.push((now, [1, used[0] + used[1], used[0], used[1]]));
        }
    }
    let allowed = [
        limits.requests_per_minute,
        limits.tokens_per_minute,
        limits.input_tokens_per_minute,
        limits.output_tokens_per_minute,
    ];
    for (most, allowed) in busiest_minute(&mut admitted).into_iter().zip(allowed) {
        assert!(
            allowed.is_none_or(|allowed| most <= allowed.get()),
            "{most} in a minute of {limits:?}"
        );
    }
    admitted.len()
}

/// A task's tokens count when it starts, as the limiter says.
#[test]
fn a_million_random_arrivals_never_exceed_a_strict_limit() {
    let mut admitted = 0;
    for seed in 0..20 {
        let mut random = Random(seed);
        let mut limit = |smallest: f64, share: f64| {
            let limit = smallest * 10_f64.powf(2.0 * random.uniform());
            NonZeroU64::new(limit as u64).filter(|_| random.uniform() < share)
        };
        let limits = Limits {
            requests_per_minute: limit(30.0, 0.8),
            tokens_per_minute: limit(10_000.0, 0.8),
            input_tokens_per_minute: limit(5_000.0, 0.6),
            output_tokens_per_minute: limit(5_000.0, 0.6),
            concurrency: limit(30.0, 0.3),
            burst: limit(3.0, 0.4),
            guarantee: Guarantee::Strict,
            allow_oversize: false,
        };
        admitted += random_arrivals(limits, 50_000, 1_000 + seed);
    }
    assert!(admitted > 50_000, "{admitted} are too few to show anything");
}

/// What is asked of a model that answers 80 tokens a second after 0.4 s.
#[derive(Debug, Clone, Copy)]
struct Workload {
    question: u64,
    /// Of the answers, whose lengths are log-normal with this spread; the most is 4,096 tokens.
    median: f64,
    spread: f64,
}

const LONGEST: u64 = 4_096;

/// Shares of the token limit.
#[derive(Debug)]
struct Saturation {
    used: f64,
    /// In the busiest minute, all tokens of a task counted when it starts.
    by_start: f64,
    /// In the busiest minute, the question counted at the start and the answer while it is written.
    as_written: f64,
}

/// Twenty minutes of somebody who always has another task, from a start without any experience.
fn saturated_tokens(work: Workload, tokens_per_minute: u64, seed: u64) -> Saturation {
    let minutes = 20;
    let mut random = Random(seed);
    let mut limiter = Limiter::new(Limits {
        tokens_per_minute: NonZeroU64::new(tokens_per_minute),
        ..Limits::default()
    });
    let demand = Demand {
        input_tokens: Some(work.question),
        output_tokens: Some(LONGEST),
        ..Demand::default()
    };
    let mut answer_of = || ((work.median * random.log_normal(work.spread)) as u64).clamp(1, LONGEST);
    let (mut now, mut in_flight, mut answer) = (SECOND, InFlight::default(), answer_of());
    let (mut by_start, mut as_written) = (Vec::new(), Vec::new());
    while now < SECOND + minutes * MINUTE {
        match limiter.try_acquire(clock(now), &demand) {
            Admission::Granted(permit) => {
                let (first, writing) = (now + 2 * SECOND / 5, answer * SECOND / 80);
                in_flight
                    .0
                    .push(Reverse((first + writing, permit.0, [work.question, answer])));
                by_start.push((now, [1, work.question + answer, 0, 0]));
                as_written.push((now, [1, work.question, 0, 0]));
                as_written.extend((1..=8).map(|part| {
                    let tokens = answer * part / 8 - answer * (part - 1) / 8;
                    (first + writing * part / 8, [0, tokens, 0, 0])
                }));
                answer = answer_of();
            }
            Admission::Wait { duration, .. } => {
                now = (now + duration.as_nanos() as u64).min(in_flight.next_end());
                in_flight.end(now, &mut limiter, reported);
            }
            other => panic!("{other:?} although nothing limits the concurrency"),
        }
    }
    let limit = tokens_per_minute as f64;
    let total: u64 = by_start.iter().map(|(_, seen)| seen[1]).sum();
    Saturation {
        used: total as f64 / limit / minutes as f64,
        by_start: busiest_minute(&mut by_start)[1] as f64 / limit,
        as_written: busiest_minute(&mut as_written)[1] as f64 / limit,
    }
}

/// The worst of several runs.
fn worst(work: Workload, seeds: u64) -> Saturation {
    let runs = (0..seeds).map(|seed| saturated_tokens(work, 150_000, seed));
    runs.reduce(|worst, run| Saturation {
        used: worst.used.min(run.used),
        by_start: worst.by_start.max(run.by_start),
        as_written: worst.as_written.max(run.as_written),
    })
    .expect("at least one run")
}

/// A provider counts the tokens that were really used: all of them at the start, or those of the answer while they are
/// written; the limiter has to be right in front of either. (One that counts tasks when they end is not simulated: how
/// many end at the same time is not the limiter's decision.) The minutes before anything is learned are included.
///
/// These bounds are those of the targets. What is reserved and not used is lost while a task runs, so less than 93 % is
/// used where tasks run long and answers vary much, and little else is asked for: see the next test.
#[test]
fn balanced_uses_93_percent_of_the_tokens_and_exceeds_no_minute_by_3_percent() {
    // Questions longer than the answers, equally long ones, hardly any question.
    let workloads = [
        (1_000, 200.0, &[0.3, 0.5, 0.8][..]),
        (300, 300.0, &[0.3, 0.5, 0.7]),
        (50, 300.0, &[0.3, 0.5]),
    ];
    for (question, median, spreads) in workloads {
        for &spread in spreads {
            let work = Workload {
                question,
                median,
                spread,
            };
            let worst = worst(work, 3);
            assert!(worst.used >= 0.93, "{work:?}: {worst:?}");
            assert!(
                worst.by_start <= 1.03 && worst.as_written <= 1.03,
                "{work:?}: {worst:?}"
            );
        }
    }
}

/// Answers that hardly follow from the question and of which one in twenty is more than three times the mean.
#[test]
fn balanced_is_off_by_at_most_15_percent_where_answers_vary_beyond_its_bounds() {
    let work = Workload {
        question: 50,
        median: 300.0,
        spread: 1.0,
    };
    let worst = worst(work, 4);
    assert!(worst.used >= 0.85 && worst.by_start <= 1.15, "{worst:?}");
}
