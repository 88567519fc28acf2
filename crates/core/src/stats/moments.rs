//! Sums that keep the digits a plain loop loses.

/// A running sum with Neumaier's correction: its error does not grow with the number of terms.
///
/// A. Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen", ZAMM 54 (1974).
#[derive(Debug, Clone, Copy, Default)]
pub struct Sum {
    total: f64,
    lost: f64,
}

impl Sum {
    /// Adds one term.
    pub fn add(&mut self, term: f64) {
        let total = self.total + term;
        self.lost += if self.total.abs() >= term.abs() {
            (self.total - total) + term
        } else {
            (term - total) + self.total
        };
        self.total = total;
    }

    /// The sum of the terms so far.
    #[must_use]
    pub fn value(self) -> f64 {
        self.total + self.lost
    }
}

/// The compensated sum of all terms.
pub fn sum(terms: impl IntoIterator<Item = f64>) -> f64 {
    let mut sum = Sum::default();
    terms.into_iter().for_each(|term| sum.add(term));
    sum.value()
}

#[cfg(test)]
mod tests {
    use super::sum;

    #[test]
    #[allow(clippy::float_cmp, reason = "the point is that no digit is lost")]
    fn small_terms_survive_beside_large_ones() {
        assert_eq!(sum([1.0, 1e100, 1.0, -1e100]), 2.0);
        assert_eq!(sum(std::iter::repeat_n(0.1, 10_000_000)), 1_000_000.0);
        assert_eq!(sum([]), 0.0);
    }
}
