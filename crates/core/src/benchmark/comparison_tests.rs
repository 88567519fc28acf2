use super::{Comparison, Measured, Significance, Verdict, compare};
use crate::benchmark::{Batch, Summary};
use crate::stats::simulation::Random;

fn measured(samples: &[f64], keep_samples: bool) -> Measured {
    let batches = samples.iter().map(|&duration| Batch { duration, calls: 1 }).collect();
    let summary = Summary::of(batches, None);
    Measured {
        mean: summary.mean,
        median: summary.median,
        min: summary.min,
        deviation: summary.deviation,
        samples: summary.samples as f64,
        throughput: summary.throughput,
        memory: f64::NAN,
        observations: keep_samples.then(|| samples.to_vec()),
    }
}

fn summarised(samples: f64, mean: f64, deviation: f64) -> Measured {
    Measured {
        mean,
        median: mean,
        min: mean,
        deviation,
        samples,
        throughput: 1e3 / mean,
        memory: f64::NAN,
        observations: None,
    }
}

#[test]
fn positive_is_better() {
    let baseline = Measured {
        memory: 1000.0,
        ..summarised(100.0, 10.0, 1.0)
    };
    let current = Measured {
        memory: 1500.0,
        ..summarised(100.0, 5.0, 1.0)
    };
    assert_eq!(
        compare(&baseline, &current),
        Comparison {
            duration_percent: 50.0,
            throughput_percent: 100.0,
            memory_percent: -50.0,
            verdict: Verdict::Faster,
            significance: Significance::Significant,
        }
    );
    let back = compare(&current, &baseline);
    assert_eq!(
        (back.verdict, back.significance),
        (Verdict::Slower, Significance::Significant)
    );
}

#[test]
fn memory_that_shrank_can_shrink_more_or_less() {
    let run = |memory| Measured {
        memory,
        ..summarised(9.0, 1.0, 0.1)
    };
    let percent = |before, after| compare(&run(before), &run(after)).memory_percent;
    let percents = [
        percent(-100.0, -150.0),
        percent(-100.0, 50.0),
        percent(0.0, 50.0),
        percent(f64::NAN, 1.0),
    ];
    assert!(
        percents
            .iter()
            .zip([50.0, -150.0, 0.0, 0.0])
            .all(|(a, b)| (a - b).abs() < 1e-9)
    );
}

#[test]
fn percentages_are_finite_whatever_comes() {
    let odd = [0.0, 1e308, -1e308, 1e-308, f64::NAN, f64::INFINITY];
    for a in odd {
        for b in odd {
            let result = compare(&summarised(a, a, a), &summarised(b, b, b));
            assert!(result.duration_percent.is_finite() && result.throughput_percent.is_finite());
        }
    }
}

#[test]
fn the_size_of_a_proven_change_gives_its_significance() {
    let against = |mean| compare(&summarised(100.0, 100.0, 1.0), &summarised(100.0, mean, 1.0)).significance;
    assert_eq!(against(50.0), Significance::Significant);
    assert_eq!(against(130.0), Significance::Moderate);
    assert_eq!(against(94.0), Significance::Minor);
    assert_eq!(against(96.0), Significance::Negligible);
}

#[test]
fn a_large_change_that_is_not_proven_is_similar_and_negligible() {
    let result = compare(&summarised(5.0, 100.0, 80.0), &summarised(5.0, 40.0, 60.0));
    assert_eq!(
        (result.verdict, result.significance),
        (Verdict::Similar, Significance::Negligible)
    );
}

#[test]
fn a_proven_change_that_does_not_matter_is_similar() {
    let result = compare(&summarised(1e6, 100.0, 5.0), &summarised(1e6, 96.0, 5.0));
    assert_eq!(result.verdict, Verdict::Similar);
}

