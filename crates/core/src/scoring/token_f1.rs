//! The harmonic mean of precision and recall over the words of two texts, as the evaluation of SQuAD has it.
//!
//! Rajpurkar et al. (2016), "SQuAD: 100,000+ Questions for Machine Comprehension of Text": lower case, no punctuation, no
//! English articles, words between white space, each counted as often as it stands on both sides. Punctuation is
//! Unicode's, and the symbols of ASCII beside it, as for MLQA (Lewis et al., 2020): for ASCII that is the original rule.

use super::normal_form::{Normalizer, words};
use std::{cmp::Ordering, ops::Range};
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// Compares bags of words, in buffers that are used again.
#[derive(Default)]
pub struct TokenF1 {
    normalizer: Normalizer,
    expected: Tokens,
    actual: Tokens,
}

impl TokenF1 {
    /// From 0, no word in common, to 1, the same words in any order; two texts without words are the same.
    pub fn score(&mut self, expected: &[u16], actual: &[u16]) -> f64 {
        self.expected.read(expected, &mut self.normalizer);
        self.actual.read(actual, &mut self.normalizer);
        let tokens = self.expected.places.len() + self.actual.places.len();
        if tokens == 0 {
            return 1.0;
        }
        // 2pr / (p + r), with precision p = common / actual and recall r = common / expected.
        (2 * in_common(&self.expected, &self.actual)) as f64 / tokens as f64
    }
}

/// The words of a text in the order of their code units.
#[derive(Default)]
struct Tokens {
    form: Vec<u16>,
    places: Vec<Range<usize>>,
}

impl Tokens {
    fn read(&mut self, text: &[u16], normalizer: &mut Normalizer) {
        normalizer.normalize(text, &mut self.form, is_punctuation);
        let form = &self.form;
        self.places.clear();
        self.places
            .extend(words(form).filter(|place| !is_article(&form[place.clone()])));
        self.places
            .sort_unstable_by(|one, other| form[one.clone()].cmp(&form[other.clone()]));
    }

    fn word(&self, index: usize) -> Option<&[u16]> {
        self.places.get(index).map(|place| &self.form[place.clone()])
    }
}

fn in_common(one: &Tokens, other: &Tokens) -> usize {
    let (mut left, mut right, mut common) = (0, 0, 0);
    while let (Some(word), Some(candidate)) = (one.word(left), other.word(right)) {
        match word.cmp(candidate) {
            Ordering::Less => left += 1,
            Ordering::Greater => right += 1,
            Ordering::Equal => {
                left += 1;
                right += 1;
                common += 1;
            }
        }
    }
    common
}

fn is_article(word: &[u16]) -> bool {
    const ARTICLES: [&str; 3] = ["a", "an", "the"];
    word.len() <= 3
        && ARTICLES
            .iter()
            .any(|article| article.encode_utf16().eq(word.iter().copied()))
}

fn is_punctuation(character: char) -> bool {
    if character.is_ascii() {
        character.is_ascii_punctuation()
    } else {
        character.general_category_group() == GeneralCategoryGroup::Punctuation
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "each is the quotient of small whole numbers")]
mod tests {
    use super::TokenF1;

    fn score(expected: &str, actual: &str) -> f64 {
        let [expected, actual] = [expected, actual].map(|text| text.encode_utf16().collect::<Vec<_>>());
        TokenF1::default().score(&expected, &actual)
    }

    #[test]
    fn counts_words_on_both_sides() {
        assert_eq!(score("The cat sat.", "a CAT, sat"), 1.0);
        assert_eq!(score("cat sat on the mat", "mat cat"), 2.0 * 2.0 / 6.0);
        // A word counts as often as it stands on both sides.
        assert_eq!(score("no no no", "no no"), 2.0 * 2.0 / 5.0);
        assert_eq!(score("cat", "dog"), 0.0);
    }

    #[test]
    fn two_texts_without_words_are_the_same() {
        assert_eq!(score("", ""), 1.0);
        assert_eq!(score("The", "…"), 1.0);
        assert_eq!(score("", "cat"), 0.0);
    }

    #[test]
    fn leaves_out_the_punctuation_of_all_scripts() {
        assert_eq!(score("«Кот»", "кот"), 1.0);
        assert_eq!(score("猫。", "猫"), 1.0);
        assert_eq!(score("$5", "5"), 1.0);
        assert_eq!(score("5 €", "5"), 2.0 / 3.0);
        // What hyphens join is one word.
        assert_eq!(score("the-cat", "cat"), 0.0);
    }

    #[test]
    fn keeps_lone_surrogates_apart() {
        let mut scorer = TokenF1::default();
        assert_eq!(scorer.score(&[0xd800, 0x20, 0xdc00], &[0xd800]), 2.0 / 3.0);
    }
}
