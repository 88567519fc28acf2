//! The monitor against the same numbers computed from all samples.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]
#![allow(clippy::float_cmp, reason = "what is compared is exact")]

use super::{
    BottleneckSeverity, BottleneckThresholds, Monitor, MonitorError, RegressionSeverity, RegressionThresholds, Summary,
    Timing,
};
use crate::stats::nearest_rank;
use proptest::prelude::*;

const THRESHOLDS: BottleneckThresholds = BottleneckThresholds {
    mean: 1000.0,
    share: 20.0,
};
const SLOWER: RegressionThresholds = RegressionThresholds {
    critical: 50.0,
    major: 25.0,
    minor: 10.0,
};

/// A monitor whose component `i` has the durations of the i-th list.
fn monitor_of(components: &[&[f64]]) -> Monitor {
    let mut monitor = Monitor::new();
    for (component, durations) in (0..).zip(components) {
        for &duration in *durations {
            monitor.record(component, duration).unwrap();
        }
    }
    monitor
}

/// Durations in milliseconds of the shapes that programs have, from nanoseconds to hours.
fn durations() -> impl Strategy<Value = Vec<f64>> {
    let one = prop_oneof![
        (-6.0..7.0_f64).prop_map(|exponent| 10_f64.powf(exponent)),
        0.0..1.0_f64,
        100.0..110.0_f64,
        prop_oneof![Just(0.0), Just(0.25), Just(2_000.0)],
    ];
    // Both sides of the 1,024 samples that are kept as they are.
    prop_oneof![
        prop::collection::vec(one.clone(), 1..50),
        prop::collection::vec(one.clone(), 1_015..1_035),
        prop::collection::vec(one, 2_000..4_000),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn percentiles_are_exact_or_within_a_thousandth(samples in durations()) {
        let timing = monitor_of(&[&samples]).timing(0).unwrap();
        let mut sorted = samples;
        sorted.sort_by(f64::total_cmp);
        for (percent, got) in [(50.0, timing.p50), (95.0, timing.p95), (99.0, timing.p99)] {
            let exact = nearest_rank(&sorted, percent).unwrap();
            let allowed = if sorted.len() <= Timing::EXACT_SAMPLES { 0.0 } else { (exact * 1e-3).max(1e-6) };
            prop_assert!((got - exact).abs() <= allowed, "p{percent} of {}: {got}, exactly {exact}", sorted.len());
            prop_assert!(timing.min <= got && got <= timing.max);
        }
    }

    #[test]
    fn counts_sums_and_bounds_are_exact(samples in prop::collection::vec(0_u64..1 << 40, 1..3_000)) {
        // Multiples of 1/1,024, whose sums are exact in binary.
        let durations: Vec<f64> = samples.iter().map(|&sample| sample as f64 / 1024.0).collect();
        let timing = monitor_of(&[&durations]).timing(0).unwrap();
        prop_assert_eq!(timing.count, samples.len() as u64);
        prop_assert_eq!(timing.total, samples.iter().sum::<u64>() as f64 / 1024.0);
        prop_assert_eq!(timing.min, *samples.iter().min().unwrap() as f64 / 1024.0);
        prop_assert_eq!(timing.max, *samples.iter().max().unwrap() as f64 / 1024.0);
        prop_assert_eq!(timing.mean, timing.total / samples.len() as f64);
    }

    #[test]
    fn reading_in_between_changes_nothing(samples in durations(), every in 50_usize..500) {
        let mut watched = Monitor::new();
        for (index, &sample) in samples.iter().enumerate() {
            watched.record(0, sample).unwrap();
            if index % every == 0 {
                watched.timings();
            }
        }
        prop_assert_eq!(watched.timing(0), monitor_of(&[&samples]).timing(0));
    }
}

#[test]
fn short_durations_are_not_lost_beside_a_long_one() {
    let mut monitor = monitor_of(&[&[1e9]]);
    for _ in 0..1_000_000 {
        monitor.record(0, 1e-7).unwrap();
    }
    assert_eq!(monitor.timing(0).unwrap().total, 1e9 + 0.1);
}

#[test]
fn a_mean_stays_between_its_bounds() {
    let timing = monitor_of(&[&[0.1, 0.1, 0.1]]).timing(0).unwrap();
    assert_eq!((timing.mean, timing.p50), (0.1, 0.1));
}

#[test]
fn a_negative_duration_counts_as_none_at_all() {
    let timing = monitor_of(&[&[-5.0, 4.0]]).timing(0).unwrap();
    assert_eq!((timing.count, timing.total, timing.min, timing.max), (2, 4.0, 0.0, 4.0));
}

#[test]
fn durations_that_are_not_finite_are_refused() {
    let mut monitor = Monitor::new();
    for duration in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(matches!(
            monitor.record(0, duration),
            Err(MonitorError::NotFinite { component: 0, .. })
        ));
    }
    assert_eq!(monitor.timing(0), None);
}