#[test]
fn six_samples_of_each_can_prove_a_difference_and_five_cannot() {
    let verdict = |count| {
        let run = |mean: f64| (0..count).map(|i| mean + f64::from(i)).collect::<Vec<_>>();
        compare(&measured(&run(100.0), true), &measured(&run(200.0), true)).verdict
    };
    assert_eq!((verdict(5), verdict(6)), (Verdict::Similar, Verdict::Slower));
}

#[test]
fn one_stray_sample_does_not_make_a_verdict() {
    let baseline: Vec<f64> = (0..200).map(|i| 10.0 + f64::from(i % 7)).collect();
    let mut current = baseline.clone();
    current[50] = 1e6;
    let result = compare(&measured(&baseline, true), &measured(&current, true));
    assert_eq!(result.verdict, Verdict::Similar);
    assert!(result.duration_percent < -1000.0);
}

/// How many of 500 simulated pairs get each verdict, where the current run's samples are `factor` times as long.
fn verdicts(keep: bool, count: usize, factor: f64, draw: impl Fn(&mut Random) -> f64) -> (usize, usize) {
    let mut random = Random(42);
    let (mut faster, mut slower) = (0, 0);
    for _ in 0..500 {
        let baseline: Vec<f64> = (0..count).map(|_| draw(&mut random)).collect();
        let current: Vec<f64> = (0..count).map(|_| factor * draw(&mut random)).collect();
        match compare(&measured(&baseline, keep), &measured(&current, keep)).verdict {
            Verdict::Faster => faster += 1,
            Verdict::Slower => slower += 1,
            Verdict::Similar => {}
        }
    }
    (faster, slower)
}

#[test]
fn identical_functions_are_called_different_at_most_twice_in_a_hundred_times() {
    for keep in [true, false] {
        for count in [5, 30, 200] {
            let log_normal = verdicts(keep, count, 1.0, |random| random.log_normal(1.0));
            let pareto = verdicts(keep, count, 1.0, |random| random.pareto(1.5));
            for (faster, slower) in [log_normal, pareto] {
                assert!(
                    faster + slower <= 10,
                    "{keep} {count}: {} of 500 are wrong",
                    faster + slower
                );
            }
        }
    }
}

/// Samples during which the machine is now and then busy with something else: for a stretch of calls nearly all of them
/// take half as long again.
fn with_busy_spells(random: &mut Random, count: usize) -> Vec<f64> {
    let mut busy = false;
    let mut draw = || {
        busy ^= random.uniform() < 0.01;
        let slowed = busy && random.uniform() < 0.98;
        random.log_normal(0.05) * if slowed { 1.5 } else { 1.0 }
    };
    (0..count).map(|_| draw()).collect()
}

#[test]
fn a_busy_machine_hardly_ever_makes_identical_functions_look_different() {
    let mut random = Random(7);
    let different = (0..500)
        .filter(|_| {
            let [baseline, current] = [(), ()].map(|()| with_busy_spells(&mut random, 1000));
            compare(&measured(&baseline, true), &measured(&current, true)).verdict != Verdict::Similar
        })
        .count();
    assert!(different <= 10, "{different} of 500 are wrong");
}

#[test]
fn a_change_of_half_need_not_show_in_the_fastest_call() {
    let answered = |share: f64| {
        let mut random = Random(3);
        let mut draw = || random.log_normal(0.1) * if random.uniform() < share { 1.0 } else { 100.0 };
        measured(&(0..200).map(|_| draw()).collect::<Vec<_>>(), true)
    };
    assert_eq!(compare(&answered(0.2), &answered(0.9)).verdict, Verdict::Faster);
}

#[test]
fn a_third_more_time_is_found_more_than_four_times_in_five() {
    for keep in [true, false] {
        for count in [100, 400] {
            let (faster, slower) = verdicts(keep, count, 4.0 / 3.0, |random| random.log_normal(0.3));
            assert_eq!(faster, 0);
            assert!(slower > 400, "{slower} of 500 were found in {count} samples");
        }
    }
}
