//! The places in which two keys differ, with what each of them says there.

use super::{
    leaves::{Content, Leaf, leaves_of},
    preview::{self, WIDTH},
    previews::Previews,
    quote::Shown,
};
use serde::Serialize;
use std::{cmp::Ordering, collections::HashSet};

/// Leaves of a key that are compared one by one; the others are compared all together.
const MOST_LEAVES: usize = 4_096;
/// Differences that are named; the others are counted.
const MOST_DIFFERENCES: usize = 100;

/// A place in which two keys differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The way to it, such as `modelConfig.temperature`.
    pub path: String,
    /// What the wanted key says there; `None` where it has nothing.
    pub wanted: Option<String>,
    /// What the stored key says there; `None` where it has nothing.
    pub stored: Option<String>,
}

/// Where two keys differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The first places, in the order of their paths.
    pub differences: Vec<Difference>,
    /// How many further places there are.
    pub omitted: usize,
}

/// Compares two keys, each with its previews.
#[must_use]
pub fn compare(wanted: (&[u8], &[u8]), stored: (&[u8], &[u8])) -> Comparison {
    let [wanted_previews, stored_previews] = [wanted.1, stored.1].map(Previews::read);
    let wanted = leaves_of(wanted.0, &wanted_previews, MOST_LEAVES);
    let stored = leaves_of(stored.0, &stored_previews, MOST_LEAVES);
    let mut differences = differences(&wanted, &stored);
    let omitted = differences.len().saturating_sub(MOST_DIFFERENCES);
    differences.truncate(MOST_DIFFERENCES);
    Comparison { differences, omitted }
}

/// The leaves that only one of two keys has, those of the same path together, in the order of their paths.
#[must_use]
pub fn differences(wanted: &[Leaf], stored: &[Leaf]) -> Vec<Difference> {
    let [wanted, stored] = [only_in(wanted, stored), only_in(stored, wanted)];
    let mut differences = Vec::with_capacity(wanted.len().max(stored.len()));
    let (mut left, mut right) = (wanted.into_iter().peekable(), stored.into_iter().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return differences,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(left), Some(right)) => path_order(&left.path, &right.path),
        };
        let pair = match order {
            Ordering::Less => (left.next(), None),
            Ordering::Greater => (None, right.next()),
            Ordering::Equal => (left.next(), right.next()),
        };
        differences.extend(difference(pair));
    }
}

fn only_in<'a, 'k>(leaves: &'a [Leaf<'k>], others: &[Leaf]) -> Vec<&'a Leaf<'k>> {
    let known: HashSet<u64> = others.iter().map(|leaf| leaf.digest).collect();
    let mut only: Vec<_> = leaves.iter().filter(|leaf| !known.contains(&leaf.digest)).collect();
    only.sort_by(|a, b| path_order(&a.path, &b.path));
    only
}

fn difference(pair: (Option<&Leaf>, Option<&Leaf>)) -> Option<Difference> {
    let path = pair.0.or(pair.1)?.path.clone();
    let (wanted, stored) = match pair {
        (Some(wanted), Some(stored)) => {
            let (wanted, stored) = contrast(wanted, stored);
            (Some(wanted), Some(stored))
        }
        (wanted, stored) => (
            wanted.map(|leaf| leaf.preview.clone()),
            stored.map(|leaf| leaf.preview.clone()),
        ),
    };
    Some(Difference { path, wanted, stored })
}

/// Previews of two different leaves that show in what they differ.
fn contrast(left: &Leaf, right: &Leaf) -> (String, String) {
    let shown = match (left.content, right.content) {
        (Content::Whole(left), Content::Whole(right)) => contrast_texts(&Shown::new(left), &Shown::new(right)),
        (
            Content::Digested { units, first, last },
            Content::Digested {
                units: other_units,
                first: other_first,
                last: other_last,
            },
        ) if first == other_first && last != other_last => (
            preview::long_text(units, "ending", last),
            preview::long_text(other_units, "ending", other_last),
        ),
        _ => (left.preview.clone(), right.preview.clone()),
    };
    if shown.0 != shown.1 {
        return shown;
    }
    let marked = |shown: &str, leaf: &Leaf| format!("{shown} #{:08x}", leaf.digest >> 32);
    (marked(&shown.0, left), marked(&shown.1, right))
}

fn contrast_texts(left: &Shown, right: &Shown) -> (String, String) {
    if left.fits(WIDTH) && right.fits(WIDTH) {
        return (left.quoted(WIDTH), right.quoted(WIDTH));
    }
    let difference = left.first_difference(right);
    (left.excerpt(difference, WIDTH), right.excerpt(difference, WIDTH))
}

/// As people count: `input[2]` before `input[10]`.
fn path_order(left: &str, right: &str) -> Ordering {
    let (mut left_rest, mut right_rest) = (left, right);
    while let (Some(a), Some(b)) = (left_rest.chars().next(), right_rest.chars().next()) {
        let order = if a.is_ascii_digit() && b.is_ascii_digit() {
            let (a, b);
            (a, left_rest) = split_digits(left_rest);
            (b, right_rest) = split_digits(right_rest);
            a.len().cmp(&b.len()).then_with(|| a.cmp(b))
        } else {
            left_rest = &left_rest[a.len_utf8()..];
            right_rest = &right_rest[b.len_utf8()..];
            a.cmp(&b)
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    left_rest.len().cmp(&right_rest.len()).then_with(|| left.cmp(right))
}

/// The digits at the begin without leading zeros, and what follows them.
fn split_digits(text: &str) -> (&str, &str) {
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    (text[..end].trim_start_matches('0'), &text[end..])
}
