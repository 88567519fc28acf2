//! A store in a temporary folder, by itself and beside others that play other processes.

mod basics;
mod bounds;
mod damage;
mod explanation;
mod faults;
mod leases;
mod model;
mod page;
mod tier;
mod tools;

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::sync_channel,
    },
    time::Duration,
};

use super::{Entry, Facts, Found, Hit, Namespace, Reason, Store, Value, text_units};
use crate::clock::{Clock, UnixMillis};

const ROOMY: u64 = 1 << 30;
const NOW: UnixMillis = UnixMillis(1e12);

/// Time that goes on when told to; the same for callers and for the store itself.
#[derive(Default)]
struct Manual(AtomicU64);

impl Manual {
    fn advance(&self, milliseconds: u64) {
        self.0.fetch_add(milliseconds, Ordering::Relaxed);
    }
}

impl Clock for Manual {
    fn wall(&self) -> UnixMillis {
        UnixMillis(NOW.0 + self.monotonic().as_secs_f64() * 1e3)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// A store, its time and one namespace: what most tests need.
struct Fixture {
    store: Store,
    clock: Arc<Manual>,
    namespace: Namespace,
}

impl Fixture {
    fn open(folder: &Path) -> Self {
        Self::with(folder, ROOMY, Arc::default())
    }

    /// As another process would.
    fn with(folder: &Path, max_bytes: u64, clock: Arc<Manual>) -> Self {
        Self {
            store: Store::open_alone(folder, max_bytes, clock.clone()),
            clock,
            namespace: Namespace::new("n"),
        }
    }

    fn put(&self, key: &str, value: &str) {
        self.put_until(key, value, UnixMillis::NEVER);
    }

    fn put_until(&self, key: &str, value: &str, deadline: UnixMillis) {
        let entry = entry(value, self.clock.wall(), deadline);
        self.store.put(&self.namespace, &units(key), entry);
    }

    fn read(&self, key: &str) -> Option<String> {
        self.read_of(&self.namespace, key)
    }

    fn read_of(&self, namespace: &Namespace, key: &str) -> Option<String> {
        self.store.read(namespace, &units(key), self.clock.wall(), text_of)
    }

    fn flush(&self) -> Option<String> {
        flush(&self.store)
    }

    fn close(self) {
        let (sender, receiver) = sync_channel(1);
        self.store.close(Box::new(move |()| sender.send(()).unwrap()));
        receiver.recv().unwrap();
    }

    fn reasons(&self) -> Vec<Reason> {
        let events = self.store.degradations();
        events.into_iter().map(|event| event.reason).collect()
    }
}

fn flush(store: &Store) -> Option<String> {
    let (sender, receiver) = sync_channel(1);
    store.flush(Box::new(move |failure| sender.send(failure).unwrap()));
    receiver.recv().unwrap()
}

fn text_of(hit: &Hit<'_>) -> String {
    match hit.value {
        Found::Units(units) => String::from_utf16(units).unwrap(),
        Found::Bytes(bytes) => String::from_utf16(&text_units(bytes)).unwrap(),
    }
}

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

fn entry(value: &str, created: UnixMillis, deadline: UnixMillis) -> Entry {
    Entry {
        facts: Facts::new(1, created, deadline),
        value: Value::Text(units(value)),
        label: Vec::new(),
        previews: Vec::new(),
    }
}

/// The names of the files in a folder, in order.
fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
