//! What is done with whole stores, on real ones in temporary folders.

mod transfer;

use rusqlite::{Connection, params};
use std::{fs, path::PathBuf, sync::Arc};
use tempfile::TempDir;

use super::{Manual, NOW, ROOMY, flush, units};
use crate::{
    clock::UnixMillis,
    store::{
        Entry, Found, Namespace, Store,
        command::Task,
        text_units,
        tools::{ImportReport, Progress, PruneReport, Selection, StoreTools, VerifyReport},
    },
};

/// A store by itself, with its folder.
struct Fixture {
    folder: TempDir,
    store: Store,
}

impl Fixture {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let store = open(&folder);
        Self { folder, store }
    }

    fn with(entries: &[(&str, &str, Entry)]) -> Self {
        let fixture = Self::new();
        for (namespace, key, entry) in entries {
            fixture
                .store
                .put(&Namespace::new(namespace), &units(key), entry.clone());
        }
        assert_eq!(flush(&fixture.store), None);
        fixture
    }

    fn tools(&self) -> StoreTools {
        self.store.tools()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn export(&self) -> Vec<u8> {
        let path = self.path("export");
        self.tools().export(&path, None, NOW, &Progress::default()).unwrap();
        fs::read(path).unwrap()
    }

    fn import(&self, file: &[u8]) -> ImportReport {
        let path = self.path("import");
        fs::write(&path, file).unwrap();
        self.tools().import(&path, NOW, &Progress::default()).unwrap()
    }

    fn verify(&self, remove_damaged: bool) -> VerifyReport {
        self.tools().verify(remove_damaged, &Progress::default()).unwrap()
    }

    fn prune(&self, selection: &Selection) -> PruneReport {
        self.tools().prune(selection, &Progress::default()).unwrap()
    }

    fn read(&self, namespace: &str, key: &str) -> Option<String> {
        self.store
            .read(&Namespace::new(namespace), &units(key), NOW, |hit| match hit.value {
                Found::Units(units) => String::from_utf16(units).unwrap(),
                Found::Bytes(bytes) => String::from_utf16(&text_units(bytes)).unwrap(),
            })
    }

    fn keys(&self) -> Vec<String> {
        let listing = self.tools().list(100, None).unwrap();
        assert_eq!(listing.total, listing.entries.len() as u64);
        listing.entries.iter().map(|entry| entry.request[0].1.clone()).collect()
    }

    /// Changes the file behind the store's back.
    fn sql(&self, statement: &str) {
        let connection = Connection::open(self.path("store.sqlite")).unwrap();
        assert!(connection.execute(statement, params![]).unwrap() > 0);
    }
}

fn open(folder: &TempDir) -> Store {
    with_bound(folder, ROOMY)
}

fn with_bound(folder: &TempDir, max_bytes: u64) -> Store {
    Store::open(folder.path(), max_bytes, Arc::new(Manual::default()))
}

fn close(store: &Store) {
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    store.close(Box::new(move |()| sender.send(()).unwrap()));
    receiver.recv().unwrap();
}

fn entry(value: &str) -> Entry {
    super::entry(value, NOW, UnixMillis::NEVER)
}

fn created(value: &str, created: f64) -> Entry {
    let mut entry = entry(value);
    entry.facts.created = UnixMillis(created);
    entry
}

fn until(value: &str, deadline: f64) -> Entry {
    let mut entry = entry(value);
    entry.facts.deadline = UnixMillis(deadline);
    entry
}

/// The key of a text, which the listing shows in quotes.
const A: &str = "s1:a";
const B: &str = "s1:b";
const C: &str = "s1:c";

#[test]
fn verify_finds_records_that_are_damaged_or_not_in_their_place() {
    let store = Fixture::with(&[("n", A, entry("1")), ("n", B, entry("2")), ("n", C, entry("3"))]);
    let sound = store.verify(false);
    assert_eq!((sound.ok, sound.entries, sound.damaged), (true, 3, 0));
    let id = Namespace::new("n").address(&units(A)).id;
    store.sql(&format!(
        "UPDATE entry SET record = CAST(substr(record, 1, length(record) - 1) || 'x' AS BLOB) WHERE id = {id}"
    ));
    let other = Namespace::new("n").address(&units(B)).id;
    store.sql(&format!("UPDATE entry SET id = 7 WHERE id = {other}"));
    let report = store.verify(true);
    assert_eq!((report.ok, report.entries, report.damaged), (false, 1, 2));
    let after = store.verify(false);
    assert_eq!((after.ok, after.entries, after.damaged), (true, 1, 0));
    assert_eq!(store.tools().summary(NOW).unwrap().damaged, 2);
    assert_eq!(store.keys(), ["\"c\""]);
}

#[test]
fn what_another_version_wrote_is_neither_damaged_nor_exported_nor_overwritten_by_an_import() {
    let store = Fixture::with(&[("n", A, entry("1"))]);
    let file = store.export();
    let mut later = b"\x09 whatever a later version writes".to_vec();
    later.extend(xxhash_rust::xxh3::xxh3_64(&later).to_le_bytes());
    let connection = Connection::open(store.path("store.sqlite")).unwrap();
    connection.execute("UPDATE entry SET record = ?", [later]).unwrap();
    let report = store.verify(true);
    assert_eq!((report.ok, report.unknown), (true, 1));
    assert_eq!(store.export(), Fixture::new().export());
    assert_eq!(store.import(&file).kept, 1);
    assert_eq!(store.verify(false).unknown, 1);
}

