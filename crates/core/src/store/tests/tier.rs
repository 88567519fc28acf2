//! The tier on disk, by the suite that every tier passes: as its writer keeps up, and with everything in the file.

use std::{cell::RefCell, sync::Arc, time::Duration};
use tempfile::TempDir;

use super::{Manual, NOW, ROOMY};
use crate::{
    cache::{
        Tier, TierStats,
        conformance::{Deviation, Subject, tier_conformance},
    },
    clock::{Clock, UnixMillis},
    store::{DiskTier, Namespace, Store},
};

const DEVIATIONS: &[Deviation] = &[
    Deviation::BoundsNoEntries,
    Deviation::BoundsBytesLoosely,
    Deviation::OrdersCoarsely,
];

const PATIENCE: Duration = Duration::from_mins(1);

fn open(folder: &TempDir, max_bytes: u64, clock: &Arc<Manual>) -> DiskTier {
    DiskTier::new(
        Store::open_alone(folder.path(), max_bytes, clock.clone()),
        Namespace::new("tier"),
    )
}

fn subject<T: 'static>(wrap: fn(DiskTier) -> T) -> Subject<T, Vec<u8>> {
    let folders = RefCell::new(Vec::new());
    Subject {
        make: Box::new(move |bounds| {
            let folder = TempDir::new().unwrap();
            let tier = open(&folder, bounds.max_bytes, &Arc::default());
            folders.borrow_mut().push(folder);
            wrap(tier)
        }),
        value: |number| number.to_be_bytes().into(),
        deviations: DEVIATIONS,
    }
}

/// Everything is in the file before anything is asked.
struct Written(DiskTier);

impl Written {
    fn tier(&self) -> &DiskTier {
        assert!(self.0.store().flush_within(PATIENCE));
        &self.0
    }
}

impl Tier<String, Vec<u8>> for Written {
    fn get(&self, key: &String, now: UnixMillis) -> Option<Vec<u8>> {
        self.tier().get(key, now)
    }

    fn contains(&self, key: &String, now: UnixMillis) -> bool {
        self.tier().contains(key, now)
    }

    fn insert(&self, key: String, value: Vec<u8>, bytes: u64, deadline: UnixMillis, now: UnixMillis) -> Vec<String> {
        self.0.insert(key, value, bytes, deadline, now)
    }

    fn remove(&self, key: &String) -> bool {
        self.tier().remove(key)
    }

    fn remove_expired(&self, now: UnixMillis) -> Vec<String> {
        self.tier().remove_expired(now)
    }

    fn clear(&self) {
        self.0.clear();
    }

    fn keys(&self, now: UnixMillis) -> Vec<String> {
        self.tier().keys(now)
    }

    fn stats(&self, now: UnixMillis) -> TierStats {
        self.tier().stats(now)
    }
}

mod conformance {
    super::tier_conformance!(super::subject(|tier| tier));
}

mod conformance_written {
    super::tier_conformance!(super::subject(super::Written));
}

#[test]
fn what_a_tier_holds_outlives_it_and_its_statistics_do_not() {
    let folder = TempDir::new().unwrap();
    let tier = open(&folder, ROOMY, &Arc::default());
    tier.insert("k".to_owned(), vec![0, 255], 2, UnixMillis::NEVER, NOW);
    assert!(tier.get(&"k".to_owned(), NOW).is_some());
    drop(tier);
    let tier = open(&folder, ROOMY, &Arc::default());
    assert_eq!(tier.stats(NOW).hits, 0);
    assert_eq!(tier.get(&"k".to_owned(), NOW), Some(vec![0, 255]));
}

#[test]
fn only_a_look_up_is_a_use() {
    let folder = TempDir::new().unwrap();
    let clock: Arc<Manual> = Arc::default();
    let tier = open(&folder, ROOMY, &clock);
    for key in ["a", "b", "c"] {
        tier.insert(key.to_owned(), Vec::new(), 0, UnixMillis::NEVER, clock.wall());
        assert!(tier.store().flush_within(PATIENCE));
        clock.advance(1000);
    }
    clock.advance(20 * 60 * 1000);
    assert!(tier.contains(&"a".to_owned(), clock.wall()));
    assert!(tier.get(&"b".to_owned(), clock.wall()).is_some());
    assert!(tier.store().flush_within(PATIENCE));
    assert_eq!(tier.keys(clock.wall()), ["a", "c", "b"]);
}

#[test]
fn a_closed_store_is_empty_and_what_it_does_not_take_is_said() {
    let folder = TempDir::new().unwrap();
    let tier = open(&folder, ROOMY, &Arc::default());
    let insert = || tier.insert("k".to_owned(), vec![1], 1, UnixMillis::NEVER, NOW);
    assert!(insert().is_empty());
    tier.store().close(Box::new(|()| {}));
    assert_eq!(insert(), ["k"]);
    assert!(!tier.contains(&"k".to_owned(), NOW));
    assert!(tier.is_empty(NOW));
    assert!(tier.keys(NOW).is_empty());
}
