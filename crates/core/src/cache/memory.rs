//! The tier in memory: exactly least recently used, and never an entry or a byte more than it may hold.
//!
//! moka keeps the values and bounds their number; [`Ledger`] keeps sizes and deadlines, by which the bytes are bounded
//! here. moka takes reads and writes
//! through queues: a read queue that is full forgets reads, and a write not yet worked off may leave one entry too
//! many. Both are worked off here before that can be seen, so the order is exact, not an approximation.
//!
//! Invariants: moka and the ledger hold the same keys whenever the lock is free; an entry that has expired leaves
//! before one that is live.

use std::{
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use moka::{notification::RemovalCause, policy::EvictionPolicy, sync::Cache};

use super::{Tier, TierStats, Xxh3BuildHasher, ledger::Ledger};
use crate::clock::UnixMillis;

/// moka's queue holds 384 reads, and a read beyond those is forgotten; it starts to work them off itself at 64.
const MOST_QUEUED_READS: u32 = 64;

/// Entries in memory, bounded by their number and their bytes, the least recently used leaving first.
pub struct MemoryTier<K, V> {
    state: Mutex<State<K, V>>,
}

struct State<K, V> {
    max_entries: u64,
    max_bytes: u64,
    values: Cache<K, V, Xxh3BuildHasher>,
    /// Where moka's listener leaves the keys it evicts until [`State::settle`] picks them up.
    evicted: Arc<Mutex<Vec<K>>>,
    ledger: Ledger<K>,
    queued_reads: u32,
    hits: u64,
    misses: u64,
    evictions: u64,
}

impl<K, V> MemoryTier<K, V>
where
    K: Clone + Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// A tier for at most `max_entries` entries of `max_bytes` together.
    #[must_use]
    pub fn new(max_entries: u64, max_bytes: u64) -> Self {
        Self {
            state: Mutex::new(State::new(max_entries, max_bytes)),
        }
    }

    /// Takes over look-ups that a caller answered from its own copy of this tier: how many there were of each kind,
    /// and the keys that were hit, the last use of each in the order of time.
    pub fn take_over_reads<'a>(&mut self, hits: u64, misses: u64, keys: impl IntoIterator<Item = &'a K>) {
        let state = self.state_mut();
        state.hits += hits;
        state.misses += misses;
        for key in keys {
            state.touch(key);
        }
    }

    /// Gives the entry under `key`, live or expired, a new size and deadline and makes it the most recently used: what an
    /// insertion under the same key comes to where the value is in place already, without moka's queue of writes. Returns
    /// what an insertion would; nothing where there is no entry.
    pub fn renew(&mut self, key: &K, bytes: u64, deadline: UnixMillis, now: UnixMillis) -> Option<Vec<K>> {
        let state = self.state_mut();
        if bytes > state.max_bytes {
            return state.remove(key).then(|| vec![key.clone()]);
        }
        if !state.ledger.renew(key, bytes, deadline) {
            return None;
        }
        let mut left = Vec::new();
        state.make_room(now, &mut left);
        state.read(key);
        Some(left)
    }

    /// Removes the entry that goes first if all together hold more than `bytes`, however many they may hold otherwise.
    pub fn shrink(&mut self, bytes: u64, now: UnixMillis) -> Option<K> {
        let state = self.state_mut();
        if state.ledger.bytes() <= bytes {
            return None;
        }
        state.remove_first(now)
    }

    /// Bytes of all entries held.
    pub fn bytes(&mut self) -> u64 {
        self.state_mut().ledger.bytes()
    }

    /// Whether an entry, live or expired, is under `key`.
    #[must_use]
    pub fn holds(&self, key: &K) -> bool {
        self.lock().ledger.contains(key)
    }

    fn lock(&self) -> MutexGuard<'_, State<K, V>> {
        lock(&self.state)
    }

    /// The state without a lock, for whoever has the tier to himself.
    fn state_mut(&mut self) -> &mut State<K, V> {
        self.state.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A panic elsewhere leaves nothing half done that the next call could not live with.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K, V> State<K, V>
where
    K: Clone + Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    fn new(max_entries: u64, max_bytes: u64) -> Self {
        let evicted = Arc::new(Mutex::new(Vec::new()));
        let listener_evicted = Arc::clone(&evicted);
        let values = Cache::builder()
            .max_capacity(max_entries)
            .eviction_policy(EvictionPolicy::lru())
            .eviction_listener(move |key: Arc<K>, _, cause| {
                if cause == RemovalCause::Size {
                    lock(&listener_evicted).push(K::clone(&key));
                }
            })
            .build_with_hasher(Xxh3BuildHasher);
        Self {
            max_entries,
            max_bytes,
            values,
            evicted,
            ledger: Ledger::new(),
            queued_reads: 0,
            hits: 0,
            misses: 0,
            evictions: 0,
        }
    }

    fn touch(&mut self, key: &K) -> Option<V> {
        if !self.ledger.touch(key) {
            return None;
        }
        self.read(key)
    }

    /// Tells moka of a use.
    fn read(&mut self, key: &K) -> Option<V> {
        let value = self.values.get(key)?;
        self.queued_reads += 1;
        if self.queued_reads >= MOST_QUEUED_READS {
            self.work_off();
        }
        Some(value)
    }

    fn remove(&mut self, key: &K) -> bool {
        if !self.ledger.strike(key) {
            return false;
        }
        self.values.invalidate(key);
        true
    }

    /// Lets entries leave until the rest fits; their keys are appended to `left`.
    fn make_room(&mut self, now: UnixMillis, left: &mut Vec<K>) {
        while self.ledger.bytes() > self.max_bytes {
            let Some(key) = self.remove_first(now) else { break };
            left.push(key);
        }
    }

    /// Removes what goes first: the entry that expired first or, where none has, the least recently used.
    fn remove_first(&mut self, now: UnixMillis) -> Option<K> {
        let expired = self.ledger.first_expired(now);
        let key = if let Some(key) = expired {
            key
        } else {
            let key = self.ledger.least_recently_used()?;
            self.evictions += 1;
            key
        };
        self.remove(&key);
        Some(key)
    }

    /// Applies what moka has queued, and takes the keys it evicted out of the ledger; they are appended to `left`.
    fn settle(&mut self, left: &mut Vec<K>) {
        self.work_off();
        let mut evicted = lock(&self.evicted);
        self.evictions += evicted.len() as u64;
        for key in &*evicted {
            self.ledger.strike(key);
        }
        left.append(&mut evicted);
    }

    fn work_off(&mut self) {
        self.values.run_pending_tasks();
        self.queued_reads = 0;
    }
}

