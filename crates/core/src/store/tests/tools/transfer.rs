//! Entries that are carried from one store to another.

use proptest::prelude::*;
use rusqlite::Connection;
use std::fs;
use tempfile::TempDir;

use super::{
    super::{NOW, flush, units},
    A, B, C, Fixture, close, created, entry, open, until, with_bound,
};
use crate::{
    clock::UnixMillis,
    store::{
        Namespace,
        bounds::ANY,
        tools::{Progress, Selection, ToolError},
    },
};

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
