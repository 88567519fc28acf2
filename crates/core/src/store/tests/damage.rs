//! Files that are not what was written: a right value, a miss, or a file set aside.

use rusqlite::Connection;
use std::{fs, path::Path};
use tempfile::TempDir;

use super::{Fixture, files};
use crate::store::Reason;

/// Bytes between two that are flipped; prime, so that every offset within a page has its turn.
const STEP: usize = 1009;

#[test]
fn a_damaged_record_is_missed_removed_and_reported_and_the_others_stay() {
    let folder = TempDir::new().unwrap();
    let one = Fixture::open(folder.path());
    one.put("damaged", "v");
    one.put("whole", "v");
    one.flush();
    let file = Connection::open(folder.path().join("store.sqlite")).unwrap();
    let search = "SELECT id, record FROM entry WHERE instr(record, CAST('damaged' AS BLOB))";
    let (id, mut record): (i64, Vec<u8>) = file
        .query_row(search, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    record[70] ^= 1;
    file.execute(
        "UPDATE entry SET record = ? WHERE id = ?",
        rusqlite::params![record, id],
    )
    .unwrap();
    assert_eq!(["damaged", "whole"].map(|key| one.read(key).is_some()), [false, true]);
    assert_eq!(one.flush(), None);
    assert_eq!(one.reasons(), [Reason::DamagedRecord]);
    let stats = one.store.stats();
    assert_eq!((stats.damaged_records, stats.entries), (1, 1));
}

/// The files of a store that was copied while it was open: its log is not written back.
fn example(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let one = Fixture::open(folder);
    for number in 0..6 {
        one.put(
            &format!("k{number}"),
            &format!("v{number}").repeat(1 + 700 * (number % 3)),
        );
    }
    one.flush();
    // The first half is in the database, the rest in the log.
    Connection::open(folder.join("store.sqlite"))
        .unwrap()
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    for number in 6..9 {
        one.put(&format!("k{number}"), &format!("v{number}"));
    }
    one.flush();
    let names = files(folder)
        .into_iter()
        .filter(|name| name.starts_with("store.sqlite"));
    names
        .map(|name| (name.clone(), fs::read(folder.join(name)).unwrap()))
        .collect()
}

/// Opens a store with files as they are given: no value of it may be wrong, and it must take new ones.
fn check(files: &[(String, Vec<u8>)], what: &str) {
    let folder = TempDir::new().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let one = Fixture::open(folder.path());
    for number in 0..9 {
        if let Some(value) = one.read(&format!("k{number}")) {
            let repeats = if number < 6 { 1 + 700 * (number % 3) } else { 1 };
            assert_eq!(value, format!("v{number}").repeat(repeats), "{what}");
        }
    }
    one.put("new", "new");
    let failure = one.flush();
    let left_alone = one
        .reasons()
        .iter()
        .any(|reason| matches!(reason, Reason::FutureSchema | Reason::ForeignFile));
    if left_alone {
        assert!(failure.is_some() && one.read("new").is_none(), "{what}");
    } else {
        assert_eq!(failure, None, "{what}");
        assert_eq!(one.read("new").as_deref(), Some("new"), "{what}");
    }
}

#[test]
fn flipped_bytes_give_no_wrong_value() {
    let original = TempDir::new().unwrap();
    let files = example(original.path());
    check(&files, "as it was");
    for (index, (name, bytes)) in files.iter().enumerate() {
        for at in (0..bytes.len()).step_by(STEP).chain(0..100) {
            let mut damaged = files.clone();
            damaged[index].1[at] ^= 0xff;
            check(&damaged, &format!("byte {at} of {name}"));
        }
    }
}

#[test]
fn cut_tails_give_no_wrong_value() {
    let original = TempDir::new().unwrap();
    let files = example(original.path());
    for (index, (name, bytes)) in files.iter().enumerate() {
        for length in (0..bytes.len()).step_by(1021) {
            let mut damaged = files.clone();
            damaged[index].1.truncate(length);
            check(&damaged, &format!("{name} of {length} bytes"));
        }
    }
}
