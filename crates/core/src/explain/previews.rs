//! What people need to see of texts that a key holds as digests only.
//!
//! One line for each text: a JSON array of its digest, its length in UTF-16 code units, its first and its last
//! characters (`docs/formats.md`, "Previews of digested texts"). A line that is anything else is passed over.

use std::collections::HashMap;

/// More lines than this are not read.
const MOST_LINES: usize = 1_024;

/// Begin and end of digested texts, by digest.
#[derive(Debug, Clone, Default)]
pub struct Previews(HashMap<[u8; 64], (String, String)>);

impl Previews {
    /// For keys of which nothing more is known.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads lines as they are stored.
    #[must_use]
    pub fn read(lines: &[u8]) -> Self {
        let lines = lines.split(|byte| *byte == b'\n').take(MOST_LINES);
        Self(lines.filter_map(read_line).collect())
    }

    /// The first and the last characters of the text with a digest.
    pub(super) fn of(&self, digest: &[u8]) -> Option<(&str, &str)> {
        self.0.get(digest).map(|(first, last)| (first.as_str(), last.as_str()))
    }
}

fn read_line(line: &[u8]) -> Option<([u8; 64], (String, String))> {
    let (digest, _length, first, last): (&str, u64, String, String) = serde_json::from_slice(line).ok()?;
    Some((digest.as_bytes().try_into().ok()?, (first, last)))
}
