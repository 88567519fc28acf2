//! Welch's t test: do two means differ, when only their summaries are at hand?

use statrs::function::beta::checked_beta_reg;

/// What Welch's test needs to know of one group.
#[derive(Debug, Clone, Copy)]
pub struct Moments {
    /// How many samples.
    pub count: f64,
    /// Their mean.
    pub mean: f64,
    /// Their sample standard deviation.
    pub deviation: f64,
}

/// The two-sided p value of Welch's t test with the degrees of freedom of Welch and Satterthwaite. 1 where a group has
/// fewer than two samples or a value that is no number: nothing then speaks for a difference.
///
/// B. L. Welch, "The generalization of Student's problem when several different population variances are involved",
/// Biometrika 34 (1947).
#[must_use]
pub fn welch(first: Moments, second: Moments) -> f64 {
    if !(first.count >= 2.0 && second.count >= 2.0) {
        return 1.0;
    }
    let [a, b] = [first, second].map(|group| group.deviation.powi(2) / group.count);
    let difference = first.mean - second.mean;
    if difference == 0.0 || !difference.is_finite() || !(a + b).is_finite() {
        return 1.0;
    }
    if a + b == 0.0 {
        return 0.0;
    }
    let freedom = (a + b).powi(2) / (a * a / (first.count - 1.0) + b * b / (second.count - 1.0));
    let t_squared = difference * difference / (a + b);
    checked_beta_reg(freedom / 2.0, 0.5, freedom / (freedom + t_squared)).unwrap_or(1.0)
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "0 and 1 are returned, not computed")]
mod tests {
    use super::{Moments, welch};

    fn group(count: f64, mean: f64, deviation: f64) -> Moments {
        Moments { count, mean, deviation }
    }

    #[test]
    fn one_sample_a_side_proves_nothing() {
        assert_eq!(welch(group(1.0, 1.0, 0.0), group(100.0, 9.0, 0.1)), 1.0);
        assert_eq!(welch(group(f64::NAN, 1.0, 0.0), group(100.0, 9.0, 0.1)), 1.0);
    }

    #[test]
    fn samples_without_spread_differ_exactly_when_their_means_do() {
        assert_eq!(welch(group(9.0, 2.0, 0.0), group(9.0, 2.0, 0.0)), 1.0);
        assert_eq!(welch(group(9.0, 2.0, 0.0), group(9.0, 3.0, 0.0)), 0.0);
    }

    #[test]
    fn values_that_are_no_numbers_prove_nothing() {
        assert_eq!(welch(group(9.0, f64::NAN, 1.0), group(9.0, 3.0, 1.0)), 1.0);
        assert_eq!(welch(group(9.0, 2.0, f64::INFINITY), group(9.0, 3.0, 1.0)), 1.0);
        assert_eq!(welch(group(9.0, 2.0, 1e-300), group(9.0, 3.0, 1e-300)), 0.0);
    }
}
