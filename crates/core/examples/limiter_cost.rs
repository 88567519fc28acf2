//! What one permit costs that nothing holds back: `cargo run --release --example limiter_cost`.

#![expect(clippy::print_stdout, reason = "it prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "a measurement reads the real clock")]

use std::hint::black_box;
use std::num::NonZeroU64;
use std::time::Instant;

use ai_evals_performance_core::limiter::{Admission, Consumption, Demand, Limiter, Limits, MonotonicMillis};

const ROUNDS: u32 = 2_000_000;

fn nanoseconds(limits: Limits, demand: &Demand) -> f64 {
    let mut limiter = Limiter::new(limits);
    let begin = Instant::now();
    for round in 0..ROUNDS {
        // A task every 50 µs: the log holds all its 60,000 groups in the end.
        let now = MonotonicMillis(f64::from(round) * 0.05);
        let Admission::Granted(permit) = limiter.try_acquire(now, black_box(demand)) else {
            continue;
        };
        let used = Some(u64::from(round % 251));
        let consumption = Consumption::Used {
            tokens: None,
            input_tokens: Some(100),
            output_tokens: black_box(used),
            characters: 0,
        };
        limiter.settle(permit, consumption, now);
        limiter.release(permit, now);
    }
    begin.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS)
}

fn main() {
    let ample = NonZeroU64::new(1 << 50);
    let all = Limits {
        requests_per_minute: ample,
        tokens_per_minute: ample,
        input_tokens_per_minute: ample,
        output_tokens_per_minute: ample,
        concurrency: ample,
        burst: NonZeroU64::new(1 << 40),
        ..Limits::default()
    };
    let demand = Demand {
        input_tokens: Some(100),
        output_tokens: Some(400),
        ..Demand::default()
    };
    println!(
        "no limits        {:>6.0} ns a permit",
        nanoseconds(Limits::default(), &Demand::default())
    );
    println!("every limit      {:>6.0} ns a permit", nanoseconds(all, &demand));
}
