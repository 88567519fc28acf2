//! A small store whose files are damaged, byte by byte and cut by cut, before it is opened and while it is open: each
//! read gives what was stored or nothing, and what is written afterwards and said to be on disk is found.
//!
//! Of the database, every byte is struck, save that long runs of zeros, such as the unused parts of pages, are sampled. Of the
//! log, which has checksums of its own, the headers are, and some of the rest; of a database that is open, every seventh
//! byte. The index of the log is not cut while it is open: SQLite has it mapped into memory, so that would end the
//! process, and nobody but SQLite has reason to touch it.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::sync_channel,
    },
    time::Duration,
};

use ai_evals_performance_core::clock::{Clock, UnixMillis};
use ai_evals_performance_core::store::{Entry, Facts, Found, Namespace, Store, Value};
use rusqlite::Connection;
use tempfile::TempDir;
use xxhash_rust::xxh3::xxh3_64;

const NOW: UnixMillis = UnixMillis(1_000_000.0);
const DATABASE: &str = "store.sqlite";
const LOG: &str = "store.sqlite-wal";
const INDEX: &str = "store.sqlite-shm";
const PAGE: usize = 4096;

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

fn open(folder: &Path) -> Store {
    Store::open(folder, 1 << 24, Arc::new(Hasty(AtomicU64::new(0))))
}

fn close(store: &Store) {
    let (sender, receiver) = sync_channel(1);
    store.close(Box::new(move |()| sender.send(()).unwrap()));
    receiver
        .recv_timeout(Duration::from_secs(20))
        .expect("the store closes");
}

fn flush(store: &Store) -> Option<String> {
    let (sender, receiver) = sync_channel(1);
    store.flush(Box::new(move |failure| sender.send(failure).unwrap()));
    receiver.recv_timeout(Duration::from_secs(20)).expect("a flush ends")
}

/// Keys with their values: short ones, one of a few hundred bytes, and one with a hole that takes a page of its own.
fn entries() -> Vec<(String, Vec<u8>)> {
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

fn namespaces() -> [Namespace; 2] {
    ["responses", "embeddings"].map(Namespace::new)
}

fn namespace_of(index: usize) -> Namespace {
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

fn read(store: &Store, namespace: &Namespace, key: &str) -> Option<Vec<u8>> {
    let key: Vec<u16> = key.encode_utf16().collect();
    store.read(namespace, &key, NOW, |hit| match hit.value {
        Found::Units(units) => String::from_utf16_lossy(units).into_bytes(),
        Found::Bytes(bytes) => bytes.to_vec(),
    })
}

fn put(store: &Store, namespace: &Namespace, key: &str, value: &[u8]) {
    let key: Vec<u16> = key.encode_utf16().collect();
    store.put(namespace, &key, entry(value));
}

/// Reads every entry; how many are there. A wrong value is a failure.
fn right_ones(store: &Store, what: &str) -> usize {
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
fn use_further(store: &Store, what: &str) -> bool {
    let [namespace, _] = namespaces();
    put(store, &namespace, "new", b"value");
    let failure = flush(store);
    let found = read(store, &namespace, "new");
    assert!(found.as_ref().is_none_or(|found| found == b"value"), "{what}: wrong");
    let _ = store.labels(&namespace, 0, 100);
    let _ = (store.stats(), store.lifetime(&namespace));
    failure.is_some() || found.is_some()
}

/// The files of a store: by name, their bytes.
#[derive(Clone)]
struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    fn of(folder: &Path) -> Self {
        let files = [DATABASE, LOG, INDEX].into_iter().filter_map(|name| {
            let bytes = fs::read(folder.join(name)).ok()?;
            Some((name.to_owned(), bytes))
        });
        Self(files.collect())
    }

    /// Puts them into a folder, in place of whatever is there.
    fn place(&self, folder: &Path) {
        for file in fs::read_dir(folder).unwrap() {
            fs::remove_file(file.unwrap().path()).unwrap();
        }
        for (name, bytes) in &self.0 {
            fs::write(folder.join(name), bytes).unwrap();
        }
    }

    fn with(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut changed = self.clone();
        change(changed.0.get_mut(name).unwrap());
        changed
    }
}

/// A folder in memory where the system has one, for the sake of speed.
fn folder() -> TempDir {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() {
        TempDir::new_in(memory)
    } else {
        TempDir::new()
    }
    .unwrap()
}

/// The files of a store that was closed, and of one that was not: with everything in its log.
fn samples() -> (Files, Files) {
    let folder = folder();
    let store = open(folder.path());
    for (index, (key, value)) in entries().iter().enumerate() {
        put(&store, &namespace_of(index), key, value);
        assert_eq!(flush(&store), None);
    }
    assert_eq!(right_ones(&store, "undamaged"), entries().len());
    let with_log = Files::of(folder.path());
    close(&store);
    let closed = Files::of(folder.path());
    assert!(with_log.0[LOG].len() > PAGE);
    assert!(closed.0.get(LOG).is_none_or(Vec::is_empty));
    (closed, with_log)
}

/// Where to strike: every byte that is used or close to one that is, and one in `rate` of the others.
fn places(bytes: &[u8], rate: usize) -> impl Iterator<Item = usize> {
    (0..bytes.len()).filter(move |at| {
        let around = &bytes[at.saturating_sub(4)..(at + 4).min(bytes.len())];
        around.iter().any(|byte| *byte != 0) || at % rate == 0
    })
}

/// Another byte than the one that was there, not always in the same way.
fn other(byte: u8, at: usize) -> u8 {
    byte ^ [0xff, 0x01, 0x80, 0x10, 0x42][at % 5]
}

/// What became of damaged stores.
#[derive(Debug, Default)]
struct Outcomes {
    trials: usize,
    /// Trials in which everything was found.
    whole: usize,
    /// Trials in which an entry was lost that was written after the damage and said to be on disk.
    lost: usize,
    /// Trials by the first word of what was reported.
    reported: BTreeMap<&'static str, usize>,
}

impl Outcomes {
    fn note(&mut self, found: usize, store: &Store) {
        self.trials += 1;
        self.whole += usize::from(found == entries().len());
        if let Some(first) = store.degradations().first() {
            *self.reported.entry(first.reason.word()).or_default() += 1;
        }
    }

    fn times(&self, reason: &str) -> usize {
        self.reported.get(reason).copied().unwrap_or_default()
    }
}

/// Opens the store in each of the given states.
fn try_all(states: impl Iterator<Item = (String, Files)>) -> Outcomes {
    let folder = folder();
    let mut outcomes = Outcomes::default();
    for (what, files) in states {
        files.place(folder.path());
        let store = open(folder.path());
        let found = right_ones(&store, &what);
        outcomes.lost += usize::from(!use_further(&store, &what));
        right_ones(&store, &what);
        outcomes.note(found, &store);
        close(&store);
    }
    outcomes
}

fn flipped<'a>(
    files: &'a Files,
    name: &'a str,
    places: impl Iterator<Item = usize> + 'a,
) -> impl Iterator<Item = (String, Files)> + 'a {
    places.map(move |at| {
        let changed = files.with(name, |bytes| bytes[at] = other(bytes[at], at));
        (format!("byte {at} of {name}"), changed)
    })
}

