//! Which of many keys is nearest to a wanted one.
//!
//! The one that has most leaves in common; of those, the one with fewest others; of those, the one whose differing
//! leaves read most alike; of those, the newest. Only for the last two is more compared than digests.

use super::{
    fields::{Field, decode, digests_of, fields_of},
    preview::WIDTH,
};
use std::{
    cmp::{Ordering, Reverse},
    collections::HashMap,
};

/// A key that was looked for.
#[derive(Debug, Clone)]
pub struct Wanted {
    in_order: Vec<u64>,
    sorted: Vec<u64>,
    previews: HashMap<String, String>,
}

/// How near a key is, without what has to be read for it.
type Nearness = (usize, Reverse<usize>);

impl Wanted {
    /// Takes a key apart.
    #[must_use]
    pub fn new(key: &[u8], previews: &[u8]) -> Self {
        let fields = decode(&fields_of(key, previews)).unwrap_or_default();
        let in_order: Vec<u64> = fields.iter().map(|field| field.digest).collect();
        let mut sorted = in_order.clone();
        sorted.sort_unstable();
        let previews = fields
            .into_iter()
            .map(|Field { path, preview, .. }| (path, preview))
            .collect();
        Self {
            in_order,
            sorted,
            previews,
        }
    }

    fn nearness(&self, fields: &[u8]) -> Option<Nearness> {
        let digests = digests_of(fields)?;
        let count = digests.len();
        let equal = digests
            .enumerate()
            .filter(|(index, digest)| self.has(*index, *digest))
            .count();
        Some((equal, Reverse(count - equal)))
    }

    fn has(&self, index: usize, digest: u64) -> bool {
        // Most keys of one kind have their leaves in the same places.
        self.in_order.get(index) == Some(&digest) || self.sorted.binary_search(&digest).is_ok()
    }

    /// How many characters the previews of differing leaves share at their begin and end.
    fn likeness(&self, fields: &[u8]) -> usize {
        let fields = decode(fields).unwrap_or_default();
        let differing = fields
            .iter()
            .enumerate()
            .filter(|(index, field)| !self.has(*index, field.digest));
        differing
            .map(|(_, field)| {
                self.previews
                    .get(&field.path)
                    .map_or(0, |wanted| alike(wanted, &field.preview))
            })
            .sum()
    }
}

fn alike(left: &str, right: &str) -> usize {
    let shared = |(left, right): &(char, char)| left == right;
    let begin = left.chars().zip(right.chars()).take_while(shared).count();
    let end = left.chars().rev().zip(right.chars().rev()).take_while(shared).count();
    // One text may be the begin and the end of another at once.
    (begin + end).min(WIDTH)
}

/// The tag of the nearest candidate, each of which is given by its fields, the time of its making, and a tag that
/// decides where all else is equal: the smaller one is nearer. Candidates whose fields cannot be read are passed over.
pub fn nearest<F, T>(wanted: &Wanted, candidates: impl IntoIterator<Item = (F, f64, T)>) -> Option<T>
where
    F: AsRef<[u8]>,
    T: Ord,
{
    let mut best: Option<(Nearness, usize, f64, T)> = None;
    for (fields, created, tag) in candidates {
        let fields = fields.as_ref();
        let Some(nearness) = wanted.nearness(fields) else {
            continue;
        };
        let is_nearer = match &best {
            None => true,
            Some((best_nearness, best_likeness, best_created, best_tag)) => {
                nearness
                    .cmp(best_nearness)
                    .then_with(|| wanted.likeness(fields).cmp(best_likeness))
                    .then_with(|| created.total_cmp(best_created))
                    .then_with(|| best_tag.cmp(&tag))
                    == Ordering::Greater
            }
        };
        if is_nearer {
            best = Some((nearness, wanted.likeness(fields), created, tag));
        }
    }
    best.map(|(.., tag)| tag)
}
