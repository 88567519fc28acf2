use proptest::{collection, prelude::*};

use super::{IndexBytes, Saving, SlotCache, VACANT};
use crate::clock::UnixMillis;

const NOW: UnixMillis = UnixMillis(0.0);

fn add(cache: &mut SlotCache) -> u32 {
    cache.set(VACANT, 8, UnixMillis::NEVER, NOW).slot
}

#[test]
fn reads_in_a_log_count_and_move_as_if_seen_when_they_happened() {
    let mut cache = SlotCache::new(3, u64::MAX);
    let slots: Vec<_> = (0..3).map(|_| add(&mut cache)).collect();
    cache.apply_reads(&[slots[0], slots[1], slots[0], slots[1], slots[0]], 1);
    assert_eq!(cache.by_recency(NOW), [slots[2], slots[1], slots[0]]);
    let stats = cache.stats(NOW);
    assert_eq!((stats.hits, stats.misses), (5, 1));
    assert_eq!(cache.set(VACANT, 8, UnixMillis::NEVER, NOW).released, Some(slots[2]));
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

#[test]
fn a_large_entry_may_displace_many() {
    let mut cache = SlotCache::new(100, 80);
    let slots: Vec<_> = (0..10).map(|_| add(&mut cache)).collect();
    let placed = cache.set(VACANT, 60, UnixMillis::NEVER, NOW);
    let mut released: Vec<_> = placed.released.into_iter().collect();
    assert!(placed.more);
    released.extend(std::iter::from_fn(|| cache.take_released(0, NOW)));
    released.sort_unstable();
    assert_eq!(released, slots[..8]);
    assert_eq!(cache.by_recency(NOW), [slots[8], slots[9], placed.slot]);
}

#[test]
fn what_is_larger_than_the_cache_is_not_kept_and_frees_its_slot() {
    let mut cache = SlotCache::new(100, 80);
    let slot = add(&mut cache);
    let other = add(&mut cache);
    assert_eq!(cache.set(slot, 81, UnixMillis::NEVER, NOW).slot, VACANT);
    cache.set_index(IndexBytes { home: 41, all: 41 });
    assert_eq!(cache.set(VACANT, 40, UnixMillis::NEVER, NOW).slot, VACANT);
    cache.set_index(IndexBytes::default());
    assert_eq!(cache.by_recency(NOW), [other]);
    assert_eq!(add(&mut cache), slot);
}

#[test]
fn a_batch_says_which_of_its_entries_are_not_kept() {
    let mut cache = SlotCache::new(100, 80);
    let [known, small] = [add(&mut cache), add(&mut cache)];
    let outcome = cache.set_many([(known, 81), (VACANT, 70), (VACANT, 90)], UnixMillis::NEVER, NOW);
    assert_eq!([outcome[0], outcome[2]], [VACANT, VACANT]);
    assert_eq!(cache.by_recency(NOW), [small, outcome[1]]);
    // The slot of the first was given to the second.
    assert_eq!(outcome[1], known);
    assert_eq!(outcome.len(), 3);
}

fn saving(milliseconds: f64) -> Saving {
    Saving {
        milliseconds,
        tokens: 10.0 * milliseconds,
        cost: milliseconds / 4.0,
    }
}

#[test]
fn each_hit_saves_what_its_entry_says() {
    let mut cache = SlotCache::new(3, 1_000);
    let slots: Vec<_> = (0..3).map(|_| add(&mut cache)).collect();
    cache.apply_reads(&slots, 0);
    cache.set_saving(slots[1], saving(2.0));
    cache.set_saving(slots[2], saving(4.0));
    cache.apply_reads(&[slots[2], slots[1], slots[0], slots[2], VACANT], 7);
    assert_eq!(cache.saved(), saving(10.0));
    cache.clear();
    assert_eq!(cache.saved(), saving(0.0));
}

#[test]
fn a_saving_ends_with_its_entry_but_not_for_hits_from_before() {
    let mut cache = SlotCache::new(1, 1_000);
    let slot = add(&mut cache);
    cache.set_saving(slot, saving(1.0));
    cache.remove(&[slot]);
    cache.apply_reads(&[slot, slot], 0);
    assert_eq!(cache.saved(), saving(2.0));
    assert_eq!(add(&mut cache), slot);
    cache.apply_reads(&[slot], 0);
    cache.set_saving(slot, saving(1.0));
    cache.set(slot, 8, UnixMillis::NEVER, NOW);
    cache.apply_reads(&[slot], 0);
    assert_eq!(cache.saved(), saving(2.0));
    cache.remove(&[slot]);
    cache.set_saving(slot, saving(1.0));
    cache.apply_reads(&[slot], 0);
    assert_eq!(cache.saved(), saving(2.0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Key → slot as a caller keeps it: what `set_many` reports must lead to the same index as one `set` after another.
    #[test]
    fn a_batch_ends_as_its_entries_set_one_by_one_would(
        max_entries in 1..8_u64,
        max_bytes in prop_oneof![5..60_u64, Just(u64::MAX)],
        before in collection::vec(0..12_usize, 0..10),
        batch in proptest::sample::subsequence((0..12_usize).collect::<Vec<_>>(), 1..12),
    ) {
        let mut single = Caller::new(max_entries, max_bytes);
        let mut batched = Caller::new(max_entries, max_bytes);
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

    /// Keys share homes, which leave with their last entry: no entry may leave that need not, none stay that must go.
    #[test]
    fn entries_and_index_fit_together_and_nothing_leaves_in_vain(
        max_entries in 1..12_u64,
        max_bytes in 20..160_u64,
        writes in collection::vec((0..24_usize, 0..50_u64), 1..80),
    ) {
        let mut caller = Caller::new(max_entries, max_bytes);
        caller.home_bytes = vec![5, 0, 30];
        let mut model: Vec<(usize, u64)> = Vec::new();
        for (key, bytes) in writes {
            caller.set_sized(key, bytes);
            let was_held = model.iter().any(|(held, _)| *held == key);
            model.retain(|(held, _)| *held != key);
            if bytes + caller.home_bytes[key % 3] <= max_bytes {
                if !was_held && model.len() as u64 == max_entries {
                    model.remove(0);
                }
                model.push((key, bytes));
            }
            while model_bytes(&model) > max_bytes {
                model.remove(0);
            }
            let expected: Vec<_> = model.iter().map(|(held, _)| Some(*held)).collect();
            prop_assert_eq!(caller.by_recency(), expected);
            prop_assert_eq!(caller.cache.stats(NOW).bytes + caller.index_bytes(), model_bytes(&model));
        }
    }
}

fn model_bytes(held: &[(usize, u64)]) -> u64 {
    let homes = [(0, 5), (1, 0), (2, 30)].map(|(home, bytes)| {
        if held.iter().any(|(key, _)| key % 3 == home) {
            bytes
        } else {
            0
        }
    });
    held.iter().map(|(_, bytes)| bytes).sum::<u64>() + homes.iter().sum::<u64>()
}

struct Caller {
    cache: SlotCache,
    held: Vec<Option<usize>>,
    home_bytes: Vec<u64>,
}

impl Caller {
    fn new(max_entries: u64, max_bytes: u64) -> Self {
        Self {
            cache: SlotCache::new(max_entries, max_bytes),
            held: vec![None; 64],
            home_bytes: vec![0; 3],
        }
    }

    fn slot_of(&self, key: usize) -> u32 {
        self.held
            .iter()
            .position(|held| *held == Some(key))
            .map_or(VACANT, |slot| slot as u32)
    }

    fn index_bytes(&self) -> u64 {
        let is_held = |home: &usize| self.held.iter().flatten().any(|key| key % 3 == *home);
        (0..3).filter(is_held).map(|home| self.home_bytes[home]).sum()
    }

    fn set(&mut self, key: usize) {
        self.set_sized(key, key as u64);
    }

    fn set_sized(&mut self, key: usize, entry: u64) {
        let known = self.slot_of(key);
        let home = self.home_bytes[key % 3];
        let is_new_home = !self.held.iter().flatten().any(|held| held % 3 == key % 3);
        let all = self.index_bytes() + if is_new_home { home } else { 0 };
        self.cache.set_index(IndexBytes { home, all });
        let placed = self.cache.set(known, entry, UnixMillis::NEVER, NOW);
        self.release(placed.released.as_slice());
        if placed.slot == VACANT {
            self.release(if known == VACANT {
                &[]
            } else {
                std::slice::from_ref(&known)
            });
        } else {
            self.held[placed.slot as usize] = Some(key);
        }
        while placed.more
            && let Some(released) = self.cache.take_released(self.index_bytes(), NOW)
        {
            self.release(&[released]);
        }
    }

    fn set_batch(&mut self, keys: &[usize]) {
        let entries: Vec<_> = keys.iter().map(|key| (self.slot_of(*key), *key as u64)).collect();
        let outcome = self.cache.set_many(entries, UnixMillis::NEVER, NOW);
        let (slots, released) = outcome.split_at(keys.len());
        for (slot, key) in slots.iter().zip(keys).filter(|(slot, _)| **slot != VACANT) {
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