#[test]
fn components_are_numbered_in_the_order_of_their_first_spans() {
    let mut monitor = Monitor::new();
    assert_eq!(
        monitor.record(1, 1.0),
        Err(MonitorError::OutOfOrder {
            component: 1,
            expected: 0
        })
    );
    assert_eq!(monitor.record_all(&[0, 1, 0], &[1.0, 2.0, 3.0]), Ok(()));
    assert_eq!(monitor.timing(0).map(|timing| timing.total), Some(4.0));
    assert_eq!(monitor.timing(2), None);
}

#[test]
fn absurd_durations_are_counted_too() {
    let timing = monitor_of(&[&vec![1e300; 3_000]]).timing(0).unwrap();
    assert_eq!(
        (timing.count, timing.min, timing.p50, timing.max),
        (3_000, 1e300, 1e300, 1e300)
    );
    let mut mixed = monitor_of(&[&vec![1.0; 3_000]]);
    mixed.record(0, 1e300).unwrap();
    let timing = mixed.timing(0).unwrap();
    assert_eq!((timing.count, timing.min, timing.max), (3_001, 1.0, 1e300));
    assert!((timing.p99 - 1.0).abs() < 1e-3);
}

#[test]
fn timings_come_with_the_largest_total_first() {
    let mut monitor = monitor_of(&[&[1.0], &[5.0], &[2.0, 3.0], &[9.0]]);
    let order: Vec<u32> = monitor.timings().iter().map(|timing| timing.component).collect();
    assert_eq!(order, [3, 1, 2, 0]);
}

#[test]
fn the_summary_names_the_slowest_and_fastest_by_mean() {
    let summary = monitor_of(&[&[1.0; 100], &[5.0], &[5.0], &[1.0]]).summary();
    let expected = Summary {
        components: 4,
        calls: 103,
        total: 111.0,
        mean: 111.0 / 103.0,
        slowest: Some(1),
        fastest: Some(0),
    };
    assert_eq!(summary, expected);
}

#[test]
fn nothing_measured_is_zeros_and_no_names() {
    let mut monitor = monitor_of(&[&[1.0]]);
    monitor.reset();
    let nothing = Summary {
        components: 0,
        calls: 0,
        total: 0.0,
        mean: 0.0,
        slowest: None,
        fastest: None,
    };
    assert_eq!(monitor.summary(), nothing);
    assert!(monitor.bottlenecks(THRESHOLDS).is_empty());
    assert!(monitor.regressions(&[1.0], SLOWER).is_empty());
}