impl<K, V> Tier<K, V> for MemoryTier<K, V>
where
    K: Clone + Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    fn get(&self, key: &K, now: UnixMillis) -> Option<V> {
        let mut state = self.lock();
        if state.ledger.is_live(key, now) {
            state.hits += 1;
            return state.touch(key);
        }
        state.misses += 1;
        state.remove(key);
        None
    }

    fn contains(&self, key: &K, now: UnixMillis) -> bool {
        self.lock().ledger.is_live(key, now)
    }

    fn insert(&self, key: K, value: V, bytes: u64, deadline: UnixMillis, now: UnixMillis) -> Vec<K> {
        let mut state = self.lock();
        let mut left = Vec::new();
        if bytes > state.max_bytes {
            state.remove(&key);
            return vec![key];
        }
        if state.ledger.len() >= state.max_entries && !state.ledger.contains(&key) {
            left.extend(state.ledger.first_expired(now));
        }
        for expired in &left {
            state.remove(expired);
        }
        state.ledger.enter(key.clone(), bytes, deadline);
        state.make_room(now, &mut left);
        // An entry whose deadline has passed before it came may have left already.
        if left.is_empty() || state.ledger.contains(&key) {
            state.values.insert(key, value);
        }
        state.settle(&mut left);
        left
    }

    fn remove(&self, key: &K) -> bool {
        self.lock().remove(key)
    }

    fn remove_expired(&self, now: UnixMillis) -> Vec<K> {
        let mut state = self.lock();
        let mut expired = Vec::new();
        while let Some(key) = state.ledger.first_expired(now) {
            state.remove(&key);
            expired.push(key);
        }
        state.work_off();
        expired
    }

    fn clear(&self) {
        let mut state = self.lock();
        *state = State::new(state.max_entries, state.max_bytes);
    }

    fn keys(&self, now: UnixMillis) -> Vec<K> {
        self.lock().ledger.live_by_recency(now)
    }

    fn stats(&self, now: UnixMillis) -> TierStats {
        let state = self.lock();
        TierStats {
            hits: state.hits,
            misses: state.misses,
            evictions: state.evictions,
            live_entries: state.ledger.len() - state.ledger.count_expired(now),
            bytes: state.ledger.bytes(),
        }
    }
}

#[cfg(test)]
mod tests;
