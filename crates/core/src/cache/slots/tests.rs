use proptest::{collection, prelude::*};

use super::{Size, SlotCache, VACANT};
use crate::clock::UnixMillis;

const NOW: UnixMillis = UnixMillis(0.0);

fn size(entry: u64) -> Size {
    Size {
        entry,
        ..Size::default()
    }
}

fn add(cache: &mut SlotCache) -> u32 {
    cache.set(VACANT, size(8), UnixMillis::NEVER, NOW).slot
}

#[test]
fn reads_in_a_log_count_and_move_as_if_seen_when_they_happened() {
    let mut cache = SlotCache::new(3, u64::MAX);
    let slots: Vec<_> = (0..3).map(|_| add(&mut cache)).collect();
    cache.apply_reads(&[slots[0], slots[1], slots[0], slots[1], slots[0]], 1);
    assert_eq!(cache.by_recency(NOW), [slots[2], slots[1], slots[0]]);
    let stats = cache.stats(NOW);
    assert_eq!((stats.hits, stats.misses), (5, 1));
    assert_eq!(
        cache.set(VACANT, size(8), UnixMillis::NEVER, NOW).released,
        Some(slots[2])
    );
}

#[test]
fn a_read_of_a_slot_that_is_free_by_now_counts_and_moves_nothing() {
    let mut cache = SlotCache::new(2, u64::MAX);
    let slot = add(&mut cache);
    cache.remove(&[slot]);
    cache.apply_reads(&[slot], 0);
    assert_eq!(cache.stats(NOW).hits, 1);
    assert!(cache.by_recency(NOW).is_empty());
}

#[test]
fn slots_are_used_again_so_their_number_stays_small() {
    let mut cache = SlotCache::new(10, u64::MAX);
    let highest = (0..1_000).map(|_| add(&mut cache)).max();
    assert_eq!(highest, Some(10));
}

#[test]
fn removing_a_slot_twice_frees_it_once() {
    let mut cache = SlotCache::new(10, u64::MAX);
    let slot = add(&mut cache);
    cache.remove(&[slot, slot]);
    let first = add(&mut cache);
    assert_ne!(first, add(&mut cache));
}

#[test]
fn a_batch_larger_than_the_cache_leaves_its_last_entries() {
    let mut cache = SlotCache::new(2, u64::MAX);
    let first = add(&mut cache);
    let entries = [(VACANT, 1), (VACANT, 2), (first, 3), (VACANT, 4)];
    let outcome = cache.set_many(entries, UnixMillis::NEVER, NOW);
    let (slots, released) = outcome.split_at(entries.len());
    assert_eq!(cache.by_recency(NOW), slots[2..]);
    assert_eq!(cache.stats(NOW).bytes, 7);
    assert!(released.iter().all(|slot| !slots[2..].contains(slot)));
}

#[test]
fn the_mean_access_time_is_that_of_its_samples_and_never_free() {
    let mut cache = SlotCache::new(1, u64::MAX);
    assert!(cache.mean_access_nanoseconds() <= 0.0);
    cache.record_access(0.0);
    cache.record_access(3.0);
    assert!((cache.mean_access_nanoseconds() - 2.0).abs() < f64::EPSILON);
    cache.clear();
    assert!(cache.mean_access_nanoseconds() <= 0.0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Key → slot as a caller keeps it: what `set_many` reports must lead to the same index as one `set` after another.
    #[test]
    fn a_batch_ends_as_its_entries_set_one_by_one_would(
        max_entries in 1..8_u64,
        before in collection::vec(0..12_usize, 0..10),
        batch in proptest::sample::subsequence((0..12_usize).collect::<Vec<_>>(), 1..12),
    ) {
        let mut single = Caller::new(max_entries);
        let mut batched = Caller::new(max_entries);
        for key in before {
            single.set(key);
            batched.set(key);
        }
        for key in &batch {
            single.set(*key);
        }
        batched.set_batch(&batch);
        prop_assert_eq!(single.by_recency(), batched.by_recency());
        prop_assert_eq!(single.cache.stats(NOW), batched.cache.stats(NOW));
        prop_assert_eq!(batched.cache.stats(NOW).live_entries, batched.held.iter().flatten().count() as u64);
    }
}

struct Caller {
    cache: SlotCache,
    held: Vec<Option<usize>>,
}

impl Caller {
    fn new(max_entries: u64) -> Self {
        Self {
            cache: SlotCache::new(max_entries, u64::MAX),
            held: vec![None; 32],
        }
    }

    fn slot_of(&self, key: usize) -> u32 {
        self.held
            .iter()
            .position(|held| *held == Some(key))
            .map_or(VACANT, |slot| slot as u32)
    }

    fn set(&mut self, key: usize) {
        let placed = self
            .cache
            .set(self.slot_of(key), size(key as u64), UnixMillis::NEVER, NOW);
        self.release(placed.released.as_slice());
        self.held[placed.slot as usize] = Some(key);
    }

    fn set_batch(&mut self, keys: &[usize]) {
        let entries: Vec<_> = keys.iter().map(|key| (self.slot_of(*key), *key as u64)).collect();
        let outcome = self.cache.set_many(entries, UnixMillis::NEVER, NOW);
        let (slots, released) = outcome.split_at(keys.len());
        for (slot, key) in slots.iter().zip(keys) {
            self.held[*slot as usize] = Some(*key);
        }
        self.release(released);
    }

    fn release(&mut self, slots: &[u32]) {
        for slot in slots {
            self.held[*slot as usize] = None;
        }
    }

    fn by_recency(&self) -> Vec<Option<usize>> {
        self.cache
            .by_recency(NOW)
            .iter()
            .map(|slot| self.held[*slot as usize])
            .collect()
    }
}
