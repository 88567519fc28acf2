//! Caches: what is kept, for how long, and what goes first.
//!
//! *Entry*: a value under a key, with its size in bytes and its deadline (an absolute point in time). *Eviction* makes
//! room, *expiration* is a deadline that passed, *invalidation* was asked for; only the first counts as an eviction.
//! A *slot* is the small number by which a caller that holds keys and values itself knows an entry.
//!
//! [`Tier`] is the seam: whatever keeps entries implements it, and a cache is a stack of tiers. The one on disk is
//! [`DiskTier`](crate::store::DiskTier), beside its store.

#[cfg(test)]
pub(crate) mod conformance;
mod deadlines;
mod hash;
mod ledger;
mod memory;
mod noop;
mod slots;
mod tier;

pub use hash::Xxh3BuildHasher;
pub use memory::MemoryTier;
pub use noop::NoopTier;
pub use slots::{IndexBytes, Placed, Saving, SlotCache, VACANT};
pub use tier::{Tier, TierStats};
