//! The form in which texts are compared that may differ in case and spacing: lower case, then NFC, spaces all alike.
//!
//! Case is Unicode's default conversion without a locale, final sigma included, as `toLowerCase` of JavaScript; white
//! space is what `\s` matches there. The normal form of a text is UTF-16 again, and so a lone surrogate stays itself.

use std::ops::Range;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

const SPACE: u16 = 0x20;

/// Makes normal forms, in buffers that are used again.
#[derive(Default)]
pub(super) struct Normalizer {
    run: String,
}

impl Normalizer {
    /// Replaces what is in `form` by the normal form of a text, without the characters for which `dropped` holds.
    pub(super) fn normalize(&mut self, units: &[u16], form: &mut Vec<u16>, dropped: impl Fn(char) -> bool) {
        form.clear();
        if units.iter().fold(0, |all, unit| all | unit) < 0x80 {
            let characters = units.iter().map(|&unit| (unit as u8).to_ascii_lowercase());
            form.extend(characters.filter(|&byte| !dropped(char::from(byte))).map(|byte| {
                if is_space(char::from(byte)) {
                    SPACE
                } else {
                    u16::from(byte)
                }
            }));
            return;
        }
        // A lone surrogate has no case and combines with nothing, so texts on either side of it are independent.
        for character in char::decode_utf16(units.iter().copied()) {
            match character {
                Ok(character) => self.run.push(character),
                Err(lone) => {
                    self.end_run(form, &dropped);
                    form.push(lone.unpaired_surrogate());
                }
            }
        }
        self.end_run(form, &dropped);
    }

    fn end_run(&mut self, form: &mut Vec<u16>, dropped: &impl Fn(char) -> bool) {
        let lower = self.run.to_lowercase();
        self.run.clear();
        let mut push = |character: char| {
            if is_space(character) {
                form.push(SPACE);
            } else if !dropped(character) {
                form.extend_from_slice(character.encode_utf16(&mut [0; 2]));
            }
        };
        if is_nfc_quick(lower.chars()) == IsNormalized::Yes {
            lower.chars().for_each(&mut push);
        } else {
            lower.nfc().for_each(&mut push);
        }
    }
}

/// Where the words of a normal form are: what stands between spaces.
pub(super) fn words(form: &[u16]) -> impl Iterator<Item = Range<usize>> {
    let mut behind = 0;
    let places = form.split(|&unit| unit == SPACE).map(move |word| {
        let place = behind..behind + word.len();
        behind = place.end + 1;
        place
    });
    places.filter(|place| !place.is_empty())
}

/// As `\s`: Unicode's white space without the control character U+0085, and the byte order mark.
fn is_space(character: char) -> bool {
    character == '\u{feff}' || (character.is_whitespace() && character != '\u{85}')
}

#[cfg(test)]
mod tests {
    use super::{Normalizer, words};
    use proptest::prelude::*;

    fn form(units: &[u16]) -> Vec<u16> {
        let mut form = vec![7];
        Normalizer::default().normalize(units, &mut form, |_| false);
        form
    }

    fn form_of(text: &str) -> String {
        String::from_utf16(&form(&text.encode_utf16().collect::<Vec<_>>())).unwrap()
    }

    #[test]
    fn folds_case_composition_and_space() {
        assert_eq!(form_of("A\tB\u{a0}C\u{feff}D\u{85}E"), "a b c d\u{85}e");
        assert_eq!(form_of("E\u{301}"), "\u{e9}");
        assert_eq!(form_of("ΟΔΟΣ Σ"), "οδος σ");
        assert_eq!(form_of("İ\u{323}"), "\u{1ecb}\u{307}");
        // Compatible is not the same: a square is no 2.
        assert_eq!(form_of("X²"), "x²");
    }

    #[test]
    fn keeps_lone_surrogates_where_they_are() {
        assert_eq!(form(&[0x41, 0xd800, 0x42, 0xdc00]), [0x61, 0xd800, 0x62, 0xdc00]);
        // The mark behind the surrogate has no letter to combine with.
        assert_eq!(form(&[0x45, 0xdc00, 0x301]), [0x65, 0xdc00, 0x301]);
    }

    #[test]
    fn parts_words_at_any_number_of_spaces() {
        let form = form(&"  a  bc ".encode_utf16().collect::<Vec<_>>());
        let words: Vec<_> = words(&form)
            .map(|place| String::from_utf16(&form[place]).unwrap())
            .collect();
        assert_eq!(words, ["a", "bc"]);
    }

    proptest! {
        #[test]
        fn is_the_same_for_ascii_on_both_ways(text in "[ -~\t\n]{0,40}") {
            let other_way = form_of(&format!("{text}\u{3b1}"));
            prop_assert_eq!(form_of(&text) + "\u{3b1}", other_way);
        }
    }
}
