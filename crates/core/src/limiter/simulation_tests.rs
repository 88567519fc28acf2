//! Whole days of work on a clock that is a number: what the limiter promises, counted as a provider would.
//!
//! The counting knows nothing of the limiter. It takes the times of all starts and goes through every interval of 60 s
//! that begins with one of them: no interval holds more than the fullest of these.

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

/// What a provider sees at one moment: requests, tokens, input tokens, output tokens.
type Seen = (u64, [u64; 4]);

/// The most of each in any half-open interval of 60 s.
fn busiest_minute(seen: &mut [Seen]) -> [u64; 4] {
    seen.sort_unstable_by_key(|&(time, _)| time);
    let mut most = [0; 4];
    let mut inside = [0; 4];
    let mut end = 0;
    for begin in 0..seen.len() {
        while end < seen.len() && seen[end].0 < seen[begin].0 + MINUTE {
            for (sum, more) in inside.iter_mut().zip(seen[end].1) {
                *sum += more;
            }
            end += 1;
        }
        for (sum, (most, leaving)) in inside.iter_mut().zip(most.iter_mut().zip(seen[begin].1)) {
            *most = (*most).max(*sum);
            *sum -= leaving;
        }
    }
    most
}

#[derive(Clone, Copy)]
struct Workload {
    tokens_per_minute: u64,
    question: u64,
    median_answer: f64,
    spread: f64,
    most: u64,
    first_token: f64,
    tokens_per_second: f64,
    stated: u8,
}

#[derive(Debug)]
struct Outcome {
    used: f64,
    by_start: f64,
    as_produced: f64,
    by_end: f64,
    tasks: usize,
    latency: f64,
}

fn saturate(work: Workload, seed: u64, minutes: u64) -> Outcome {
    let mut random = Random(seed);
    let mut limiter = Limiter::new(Limits {
        tokens_per_minute: NonZeroU64::new(work.tokens_per_minute),
        ..Limits::default()
    });
    let mut now = SECOND;
    let begin = now;
    let mut ends: BinaryHeap<Reverse<(u64, u64, u64)>> = BinaryHeap::new();
    let (mut by_start, mut by_end, mut produced) = (Vec::new(), Vec::new(), Vec::new());
    let mut latencies = 0.0;
    let mut next = None;
    loop {
        let answer = *next
            .get_or_insert_with(|| ((work.median_answer * random.log_normal(work.spread)) as u64).clamp(1, work.most));
        let demand = match work.stated {
            0 => Demand {
                input_tokens: Some(work.question),
                output_tokens: Some(work.most),
                ..Demand::default()
            },
            1 => Demand {
                tokens: Some(work.question + work.most),
                ..Demand::default()
            },
            _ => Demand::default(),
        };
        let until = match limiter.try_acquire(clock(now), &demand) {
            Admission::Granted(permit) => {
                next = None;
                let first = (work.first_token * 1e9) as u64;
                let rest = (answer as f64 / work.tokens_per_second * 1e9) as u64;
                latencies += (first + rest) as f64 / 1e9;
                let total = work.question + answer;
                ends.push(Reverse((now + first + rest, permit.0, answer)));
                by_start.push((now, [1, total, work.question, answer]));
                by_end.push((now + first + rest, [1, total, work.question, answer]));
                produced.push((now, [1, work.question, 0, 0]));
                let pieces = 16.min(answer);
                for piece in 0..pieces {
                    let part = answer * (piece + 1) / pieces - answer * piece / pieces;
                    produced.push((now + first + rest * (piece + 1) / pieces, [0, part, 0, 0]));
                }
                continue;
            }
            Admission::Wait { duration, .. } => now + duration.as_nanos() as u64,
            other => panic!("{other:?}"),
        };
        let end = ends.peek().map_or(u64::MAX, |Reverse((end, ..))| *end);
        now = until.min(end).max(now);
        if now >= begin + minutes * MINUTE {
            break;
        }
        while let Some(&Reverse((end, permit, answer))) = ends.peek()
            && end <= now
        {
            ends.pop();
            limiter.settle(
                Permit(permit),
                Consumption::Used {
                    tokens: Some(work.question + answer),
                    input_tokens: Some(work.question),
                    output_tokens: Some(answer),
                    characters: 0,
                },
                clock(end),
            );
            limiter.release(Permit(permit), clock(end));
        }
    }
    let limit = work.tokens_per_minute as f64;
    let total: u64 = by_start.iter().map(|(_, seen)| seen[1]).sum();
    let tasks = by_start.len();
    Outcome {
        used: total as f64 / limit / minutes as f64,
        by_start: busiest_minute(&mut by_start)[1] as f64 / limit,
        as_produced: busiest_minute(&mut produced)[1] as f64 / limit,
        by_end: busiest_minute(&mut by_end)[1] as f64 / limit,
        tasks,
        latency: latencies / tasks as f64,
    }
}

#[test]
fn explore() {
    for stated in [0, 2] {
        for (question, median) in [(1000, 200.0), (300, 300.0), (50, 300.0)] {
            for spread in [0.3, 0.5, 0.8, 1.0] {
                for (tpm, seeds) in [(150_000, 3), (1_000_000, 1)] {
                    for seed in 0..seeds {
                        let work = Workload {
                            tokens_per_minute: tpm,
                            question,
                            median_answer: median,
                            spread,
                            most: 4096,
                            first_token: 0.4,
                            tokens_per_second: 80.0,
                            stated,
                        };
                        let outcome = saturate(work, 7 + seed, 20);
                        println!(
                            "stated {stated} q {question} m {median} σ {spread} tpm {tpm} : used {:.3} start {:.3} produced {:.3} end {:.3} tasks {} latency {:.2}",
                            outcome.used,
                            outcome.by_start,
                            outcome.as_produced,
                            outcome.by_end,
                            outcome.tasks,
                            outcome.latency
                        );
                    }
                }
            }
        }
    }
}
