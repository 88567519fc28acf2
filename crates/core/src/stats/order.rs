//! Order statistics of sorted samples.

/// The nearest-rank percentile: the smallest sample that at least `percent` per cent of the samples do not exceed.
///
/// `sorted` is in ascending order; `percent` is in 0..=100. `None` where there is no sample.
#[must_use]
pub fn nearest_rank(sorted: &[f64], percent: f64) -> Option<f64> {
    let rank = (percent / 100.0 * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted.get(rank.min(sorted.len()).checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::nearest_rank;

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
    fn has_nothing_to_say_without_samples() {
        assert_eq!(nearest_rank(&[], 50.0), None);
    }
}
