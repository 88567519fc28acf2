//! The Mann–Whitney U test: are the samples of one group larger than those of another, whatever their distribution?

use statrs::function::erf::erfc;

use super::sum;

/// The two-sided p value of the Mann–Whitney U test, by the normal approximation with the corrections for ties and for
/// continuity. 1 where either group is empty or all samples are equal: nothing then speaks for a difference.
///
/// H. B. Mann, D. R. Whitney, "On a test of whether one of two random variables is stochastically larger than the
/// other", Annals of Mathematical Statistics 18 (1947); the tie correction as in M. Hollander, D. A. Wolfe,
/// "Nonparametric Statistical Methods", section 4.1.
#[must_use]
pub fn mann_whitney(first: &[f64], second: &[f64]) -> f64 {
    let (m, n) = (first.len() as f64, second.len() as f64);
    let (rank_sum, ties) = ranks(first, second);
    let count = m + n;
    let u = rank_sum - m * (m + 1.0) / 2.0;
    let variance = m * n / 12.0 * (count + 1.0 - ties / (count * (count - 1.0)));
    let distance = (u - m * n / 2.0).abs() - 0.5;
    // NaN, which is what empty groups make of it, is not greater either.
    if variance > 0.0 {
        erfc(distance / (2.0 * variance).sqrt()).min(1.0)
    } else {
        1.0
    }
}

/// The sum of the first group's ranks among all samples, equal samples sharing the mean of their ranks, and the sum of
/// t³ − t over the groups of t equal samples.
#[allow(clippy::float_cmp, reason = "ties are samples that are exactly equal")]
fn ranks(first: &[f64], second: &[f64]) -> (f64, f64) {
    let label = |group: bool| move |&sample: &f64| (sample, group);
    let mut all: Vec<(f64, bool)> = first.iter().map(label(true)).collect();
    all.extend(second.iter().map(label(false)));
    all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));

    let mut before = 0.0;
    let (mut shares, mut ties) = (Vec::new(), Vec::new());
    for equal in all.chunk_by(|a, b| a.0 == b.0) {
        let size = equal.len() as f64;
        let of_first = equal.iter().filter(|(_, is_first)| *is_first).count() as f64;
        shares.push(of_first * (before + f64::midpoint(size, 1.0)));
        ties.push(size * (size * size - 1.0));
        before += size;
    }
    (sum(shares), sum(ties))
}

#[cfg(test)]
mod tests {
    use super::mann_whitney;

    #[test]
    #[allow(clippy::float_cmp, reason = "1 is returned, not computed")]
    fn finds_nothing_where_there_is_nothing_to_find() {
        assert_eq!(mann_whitney(&[], &[]), 1.0);
        assert_eq!(mann_whitney(&[], &[1.0, 2.0]), 1.0);
        assert_eq!(mann_whitney(&[1.0], &[2.0]), 1.0);
        assert_eq!(mann_whitney(&[3.0; 50], &[3.0; 50]), 1.0);
    }

    #[test]
    fn does_not_mind_which_group_comes_first() {
        let (low, high) = ([1.0, 2.0, 3.0, 4.0], [3.0, 5.0, 6.0]);
        assert!((mann_whitney(&low, &high) - mann_whitney(&high, &low)).abs() < 1e-15);
    }
}