#[test]
fn verify_says_what_is_wrong_with_a_file_and_leaves_it_alone() {
    for (content, expected) in [
        (
            &b"this is no database, but long enough to look like one of some kind"[..],
            "not a database",
        ),
        (b"", "nothing"),
    ] {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("store.sqlite"), content).unwrap();
        let store = Store::look(folder.path(), Arc::new(Manual::default()));
        let store = Fixture { folder, store };
        let report = store.verify(true);
        let said = report.problems.first().map_or("nothing", String::as_str);
        assert!(said.contains(expected), "{report:?}");
        assert_eq!(report.ok, expected == "nothing");
    }
    let later = Fixture::with(&[("n", A, entry("1"))]);
    let connection = Connection::open(later.path("store.sqlite")).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    assert!(later.verify(true).problems[0].contains("schema version 99"));
}

#[test]
fn an_empty_store_can_be_looked_at() {
    let store = Fixture::new();
    assert!(store.verify(true).ok);
    assert_eq!(store.keys(), Vec::<String>::new());
    assert_eq!(store.prune(&Selection::default()), PruneReport::default());
    assert_eq!(store.tools().summary(NOW).unwrap().entries, 0);
    assert_eq!(store.import(&store.export()).imported, 0);
    assert!(!store.path("store.sqlite").exists());
}

#[test]
fn a_listing_has_the_newest_first_and_says_how_many_there_are() {
    let entries = [
        ("n", A, created("", 2.0)),
        ("n", B, created("", 3.0)),
        ("m", C, created("", 1.0)),
    ];
    let store = Fixture::with(&entries);
    assert_eq!(store.keys(), ["\"b\"", "\"a\"", "\"c\""]);
    let first = store.tools().list(1, None).unwrap();
    assert_eq!((first.total, first.entries[0].created), (3, 3.0));
    let of_one = store.tools().list(5, Some("m")).unwrap();
    assert_eq!((of_one.total, of_one.entries[0].namespace.as_str()), (1, "m"));
    assert_eq!(store.tools().list(5, Some("none")).unwrap().total, 0);
    assert_eq!(store.tools().list(0, None).unwrap().entries, []);
}

#[test]
fn more_entries_than_a_page_are_all_met_once() {
    let keys: Vec<_> = (0..300).map(|number| format!("d{number};")).collect();
    let entries: Vec<_> = keys.iter().map(|key| ("n", key.as_str(), entry(key))).collect();
    let store = Fixture::with(&entries);
    assert_eq!(store.verify(false).entries, 300);
    assert_eq!(store.tools().list(10, None).unwrap().total, 300);
    assert_eq!(Fixture::new().import(&store.export()).imported, 300);
}

#[test]
fn prune_removes_what_any_criterion_selects_and_gives_the_room_back() {
    let big = "x".repeat(100_000);
    let entries = [
        ("n", A, created(&big, 1.0)),
        ("n", B, until(&big, NOW.0)),
        ("m", C, created(&big, 1.0)),
    ];
    let store = Fixture::with(&entries);
    let before = fs::metadata(store.path("store.sqlite")).unwrap().len()
        + fs::metadata(store.path("store.sqlite-wal")).unwrap().len();
    let mut selection = Selection {
        namespace: Some("n".to_owned()),
        created_before: Some(2.0),
        expired_at: Some(NOW),
        dry_run: true,
        ..Selection::default()
    };
    let planned = store.prune(&selection);
    assert_eq!((planned.removed, planned.entries), (2, 0));
    assert_eq!(store.keys().len(), 3);
    selection.dry_run = false;
    assert_eq!(store.prune(&selection), planned);
    assert_eq!(store.keys(), ["\"c\""]);
    close(&store.store);
    let after = fs::metadata(store.path("store.sqlite")).unwrap().len();
    assert!(before > 300_000 && after < 150_000, "{before} {after}");
}

#[test]
fn prune_to_a_size_removes_the_longest_unused() {
    let store = Fixture::with(&[("n", A, entry("1")), ("n", B, entry("1")), ("n", C, entry("1"))]);
    let size = store.tools().list(1, None).unwrap().entries[0].bytes;
    let id = Namespace::new("n").address(&units(B)).id;
    store.sql(&format!("UPDATE entry SET used = {} WHERE id <> {id}", NOW.0 - 5.0));
    let most = |max_bytes| Selection {
        max_bytes: Some(max_bytes),
        ..Selection::default()
    };
    assert_eq!(store.prune(&most(3 * size)).removed, 0);
    let report = store.prune(&most(2 * size - 1));
    assert_eq!((report.removed, report.bytes_left), (2, size));
    assert_eq!(store.keys(), ["\"b\""]);
    let unused = Selection {
        used_before: Some(NOW.0 + 1.0),
        ..Selection::default()
    };
    assert_eq!(store.prune(&unused).removed, 1);
    assert_eq!(store.prune(&most(0)).removed, 0);
}

#[test]
fn what_is_used_after_it_was_selected_stays() {
    let store = Fixture::with(&[("n", A, entry("1"))]);
    let id = Namespace::new("n").address(&units(A)).id;
    let used = NOW.0 as i64;
    store
        .tools()
        .change([Task::RemoveUnused(id, used - 1)].into_iter())
        .unwrap();
    assert_eq!(store.keys().len(), 1);
    store
        .tools()
        .change([Task::RemoveUnused(id, used)].into_iter())
        .unwrap();
    assert_eq!(store.keys().len(), 0);
}

#[test]
fn a_store_that_is_closed_can_be_read_but_not_changed() {
    let store = Fixture::with(&[("n", A, entry("1"))]);
    close(&store.store);
    assert_eq!(store.verify(false).entries, 1);
    let all = Selection {
        max_bytes: Some(0),
        ..Selection::default()
    };
    let error = store.tools().prune(&all, &Progress::default()).unwrap_err();
    assert_eq!(error.to_string(), "the store cannot be written: it is closed");
}
