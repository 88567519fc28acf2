//! A store in a temporary folder, by itself and beside others.

mod explanation;
mod leases;

use std::{
    sync::{Arc, mpsc::sync_channel},
    time::Duration,
};
use tempfile::TempDir;

use super::{Entry, Facts, Found, Namespace, Store, Value, text_units};
use crate::clock::{Clock, UnixMillis};

const NOW: UnixMillis = UnixMillis(1_000_000.0);
const ROOMY: u64 = 1 << 30;

/// Time that stands still.
struct Still;

impl Clock for Still {
    fn wall(&self) -> UnixMillis {
        NOW
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

fn open(folder: &TempDir) -> Store {
    Store::open(folder.path(), ROOMY, Arc::new(Still))
}

fn open_alone(folder: &TempDir) -> Store {
    Store::open_alone(folder.path(), ROOMY, Arc::new(Still))
}

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

fn entry(value: &str) -> Entry {
    Entry {
        facts: Facts {
            codec: 1,
            created: NOW,
            deadline: UnixMillis::NEVER,
            made_in: 0.0,
            input_tokens: 0.0,
            output_tokens: 0.0,
            total_tokens: 0.0,
            cost: 0.0,
        },
        value: Value::Text(units(value)),
        label: Vec::new(),
        previews: Vec::new(),
    }
}

fn read(store: &Store, namespace: &Namespace, key: &str) -> Option<String> {
    store.read(namespace, &units(key), NOW, |hit| match hit.value {
        Found::Units(units) => String::from_utf16(units).unwrap(),
        Found::Bytes(bytes) => String::from_utf16(&text_units(bytes)).unwrap(),
    })
}

fn flush(store: &Store) -> Option<String> {
    let (sender, receiver) = sync_channel(1);
    store.flush(Box::new(move |failure| sender.send(failure).unwrap()));
    receiver.recv().unwrap()
}

fn close(store: &Store) {
    let (sender, receiver) = sync_channel(1);
    store.close(Box::new(move |()| sender.send(()).unwrap()));
    receiver.recv().unwrap();
}

#[test]
fn an_entry_is_found_before_and_after_it_was_written_and_in_the_next_life() {
    let folder = TempDir::new().unwrap();
    let namespace = Namespace::new("n");
    let store = open(&folder);
    store.put(&namespace, &units("k"), entry("answer é"));
    assert_eq!(read(&store, &namespace, "k").as_deref(), Some("answer é"));
    assert_eq!(flush(&store), None);
    assert_eq!(read(&store, &namespace, "k").as_deref(), Some("answer é"));
    assert_eq!(read(&store, &Namespace::new("m"), "k"), None);
    close(&store);
    assert_eq!(read(&store, &namespace, "k"), None);
    let store = open(&folder);
    assert_eq!(read(&store, &namespace, "k").as_deref(), Some("answer é"));
    assert_eq!(store.degradations(), []);
}

#[test]
fn what_was_removed_or_cleared_is_gone_at_once_and_for_good() {
    let folder = TempDir::new().unwrap();
    let (one, two) = (Namespace::new("one"), Namespace::new("two"));
    let store = open(&folder);
    for key in ["a", "b"] {
        store.put(&one, &units(key), entry(key));
        store.put(&two, &units(key), entry(key));
    }
    flush(&store);
    store.remove(&one, &units("a"));
    assert_eq!(read(&store, &one, "a"), None);
    store.clear(&two);
    store.put(&two, &units("c"), entry("c"));
    let state = || ["a", "b", "c"].map(|key| (read(&store, &one, key).is_some(), read(&store, &two, key).is_some()));
    let expected = [(false, false), (true, false), (false, true)];
    assert_eq!(state(), expected);
    flush(&store);
    assert_eq!(state(), expected);
    assert_eq!(store.stats().entries, 2);
}

#[test]
fn another_process_sees_what_was_written() {
    let folder = TempDir::new().unwrap();
    let namespace = Namespace::new("n");
    let (one, other) = (open_alone(&folder), open_alone(&folder));
    assert_eq!(read(&other, &namespace, "k"), None);
    one.put(&namespace, &units("k"), entry("v"));
    assert_eq!(flush(&one), None);
    assert_eq!(read(&other, &namespace, "k").as_deref(), Some("v"));
    other.remove(&namespace, &units("k"));
    assert_eq!(flush(&other), None);
    assert_eq!(read(&one, &namespace, "k"), None);
}
