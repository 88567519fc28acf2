//! The leaves of a key as bytes that are kept beside it; `docs/formats.md`, "Fields", has the layout.
//!
//! The digests come first and without anything between them, so that a search compares keys without reading a path or
//! a preview. No two digests are equal, and the leaves stand in the order of the key.

use super::{
    leaves::{Leaf, Rest, leaves_of},
    previews::Previews,
};

/// Leaves beyond this are folded into one.
pub(super) const MOST_LEAVES: usize = 256;
/// Bytes beyond this are not spent on leaves other than the one that stands for the rest.
const MOST_BYTES: usize = 16 * 1_024;
/// Room for that one.
const REST_BYTES: usize = 64;
const VERSION: u8 = 1;
const HEADER_BYTES: usize = 3;
const DIGEST_BYTES: usize = 8;

/// A leaf as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The way to it.
    pub path: String,
    /// What it says, in at most 80 characters.
    pub preview: String,
    /// Of its place and its value.
    pub digest: u64,
}

/// The fields of a key: the same bytes for the same key and previews, at most 16 KiB of them.
#[must_use]
pub fn fields_of(key: &[u8], previews: &[u8]) -> Vec<u8> {
    let previews = Previews::read(previews);
    encode(&leaves_of(key, &previews, MOST_LEAVES))
}

fn encode(leaves: &[Leaf]) -> Vec<u8> {
    let mut digests: Vec<u64> = Vec::with_capacity(leaves.len());
    let mut texts = Vec::new();
    let mut rest = Rest::default();
    let mut path = "";
    for (index, leaf) in leaves.iter().enumerate() {
        let before = texts.len();
        push_texts(&mut texts, path, leaf);
        let bytes = HEADER_BYTES + (digests.len() + 1) * DIGEST_BYTES + texts.len() + REST_BYTES;
        if bytes > MOST_BYTES {
            texts.truncate(before);
            leaves[index..].iter().for_each(|leaf| rest.add(leaf.digest));
            break;
        }
        path = &leaf.path;
        push_distinct(&mut digests, leaf.digest);
    }
    if let Some(leaf) = rest.leaf() {
        push_texts(&mut texts, path, &leaf);
        push_distinct(&mut digests, leaf.digest);
    }
    let mut bytes = vec![VERSION];
    bytes.extend((digests.len() as u16).to_le_bytes());
    bytes.extend(digests.iter().flat_map(|digest| digest.to_le_bytes()));
    bytes.extend(texts);
    bytes
}

/// Two leaves may be one and the same, such as the members of a Set that were two equal objects.
fn push_distinct(digests: &mut Vec<u64>, mut digest: u64) {
    while digests.contains(&digest) {
        digest = digest.wrapping_add(1);
    }
    digests.push(digest);
}

/// A path repeats most of the one before it.
fn push_texts(bytes: &mut Vec<u8>, previous: &str, leaf: &Leaf) {
    let shared = previous
        .bytes()
        .zip(leaf.path.bytes())
        .take(usize::from(u8::MAX))
        .take_while(|(a, b)| a == b)
        .count();
    let shared = leaf.path.floor_char_boundary(shared);
    bytes.push(shared as u8);
    for text in [&leaf.path[shared..], &leaf.preview] {
        bytes.extend((text.len() as u16).to_le_bytes());
        bytes.extend(text.as_bytes());
    }
}

/// Reads what [`fields_of`] made. `None` for anything else.
#[must_use]
pub fn decode(bytes: &[u8]) -> Option<Vec<Field>> {
    let digests = digests_of(bytes)?;
    let mut texts = &bytes[HEADER_BYTES + digests.len() * DIGEST_BYTES..];
    let mut fields: Vec<Field> = Vec::with_capacity(digests.len());
    for digest in digests {
        let (shared, rest) = texts.split_first()?;
        let previous = fields.last().map_or("", |field| field.path.as_str());
        let mut path = previous.get(..usize::from(*shared))?.to_owned();
        let (own, rest) = split_text(rest)?;
        let (preview, rest) = split_text(rest)?;
        path.push_str(own);
        fields.push(Field {
            path,
            preview: preview.to_owned(),
            digest,
        });
        texts = rest;
    }
    texts.is_empty().then_some(fields)
}

fn split_text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (text, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
    Some((str::from_utf8(text).ok()?, rest))
}

/// The digests alone.
pub(super) fn digests_of(bytes: &[u8]) -> Option<impl ExactSizeIterator<Item = u64>> {
    let (header, rest) = bytes.split_first_chunk::<HEADER_BYTES>()?;
    let count = usize::from(u16::from_le_bytes([header[1], header[2]]));
    if header[0] != VERSION || count > MOST_LEAVES + 1 {
        return None;
    }
    let (digests, []) = rest.get(..count * DIGEST_BYTES)?.as_chunks::<DIGEST_BYTES>() else {
        return None;
    };
    Some(digests.iter().map(|digest| u64::from_le_bytes(*digest)))
}
