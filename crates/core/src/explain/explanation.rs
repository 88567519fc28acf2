//! What a look-up finds, or why it finds nothing, as it is told to people.

use super::{Comparison, Wanted, compare, fields_of, nearest};
use crate::clock::UnixMillis;
use serde::Serialize;

/// What a look-up finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Outcome {
    /// A live entry.
    Hit,
    /// An entry whose deadline has passed.
    Expired,
    /// Nothing.
    Miss,
}

/// What a look-up finds, and for a miss, which stored key is nearest.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// What it finds.
    pub outcome: Outcome,
    /// When the entry that was found was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<UnixMillis>,
    /// When the entry that was found expired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expired: Option<UnixMillis>,
    /// The nearest key, for a miss where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest: Option<Nearest>,
    /// Live entries that the wanted key was compared with.
    pub entries: u64,
}

/// The stored key that is nearest to the wanted one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Nearest {
    /// When its entry was made.
    pub created: UnixMillis,
    /// Where the two differ.
    #[serde(flatten)]
    pub comparison: Comparison,
}

/// A key with its previews, and when its entry was made.
#[derive(Debug, Clone, Copy)]
pub struct Stored<'a> {
    /// In WTF-8.
    pub key: &'a [u8],
    /// May be empty.
    pub previews: &'a [u8],
    /// When its entry was made.
    pub created: UnixMillis,
}

impl Explanation {
    /// Why a key is none of those that are stored, of which all are at hand.
    #[must_use]
    pub fn of_miss(key: &[u8], previews: &[u8], stored: &[Stored]) -> Self {
        let wanted = Wanted::new(key, previews);
        let fields = |stored: &Stored| fields_of(stored.key, stored.previews);
        let candidates = stored
            .iter()
            .enumerate()
            .map(|(index, entry)| (fields(entry), entry.created.0, index));
        let nearest = nearest(&wanted, candidates).map(|index| Nearest {
            created: stored[index].created,
            comparison: compare((key, previews), (stored[index].key, stored[index].previews)),
        });
        Self {
            outcome: Outcome::Miss,
            created: None,
            expired: None,
            nearest,
            entries: stored.len() as u64,
        }
    }

    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Numbers, texts and lists can always be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}
