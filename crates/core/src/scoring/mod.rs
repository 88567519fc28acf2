//! Scores of pairs `[expected, actual]`: how well an answer agrees with what was expected.
//!
//! Pairs come in chunks, packed as one sequence and the lengths of its parts; a [`Run`] spreads chunks over threads. A
//! pair is scored by itself, so neither chunks nor threads change a score. Texts are UTF-16 code units that need not be
//! well-formed, since JavaScript's are not. Where threads come from is left to the caller.

mod cosine;
mod levenshtein;
mod normal_form;
mod normalized_exact;
mod run;
mod token_f1;

pub use cosine::cosine;
pub use levenshtein::Levenshtein;
pub use normalized_exact::NormalizedExact;
pub use run::{Failure, Run, Stop, Worker};
pub use token_f1::TokenF1;

/// Pairs of sequences, one after the other: characters or numbers of the first expected, of the first actual, and so on.
pub struct Chunk<T> {
    items: Vec<T>,
    /// Two for each pair.
    lengths: Vec<u32>,
}

impl<T> Chunk<T> {
    /// `lengths` has two numbers for each pair; together they are as many as there are items.
    ///
    /// # Panics
    ///
    /// Where they are not.
    #[must_use]
    pub fn new(items: Vec<T>, lengths: Vec<u32>) -> Self {
        let total: u64 = lengths.iter().map(|&length| u64::from(length)).sum();
        assert!(
            lengths.len().is_multiple_of(2) && total == items.len() as u64,
            "{} lengths of {total} items in all cannot part {} items into pairs",
            lengths.len(),
            items.len()
        );
        Self { items, lengths }
    }

    /// A score for each pair, or fewer once `stop` is set.
    pub fn score(&self, stop: &Stop, mut score: impl FnMut(&[T], &[T]) -> f64) -> Vec<f64> {
        let mut rest = self.items.as_slice();
        let mut scores = Vec::with_capacity(self.lengths.len() / 2);
        for lengths in self.lengths.chunks_exact(2) {
            if stop.is_set() {
                break;
            }
            let (expected, behind) = rest.split_at(lengths[0] as usize);
            let (actual, behind) = behind.split_at(lengths[1] as usize);
            scores.push(score(expected, actual));
            rest = behind;
        }
        scores
    }
}

/// A way to score two texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextScorer {
    /// 1 where the code units are the same, else 0.
    Exact,
    /// [`NormalizedExact`].
    NormalizedExact,
    /// [`Levenshtein`].
    Levenshtein,
    /// [`TokenF1`].
    TokenF1,
}

impl TextScorer {
    /// By its public name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "exact" => Self::Exact,
            "normalizedExact" => Self::NormalizedExact,
            "levenshtein" => Self::Levenshtein,
            "tokenF1" => Self::TokenF1,
            _ => return None,
        })
    }

    /// Scores a chunk on this thread.
    #[must_use]
    pub fn score(self, chunk: &Chunk<u16>, stop: &Stop) -> Vec<f64> {
        match self {
            Self::Exact => chunk.score(stop, |expected, actual| f64::from(u8::from(expected == actual))),
            Self::NormalizedExact => {
                let mut scorer = NormalizedExact::default();
                chunk.score(stop, |expected, actual| scorer.score(expected, actual))
            }
            Self::Levenshtein => {
                let mut scorer = Levenshtein::default();
                chunk.score(stop, |expected, actual| scorer.score(expected, actual))
            }
            Self::TokenF1 => {
                let mut scorer = TokenF1::default();
                chunk.score(stop, |expected, actual| scorer.score(expected, actual))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Chunk, Stop, TextScorer};

    fn units(text: &str) -> Vec<u16> {
        text.encode_utf16().collect()
    }

    #[test]
    fn parts_a_chunk_into_its_pairs() {
        let chunk = Chunk::new(units("abab" /* a|b, a|b... */), vec![1, 1, 0, 2, 0, 0]);
        let seen = std::cell::RefCell::new(Vec::new());
        chunk.score(&Stop::default(), |expected, actual| {
            seen.borrow_mut().push((expected.to_vec(), actual.to_vec()));
            0.0
        });
        let expected = [("a", "b"), ("", "ab"), ("", "")].map(|(one, other)| (units(one), units(other)));
        assert_eq!(seen.into_inner(), expected);
    }

    #[test]
    fn exact_compares_code_units() {
        // A composed and a decomposed letter, and two halves of a pair, are different texts.
        let pairs: [(&[u16], &[u16], f64); 5] = [
            (&[], &[], 1.0),
            (&[0xe9], &[0xe9], 1.0),
            (&[0xe9], &[0x65, 0x301], 0.0),
            (&[0xd800], &[0xdc00], 0.0),
            (&[0x61], &[0x61, 0x62], 0.0),
        ];
        for (expected, actual, score) in pairs {
            let lengths = vec![expected.len() as u32, actual.len() as u32];
            let chunk = Chunk::new([expected, actual].concat(), lengths);
            let scores = TextScorer::Exact.score(&chunk, &Stop::default());
            assert_eq!(scores, [score], "{expected:x?} {actual:x?}");
        }
    }

    #[test]
    fn scores_nothing_more_once_stopped() {
        let chunk = Chunk::new(units("aaaa"), vec![1, 1, 1, 1]);
        let stop = Stop::default();
        let scores = chunk.score(&stop, |_, _| {
            stop.set();
            1.0
        });
        assert_eq!(scores, [1.0]);
    }

    #[test]
    #[should_panic(expected = "cannot part")]
    fn refuses_lengths_that_do_not_add_up() {
        let _ = Chunk::new(units("abc"), vec![1, 1]);
    }
}
