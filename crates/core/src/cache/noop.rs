//! The tier that keeps nothing: what a cache stands on where it is to be as if there were none.

use std::{
    marker::PhantomData,
    sync::atomic::{AtomicU64, Ordering},
};

use super::{Tier, TierStats};
use crate::clock::UnixMillis;

/// Every look-up is a miss, and nothing is ever held.
pub struct NoopTier<K, V> {
    misses: AtomicU64,
    kept: PhantomData<fn(K, V)>,
}

impl<K, V> NoopTier<K, V> {
    /// A tier without entries.
    #[must_use]
    pub fn new() -> Self {
        Self {
            misses: AtomicU64::new(0),
            kept: PhantomData,
        }
    }
}

impl<K, V> Default for NoopTier<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> Tier<K, V> for NoopTier<K, V> {
    fn get(&self, _: &K, _: UnixMillis) -> Option<V> {
        self.misses.fetch_add(1, Ordering::Relaxed);
        None
    }

    fn contains(&self, _: &K, _: UnixMillis) -> bool {
        false
    }

    fn insert(&self, key: K, _: V, _: u64, _: UnixMillis, _: UnixMillis) -> Vec<K> {
        vec![key]
    }

    fn remove(&self, _: &K) -> bool {
        false
    }

    fn remove_expired(&self, _: UnixMillis) -> Vec<K> {
        Vec::new()
    }

    fn clear(&self) {
        self.misses.store(0, Ordering::Relaxed);
    }

    fn keys(&self, _: UnixMillis) -> Vec<K> {
        Vec::new()
    }

    fn stats(&self, _: UnixMillis) -> TierStats {
        TierStats {
            misses: self.misses.load(Ordering::Relaxed),
            ..TierStats::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::NoopTier;
    use crate::cache::conformance::{Deviation, Subject, tier_conformance};

    fn subject() -> Subject<NoopTier<String, u32>, u32> {
        Subject {
            make: Box::new(|_| NoopTier::new()),
            value: |number| number,
            deviations: &[Deviation::KeepsNothing],
        }
    }

    tier_conformance!(subject());
}
