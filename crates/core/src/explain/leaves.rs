//! The leaves of a key: at most so many, and one more that stands for all the others.

use super::{
    preview,
    previews::Previews,
    reader::{Malformed, Text, Token},
    walk::Walk,
};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// Longer paths are shown by their begin and their end.
const LONGEST_PATH: usize = 200;

/// What is known of a leaf's value beyond its preview.
#[derive(Debug, Clone, Copy)]
pub(super) enum Content<'k> {
    Other,
    /// A text in WTF-8.
    Whole(&'k [u8]),
    Digested {
        units: u64,
        first: &'k str,
        last: &'k str,
    },
}

/// A value that holds no others, in its place in a key.
#[derive(Debug, Clone)]
pub struct Leaf<'k> {
    /// The way to it, such as `modelConfig.temperature`; empty where it is the whole key.
    pub path: String,
    /// What it says, in at most 80 characters.
    pub preview: String,
    /// Of its place and its value: equal for two leaves exactly if both are the same.
    pub digest: u64,
    pub(super) content: Content<'k>,
}

/// The first leaves of a key in the key's order, at most `most` of them, and one leaf for all that follow. A key that
/// does not follow the grammar is one leaf.
#[must_use]
pub fn leaves_of<'k>(key: &'k [u8], previews: &'k Previews, most: usize) -> Vec<Leaf<'k>> {
    collect(key, previews, most).unwrap_or_else(|Malformed| {
        let preview = format!(
            "a key of {} bytes that cannot be read",
            preview::grouped(key.len() as u64)
        );
        vec![leaf(String::new(), preview, xxh3_64(key))]
    })
}

fn collect<'k>(key: &'k [u8], previews: &'k Previews, most: usize) -> Result<Vec<Leaf<'k>>, Malformed> {
    let mut walk = Walk::new(key);
    let mut leaves = Vec::new();
    let mut rest = Rest::default();
    while let Some(found) = walk.next()? {
        if leaves.len() == most {
            rest.add(found.digest);
            continue;
        }
        leaves.push(Leaf {
            path: shortened(walk.path()),
            preview: preview::of_token(&found.token, previews),
            digest: found.digest,
            content: content_of(&found.token, previews),
        });
    }
    leaves.extend(rest.leaf());
    Ok(leaves)
}

/// Leaves that are told apart all together only.
#[derive(Debug, Default)]
pub(super) struct Rest(Option<u64>);

impl Rest {
    pub(super) fn add(&mut self, digest: u64) {
        self.0 = Some(xxh3_64_with_seed(&digest.to_le_bytes(), self.0.unwrap_or(0)));
    }

    pub(super) fn leaf<'k>(&self) -> Option<Leaf<'k>> {
        self.0
            .map(|digest| leaf("…".to_owned(), "further values".to_owned(), digest))
    }
}

fn leaf<'k>(path: String, preview: String, digest: u64) -> Leaf<'k> {
    Leaf {
        path,
        preview,
        digest,
        content: Content::Other,
    }
}

fn content_of<'k>(token: &Token<'k>, previews: &'k Previews) -> Content<'k> {
    match *token {
        Token::Text(Text::Whole(bytes)) => Content::Whole(bytes),
        Token::Text(Text::Digested { units, digest }) => match previews.of(digest) {
            Some((first, last)) => Content::Digested { units, first, last },
            None => Content::Other,
        },
        _ => Content::Other,
    }
}

fn shortened(path: &str) -> String {
    // Far fewer bytes than characters are kept of a path that is longer than this, whatever its characters.
    if path.len() <= LONGEST_PATH || path.chars().count() <= LONGEST_PATH {
        return path.to_owned();
    }
    let half = LONGEST_PATH / 2;
    let head = path.char_indices().nth(half).map_or(path.len(), |(at, _)| at);
    let tail = path.char_indices().rev().nth(half - 1).map_or(0, |(at, _)| at);
    format!("{} … {}", &path[..head], &path[tail..])
}
