//! The rule against simulated providers.

use std::num::NonZeroU64;

use super::simulation::{Client, GENEROUS, Outcomes, Provider, simulate};
use crate::limiter::{Guarantee, Limits};

pub(super) fn limits(requests: u64, tokens: Option<u64>) -> Limits {
    Limits {
        requests_per_minute: NonZeroU64::new(requests),
        tokens_per_minute: tokens.and_then(NonZeroU64::new),
        guarantee: Guarantee::Strict,
        allow_oversize: true,
        ..Limits::default()
    }
}

fn client(requests: u64, seed: u64) -> Client {
    Client {
        limits: limits(requests, None),
        concurrency: 20,
        adaptive: true,
        latency_millis: (200, 900),
        tokens: (100, 900),
        seed,
    }
}

fn explore(name: &str, client: Client, minutes: u64, allowed: f64, provider: Provider) {
    let out = simulate(client, minutes, |_| provider);
    let rate = out.admitted as f64 / (allowed * minutes as f64);
    eprintln!(
        "{name:40} refused {:5.2}% ({:4}) used {:6.1}% {:?}",
        out.refused_share() * 100.0,
        out.refused,
        rate * 100.0,
        out.admitted_by_minute
    );
    if std::env::var("LOG").is_ok() {
        for line in &out.log {
            eprintln!("   {line}");
        }
    }
}

#[test]
fn explore_all() {
    for (n, c) in [(60, 10), (60, 20), (300, 20), (300, 100), (3000, 100)] {
        for retry_after in [false, true] {
            for counts_refused in [false, true] {
                let provider = Provider {
                    requests_per_minute: n,
                    retry_after,
                    counts_refused,
                    ..GENEROUS
                };
                let client = Client {
                    concurrency: c,
                    ..client(2 * n, 1)
                };
                explore(
                    &format!("rpm {n} c {c} ra {retry_after} cr {counts_refused}"),
                    client,
                    6,
                    n as f64,
                    provider,
                );
            }
        }
    }
    for (n, k, c) in [(300, 5, 20), (300, 10, 20), (3000, 50, 100)] {
        for retry_after in [false, true] {
            let provider = Provider {
                requests_per_minute: n,
                requests_per_second: k,
                retry_after,
                ..GENEROUS
            };
            let client = Client {
                concurrency: c,
                ..client(2 * n, 1)
            };
            explore(
                &format!("rpm {n} rps {k} c {c} ra {retry_after}"),
                client,
                6,
                n as f64,
                provider,
            );
            let client = Client {
                limits: limits(n, None),
                ..client
            };
            explore(&format!("   rpm true"), client, 6, n as f64, provider);
        }
    }
    for (t, c) in [(30_000, 10), (300_000, 50)] {
        for retry_after in [false, true] {
            let provider = Provider {
                tokens_per_minute: t,
                retry_after,
                ..GENEROUS
            };
            let client = Client {
                concurrency: c,
                limits: limits(1000, Some(2 * t)),
                ..client(2, 1)
            };
            explore(
                &format!("tpm {t} c {c} ra {retry_after}"),
                client,
                6,
                t as f64 / 500.0,
                provider,
            );
        }
    }
    for (k, c) in [(5, 20), (10, 20), (50, 100)] {
        for retry_after in [false, true] {
            let provider = Provider {
                concurrency: k,
                retry_after,
                ..GENEROUS
            };
            let client = Client {
                concurrency: c,
                limits: limits(100_000, None),
                ..client(2, 1)
            };
            explore(
                &format!("concurrency {k} c {c} ra {retry_after}"),
                client,
                6,
                k as f64 * 60.0 / 0.55,
                provider,
            );
        }
    }
    let provider = Provider {
        requests_per_minute: 300,
        ..GENEROUS
    };
    explore("true 300", client(300, 1), 6, 300.0, provider);
    let o = simulate(client(1200, 1), 16, |minute| {
        if (2..6).contains(&minute) {
            Provider {
                requests_per_minute: 100,
                ..GENEROUS
            }
        } else {
            Provider {
                requests_per_minute: 600,
                ..GENEROUS
            }
        }
    });
    eprintln!("recover {:?} {}", o.admitted_by_minute, o.refused);
}
