//! Similarity by edits: 1 − distance / length of the longer text, in code points.
//!
//! A lone surrogate is a code point of its own. The distance is rapidfuzz's, bit-parallel after Hyyrö (2003): 64 rows of
//! the matrix at a time, so the time still grows with the product of the two lengths.

use rapidfuzz::{HashableChar, distance::levenshtein};

/// Scores by edits; keeps the room for texts outside the basic plane.
#[derive(Default)]
pub struct Levenshtein {
    expected: Vec<u32>,
    actual: Vec<u32>,
}

impl Levenshtein {
    /// From 0, nothing in common, to 1, the same; two empty texts are the same.
    pub fn score(&mut self, expected: &[u16], actual: &[u16]) -> f64 {
        if expected == actual {
            return 1.0;
        }
        if !has_surrogates(expected) && !has_surrogates(actual) {
            return similarity(expected, actual);
        }
        decode(expected, &mut self.expected);
        decode(actual, &mut self.actual);
        similarity(&self.expected, &self.actual)
    }
}

/// Of two sequences that differ, so that one of them is not empty.
fn similarity<T: HashableChar + Copy + PartialEq>(expected: &[T], actual: &[T]) -> f64 {
    let longer = expected.len().max(actual.len());
    let distance = levenshtein::distance(expected.iter().copied(), actual.iter().copied());
    1.0 - distance as f64 / longer as f64
}

fn has_surrogates(units: &[u16]) -> bool {
    // Looks at all of them: without an early end the compiler takes many at a time.
    units
        .iter()
        .fold(false, |found, unit| found | (0xd800..=0xdfff).contains(unit))
}

fn decode(units: &[u16], code_points: &mut Vec<u32>) {
    code_points.clear();
    let decoded = char::decode_utf16(units.iter().copied());
    code_points
        .extend(decoded.map(|character| character.map_or_else(|lone| u32::from(lone.unpaired_surrogate()), u32::from)));
}

#[cfg(test)]
mod tests {
    use super::{Levenshtein, decode};
    use proptest::prelude::*;

    /// The textbook's matrix, a row at a time.
    fn plain(expected: &[u16], actual: &[u16]) -> f64 {
        let (mut one, mut other) = (Vec::new(), Vec::new());
        decode(expected, &mut one);
        decode(actual, &mut other);
        let mut row: Vec<usize> = (0..=other.len()).collect();
        for (above, character) in one.iter().enumerate() {
            let mut diagonal = std::mem::replace(&mut row[0], above + 1);
            for (column, candidate) in other.iter().enumerate() {
                let replaced = diagonal + usize::from(character != candidate);
                diagonal = row[column + 1];
                row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
            }
        }
        let longer = one.len().max(other.len());
        if longer == 0 {
            1.0
        } else {
            1.0 - row[other.len()] as f64 / longer as f64
        }
    }

    fn score(expected: &[u16], actual: &[u16]) -> f64 {
        Levenshtein::default().score(expected, actual)
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "each is the quotient of small whole numbers")]
    fn counts_code_points() {
        let texts = ["kitten", "sitting", "", "😀b", "😁b"].map(|text| text.encode_utf16().collect::<Vec<_>>());
        let [kitten, sitting, empty, grinning, beaming] = &texts;
        assert_eq!(score(kitten, sitting), 1.0 - 3.0 / 7.0);
        assert_eq!(score(empty, empty), 1.0);
        assert_eq!(score(empty, kitten), 0.0);
        assert_eq!(score(grinning, beaming), 0.5);
        // Half of a pair is not the pair, and not the other half.
        assert_eq!(score(&grinning[..1], grinning), 0.0);
        assert_eq!(score(&[0xd800], &[0xdc00]), 0.0);
    }

    proptest! {
        #[test]
        fn agrees_with_the_matrix(
            one in prop::collection::vec(prop::sample::select(vec![97, 98, 0x4e00, 0xd83d, 0xde00, 0xde01]), 0..150),
            other in prop::collection::vec(prop::sample::select(vec![97, 98, 0x4e00, 0xd83d, 0xde00, 0xde01]), 0..150),
        ) {
            prop_assert_eq!(score(&one, &other).to_bits(), plain(&one, &other).to_bits());
        }
    }
}
