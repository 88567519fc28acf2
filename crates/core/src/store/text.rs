//! Texts as bytes: generalized UTF-8, which keeps lone surrogates.
//!
//! A text is a sequence of UTF-16 code units. Pairs of surrogates become four bytes as in UTF-8, a lone one the three
//! bytes that its number would have; so every text has exactly one form, and well-formed texts have their UTF-8 form.

const UNITS_AT_ONCE: usize = 64;

/// Appends the bytes of a text.
pub(super) fn push_text(units: &[u16], bytes: &mut Vec<u8>) {
    bytes.reserve(units.len());
    let ascii = units
        .chunks(UNITS_AT_ONCE)
        .take_while(|chunk| chunk.iter().fold(0, |all, unit| all | unit) < 0x80)
        .map(<[u16]>::len)
        .sum();
    let (plain, rest) = units.split_at(ascii);
    push_narrow(plain, bytes);
    for decoded in char::decode_utf16(rest.iter().copied()) {
        match decoded {
            Ok(character) => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            Err(lone) => {
                let unit = lone.unpaired_surrogate();
                bytes.extend([0xe0 | (unit >> 12) as u8, continuation(unit >> 6), continuation(unit)]);
            }
        }
    }
}

/// Appends units that are one byte each.
pub(super) fn push_narrow(units: &[u16], bytes: &mut Vec<u8>) {
    let at = bytes.len();
    // Into bytes that are there already: many at once, where appending would be one by one.
    bytes.resize(at + units.len(), 0);
    for (byte, unit) in bytes[at..].iter_mut().zip(units) {
        *byte = *unit as u8;
    }
}

/// The bytes of a text.
#[must_use]
pub fn text_bytes(units: &[u16]) -> Vec<u8> {
    let mut bytes = Vec::new();
    push_text(units, &mut bytes);
    bytes
}

/// The text of bytes; what no text gives is read as U+FFFD.
#[must_use]
pub fn text_units(bytes: &[u8]) -> Vec<u16> {
    let mut units = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while !rest.is_empty() {
        let valid = match std::str::from_utf8(rest) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&rest[..error.valid_up_to()]).unwrap_or_default(),
        };
        units.extend(valid.encode_utf16());
        rest = &rest[valid.len()..];
        if let [0xed, second @ 0xa0..=0xbf, third @ 0x80..=0xbf, after @ ..] = rest {
            units.push(0xd000 | u16::from(second & 0x3f) << 6 | u16::from(third & 0x3f));
            rest = after;
        } else if let [_, after @ ..] = rest {
            units.push(0xfffd);
            rest = after;
        }
    }
    units
}

fn continuation(unit: u16) -> u8 {
    0x80 | (unit & 0x3f) as u8
}

#[cfg(test)]
mod tests {
    use super::{text_bytes, text_units};
    use proptest::prelude::*;

    #[test]
    fn well_formed_texts_have_their_utf8_form() {
        for text in [
            "",
            "a",
            "é😀\u{0}\u{ffff}",
            &"long ".repeat(50),
            &format!("{}é", "x".repeat(64)),
        ] {
            let units: Vec<u16> = text.encode_utf16().collect();
            assert_eq!(text_bytes(&units), text.as_bytes());
            assert_eq!(text_units(text.as_bytes()), units);
        }
    }

    proptest! {
        #[test]
        fn every_text_comes_back(units in prop::collection::vec(prop_oneof![any::<u16>(), 0xd700..0xe100_u16], 0..200)) {
            prop_assert_eq!(text_units(&text_bytes(&units)), units);
        }

        #[test]
        fn any_bytes_are_read_as_some_text(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(text_units(&bytes).len() <= bytes.len());
        }
    }
}
