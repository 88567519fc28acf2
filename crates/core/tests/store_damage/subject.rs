//! The store that is damaged: how it is opened and used, and what is in it.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::sync_channel,
    },
    time::Duration,
};

use ai_evals_performance_core::clock::{Clock, UnixMillis};
use ai_evals_performance_core::store::{Entry, Facts, Found, Namespace, Store, Value};

const NOW: UnixMillis = UnixMillis(1_000_000.0);

/// Time that goes on by a second whenever somebody looks, so nobody waits for it.
struct Hasty(AtomicU64);

impl Clock for Hasty {
    fn wall(&self) -> UnixMillis {
        NOW
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

pub(super) fn open(folder: &Path) -> Store {
    Store::open(folder, 1 << 24, Arc::new(Hasty(AtomicU64::new(0))))
}

pub(super) fn close(store: &Store) {
    let (sender, receiver) = sync_channel(1);
    store.close(Box::new(move |()| sender.send(()).unwrap()));
    receiver
        .recv_timeout(Duration::from_secs(20))
        .expect("the store closes");
}

pub(super) fn flush(store: &Store) -> Option<String> {
    let (sender, receiver) = sync_channel(1);
    store.flush(Box::new(move |failure| sender.send(failure).unwrap()));
    receiver.recv_timeout(Duration::from_secs(20)).expect("a flush ends")
}

/// Keys with their values: short ones, one of a few hundred bytes, and one with a hole that takes a page of its own.
pub(super) fn entries() -> Vec<(String, Vec<u8>)> {
    [10, 10, 40, 40, 300, 5000]
        .iter()
        .enumerate()
        .map(|(index, length)| {
            let is_hole = |at: &usize| *at > 200 && at + 200 < *length;
            let byte = |at| {
                if is_hole(&at) {
                    0
                } else {
                    (at * 7 + index * 31) as u8 | 1
                }
            };
            let value = (0..*length).map(byte).collect();
            (format!("key {index}"), value)
        })
        .collect()
}

pub(super) fn namespaces() -> [Namespace; 2] {
    ["responses", "embeddings"].map(Namespace::new)
}

pub(super) fn namespace_of(index: usize) -> Namespace {
    let [one, other] = namespaces();
    if index.is_multiple_of(3) { one } else { other }
}

fn entry(value: &[u8]) -> Entry {
    Entry {
        facts: Facts {
            codec: 2,
            created: NOW,
            deadline: UnixMillis(NOW.0 * 2.0),
            made_in: 12.5,
            input_tokens: 3.0,
            output_tokens: 4.0,
            total_tokens: 7.0,
            cost: 0.5,
        },
        value: Value::Bytes(value.to_vec()),
        label: "label".encode_utf16().collect(),
        previews: Vec::new(),
    }
}

pub(super) fn read(store: &Store, namespace: &Namespace, key: &str) -> Option<Vec<u8>> {
    let key: Vec<u16> = key.encode_utf16().collect();
    store.read(namespace, &key, NOW, |hit| match hit.value {
        Found::Units(units) => String::from_utf16_lossy(units).into_bytes(),
        Found::Bytes(bytes) => bytes.to_vec(),
    })
}

pub(super) fn put(store: &Store, namespace: &Namespace, key: &str, value: &[u8]) {
    let key: Vec<u16> = key.encode_utf16().collect();
    store.put(namespace, &key, entry(value));
}

/// Reads every entry; how many are there. A wrong value is a failure.
pub(super) fn right_ones(store: &Store, what: &str) -> usize {
    let found = entries().into_iter().enumerate().filter(|(index, (key, value))| {
        let found = read(store, &namespace_of(*index), key);
        assert!(
            found.as_ref().is_none_or(|found| found == value),
            "{what}: {key} is wrong"
        );
        found.is_some()
    });
    found.count()
}

/// Writes, flushes and reads; whether what was said to be on disk is found. In a damaged tree it may not be.
pub(super) fn use_further(store: &Store, what: &str) -> bool {
    let [namespace, _] = namespaces();
    put(store, &namespace, "new", b"value");
    let failure = flush(store);
    let found = read(store, &namespace, "new");
    assert!(found.as_ref().is_none_or(|found| found == b"value"), "{what}: wrong");
    let _ = store.labels(&namespace, 0, 100);
    let _ = (store.stats(), store.lifetime(&namespace));
    failure.is_some() || found.is_some()
}
