//! Sums of many terms of very different sizes.

/// A running sum whose error does not grow with the number of terms: what each addition rounds away is kept and added
/// at the end (Neumaier 1974, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen").
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum {
    rounded: f64,
    lost: f64,
}

impl Sum {
    pub(super) fn add(&mut self, term: f64) {
        let sum = self.rounded + term;
        self.lost += if self.rounded.abs() >= term.abs() {
            (self.rounded - sum) + term
        } else {
            (term - sum) + self.rounded
        };
        self.rounded = sum;
    }

    pub(super) fn value(self) -> f64 {
        self.rounded + self.lost
    }
}

impl FromIterator<f64> for Sum {
    fn from_iter<I: IntoIterator<Item = f64>>(terms: I) -> Self {
        terms.into_iter().fold(Self::default(), |mut sum, term| {
            sum.add(term);
            sum
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Sum;

    #[test]
    #[expect(clippy::float_cmp, reason = "these sums are exact")]
    fn keeps_small_terms_beside_large_ones() {
        assert_eq!([1e16, 1.0, 1.0, -1e16].into_iter().collect::<Sum>().value(), 2.0);
        assert_eq!([1.0, 1e100, 1.0, -1e100].into_iter().collect::<Sum>().value(), 2.0);
    }
}
