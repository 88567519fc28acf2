//! Order statistics: what is read off samples once they are in ascending order.

/// The nearest-rank percentile: the smallest sample that at least `percent` per cent of the samples do not exceed.
///
/// `sorted` is in ascending order; `percent` is in 0..=100. `None` where there is no sample.
#[must_use]
pub fn nearest_rank(sorted: &[f64], percent: f64) -> Option<f64> {
    let rank = rank_of(percent, sorted.len() as f64) as usize;
    sorted.get(rank.checked_sub(1)?).copied()
}

/// The 1-based nearest rank among `count` samples. The product comes first: whole percents stay exact that way.
fn rank_of(percent: f64, count: f64) -> f64 {
    (percent * count / 100.0).ceil().clamp(1.0, count.max(1.0))
}

/// The medians of `count` consecutive blocks of nearly equal length, in order; of single samples where there are fewer.
///
/// Samples taken one after the other share whatever slowed the machine down at the time. Their block medians are far
/// closer to independent, which is what a test of significance takes for granted.
#[must_use]
pub fn block_medians(samples: &[f64], count: usize) -> Vec<f64> {
    let count = count.min(samples.len());
    let bound = |block: usize| block * samples.len() / count;
    (0..count)
        .filter_map(|block| median(samples[bound(block)..bound(block + 1)].to_vec()))
        .collect()
}

fn median(mut samples: Vec<f64>) -> Option<f64> {
    samples.sort_unstable_by(f64::total_cmp);
    let lower = samples.get(samples.len().checked_sub(1)? / 2)?;
    Some(f64::midpoint(*lower, samples[samples.len() / 2]))
}

/// Samples of which each stands for a number of equal ones, in ascending order.
///
/// Its answers are those of the plain list in which every sample is repeated as often as it counts.
#[derive(Debug)]
pub struct Weighted {
    sorted: Vec<(f64, u64)>,
    count: u64,
}

impl Weighted {
    /// Sorts `(sample, how often it counts)`.
    #[must_use]
    pub fn new(mut samples: Vec<(f64, u64)>) -> Self {
        samples.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        Self {
            count: samples.iter().map(|(_, count)| count).sum(),
            sorted: samples,
        }
    }

    /// The smallest sample.
    #[must_use]
    pub fn min(&self) -> Option<f64> {
        self.sorted.first().map(|(sample, _)| *sample)
    }

    /// The largest sample.
    #[must_use]
    pub fn max(&self) -> Option<f64> {
        self.sorted.last().map(|(sample, _)| *sample)
    }

    /// The middle sample, or the mean of the middle two.
    #[must_use]
    pub fn median(&self) -> Option<f64> {
        let lower = self.at_rank(self.count.div_ceil(2))?;
        let upper = self.at_rank(self.count / 2 + 1)?;
        Some(lower + (upper - lower) / 2.0)
    }

    /// As [`nearest_rank`].
    #[must_use]
    pub fn nearest_rank(&self, percent: f64) -> Option<f64> {
        self.at_rank(rank_of(percent, self.count as f64) as u64)
    }

    fn at_rank(&self, rank: u64) -> Option<f64> {
        let mut seen = 0;
        let at = self.sorted.iter().find(|(_, count)| {
            seen += count;
            seen >= rank
        });
        at.map(|(sample, _)| *sample)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Weighted, block_medians, nearest_rank};

    #[test]
    fn takes_the_sample_at_the_rounded_up_rank() {
        let sorted = [15.0, 20.0, 35.0, 40.0, 50.0];
        let at = |percent| nearest_rank(&sorted, percent);
        assert_eq!(
            [at(0.0), at(5.0), at(30.0), at(40.0), at(50.0), at(100.0)],
            [Some(15.0), Some(15.0), Some(20.0), Some(20.0), Some(35.0), Some(50.0)]
        );
    }

    #[test]
    fn a_whole_percent_of_the_samples_is_not_rounded_past() {
        // 7 / 100 * 100 is a little more than 7 in floating point, and would take the eighth.
        let sorted: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(nearest_rank(&sorted, 7.0), Some(7.0));
    }

    #[test]
    fn blocks_are_consecutive_and_leave_no_sample_out() {
        let samples = [1.0, 2.0, 9.0, 4.0, 4.0, 7.0, 8.0];
        assert_eq!(block_medians(&samples, 3), [1.5, 6.5, 7.0]);
        assert_eq!(block_medians(&samples, 1), [4.0]);
        assert_eq!(block_medians(&samples, 10), samples);
        assert!(block_medians(&[], 10).is_empty());
    }

    #[test]
    fn has_nothing_to_say_without_samples() {
        assert_eq!(nearest_rank(&[], 50.0), None);
        let none = Weighted::new(Vec::new());
        assert_eq!(
            [none.min(), none.max(), none.median(), none.nearest_rank(95.0)],
            [None; 4]
        );
    }

    proptest! {
        #[test]
        fn weighted_samples_answer_as_if_they_were_written_out(
            samples in prop::collection::vec((0.0..1e3_f64, 1..20_u64), 1..40),
            percent in 0..=100_u8,
        ) {
            let percent = f64::from(percent);
            let mut plain: Vec<f64> = samples.iter().flat_map(|&(x, n)| std::iter::repeat_n(x, n as usize)).collect();
            plain.sort_unstable_by(f64::total_cmp);
            let middle = f64::midpoint(plain[(plain.len() - 1) / 2], plain[plain.len() / 2]);
            let weighted = Weighted::new(samples);
            prop_assert_eq!(weighted.nearest_rank(percent), nearest_rank(&plain, percent));
            prop_assert_eq!(weighted.min(), plain.first().copied());
            prop_assert_eq!(weighted.max(), plain.last().copied());
            prop_assert!((weighted.median().unwrap_or(f64::NAN) - middle).abs() <= 1e-12 * middle);
        }
    }
}
