//! Why a look-up missed: the stored key that is nearest to a wanted one, and the places in which the two differ.
//!
//! A key is the canonical encoding of a whole request (`docs/formats.md`, "Keys"), as WTF-8: UTF-8 that may hold lone
//! surrogates. It is taken apart into **leaves**, the values that hold no others, each with the path that leads to it, a
//! digest of path and value, and a preview for people. [`fields_of`] packs the leaves of a key into bytes that are kept
//! beside it, so that [`nearest()`] can compare one key with all others without taking those apart again.
//!
//! Invariants: every function is total, so whatever the bytes, there is an answer and no panic; the memory it takes is
//! bounded by a small multiple of the input's length; equal keys have equal fields. Where keys come from, and which of
//! them are still alive, is left to the caller.

mod differences;
mod explanation;
mod fields;
mod leaves;
mod nearest;
mod preview;
mod previews;
mod quote;
mod reader;
#[cfg(test)]
mod tests;
mod walk;

pub use differences::{Comparison, Difference, compare, differences};
pub use explanation::{Explanation, Nearest, Outcome, Stored};
pub use fields::{Field, decode, fields_of};
pub use leaves::{Leaf, leaves_of};
pub use nearest::{Wanted, nearest};
pub use previews::Previews;