#[test]
fn severity_follows_from_mean_and_share() {
    use BottleneckSeverity::{Critical, High, Low, Medium};
    let severity = |mean: f64, share: f64| BottleneckSeverity::of(mean / THRESHOLDS.mean, share / THRESHOLDS.share);
    let cases = [
        (1000.0, 20.0, Some(Critical)),
        (999.0, 20.0, Some(High)),
        (1000.0, 0.1, Some(High)),
        (500.0, 9.9, Some(Medium)),
        (1.0, 10.0, Some(Medium)),
        (250.0, 0.0, Some(Low)),
        (0.0, 5.0, Some(Low)),
        (249.0, 4.9, None),
    ];
    for (mean, share, expected) in cases {
        assert_eq!(severity(mean, share), expected, "mean {mean}, share {share}");
    }
}

#[test]
fn bottlenecks_come_with_the_largest_share_first() {
    let found = monitor_of(&[&[100.0], &[700.0], &[200.0], &[10.0]]).bottlenecks(THRESHOLDS);
    let order: Vec<_> = found
        .iter()
        .map(|found| (found.component, found.severity.as_str()))
        .collect();
    assert_eq!(order, [(1, "high"), (2, "medium"), (0, "low")]);
    assert!((found.iter().map(|found| found.share).sum::<f64>() - 1000.0 / 10.1).abs() < 1e-9);
}

#[test]
fn spans_of_no_length_are_no_bottleneck() {
    assert!(monitor_of(&[&[0.0; 10]]).bottlenecks(THRESHOLDS).is_empty());
}

#[test]
fn a_bottleneck_says_what_it_costs_and_what_helps() {
    let text = |durations: &[f64]| {
        let found = monitor_of(&[durations]).bottlenecks(THRESHOLDS).remove(0);
        (found.impact, found.recommendation)
    };
    let (impact, advice) = text(&[1500.0]);
    assert_eq!(impact, "100.0% of the measured time: called once, for 1.50 s");
    assert!(advice.contains("beside other work"), "{advice}");

    let (impact, advice) = text(&[2000.0, 3000.0]);
    assert_eq!(
        impact,
        "100.0% of the measured time: called twice for 5.00 s in all, 2.50 s on average (p95 3.00 s)"
    );
    assert!(advice.contains("cheaper than 2.50 s"), "{advice}");

    let (_, advice) = text(&vec![0.5; 4_000]);
    assert!(
        advice.starts_with("Call it less often than 4,000 times: a call takes only 500 µs"),
        "{advice}"
    );

    let mut tail = vec![10.0; 98];
    tail.extend([900.0, 900.0]);
    let (_, advice) = text(&tail);
    assert!(
        advice.contains("the median is 10.0 ms, but one in a hundred takes 900 ms or more"),
        "{advice}"
    );
}

#[test]
fn regressions_name_the_threshold_they_exceed() {
    let monitor = monitor_of(&[
        &[151.0],
        &[150.0],
        &[126.0],
        &[111.0],
        &[110.0],
        &[50.0],
        &[7.0],
        &[7.0],
        &[7.0],
    ]);
    let baseline = [100.0, 100.0, 100.0, 100.0, 100.0, 100.0, 0.0, f64::NAN];
    let found = monitor.regressions(&baseline, SLOWER);
    let order: Vec<_> = found
        .iter()
        .map(|found| (found.component, found.severity, found.threshold))
        .collect();
    assert_eq!(
        order,
        [
            (0, RegressionSeverity::Critical, 50.0),
            (1, RegressionSeverity::Major, 25.0),
            (2, RegressionSeverity::Major, 25.0),
            (3, RegressionSeverity::Minor, 10.0),
        ]
    );
    assert_eq!(
        (found[1].baseline_mean, found[1].current_mean, found[1].percent_change),
        (100.0, 150.0, 50.0)
    );
}

#[test]
fn many_components_cost_no_more_than_their_number() {
    let mut monitor = Monitor::new();
    for component in 0..100_000 {
        monitor.record(component, f64::from(component)).unwrap();
    }
    assert_eq!(monitor.timings().len(), 100_000);
    assert_eq!(monitor.summary().slowest, Some(99_999));
}
