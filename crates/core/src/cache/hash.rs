//! The hash of the in-memory index: XXH3, one call for each field of a key.
//!
//! Nobody gains by a collision here, since equal hashes are followed by a comparison of the whole keys.

use std::hash::{BuildHasher, Hasher};

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Builds the hashers of an in-memory index.
#[derive(Debug, Clone, Copy, Default)]
pub struct Xxh3BuildHasher;

impl BuildHasher for Xxh3BuildHasher {
    type Hasher = Xxh3Hasher;

    fn build_hasher(&self) -> Xxh3Hasher {
        Xxh3Hasher(0)
    }
}

/// Chains the fields of a key: the hash of what came before seeds the next. The crate's own streaming hasher carries
/// half a kilobyte of state, which costs more than hashing the short keys kept here.
#[derive(Debug)]
pub struct Xxh3Hasher(u64);

impl Hasher for Xxh3Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
