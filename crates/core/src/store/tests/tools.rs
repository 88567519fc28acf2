//! What is done with whole stores, on real ones in temporary folders.

use proptest::prelude::*;
use rusqlite::{Connection, params};
use std::{fs, path::PathBuf, sync::Arc};
use tempfile::TempDir;

use super::{Manual, NOW, ROOMY, flush, units};
use crate::{
    clock::UnixMillis,
    store::{
        Entry, Found, Namespace, Store,
        bounds::ANY,
        command::Task,
        text_units,
        tools::{ImportReport, Progress, PruneReport, Selection, StoreTools, ToolError, VerifyReport},
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
fn an_export_depends_on_the_entries_alone() {
    let entries = [("n", A, entry("1")), ("n", B, entry("2")), ("m", A, entry("3"))];
    let one = Fixture::with(&entries);
    let mut reversed = entries.clone();
    reversed.reverse();
    let other = Fixture::with(&reversed);
    // A history that leaves the same entries.
    let (n, m) = (Namespace::new("n"), Namespace::new("m"));
    other.store.put(&n, &units(C), entry("gone"));
    other.store.put(&m, &units(A), entry("overwritten"));
    flush(&other.store);
    other.store.remove(&n, &units(C));
    other.store.put(&m, &units(A), entry("3"));
    flush(&other.store);
    other.sql("UPDATE entry SET used = used + id % 1000000");
    assert_eq!(one.export(), other.export());
    assert_ne!(one.export(), Fixture::with(&entries[..2]).export());
}

#[test]
fn what_was_exported_comes_back_with_all_that_belongs_to_it() {
    let one = Fixture::with(&[("n", A, until("lone \u{fffd} é", 2e12)), ("m", B, entry(""))]);
    let file = one.export();
    let other = Fixture::new();
    let report = other.import(&file);
    assert_eq!((report.imported, report.kept, report.problem), (2, 0, None));
    assert_eq!(other.export(), file);
    assert_eq!(other.read("n", A).as_deref(), Some("lone \u{fffd} é"));
    let again = other.import(&file);
    assert_eq!((again.imported, again.kept), (0, 2));
}

#[test]
fn the_newer_of_two_entries_stays_and_of_two_of_one_time_always_the_same() {
    let file = Fixture::with(&[("n", A, created("old", 1.0)), ("n", B, created("new", 3.0))]).export();
    let store = Fixture::with(&[("n", A, created("newer", 2.0)), ("n", B, created("older", 2.0))]);
    let report = store.import(&file);
    assert_eq!((report.imported, report.kept), (1, 1));
    assert_eq!(store.read("n", A).as_deref(), Some("newer"));
    assert_eq!(store.read("n", B).as_deref(), Some("new"));
    let tied = [
        Fixture::with(&[("n", C, entry("x"))]),
        Fixture::with(&[("n", C, entry("y"))]),
    ];
    let files = [tied[0].export(), tied[1].export()];
    tied[0].import(&files[1]);
    tied[1].import(&files[0]);
    assert_eq!(tied[0].read("n", C).as_deref(), Some("y"));
    assert_eq!(tied[1].read("n", C).as_deref(), Some("y"));
}

#[test]
fn what_has_expired_counts_as_absent_on_both_sides() {
    let past = |value, made: f64| {
        let mut entry = until(value, NOW.0);
        entry.facts.created = UnixMillis(made);
        entry
    };
    let expired = Fixture::with(&[("n", A, past("expired", 9.0))]);
    assert_eq!(expired.export(), Fixture::new().export());
    let live = Fixture::with(&[("n", A, created("live", 1.0))]);
    assert_eq!(expired.import(&live.export()).imported, 1);
    assert_eq!(expired.read("n", A).as_deref(), Some("live"));
}

#[test]
fn an_import_takes_what_is_whole_of_a_file_that_is_cut_and_says_so() {
    let file = Fixture::with(&[("n", A, entry("1")), ("n", B, entry("2"))]).export();
    let record = (file.len() - 12 - 20) / 2;
    for length in (0..file.len()).step_by(7).chain([file.len() - 1]) {
        let store = Fixture::new();
        let report = store.import(&file[..length]);
        assert!(report.problem.is_some(), "{length}");
        let whole = if length < 12 {
            0
        } else {
            ((length - 12) / record).min(2)
        };
        assert_eq!(report.imported, whole as u64, "{length}");
        assert_eq!(store.keys().len(), whole);
        assert!(store.verify(false).ok);
    }
}

#[test]
fn a_damaged_record_of_a_file_is_left_out_and_the_others_are_imported() {
    let mut file = Fixture::with(&[("n", A, entry("1")), ("n", B, entry("2"))]).export();
    file[30] ^= 1;
    let store = Fixture::new();
    let report = store.import(&file);
    assert_eq!((report.imported, report.damaged), (1, 1));
    assert_eq!(
        report.problem.unwrap(),
        "it is damaged: the checksum of the file differs"
    );
}

#[test]
fn a_file_that_is_not_there_or_no_file_is_an_error_that_names_it() {
    let store = Fixture::new();
    let progress = Progress::default();
    for (path, export) in [(store.path("none"), false), (store.folder.path().to_owned(), true)] {
        let failed = if export {
            store.tools().export(&path, None, NOW, &progress).map(|_| ())
        } else {
            store.tools().import(&path, NOW, &progress).map(|_| ())
        };
        let error = failed.unwrap_err();
        assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
    }
}

#[test]
fn an_export_that_is_interrupted_leaves_what_stood_there() {
    let store = Fixture::with(&[("n", A, entry("1"))]);
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("export");
    fs::write(&path, "before").unwrap();
    let progress = Progress::default();
    progress.cancel();
    let error = store.tools().export(&path, None, NOW, &progress).unwrap_err();
    assert!(matches!(error, ToolError::Interrupted));
    assert_eq!(fs::read(&path).unwrap(), b"before");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    store.tools().export(&path, None, NOW, &Progress::default()).unwrap();
    assert_eq!(fs::read(&path).unwrap(), store.export());
}

#[test]
fn an_import_keeps_to_the_bound_that_the_store_was_opened_with() {
    let value = "x".repeat(50_000);
    let keys: Vec<_> = (0..40).map(|number| format!("d{number};")).collect();
    let entries: Vec<_> = keys.iter().map(|key| ("n", key.as_str(), entry(&value))).collect();
    let file = Fixture::with(&entries).export();
    let folder = TempDir::new().unwrap();
    let bounded = with_bound(&folder, 1 << 20);
    bounded.put(&Namespace::new("n"), &units(A), entry("first"));
    flush(&bounded);
    close(&bounded);
    let store = with_bound(&folder, ANY);
    let store = Fixture { folder, store };
    assert_eq!(store.import(&file).problem, None);
    let summary = store.tools().summary(NOW).unwrap();
    assert_eq!(summary.max_bytes, Some(1 << 20));
    assert!(summary.bytes < 1 << 20, "{summary:?}");
}

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
        let store = open(&folder);
        let store = Fixture { folder, store };
        let report = store.verify(false);
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
fn a_change_that_cannot_be_written_is_an_error() {
    let store = Fixture::with(&[("n", A, entry("1"))]);
    let file = store.export();
    close(&store.store);
    let connection = Connection::open(store.path("store.sqlite")).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let later = open(&store.folder);
    let path = store.path("import");
    fs::write(&path, file).unwrap();
    let error = later.tools().import(&path, NOW, &Progress::default()).unwrap_err();
    assert!(error.to_string().contains("schema version 99"), "{error}");
    let pruned = later.tools().prune(&Selection::default(), &Progress::default());
    assert!(pruned.unwrap_err().to_string().contains("schema version 99"));
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

/// Key, time of writing, deadline, value: few of each, so that they meet.
fn some_entries() -> impl Strategy<Value = Vec<(u8, u8, bool, u8)>> {
    prop::collection::vec((0..4_u8, 0..3_u8, any::<bool>(), 0..3_u8), 0..6)
}

fn fixture_of(entries: &[(u8, u8, bool, u8)]) -> Fixture {
    let fixture = Fixture::new();
    for (key, made, expires, value) in entries {
        let mut entry = created(&value.to_string(), f64::from(*made));
        if *expires {
            entry.facts.deadline = UnixMillis(NOW.0 + f64::from(*value) - 1.0);
        }
        fixture
            .store
            .put(&Namespace::new("n"), &units(&format!("d{key};")), entry);
    }
    flush(&fixture.store);
    fixture
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn the_order_of_imports_does_not_matter(own in some_entries(), a in some_entries(), b in some_entries()) {
        let files = [fixture_of(&a).export(), fixture_of(&b).export()];
        let [forward, backward] = [fixture_of(&own), fixture_of(&own)];
        for index in 0..2 {
            forward.import(&files[index]);
            backward.import(&files[1 - index]);
        }
        prop_assert_eq!(forward.export(), backward.export());
        // And what was exported by all is what all had together.
        let together = Fixture::new();
        for file in [&files[1], &fixture_of(&own).export(), &files[0]] {
            together.import(file);
        }
        prop_assert_eq!(together.export(), forward.export());
    }

    #[test]
    fn any_file_can_be_imported_without_harm(tail in prop::collection::vec(any::<u8>(), 0..200), at in 0..200_usize) {
        let mut file = Fixture::with(&[("n", A, entry("1"))]).export();
        file.truncate(at.max(12));
        file.extend(tail);
        let store = Fixture::with(&[("n", B, entry("2"))]);
        store.import(&file);
        prop_assert!(store.verify(false).ok);
        prop_assert_eq!(store.read("n", B).unwrap(), "2");
    }
}
