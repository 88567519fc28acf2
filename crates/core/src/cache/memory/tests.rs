use std::{cmp::Ordering, collections::VecDeque};

use proptest::{collection, prelude::*};

use super::MemoryTier;
use crate::{
    cache::{
        Tier, TierStats,
        conformance::{Subject, tier_conformance},
    },
    clock::UnixMillis,
};

fn subject() -> Subject<MemoryTier<String, u32>, u32> {
    Subject {
        make: Box::new(|bounds| MemoryTier::new(bounds.max_entries, bounds.max_bytes)),
        value: |number| number,
        deviations: &[],
    }
}

tier_conformance!(subject());

const NEVER: UnixMillis = UnixMillis::NEVER;

fn at(milliseconds: f64) -> UnixMillis {
    UnixMillis(milliseconds)
}

fn tier_of(keys: &[&str], max_entries: u64) -> MemoryTier<String, u32> {
    let tier = MemoryTier::new(max_entries, u64::MAX);
    for (value, key) in keys.iter().enumerate() {
        tier.insert((*key).to_owned(), value as u32, 10, NEVER, at(0.0));
    }
    tier
}

#[test]
fn does_not_count_what_has_expired_though_it_is_still_held() {
    let tier = tier_of(&["lasting"], 3);
    tier.insert("short".to_owned(), 1, 30, at(5.0), at(0.0));
    assert_eq!(tier.len(at(4.0)), 2);
    assert_eq!(tier.len(at(5.0)), 1);
    assert_eq!(tier.stats(at(5.0)).bytes, 40);
    assert_eq!(tier.remove_expired(at(5.0)), ["short"]);
    assert_eq!(tier.stats(at(5.0)).bytes, 10);
}

#[test]
fn forgets_no_read_however_many_come_between_two_writes() {
    let tier = tier_of(&["first"], 1_000);
    for number in 0..999 {
        tier.insert(number.to_string(), number, 1, NEVER, at(0.0));
    }
    tier.get(&"first".to_owned(), at(0.0));
    for _ in 0..10 {
        for number in 0..998 {
            tier.get(&number.to_string(), at(0.0));
        }
    }
    assert_eq!(tier.insert("x".to_owned(), 0, 1, NEVER, at(0.0)), ["998"]);
    assert_eq!(tier.insert("y".to_owned(), 0, 1, NEVER, at(0.0)), ["first"]);
    assert_eq!(tier.insert("z".to_owned(), 0, 1, NEVER, at(0.0)), ["0"]);
}

#[test]
fn the_bytes_are_bounded_in_order_of_use_however_many_entries_there_are() {
    let tier = MemoryTier::new(10_000, 1_000);
    let mut queue: VecDeque<String> = VecDeque::new();
    for number in 0..4_000_usize {
        if let Some(place) = (number * 7_919).checked_rem(queue.len()).filter(|_| number % 3 > 0) {
            let used = queue.remove(place).expect("a place in the queue");
            assert!(tier.get(&used, at(0.0)).is_some());
            queue.push_back(used);
        }
        let key = number.to_string();
        let left = tier.insert(key.clone(), 0, 1, NEVER, at(0.0));
        queue.push_back(key);
        let expected: Vec<_> = (queue.len() > 1_000)
            .then(|| queue.pop_front())
            .into_iter()
            .flatten()
            .collect();
        assert_eq!(left, expected);
    }
}

#[test]
fn expired_entries_leave_by_deadline_whatever_the_order_they_came_in() {
    let tier = MemoryTier::new(3, u64::MAX);
    for (key, deadline) in [("late", 9.0), ("early", 3.0), ("middle", 6.0)] {
        tier.insert(key.to_owned(), 0, 1, at(deadline), at(0.0));
    }
    assert_eq!(tier.insert("new".to_owned(), 0, 1, NEVER, at(9.0)), ["early"]);
    assert_eq!(tier.remove_expired(at(9.0)), ["middle", "late"]);
}

#[derive(Debug, Clone)]
enum Operation {
    Get(u8),
    Contains(u8),
    Insert { key: u8, bytes: u64, ttl: Option<f64> },
    Renew { key: u8, bytes: u64, ttl: Option<f64> },
    Shrink(u64),
    Remove(u8),
    RemoveExpired,
    Clear,
    Pass(f64),
}

fn operation() -> impl Strategy<Value = Operation> {
    let key = 0..24_u8;
    let ttl = || prop_oneof![Just(None), (0.0..40.0_f64).prop_map(Some)];
    let written = || (0..24_u8, 0..1_000_u64, ttl());
    prop_oneof![
        40 => key.clone().prop_map(Operation::Get),
        5 => key.clone().prop_map(Operation::Contains),
        35 => written().prop_map(|(key, bytes, ttl)| Operation::Insert { key, bytes, ttl }),
        10 => written().prop_map(|(key, bytes, ttl)| Operation::Renew { key, bytes, ttl }),
        2 => (0..9_000_u64).prop_map(Operation::Shrink),
        5 => key.prop_map(Operation::Remove),
        2 => Just(Operation::RemoveExpired),
        1 => Just(Operation::Clear),
        10 => (-10.0..20.0_f64).prop_map(Operation::Pass),
    ]
}

struct Held {
    key: String,
    value: u32,
    bytes: u64,
    deadline: f64,
    /// Numbers the write that gave it its deadline.
    written: u32,
}

impl Held {
    fn by_deadline(&self, other: &Self) -> Ordering {
        self.deadline
            .total_cmp(&other.deadline)
            .then_with(|| self.written.cmp(&other.written))
    }
}

/// The plain model: a queue, least recently used in front, searched from end to end.
struct Model {
    max_entries: usize,
    max_bytes: u64,
    queue: VecDeque<Held>,
    stats: TierStats,
}

