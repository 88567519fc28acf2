//! The rule against simulated providers.

use std::num::NonZeroU64;

use super::simulation::{Client, GENEROUS, Outcomes, Provider, simulate};
use crate::limiter::{Guarantee, Limits};

const MINUTES: u64 = 6;

fn limits(requests: u64, tokens: Option<u64>) -> Limits {
    Limits {
        requests_per_minute: NonZeroU64::new(requests),
        tokens_per_minute: tokens.and_then(NonZeroU64::new),
        guarantee: Guarantee::Strict,
        allow_oversize: true,
        ..Limits::default()
    }
}

fn client(concurrency: u64, limits: Limits, seed: u64) -> Client {
    Client {
        limits,
        concurrency,
        adaptive: true,
        latency_millis: (200, 900),
        wire_micros: (5_000, 30_000),
        tokens: (100, 900),
        seed,
    }
}

/// Every seed, with and without a Retry-After, against a provider whose limits are half of the configured ones.
fn for_each_case(provider: Provider, client: impl Fn(u64) -> Client, check: impl Fn(&Outcomes)) {
    for seed in 1..=5 {
        for retry_after in [false, true] {
            let outcomes = simulate(client(seed), MINUTES, |_| Provider {
                retry_after,
                ..provider
            });
            check(&outcomes);
        }
    }
}

#[test]
fn requests_configured_twice_too_high_are_seldom_refused_and_four_fifths_of_what_is_allowed_is_used() {
    for (requests, concurrency) in [(60, 10), (300, 20), (300, 100), (3_000, 100)] {
        let provider = Provider {
            requests_per_minute: requests,
            ..GENEROUS
        };
        let client = |seed| client(concurrency, limits(2 * requests, None), seed);
        for_each_case(provider, client, |outcomes| {
            assert!(outcomes.refused_share() < 0.05, "{requests} {outcomes:?}");
            let allowed = (requests * MINUTES) as f64;
            assert!(outcomes.admitted as f64 >= 0.8 * allowed, "{requests} {outcomes:?}");
        });
    }
}

#[test]
fn refused_requests_that_count_too_do_not_change_that() {
    let provider = Provider {
        requests_per_minute: 300,
        counts_refused: true,
        ..GENEROUS
    };
    for_each_case(
        provider,
        |seed| client(20, limits(600, None), seed),
        |outcomes| {
            assert!(outcomes.refused_share() < 0.05, "{outcomes:?}");
            assert!(outcomes.admitted >= 240 * MINUTES, "{outcomes:?}");
        },
    );
}

#[test]
fn tokens_configured_twice_too_high_are_seldom_refused_and_four_fifths_of_what_is_allowed_is_used() {
    for (tokens, concurrency) in [(30_000, 10), (300_000, 50)] {
        let provider = Provider {
            tokens_per_minute: tokens,
            ..GENEROUS
        };
        let client = |seed| client(concurrency, limits(3_000, Some(2 * tokens)), seed);
        for_each_case(provider, client, |outcomes| {
            assert!(outcomes.refused_share() < 0.05, "{tokens} {outcomes:?}");
            assert!(outcomes.tokens >= tokens * MINUTES * 4 / 5, "{tokens} {outcomes:?}");
        });
    }
}

#[test]
fn a_provider_that_counts_seconds_too_is_seldom_refused_by() {
    for (second, share) in [(5, 0.7), (10, 0.85)] {
        let provider = Provider {
            requests_per_minute: 300,
            requests_per_second: second,
            ..GENEROUS
        };
        for configured in [300, 600] {
            for_each_case(
                provider,
                |seed| client(20, limits(configured, None), seed),
                |outcomes| {
                    assert!(outcomes.refused_share() < 0.05, "{second} {outcomes:?}");
                    let allowed = (300 * MINUTES) as f64;
                    assert!(outcomes.admitted as f64 >= share * allowed, "{second} {outcomes:?}");
                },
            );
        }
    }
}

#[test]
fn a_concurrency_configured_twice_too_high_is_seldom_refused() {
    for (places, concurrency) in [(10, 20), (50, 100)] {
        let provider = Provider {
            concurrency: places,
            ..GENEROUS
        };
        for_each_case(
            provider,
            |seed| client(concurrency, limits(100_000, None), seed),
            |outcomes| {
                assert!(outcomes.refused_share() < 0.05, "{places} {outcomes:?}");
                // A place gives an answer every 550 ms.
                let allowed = (places * MINUTES * 60) as f64 / 0.55;
                assert!(outcomes.admitted as f64 >= 0.7 * allowed, "{places} {outcomes:?}");
            },
        );
    }
}

#[test]
fn true_limits_are_never_refused_and_cost_no_throughput() {
    let provider = Provider {
        requests_per_minute: 300,
        tokens_per_minute: 200_000,
        requests_per_second: 100,
        concurrency: 20,
        ..GENEROUS
    };
    let adaptive = |seed| Client {
        // Where the time on the wire differs, a minute here is not one there.
        wire_micros: (20_000, 20_000),
        ..client(20, limits(300, Some(200_000)), seed)
    };
    for_each_case(provider, adaptive, |outcomes| {
        assert_eq!(outcomes.refused, 0, "{outcomes:?}");
        assert!(
            outcomes.log.iter().all(|decision| decision.contains("Grow")),
            "{outcomes:?}"
        );
    });
    for seed in 1..=5 {
        let plain = Client {
            adaptive: false,
            ..adaptive(seed)
        };
        let [with, without] = [adaptive(seed), plain].map(|client| simulate(client, MINUTES, |_| provider).admitted);
        assert!(with as f64 >= 0.99 * without as f64, "{with} {without}");
    }
}

#[test]
fn without_it_limits_configured_twice_too_high_are_refused_all_the_time() {
    let plain = Client {
        adaptive: false,
        ..client(20, limits(600, None), 1)
    };
    let provider = Provider {
        requests_per_minute: 300,
        ..GENEROUS
    };
    let outcomes = simulate(plain, MINUTES, |_| provider);
    assert!(outcomes.refused_share() > 0.3, "{outcomes:?}");
}

#[test]
fn a_provider_that_recovers_is_used_again() {
    let provider = |minute| Provider {
        requests_per_minute: if (2..5).contains(&minute) { 100 } else { 600 },
        ..GENEROUS
    };
    for seed in 1..=5 {
        let outcomes = simulate(client(20, limits(1_200, None), seed), 16, provider);
        let minutes = &outcomes.admitted_by_minute;
        assert!(minutes[3..5].iter().all(|&admitted| admitted <= 100), "{outcomes:?}");
        assert!(minutes[14..].iter().all(|&admitted| admitted >= 500), "{outcomes:?}");
        assert!(outcomes.refused_share() < 0.05, "{outcomes:?}");
    }
}

#[test]
fn the_same_numbers_give_the_same_run() {
    let run = || {
        simulate(client(20, limits(600, None), 7), 2, |_| Provider {
            requests_per_minute: 300,
            ..GENEROUS
        })
    };
    assert_eq!(run().log, run().log);
}
