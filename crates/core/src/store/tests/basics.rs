//! What a store keeps, for whom, and for how long.

use std::sync::{Arc, Mutex};
use tempfile::TempDir;

use super::{Fixture, Manual, ROOMY, units};
use crate::{
    clock::{Clock, UnixMillis},
    store::{Counters, Entry, Namespace, Store},
};

#[test]
fn an_entry_is_found_before_and_after_it_was_written_and_in_the_next_life() {
    let folder = TempDir::new().unwrap();
    let one = Fixture::open(folder.path());
    one.put("k", "answer é");
    assert_eq!(one.read("k").as_deref(), Some("answer é"));
    assert_eq!(one.flush(), None);
    assert_eq!(one.read("k").as_deref(), Some("answer é"));
    assert_eq!(one.read_of(&Namespace::new("other"), "k"), None);
    one.close();
    let next = Fixture::open(folder.path());
    assert_eq!(next.read("k").as_deref(), Some("answer é"));
    assert_eq!(next.reasons(), []);
}

#[test]
fn a_handle_that_was_closed_is_empty_and_the_other_one_goes_on() {
    let folder = TempDir::new().unwrap();
    let open = || Fixture {
        store: Store::open(folder.path(), ROOMY, Arc::<Manual>::default()),
        clock: Arc::default(),
        namespace: Namespace::new("n"),
    };
    let (one, two) = (open(), open());
    one.put("k", "v");
    one.store.close(Box::new(|()| {}));
    assert_eq!(one.read("k"), None);
    one.put("l", "v");
    assert_eq!(two.read("k").as_deref(), Some("v"));
    assert_eq!(two.read("l"), None);
    two.close();
    assert_eq!(open().read("k").as_deref(), Some("v"));
}

#[test]
fn the_bound_of_who_came_first_holds_until_nobody_has_the_store_open() {
    let folder = TempDir::new().unwrap();
    let open = |max_bytes| Store::open(folder.path(), max_bytes, Arc::<Manual>::default());
    let first = open(1 << 20);
    let second = open(ROOMY);
    assert_eq!(second.stats().max_bytes, 1 << 20);
    drop((first, second));
    assert_eq!(open(ROOMY).stats().max_bytes, ROOMY);
}

#[test]
fn what_an_entry_was_to_replace_is_gone_when_there_was_no_room_to_queue_it() {
    let folder = TempDir::new().unwrap();
    let one = Fixture::open(folder.path());
    one.put("k", "old");
    one.flush();
    one.put("k", &"x".repeat((256 << 20) / 2));
    assert_eq!(one.store.stats().dropped_writes, 1);
    assert_eq!(one.read("k"), None);
    one.flush();
    assert_eq!(one.read("k"), None);
}

#[test]
fn the_last_handle_that_is_dropped_leaves_nothing_unwritten() {
    let folder = TempDir::new().unwrap();
    for number in 0..20 {
        let one = Fixture::open(folder.path());
        one.put(&format!("k{number}"), "v");
    }
    let one = Fixture::open(folder.path());
    assert!((0..20).all(|number| one.read(&format!("k{number}")).is_some()));
}

#[test]
fn what_was_removed_or_cleared_is_gone_at_once_and_for_good() {
    let folder = TempDir::new().unwrap();
    let one = Fixture::open(folder.path());
    let two = Namespace::new("two");
    let put_two = |key: &str| {
        let entry = super::entry(key, one.clock.wall(), UnixMillis::NEVER);
        one.store.put(&two, &units(key), entry);
    };
    for key in ["a", "b"] {
        one.put(key, key);
        put_two(key);
    }
    one.flush();
    one.store.remove(&one.namespace, &units("a"));
    assert_eq!(one.read("a"), None);
    one.store.clear(&two);
    put_two("c");
    let state = || ["a", "b", "c"].map(|key| (one.read(key).is_some(), one.read_of(&two, key).is_some()));
    let expected = [(false, false), (true, false), (false, true)];
    assert_eq!(state(), expected);
    one.flush();
    assert_eq!(state(), expected);
    assert_eq!(one.store.stats().entries, 2);
}

