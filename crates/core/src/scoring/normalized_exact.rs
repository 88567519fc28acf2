//! Whether two texts are the same apart from case, Unicode composition and spacing.
//!
//! Punctuation counts, unlike in SQuAD's normalization: without it `-5` would be `5`, and `1.5` would be `15`.

use super::normal_form::{Normalizer, words};

/// Compares normal forms, in buffers that are used again.
#[derive(Default)]
pub struct NormalizedExact {
    normalizer: Normalizer,
    expected: Vec<u16>,
    actual: Vec<u16>,
}

impl NormalizedExact {
    /// 1 or 0.
    pub fn score(&mut self, expected: &[u16], actual: &[u16]) -> f64 {
        if expected == actual {
            return 1.0;
        }
        self.normalizer.normalize(expected, &mut self.expected, |_| false);
        self.normalizer.normalize(actual, &mut self.actual, |_| false);
        let [expected, actual] = [&self.expected, &self.actual].map(|form| words(form).map(move |place| &form[place]));
        f64::from(u8::from(expected.eq(actual)))
    }
}

#[cfg(test)]
mod tests {
    use super::NormalizedExact;

    #[test]
    fn sees_past_case_composition_and_spacing_only() {
        let mut scorer = NormalizedExact::default();
        let mut score = |expected: &str, actual: &str| {
            let [expected, actual] = [expected, actual].map(|text| text.encode_utf16().collect::<Vec<_>>());
            scorer.score(&expected, &actual) > 0.0
        };
        assert!(score(" New  York\n", "new york"));
        assert!(score("CAFÉ", "cafe\u{301}"));
        assert!(score("", "\u{3000} "));
        assert!(!score("newyork", "new york"));
        assert!(!score("-5", "5"));
        assert!(!score("1.5", "15"));
        assert!(!score("x²", "x2"));
    }
}
