//! Texts as people read them: in quotes, on one line, without anything that a terminal would act on.

use std::fmt::Write;

/// How many characters of an excerpt stand before the first that differs.
const BEFORE_DIFFERENCE: usize = 20;
/// Of a text that is cut, this many characters of its end are kept.
const TAIL: usize = 20;

/// The characters of a text as they are shown, each escaped by itself.
pub(super) struct Shown {
    text: String,
    /// Where each character ends.
    ends: Vec<usize>,
}

impl Shown {
    /// Reads at most as many bytes of WTF-8 as there are; what is none is shown as U+FFFD.
    pub(super) fn new(mut bytes: &[u8]) -> Self {
        let mut shown = Self {
            text: String::with_capacity(bytes.len()),
            ends: Vec::with_capacity(bytes.len()),
        };
        while !bytes.is_empty() {
            let (code, length) = decode_one(bytes);
            shown.push(code);
            bytes = &bytes[length..];
        }
        shown
    }

    fn push(&mut self, code: u32) {
        let escaped = match char::from_u32(code) {
            Some(quoted @ ('"' | '\\')) => write!(self.text, "\\{quoted}"),
            Some('\n') => write!(self.text, "\\n"),
            Some('\r') => write!(self.text, "\\r"),
            Some('\t') => write!(self.text, "\\t"),
            Some(plain) if !is_active(plain) => write!(self.text, "{plain}"),
            _ => write!(self.text, "\\u{code:04x}"),
        };
        debug_assert!(escaped.is_ok(), "a String takes everything");
        self.ends.push(self.text.len());
    }

    /// In quotes and in at most `width` characters: the begin and the end of a longer text.
    pub(super) fn quoted(&self, width: usize) -> String {
        let count = self.ends.len();
        let room = width.saturating_sub(2);
        if self.slice(0, count).chars().count() <= room {
            return format!("\"{}\"", self.text);
        }
        let room = room.saturating_sub(1);
        let tail_room = TAIL.min(room / 3);
        let from = (0..count)
            .rev()
            .take_while(|from| self.width(*from, count) <= tail_room)
            .last();
        let to = self.fitting(0, room - tail_room);
        format!("\"{}…{}\"", self.slice(0, to), self.slice(from.unwrap_or(count), count))
    }

    /// Its first characters, in quotes and in at most `width` characters; more follows.
    pub(super) fn beginning(&self, width: usize) -> String {
        format!("\"{}…\"", self.slice(0, self.fitting(0, width.saturating_sub(3))))
    }

    /// Its last characters, in quotes and in at most `width` characters; more stands before.
    pub(super) fn ending(&self, width: usize) -> String {
        let count = self.ends.len();
        let from = (0..count)
            .rev()
            .take_while(|from| self.width(*from, count) <= width.saturating_sub(3))
            .last();
        format!("\"…{}\"", self.slice(from.unwrap_or(count), count))
    }

    /// In quotes and in at most `width` characters, with the character of number `difference` among them.
    pub(super) fn excerpt(&self, difference: usize, width: usize) -> String {
        let from = difference.min(self.ends.len()).saturating_sub(BEFORE_DIFFERENCE);
        let before = if from > 0 { "…" } else { "" };
        let room = width.saturating_sub(3 + before.len().min(1));
        let to = self.fitting(from, room);
        let after = if to < self.ends.len() { "…" } else { "" };
        format!("\"{before}{}{after}\"", self.slice(from, to))
    }

    /// The number of the first character in which two texts differ.
    pub(super) fn first_difference(&self, other: &Self) -> usize {
        let shorter = self.ends.len().min(other.ends.len());
        (0..shorter)
            .find(|at| self.slice(*at, at + 1) != other.slice(*at, at + 1))
            .unwrap_or(shorter)
    }

    /// Whether `quoted` shows all of it.
    pub(super) fn fits(&self, width: usize) -> bool {
        self.text.chars().count() + 2 <= width
    }

    /// The last character, counted from `from`, up to which they take at most `room`.
    fn fitting(&self, from: usize, room: usize) -> usize {
        let mut left = room;
        let mut to = from;
        while to < self.ends.len() {
            let width = self.width(to, to + 1);
            if width > left {
                break;
            }
            left -= width;
            to += 1;
        }
        to
    }

    fn width(&self, from: usize, to: usize) -> usize {
        self.slice(from, to).chars().count()
    }

    fn slice(&self, from: usize, to: usize) -> &str {
        let offset = |index: usize| if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[offset(from)..offset(to)]
    }
}

/// Controls, and the marks that change the direction of what follows.
fn is_active(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The first code point of WTF-8, surrogates included, and its length in bytes, which is at least 1.
fn decode_one(bytes: &[u8]) -> (u32, usize) {
    let (length, lead) = match bytes[0] {
        byte @ 0x00..0x80 => return (u32::from(byte), 1),
        byte @ 0xc2..0xe0 => (2, byte & 0x1f),
        byte @ 0xe0..0xf0 => (3, byte & 0x0f),
        byte @ 0xf0..0xf5 => (4, byte & 0x07),
        _ => return (0xfffd, 1),
    };
    let mut code = u32::from(lead);
    for at in 1..length {
        match bytes.get(at) {
            Some(byte @ 0x80..0xc0) => code = code << 6 | u32::from(byte & 0x3f),
            _ => return (0xfffd, at),
        }
    }
    (code, length)
}
