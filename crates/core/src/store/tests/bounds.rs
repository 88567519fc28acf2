//! How much a store takes on disk, and what has to go.

use std::{path::Path, sync::Arc};
use tempfile::TempDir;

use super::{Fixture, Manual, files, units};
use crate::{
    clock::{Clock, UnixMillis},
    store::{Namespace, Reason},
};

const MIB: u64 = 1 << 20;

/// Entries that are written at one time.
const TOGETHER: usize = 20;

fn bytes_on_disk(folder: &Path) -> u64 {
    files(folder)
        .into_iter()
        .map(|name| folder.join(name).metadata().unwrap().len())
        .sum()
}

#[test]
fn churn_of_three_processes_stays_within_a_fifth_of_the_bound() {
    for (max_bytes, size) in [(MIB, 300), (MIB, 5_000), (MIB, 150_000), (4 * MIB, 1_000)] {
        let folder = TempDir::new().unwrap();
        let clock: Arc<Manual> = Arc::default();
        let processes = [(); 3].map(|()| Fixture::with(folder.path(), max_bytes, clock.clone()));
        let mut most = 0;
        for round in 0..12 {
            for (number, process) in processes.iter().enumerate() {
                for entry in 0..(max_bytes / 10 / size).max(1) {
                    process.put(&format!("{number} {round} {entry}"), &"x".repeat(size as usize));
                }
                assert_eq!(process.flush(), None);
                most = most.max(bytes_on_disk(folder.path()));
            }
            clock.advance(10);
        }
        let share = most as f64 / max_bytes as f64;
        assert!(
            (0.7..1.2).contains(&share),
            "{share} of {max_bytes} with entries of {size}"
        );
        assert!(processes.iter().all(|process| process.reasons().is_empty()));
    }
}

#[test]
fn the_oldest_used_entries_go_first_whatever_their_namespace() {
    let folder = TempDir::new().unwrap();
    let one = Fixture::with(folder.path(), MIB, Arc::default());
    let namespaces = ["one", "two"].map(Namespace::new);
    let read = |number: usize| one.read_of(&namespaces[number % 2], &number.to_string());
    for number in 0..1000 {
        let entry = super::entry(&"x".repeat(2000), one.clock.wall(), UnixMillis::NEVER);
        one.store
            .put(&namespaces[number % 2], &units(&number.to_string()), entry);
        // Used again and again, and never the oldest.
        if number % TOGETHER == 0 {
            one.flush();
            assert!(read(0).is_some(), "after {number}");
        }
        one.clock.advance(60_000);
    }
    one.flush();
    // Not read, which is a use: it would be written back, and room made for that, between two of these.
    let is_kept = |number: usize| {
        let namespace = &namespaces[number % 2];
        one.store
            .contains(namespace, &units(&number.to_string()), one.clock.wall())
    };
    let kept: Vec<_> = (1..1000).map(is_kept).collect();
    let first = kept.iter().position(|kept| *kept).unwrap();
    // Those that were written together were used at one time, and any of them may go first.
    let settled = (first + 1).next_multiple_of(TOGETHER);
    let gone: Vec<_> = (settled..kept.len()).filter(|number| !kept[*number]).collect();
    assert_eq!(gone, [0; 0], "{first} were to go before these");
    assert!((600..900).contains(&first), "{first} had to go");
}

#[test]
fn expired_entries_go_before_live_ones() {
    let folder = TempDir::new().unwrap();
    let one = Fixture::with(folder.path(), MIB, Arc::default());
    let value = "x".repeat(700);
    for number in 0..100 {
        one.put(&format!("live {number}"), &value);
    }
    one.flush();
    one.clock.advance(1000);
    for number in 0..400 {
        one.put_until(
            &format!("short {number}"),
            &value,
            UnixMillis(one.clock.wall().0 + 10.0),
        );
    }
    one.flush();
    one.clock.advance(1000);
    for number in 0..300 {
        one.put(&format!("next {number}"), &value);
    }
    one.flush();
    assert!((0..100).all(|number| one.read(&format!("live {number}")).is_some()));
}

#[test]
fn expired_entries_are_removed_within_minutes_though_there_is_room() {
    let folder = TempDir::new().unwrap();
    let one = Fixture::open(folder.path());
    one.put("live", "v");
    one.put_until("short", "v", UnixMillis(one.clock.wall().0 + 10.0));
    one.flush();
    one.clock.advance(61_000);
    // The last time that a caller gave is still an early one.
    one.flush();
    assert_eq!(one.store.stats().entries, 2);
    one.clock.advance(61_000);
    assert_eq!(one.read("short"), None);
    one.flush();
    assert_eq!(one.store.stats().entries, 1);
}

#[test]
fn an_entry_that_is_too_large_is_dropped_and_reported_and_what_it_replaces_is_gone() {
    let folder = TempDir::new().unwrap();
    let one = Fixture::with(folder.path(), MIB, Arc::default());
    one.put("k", "v");
    one.flush();
    one.put("k", &"x".repeat(300_000));
    assert_eq!(one.flush(), None);
    assert_eq!(one.read("k"), None);
    assert_eq!(one.reasons(), [Reason::TooLarge]);
    assert_eq!(one.store.stats().dropped_writes, 1);
}

#[test]
fn no_room_is_made_for_an_entry_that_is_too_large() {
    let folder = TempDir::new().unwrap();
    let one = Fixture::with(folder.path(), MIB, Arc::default());
    for number in 0..100 {
        one.put(&number.to_string(), &"x".repeat(1000));
    }
    one.flush();
    one.put("large", &"x".repeat(3_000_000));
    one.flush();
    assert_eq!(one.store.stats().entries, 100);
}

#[test]
fn what_is_cleared_is_given_back_to_the_disk() {
    let folder = TempDir::new().unwrap();
    let one = Fixture::with(folder.path(), 64 * MIB, Arc::default());
    for number in 0..2000 {
        one.put(&number.to_string(), &"x".repeat(4000));
    }
    one.flush();
    assert!(bytes_on_disk(folder.path()) > 8 * MIB);
    one.store.clear(&one.namespace);
    one.flush();
    one.close();
    assert!(
        bytes_on_disk(folder.path()) < MIB,
        "{} bytes",
        bytes_on_disk(folder.path())
    );
}
