//! JSON text whose strings are still as they were in the value: they get quotes and escapes while the text becomes bytes.
//!
//! What comes out is what JavaScript's `JSON.stringify` would have written, in UTF-8: every lone surrogate is escaped.

use super::text::{push_narrow, push_text};

/// A string within a text: where it begins and its length, in code units.
pub type Stretch = [u32; 2];

const UNITS_AT_ONCE: usize = 32;
const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The bytes of a text in which `strings`, in ascending order, are without quotes and escapes. A stretch that is not
/// within what the one before left is left out.
#[must_use]
pub fn json_bytes(units: &[u16], strings: &[Stretch]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(units.len() + units.len() / 16 + 2 * strings.len());
    let mut at = 0;
    for &[start, length] in strings {
        let (start, length) = (start as usize, length as usize);
        let Some(string) = units.get(start..start.saturating_add(length)) else {
            continue;
        };
        let Some(between) = units.get(at..start) else { continue };
        push_text(between, &mut bytes);
        bytes.push(b'"');
        push_escaped(string, &mut bytes);
        bytes.push(b'"');
        at = start + length;
    }
    push_text(&units[at..], &mut bytes);
    bytes
}

fn push_escaped(units: &[u16], bytes: &mut Vec<u8>) {
    let mut rest = units;
    while let Some(&first) = rest.first() {
        let (plain, after) = rest.split_at(count_plain(rest));
        push_narrow(plain, bytes);
        rest = after;
        if plain.is_empty() {
            rest = push_other(first, &rest[1..], bytes);
        }
    }
}

/// How many of the first characters stand for themselves, each in one byte.
fn count_plain(units: &[u16]) -> usize {
    if units.first().is_none_or(|unit| !is_plain(*unit)) {
        return 0;
    }
    // Without a way out of a chunk, so that it is looked at all at once.
    let (chunks, _) = units.as_chunks::<UNITS_AT_ONCE>();
    let whole = chunks
        .iter()
        .take_while(|chunk| chunk.iter().fold(0, |all, unit| all | u16::from(!is_plain(*unit))) == 0);
    let plain = UNITS_AT_ONCE * whole.count();
    plain + units[plain..].iter().take_while(|unit| is_plain(**unit)).count()
}

/// As one subtraction and without short cuts, which the processor does for many units in one step.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "a short cut is a branch for each unit, and keeps them from being looked at together"
)]
fn is_plain(unit: u16) -> bool {
    (unit.wrapping_sub(0x20) < 0x60) & (unit != 0x22) & (unit != 0x5c)
}

/// Appends a character that is escaped or has more than one byte; returns what follows it.
fn push_other<'a>(unit: u16, after: &'a [u16], bytes: &mut Vec<u8>) -> &'a [u16] {
    let escape = match unit {
        0x22 | 0x5c => unit as u8,
        0x08 => b'b',
        0x09 => b't',
        0x0a => b'n',
        0x0c => b'f',
        0x0d => b'r',
        0..0x20 => return push_numbered(unit, after, bytes),
        0xd800..0xe000 => {
            let is_pair = unit < 0xdc00 && after.first().is_some_and(|low| (0xdc00..0xe000).contains(low));
            if !is_pair {
                return push_numbered(unit, after, bytes);
            }
            push_text(&[unit, after[0]], bytes);
            return &after[1..];
        }
        _ => {
            push_text(&[unit], bytes);
            return after;
        }
    };
    bytes.extend([b'\\', escape]);
    after
}

fn push_numbered<'a>(unit: u16, after: &'a [u16], bytes: &mut Vec<u8>) -> &'a [u16] {
    bytes.extend(*b"\\u");
    bytes.extend([12, 8, 4, 0].map(|shift| DIGITS[usize::from(unit >> shift & 0xf)]));
    after
}

#[cfg(test)]
mod tests {
    use super::json_bytes;
    use proptest::prelude::*;

    fn quoted(text: &str) -> String {
        let units: Vec<u16> = text.encode_utf16().collect();
        String::from_utf8(json_bytes(&units, &[[0, units.len() as u32]])).unwrap()
    }

    #[test]
    fn strings_get_quotes_and_escapes_and_the_rest_stays() {
        let text: Vec<u16> = "{\"a\":x\"y,\"b\":[é\n,1]}".encode_utf16().collect();
        let bytes = json_bytes(&text, &[[5, 3], [14, 2]]);
        assert_eq!(String::from_utf8(bytes).unwrap(), r#"{"a":"x\"y","b":["é\n",1]}"#);
        assert_eq!(quoted(""), "\"\"");
    }

    #[test]
    fn a_lone_surrogate_and_a_control_character_are_escaped_by_number() {
        let units = [0x61, 0xd800, 0x61, 0xdc00, 0xd83d, 0xde00, 0x1f, 0x7f, 0xdbff];
        let text = String::from_utf8(json_bytes(&units, &[[0, 9]])).unwrap();
        assert_eq!(text, "\"a\\ud800a\\udc00😀\\u001f\u{7f}\\udbff\"");
    }

    #[test]
    fn stretches_that_make_no_sense_are_left_out() {
        let units: Vec<u16> = "abcdef".encode_utf16().collect();
        let strings = [[1, 2], [2, 2], [9, 1], [4, u32::MAX], [4, 2]];
        assert_eq!(json_bytes(&units, &strings), b"a\"bc\"d\"ef\"");
    }

    proptest! {
        #[test]
        fn any_string_is_written_as_a_json_library_writes_it(text in "[ -~]{0,40}[\\PC\"\\\\\n\u{0}-\u{20}é水😀]{0,40}[ -~]{0,40}") {
            let read: String = serde_json::from_str(&quoted(&text)).unwrap();
            prop_assert_eq!(&read, &text);
            prop_assert_eq!(quoted(&text), serde_json::to_string(&text).unwrap());
        }

        #[test]
        fn any_units_and_stretches_give_some_bytes(
            units in prop::collection::vec(any::<u16>(), 0..60),
            strings in prop::collection::vec([0..70_u32, 0..70_u32], 0..6),
        ) {
            let bytes = json_bytes(&units, &strings);
            prop_assert!(bytes.len() <= 6 * units.len() + 2 * strings.len());
        }
    }
}
