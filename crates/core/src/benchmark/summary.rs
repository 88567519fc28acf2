//! What the samples of one run amount to.

use super::batch::Batch;
use crate::stats::{Weighted, sum};

/// One nanosecond, the finest step of the clock, in milliseconds: no run counts as shorter than this.
const CLOCK_STEP: f64 = 1e-6;

/// One run in numbers. Durations are milliseconds and per call, except `total`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Summary {
    /// Calls.
    pub calls: u64,
    /// Batches they were timed in; the same as `calls` where each was timed by itself.
    pub samples: usize,
    /// What the run took: the calls one after the other, or the time on the wall where they overlapped.
    pub total: f64,
    /// Arithmetic mean.
    pub mean: f64,
    /// The shortest sample.
    pub min: f64,
    /// The longest sample.
    pub max: f64,
    /// The middle one, or the mean of the middle two.
    pub median: f64,
    /// 95th percentile by nearest rank.
    pub p95: f64,
    /// 99th percentile by nearest rank.
    pub p99: f64,
    /// Sample standard deviation (n − 1); 0 for a single sample.
    pub deviation: f64,
    /// Calls per second; finite also where the clock stood still.
    pub throughput: f64,
}

impl Summary {
    /// Summarises batches, of which each counts with all its calls at their mean. All zeros without any.
    ///
    /// `wall` is what the whole run took where calls overlapped.
    #[must_use]
    pub fn of(batches: Vec<Batch>, wall: Option<f64>) -> Self {
        let calls: u64 = batches.iter().map(|batch| batch.calls).sum();
        if calls == 0 {
            return Self::default();
        }
        let samples = batches.len();
        let busy = sum(batches.iter().map(|batch| batch.duration));
        let mean = busy / calls as f64;
        let deviation = deviation(&batches, mean, calls);
        let ordered = Weighted::new(
            batches
                .into_iter()
                .map(|batch| (batch.per_call(), batch.calls))
                .collect(),
        );
        let total = wall.unwrap_or(busy);
        Self {
            calls,
            samples,
            total,
            mean,
            min: ordered.min().unwrap_or_default(),
            max: ordered.max().unwrap_or_default(),
            median: ordered.median().unwrap_or_default(),
            p95: ordered.nearest_rank(95.0).unwrap_or_default(),
            p99: ordered.nearest_rank(99.0).unwrap_or_default(),
            deviation,
            throughput: calls as f64 / (total.max(CLOCK_STEP) / 1e3),
        }
    }
}

fn deviation(batches: &[Batch], mean: f64, calls: u64) -> f64 {
    if batches.len() < 2 {
        return 0.0;
    }
    let squares = batches
        .iter()
        .map(|batch| batch.calls as f64 * (batch.per_call() - mean).powi(2));
    (sum(squares) / (calls - 1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::{Batch, Summary};

    fn run(batches: &[(f64, u64)], wall: Option<f64>) -> Summary {
        let batch = |&(duration, calls)| Batch { duration, calls };
        Summary::of(batches.iter().map(batch).collect(), wall)
    }

    #[test]
    fn calls_timed_one_by_one_give_the_plain_statistics() {
        let expected = Summary {
            calls: 4,
            samples: 4,
            total: 20.0,
            mean: 5.0,
            min: 2.0,
            max: 9.0,
            median: 4.5,
            p95: 9.0,
            p99: 9.0,
            deviation: (26.0_f64 / 3.0).sqrt(),
            throughput: 200.0,
        };
        assert_eq!(run(&[(4.0, 1), (9.0, 1), (2.0, 1), (5.0, 1)], None), expected);
    }

    #[test]
    fn a_batch_counts_with_all_its_calls() {
        let grouped = run(&[(6.0, 3), (8.0, 1), (8.0, 2)], None);
        let single = run(&[(2.0, 1), (2.0, 1), (2.0, 1), (8.0, 1), (4.0, 1), (4.0, 1)], None);
        assert_eq!(grouped, Summary { samples: 3, ..single });
    }

    #[test]
    #[allow(clippy::float_cmp, reason = "simple quotients")]
    fn overlapping_calls_are_counted_by_the_wall() {
        let summary = run(&[(10.0, 1); 8], Some(20.0));
        assert_eq!((summary.mean, summary.total, summary.throughput), (10.0, 20.0, 400.0));
    }

    #[test]
    fn throughput_stays_finite_when_no_time_passes() {
        for duration in [0.0, -1.0, f64::NAN] {
            let throughput = run(&[(duration, 50)], None).throughput;
            assert!((throughput / 50e9 - 1.0).abs() < 1e-12, "{throughput}");
        }
    }

    #[test]
    fn nothing_measured_is_all_zeros() {
        assert_eq!(run(&[], None), Summary::default());
    }
}