fn cut<'a>(
    files: &'a Files,
    name: &'a str,
    lengths: impl Iterator<Item = usize> + 'a,
) -> impl Iterator<Item = (String, Files)> + 'a {
    lengths.map(move |length| {
        let changed = files.with(name, |bytes| bytes.truncate(length));
        (format!("{name} cut to {length} bytes"), changed)
    })
}

#[test]
fn every_byte_of_a_closed_database_may_be_another() {
    let (closed, _) = samples();
    let outcomes = try_all(flipped(&closed, DATABASE, places(&closed.0[DATABASE], 64)));
    assert!(outcomes.times("damaged-file") > 500, "{outcomes:?}");
    assert!(outcomes.times("damaged-record") > 1000, "{outcomes:?}");
    assert!(outcomes.lost * 1000 < outcomes.trials, "{outcomes:?}");
}

#[test]
fn bytes_of_a_log_that_was_left_behind_may_be_others() {
    let (_, with_log) = samples();
    let log = &with_log.0[LOG];
    // The header, the headers of pages, and some of the rest.
    let places = places(log, 512).filter(|at| *at < 32 || (at - 32) % (PAGE + 24) < 24 || at % 23 == 0);
    let outcomes = try_all(flipped(&with_log, LOG, places));
    assert!(outcomes.trials > 1000 && outcomes.lost == 0, "{outcomes:?}");
}

#[test]
fn files_may_end_anywhere() {
    let (closed, with_log) = samples();
    let lengths = |bytes: &[u8], step: usize| {
        let length = bytes.len();
        (0..length).filter(move |at| *at <= 128 || at % PAGE <= 1 || at % step == 0 || length - at < 64)
    };
    let outcomes = try_all(
        cut(&closed, DATABASE, lengths(&closed.0[DATABASE], 131))
            .chain(cut(&with_log, LOG, lengths(&with_log.0[LOG], 293)))
            .chain(cut(&with_log, INDEX, lengths(&with_log.0[INDEX], 331))),
    );
    assert!(outcomes.times("damaged-file") > 100, "{outcomes:?}");
}

/// A store that is open, and the means to change its files.
struct Patient {
    folder: TempDir,
    store: Store,
    // Held: SQLite's locks end when the process closes any handle of a file.
    files: BTreeMap<&'static str, File>,
}

impl Patient {
    fn new(files: &Files) -> Self {
        let folder = folder();
        files.place(folder.path());
        let store = open(folder.path());
        put(&store, &namespace_of(0), "warm", b"up");
        assert_eq!(flush(&store), None);
        assert_eq!(right_ones(&store, "undamaged"), entries().len());
        let file = |name| {
            let file = OpenOptions::new().read(true).write(true).open(folder.path().join(name));
            (name, file.unwrap())
        };
        let files = [DATABASE, LOG, INDEX].map(file).into();
        Self { folder, store, files }
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        use std::os::unix::fs::FileExt;
        let file = &self.files[name];
        let mut bytes = vec![0; file.metadata().unwrap().len() as usize];
        file.read_exact_at(&mut bytes, 0).unwrap();
        bytes
    }