#[test]
fn another_process_sees_what_was_written() {
    let folder = TempDir::new().unwrap();
    let (one, other) = (Fixture::open(folder.path()), Fixture::open(folder.path()));
    assert_eq!(other.read("k"), None);
    one.put("k", "v");
    assert_eq!(one.flush(), None);
    assert_eq!(other.read("k").as_deref(), Some("v"));
    other.store.remove(&other.namespace, &units("k"));
    assert_eq!(other.flush(), None);
    assert_eq!(one.read("k"), None);
}

#[test]
fn an_entry_ends_at_its_deadline_written_or_not() {
    let folder = TempDir::new().unwrap();
    let one = Fixture::open(folder.path());
    let deadline = UnixMillis(one.clock.wall().0 + 1000.0);
    for key in ["waiting", "written"] {
        one.put_until(key, "v", deadline);
        one.clock.advance(499);
        assert!(one.read(key).is_some(), "{key}");
        one.flush();
    }
    one.clock.advance(2);
    assert_eq!(one.read("written"), None);
    one.put_until("late", "v", deadline);
    assert_eq!(one.read("late"), None);
}

#[test]
fn labels_are_listed_page_by_page_and_their_entries_removed_by_number() {
    let folder = TempDir::new().unwrap();
    let one = Fixture::open(folder.path());
    let put = |number: usize, label: &str| {
        let entry = Entry {
            label: units(label),
            ..super::entry("v", one.clock.wall(), UnixMillis::NEVER)
        };
        one.store.put(&one.namespace, &units(&number.to_string()), entry);
    };
    let list = || {
        let (mut cursor, mut labels, mut ids) = (Some(0), Vec::new(), Vec::new());
        while let Some(from) = cursor {
            let page = one.store.labels(&one.namespace, from, 7);
            assert!(page.ids.len() <= 7 + 5, "a page of {}", page.ids.len());
            labels.extend(page.labels);
            ids.extend(page.ids);
            cursor = page.next;
        }
        labels.sort();
        // What is written between two pages may be in both.
        labels.dedup();
        (labels, ids)
    };
    for number in 0..50 {
        put(number, &format!("label {number:02}"));
    }
    put(50, "");
    one.flush();
    one.store.remove(&one.namespace, &units("0"));
    for number in 1..6 {
        put(number, &format!("label {number:02}"));
    }
    let expected: Vec<_> = (1..50).map(|number| units(&format!("label {number:02}"))).collect();
    let (labels, ids) = list();
    assert_eq!(labels, expected);
    one.store.remove_ids(&one.namespace, &ids);
    assert_eq!(list().0, Vec::<Vec<u16>>::new());
    one.flush();
    assert_eq!(list().0, Vec::<Vec<u16>>::new());
    assert!(one.read("50").is_some());
}

#[test]
fn counters_add_up_over_processes_and_before_they_are_written() {
    let folder = TempDir::new().unwrap();
    let (one, other) = (Fixture::open(folder.path()), Fixture::open(folder.path()));
    let counters = Counters::from_array([1.0, 2.0, 3.5, 4.0, 0.25, 6.0]);
    one.store.count(&one.namespace, counters);
    assert_eq!(one.store.lifetime(&one.namespace), (counters, 0, 0));
    one.put("k", "v");
    one.flush();
    other.store.count(&other.namespace, counters);
    other.flush();
    for fixture in [&one, &other] {
        let (sum, entries, bytes) = fixture.store.lifetime(&fixture.namespace);
        assert_eq!(sum, Counters::from_array([2.0, 4.0, 7.0, 8.0, 0.5, 12.0]));
        assert_eq!(entries, 1);
        assert!(bytes > 80, "{bytes} bytes");
    }
}

#[test]
fn a_listener_is_told_once_of_each_event_also_of_those_before_it_came() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("store.sqlite"), [7; 5000]).unwrap();
    let one = Fixture::open(folder.path());
    one.flush();
    let told = Arc::new(Mutex::new(Vec::new()));
    let listen = || {
        let told = told.clone();
        one.store.listen(
            &(Arc::new(move |event: &super::super::Degraded| told.lock().unwrap().push(event.reason.word())) as _),
        );
    };
    listen();
    assert_eq!(*told.lock().unwrap(), ["damaged-file"]);
    one.store.stop_listening();
    listen();
    assert_eq!(*told.lock().unwrap(), ["damaged-file"]);
}
