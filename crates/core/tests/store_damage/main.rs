//! A small store whose files are damaged, byte by byte and cut by cut, before it is opened and while it is open: each
//! read gives what was stored or nothing, and what is written afterwards and said to be on disk is found.
//!
//! Of the database, every byte is struck, save that long runs of zeros, such as the unused parts of pages, are sampled. Of the
//! log, which has checksums of its own, the headers are, and some of the rest; of a database that is open, every seventh
//! byte. The index of the log is not cut while it is open: SQLite has it mapped into memory, so that would end the
//! process, and nobody but SQLite has reason to touch it.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod files;
mod subject;

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{Seek, SeekFrom, Write},
};

use ai_evals_performance_core::store::Store;
use rusqlite::Connection;
use tempfile::TempDir;
use xxhash_rust::xxh3::xxh3_64;

use files::{DATABASE, Files, INDEX, LOG, PAGE, folder, other, places, samples};
use subject::{close, entries, flush, namespace_of, namespaces, open, put, read, right_ones, use_further};

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
