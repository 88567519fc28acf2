//! Percentiles of any number of durations in bounded memory.
//!
//! A few durations are kept as they are; with more, a histogram of nanoseconds replaces them, whose buckets are so
//! narrow that a percentile read from their middle is within 0.05 % of the exact one. Every duration is counted:
//! those beyond [`LONGEST_NANOSECONDS`] as that long.

use crate::stats::nearest_rank;
use hdrhistogram::Histogram;

const NANOSECONDS_PER_MILLISECOND: f64 = 1e6;

/// About 146 years: the most the histogram's buckets reach.
const LONGEST_NANOSECONDS: u64 = 1 << 62;

/// Buckets no wider than 1/1,024 of their values.
const SIGNIFICANT_DIGITS: u8 = 3;

#[derive(Debug)]
pub(super) enum Distribution {
    Exact {
        samples: Vec<f64>,
        /// How many samples from the front are known to be in ascending order.
        sorted: usize,
        capacity: usize,
    },
    Histogram(Histogram<u64>),
}

impl Distribution {
    /// Exact up to `capacity` durations.
    pub(super) fn new(capacity: usize) -> Self {
        Self::Exact {
            samples: Vec::new(),
            sorted: 0,
            capacity,
        }
    }

    pub(super) fn record(&mut self, duration: f64) {
        match self {
            Self::Exact { samples, capacity, .. } if samples.len() < *capacity => samples.push(duration),
            Self::Exact { samples, .. } => {
                let mut histogram = histogram_of(samples);
                add(&mut histogram, duration);
                *self = Self::Histogram(histogram);
            }
            Self::Histogram(histogram) => add(histogram, duration),
        }
    }

    /// The nearest-rank percentiles; 0 where nothing was recorded. Samples are put in order on the way.
    pub(super) fn percentiles<const N: usize>(&mut self, percents: [f64; N]) -> [f64; N] {
        match self {
            Self::Exact { samples, sorted, .. } => {
                if *sorted < samples.len() {
                    // Stable, because that sort is quick where most of its input is in order already.
                    samples.sort_by(f64::total_cmp);
                    *sorted = samples.len();
                }
                percents.map(|percent| nearest_rank(samples, percent).unwrap_or(0.0))
            }
            Self::Histogram(histogram) => percents.map(|percent| {
                let value = histogram.value_at_quantile(percent / 100.0);
                histogram.median_equivalent(value) as f64 / NANOSECONDS_PER_MILLISECOND
            }),
        }
    }
}

fn histogram_of(samples: &[f64]) -> Histogram<u64> {
    #[expect(clippy::expect_used, reason = "the crate takes 0 to 5 digits")]
    let mut histogram = Histogram::new(SIGNIFICANT_DIGITS).expect("three digits are allowed");
    for &sample in samples {
        add(&mut histogram, sample);
    }
    histogram
}

fn add(histogram: &mut Histogram<u64>, duration: f64) {
    // A cast saturates, so that a duration beyond the reach of integers is capped too.
    let nanoseconds = ((duration * NANOSECONDS_PER_MILLISECOND).round() as u64).min(LONGEST_NANOSECONDS);
    // It resizes itself; were that ever refused, the duration would count in the last bucket.
    if histogram.record(nanoseconds).is_err() {
        histogram.saturating_record(nanoseconds);
    }
}

#[cfg(test)]
mod tests {
    use super::Distribution;

    #[test]
    fn what_is_held_does_not_grow_with_the_number_of_durations() {
        let mut distribution = Distribution::new(1024);
        for index in 0..200_000_i32 {
            distribution.record(f64::from(index % 1_000) * 10_f64.powi(index % 300 - 10));
            match &distribution {
                Distribution::Exact { samples, .. } => assert!(samples.len() <= 1024),
                // 1,024 buckets for each doubling up to the longest duration, and as many again below the first.
                Distribution::Histogram(histogram) => assert!(histogram.distinct_values() <= 54 * 1024),
            }
        }
        assert!(matches!(distribution, Distribution::Histogram(histogram) if histogram.len() == 200_000));
    }
}