impl Model {
    fn take(&mut self, key: &str) -> Option<Held> {
        let place = self.queue.iter().position(|held| held.key == key)?;
        self.queue.remove(place)
    }

    fn get(&mut self, key: &str, now: f64) -> Option<u32> {
        let Some(held) = self.take(key).filter(|held| held.deadline > now) else {
            self.stats.misses += 1;
            return None;
        };
        self.stats.hits += 1;
        let value = held.value;
        self.queue.push_back(held);
        Some(value)
    }

    /// An entry under its key by now, or the key where it is larger than everything may be.
    fn insert(&mut self, new: Held, now: f64) -> Vec<String> {
        let was_held = self.take(&new.key).is_some();
        if new.bytes > self.max_bytes {
            return vec![new.key];
        }
        let mut left = Vec::new();
        if !was_held && self.queue.len() == self.max_entries {
            left.push(self.remove_first(now));
        }
        self.queue.push_back(new);
        while self.bytes() > self.max_bytes {
            left.push(self.remove_first(now));
        }
        left
    }

    fn remove_first(&mut self, now: f64) -> String {
        let expired = self
            .queue
            .iter()
            .filter(|held| held.deadline <= now)
            .min_by(|a, b| Held::by_deadline(a, b))
            .map(|held| held.key.clone());
        let key = expired.unwrap_or_else(|| {
            self.stats.evictions += 1;
            self.queue[0].key.clone()
        });
        self.take(&key);
        key
    }

    fn bytes(&self) -> u64 {
        self.queue.iter().map(|held| held.bytes).sum()
    }

    fn keys(&self, now: f64) -> Vec<String> {
        self.queue
            .iter()
            .filter(|held| held.deadline > now)
            .map(|held| held.key.clone())
            .collect()
    }

    fn stats(&self, now: f64) -> TierStats {
        TierStats {
            live_entries: self.keys(now).len() as u64,
            bytes: self.bytes(),
            ..self.stats
        }
    }
}

fn apply(
    operation: &Operation,
    tier: &mut MemoryTier<String, u32>,
    model: &mut Model,
    now: &mut f64,
    count: u32,
) -> Result<(), TestCaseError> {
    match *operation {
        Operation::Get(key) => {
            let key = key.to_string();
            prop_assert_eq!(tier.get(&key, at(*now)), model.get(&key, *now));
        }
        Operation::Contains(key) => {
            let key = key.to_string();
            prop_assert_eq!(tier.contains(&key, at(*now)), model.keys(*now).contains(&key));
        }
        Operation::Insert { key, bytes, ttl } => {
            let key = key.to_string();
            let deadline = ttl.map_or(f64::INFINITY, |ttl| *now + ttl);
            let left = tier.insert(key.clone(), count, bytes, at(deadline), at(*now));
            prop_assert_eq!(
                left,
                model.insert(
                    Held {
                        key,
                        value: count,
                        bytes,
                        deadline,
                        written: count,
                    },
                    *now
                )
            );
        }
        Operation::Renew { key, bytes, ttl } => {
            let key = key.to_string();
            let deadline = ttl.map_or(f64::INFINITY, |ttl| *now + ttl);
            let held = model.queue.iter().find(|held| held.key == key).map(|held| Held {
                key: key.clone(),
                value: held.value,
                bytes,
                deadline,
                written: count,
            });
            let left = held.map(|held| model.insert(held, *now));
            prop_assert_eq!(tier.renew(&key, bytes, at(deadline), at(*now)), left);
        }
        Operation::Shrink(bytes) => {
            let expected = (model.bytes() > bytes).then(|| model.remove_first(*now));
            prop_assert_eq!(tier.shrink(bytes, at(*now)), expected);
        }
        Operation::Remove(key) => {
            let key = key.to_string();
            prop_assert_eq!(tier.remove(&key), model.take(&key).is_some());
        }
        Operation::RemoveExpired => {
            let removed = tier.remove_expired(at(*now));
            let (mut expired, live): (Vec<_>, _) = model.queue.drain(..).partition(|held| held.deadline <= *now);
            model.queue = live.into();
            expired.sort_by(Held::by_deadline);
            let expected: Vec<_> = expired.into_iter().map(|held| held.key).collect();
            prop_assert_eq!(removed, expected);
        }
        Operation::Clear => {
            tier.clear();
            model.queue.clear();
            model.stats = TierStats::default();
        }
        Operation::Pass(milliseconds) => *now += milliseconds,
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn behaves_like_the_plain_model(
        max_entries in 1..12_u64,
        max_bytes in prop_oneof![300..6_000_u64, Just(u64::MAX)],
        operations in collection::vec(operation(), 450..600),
    ) {
        let mut tier = MemoryTier::new(max_entries, max_bytes);
        let mut model = Model {
            max_entries: max_entries as usize,
            max_bytes,
            queue: VecDeque::new(),
            stats: TierStats::default(),
        };
        let mut now = 1_000.0;
        for (count, operation) in operations.iter().enumerate() {
            apply(operation, &mut tier, &mut model, &mut now, count as u32)?;
            prop_assert_eq!(tier.stats(at(now)), model.stats(now));
            prop_assert_eq!(tier.keys(at(now)), model.keys(now));
            let inner = tier.lock();
            // Walking moka's table is slow, and what it has too many or too few does not mend itself.
            if count % 16 == 0 {
                prop_assert_eq!(inner.values.iter().count() as u64, inner.ledger.len());
            }
            prop_assert!(inner.ledger.len() <= max_entries);
            prop_assert!(inner.ledger.bytes() <= max_bytes);
            prop_assert!(inner.ledger.deadlines_kept() <= 2 * max_entries + 64);
        }
    }
}
