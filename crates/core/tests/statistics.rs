//! The statistics against `NumPy` and `SciPy`, over samples made by `fixtures/statistics.py`.

use std::collections::BTreeMap;

use ai_evals_performance_core::benchmark::{Batch, Summary};
use ai_evals_performance_core::stats::{Moments, mann_whitney, nearest_rank, welch};
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixtures {
    groups: Vec<Group>,
    pairs: Vec<Pair>,
}

#[derive(Deserialize)]
struct Group {
    name: String,
    samples: Vec<f64>,
    mean: f64,
    deviation: f64,
    median: f64,
    percentiles: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct Pair {
    name: String,
    first: Vec<f64>,
    second: Vec<f64>,
    mann_whitney: f64,
    welch: f64,
}

fn fixtures() -> Fixtures {
    serde_json::from_str(include_str!("fixtures/statistics.json")).expect("the fixtures are valid")
}

fn summary(samples: &[f64]) -> Summary {
    let batches = samples.iter().map(|&duration| Batch { duration, calls: 1 }).collect();
    Summary::of(batches, None)
}

#[track_caller]
fn assert_close(actual: f64, expected: f64, tolerance: f64, what: &str) {
    let error = (actual - expected).abs();
    assert!(
        error <= tolerance * expected.abs(),
        "{what}: {actual}, expected {expected}"
    );
}

#[test]
fn summaries_agree_with_numpy() {
    for group in fixtures().groups {
        let summary = summary(&group.samples);
        assert_close(summary.mean, group.mean, 1e-15, &group.name);
        // NumPy's own deviation is good to about eight digits where the mean is 1e12 times as large.
        let tolerance = if group.mean > 1e6 * group.deviation {
            1e-5
        } else {
            1e-13
        };
        if group.name == "all equal" {
            assert!(summary.deviation < 1e-16);
        } else {
            assert_close(summary.deviation, group.deviation, tolerance, &group.name);
        }
        assert_close(summary.median, group.median, 1e-15, &group.name);
        let exact = [(summary.p95, "95"), (summary.p99, "99")];
        for (actual, percent) in exact {
            assert_close(actual, group.percentiles[percent], 0.0, &group.name);
        }
    }
}

#[test]
fn percentiles_agree_with_numpy() {
    for mut group in fixtures().groups {
        group.samples.sort_unstable_by(f64::total_cmp);
        for (percent, expected) in &group.percentiles {
            let percent: f64 = percent.parse().expect("percents are numbers");
            assert_eq!(nearest_rank(&group.samples, percent), Some(*expected), "{}", group.name);
        }
    }
}

#[test]
fn tests_agree_with_scipy() {
    for pair in fixtures().pairs {
        let rank_test = mann_whitney(&pair.first, &pair.second);
        assert_close(rank_test, pair.mann_whitney, 1e-10, &pair.name);
        let [first, second] = [&pair.first, &pair.second].map(|samples| {
            let Summary { mean, deviation, .. } = summary(samples);
            let count = samples.len() as f64;
            Moments { count, mean, deviation }
        });
        assert_close(welch(first, second), pair.welch, 1e-10, &pair.name);
    }
}