    fn change(&self, name: &str, at: usize, byte: u8) {
        let mut file = &self.files[name];
        file.seek(SeekFrom::Start(at as u64)).unwrap();
        file.write_all(&[byte]).unwrap();
    }

    /// Reads by the handle that has read before and by a new one.
    fn examine(&self, what: &str) -> usize {
        right_ones(&self.store, what);
        let newcomer = open(self.folder.path());
        right_ones(&newcomer, what)
    }

    fn is_well(&self) -> bool {
        self.store.degradations().is_empty()
    }
}

#[cfg(unix)]
#[test]
fn bytes_may_change_while_the_store_is_open() {
    let (closed, with_log) = samples();
    let mut outcomes = Outcomes::default();
    for (files, name, step) in [(&closed, DATABASE, 7), (&with_log, LOG, 23), (&with_log, INDEX, 3)] {
        let mut patient = Patient::new(files);
        let mut bytes = patient.bytes(name);
        for at in places(&bytes.clone(), 256).filter(|at| at % step == 0) {
            let what = format!("byte {at} of {name}, open");
            let Some(&byte) = bytes.get(at) else { break };
            patient.change(name, at, other(byte, at));
            let found = patient.examine(&what);
            let writes = at % 5 == 0;
            if writes {
                outcomes.lost += usize::from(!use_further(&patient.store, &what));
                patient.examine(&what);
            }
            outcomes.note(found, &patient.store);
            patient.change(name, at, byte);
            // The index of the log is what the healthy write, too.
            if writes || name == INDEX || !patient.is_well() {
                close(&patient.store);
                patient = Patient::new(files);
                bytes = patient.bytes(name);
            }
        }
        close(&patient.store);
    }
    assert!(outcomes.times("damaged-file") > 100, "{outcomes:?}");
}

#[cfg(unix)]
#[test]
fn files_may_be_cut_while_the_store_is_open() {
    let (closed, with_log) = samples();
    let mut outcomes = Outcomes::default();
    for (files, name) in [(&closed, DATABASE), (&with_log, LOG)] {
        let length = files.0[name].len();
        for length in (0..length).filter(|at| *at <= 64 || at % PAGE <= 1 || at % 601 == 0) {
            let patient = Patient::new(files);
            let what = format!("{name} cut to {length} bytes, open");
            patient.files[name].set_len(length as u64).unwrap();
            let found = patient.examine(&what);
            outcomes.lost += usize::from(!use_further(&patient.store, &what));
            patient.examine(&what);
            outcomes.note(found, &patient.store);
            close(&patient.store);
        }
    }
    assert!(outcomes.times("damaged-file") > 100, "{outcomes:?}");
}

/// The database, as a program that is not a store has it open.
fn raw(folder: &TempDir) -> Connection {
    Connection::open(folder.path().join(DATABASE)).unwrap()
}

#[test]
fn a_record_of_another_version_is_missed_and_stays_until_it_is_replaced() {
    let folder = folder();
    let store = open(folder.path());
    let [namespace, _] = namespaces();
    put(&store, &namespace, "key", b"value");
    assert_eq!(flush(&store), None);
    let file = raw(&folder);
    let mut record: Vec<u8> = file
        .query_row("SELECT record FROM entry", [], |row| row.get(0))
        .unwrap();
    record[0] += 1;
    let body = record.len() - 8;
    let checksum = xxh3_64(&record[..body]).to_le_bytes();
    record[body..].copy_from_slice(&checksum);
    file.execute("UPDATE entry SET record = ?", [&record]).unwrap();
    assert_eq!(read(&store, &namespace, "key"), None);
    assert_eq!(flush(&store), None);
    let kept: Vec<u8> = file
        .query_row("SELECT record FROM entry", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, record);
    assert_eq!((store.stats().damaged_records, store.degradations()), (0, Vec::new()));
    put(&store, &namespace, "key", b"other");
    assert_eq!(flush(&store), None);
    assert_eq!(read(&store, &namespace, "key").as_deref(), Some(&b"other"[..]));
    close(&store);
}

#[test]
fn a_store_that_another_has_for_itself_is_used_again_afterwards() {
    let folder = folder();
    let [namespace, _] = namespaces();
    let store = open(folder.path());
    put(&store, &namespace, "early", b"value");
    assert_eq!(flush(&store), None);
    close(&store);
    let exclusive = raw(&folder);
    exclusive
        .execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE mine (a); ROLLBACK")
        .unwrap();
    let store = open(folder.path());
    for _ in 0..10 {
        assert_eq!(read(&store, &namespace, "early"), None);
        put(&store, &namespace, "late", b"value");
        assert_eq!(read(&store, &namespace, "late").as_deref(), Some(&b"value"[..]));
    }
    drop(exclusive);
    assert_eq!(flush(&store), None);
    for key in ["early", "late"] {
        assert_eq!(read(&store, &namespace, key).as_deref(), Some(&b"value"[..]));
    }
    close(&store);
}
