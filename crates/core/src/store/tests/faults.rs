//! What goes wrong around a store: each time the caller goes on, and hears of it.

use rusqlite::Connection;
use std::{
    fs,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tempfile::TempDir;

use super::{Fixture, Manual, ROOMY, files, units};
use crate::store::{Namespace, Reason, Store, claim::Claim, command::Task, schema};

fn raw(folder: &TempDir) -> Connection {
    Connection::open(folder.path().join("store.sqlite")).unwrap()
}

#[test]
fn a_store_of_a_later_version_is_left_alone() {
    let folder = TempDir::new().unwrap();
    let one = Fixture::open(folder.path());
    one.put("k", "v");
    one.close();
    raw(&folder)
        .pragma_update(None, "user_version", schema::VERSION + 1)
        .unwrap();
    let before = fs::read(folder.path().join("store.sqlite")).unwrap();
    let one = Fixture::open(folder.path());
    assert_eq!(one.read("k"), None);
    one.put("l", "v");
    assert!(one.flush().unwrap().contains("schema version 2"));
    assert_eq!(one.read("l"), None);
    assert_eq!(one.reasons(), [Reason::FutureSchema]);
    assert_eq!(one.store.stats().dropped_writes, 1);
    one.close();
    assert_eq!(fs::read(folder.path().join("store.sqlite")).unwrap(), before);
}

#[test]
fn the_database_of_somebody_else_is_left_alone() {
    let folder = TempDir::new().unwrap();
    raw(&folder)
        .execute_batch("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)")
        .unwrap();
    let one = Fixture::open(folder.path());
    one.put("k", "v");
    assert!(one.flush().is_some());
    assert_eq!(one.reasons(), [Reason::ForeignFile]);
    one.close();
    let theirs: i64 = raw(&folder)
        .query_row("SELECT a FROM theirs", [], |row| row.get(0))
        .unwrap();
    assert_eq!(theirs, 1);
}

#[test]
fn a_file_that_is_no_database_is_set_aside_once_by_two_who_find_it() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("store.sqlite"), vec![7; 10_000]).unwrap();
    let (one, other) = (Fixture::open(folder.path()), Fixture::open(folder.path()));
    for fixture in [&one, &other] {
        fixture.put("k", "v");
        assert_eq!(fixture.flush(), None);
        assert_eq!(fixture.read("k").as_deref(), Some("v"));
    }
    let aside: Vec<_> = files(folder.path())
        .into_iter()
        .filter(|name| name.contains("damaged"))
        .collect();
    assert_eq!(aside.len(), 1, "{aside:?}");
    assert_eq!(fs::read(folder.path().join(&aside[0])).unwrap(), vec![7; 10_000]);
    assert_eq!([one.reasons(), other.reasons()].concat(), [Reason::DamagedFile]);
}

#[test]
fn a_store_that_is_moved_away_is_left_and_what_is_written_goes_to_the_new_one() {
    let folder = TempDir::new().unwrap();
    let elsewhere = TempDir::new().unwrap();
    let one = Fixture::open(folder.path());
    one.put("old", "v");
    one.flush();
    assert!(one.read("old").is_some());
    for name in files(folder.path()) {
        fs::rename(folder.path().join(&name), elsewhere.path().join(&name)).unwrap();
    }
    one.put("new", "v");
    assert_eq!(one.flush(), None);
    assert_eq!(one.reasons(), [Reason::MovedFile]);
    assert_eq!([one.read("old"), one.read("new")], [None, Some("v".to_owned())]);
    one.close();
    let next = Fixture::open(folder.path());
    assert_eq!([next.read("old"), next.read("new")], [None, Some("v".to_owned())]);
    let moved = Fixture::open(elsewhere.path());
    assert_eq!([moved.read("old"), moved.read("new")], [Some("v".to_owned()), None]);
}

#[test]
fn a_folder_that_is_deleted_is_made_again_for_the_next_entry() {
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("deep").join("store");
    let one = Fixture::open(&folder);
    one.put("old", "v");
    one.flush();
    assert!(one.read("old").is_some());
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(one.read("nothing"), None);
    assert_eq!(one.read("old"), None);
    one.store.remove(&one.namespace, &units("old"));
    assert_eq!(one.flush(), None);
    assert!(!folder.exists(), "nothing needs a folder yet");
    one.put("new", "v");
    assert_eq!(one.flush(), None);
    assert_eq!(one.read("new").as_deref(), Some("v"));
    assert_eq!(one.reasons(), [Reason::MovedFile]);
}

#[test]
fn a_folder_that_is_deleted_at_the_end_is_not_made_again() {
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("store");
    let one = Fixture::open(&folder);
    one.put("k", "v");
    one.flush();
    fs::remove_dir_all(&folder).unwrap();
    one.close();
    assert!(!folder.exists());
}

#[test]
fn a_full_disk_loses_entries_but_neither_the_caller_nor_the_removal_of_what_is_outdated() {
    let folder = TempDir::new().unwrap();
    let one = Fixture::open(folder.path());
    one.put("k", "first");
    one.flush();
    one.store.core().max_pages.store(1, Ordering::Relaxed);
    one.put("k", &"second".repeat(10_000));
    assert!(one.flush().unwrap().contains("full"));
    assert_eq!(one.read("k"), None, "the first is outdated, the second lost");
    one.put("l", &"third".repeat(10_000));
    assert!(one.flush().unwrap().contains("full"));
    assert_eq!(one.flush(), None, "nothing was lost since");
    assert_eq!(one.reasons(), [Reason::WriteFailed]);
    assert_eq!(one.store.stats().failed_writes, 2);
    one.store.core().max_pages.store(0, Ordering::Relaxed);
    one.put("m", "v");
    assert_eq!(one.flush(), None);
    one.close();
    let next = Fixture::open(folder.path());
    assert_eq!(
        ["k", "l", "m"].map(|key| next.read(key).is_some()),
        [false, false, true]
    );
}

#[test]
fn a_full_disk_keeps_nobody_waiting_whatever_else_is_queued() {
    let folder = TempDir::new().unwrap();
    let one = Fixture::open(folder.path());
    one.put("a", "first");
    one.put("b", "first");
    one.flush();
    let other = raw(&folder);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    one.store.core().max_pages.store(1, Ordering::Relaxed);
    // Queued behind each other, and too much for one batch.
    for number in 0..4 {
        one.put(&format!("k{number}"), &"v".repeat(2 << 20));
    }
    one.put("a", &"second".repeat(10_000));
    one.store.remove(&one.namespace, &units("b"));
    one.put("b", &"third".repeat(10_000));
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    one.store.flush(Box::new(move |failure| sender.send(failure).unwrap()));
    other.execute_batch("ROLLBACK").unwrap();
    let failure = receiver.recv_timeout(Duration::from_secs(10));
    assert!(failure.unwrap().unwrap().contains("full"));
    assert_eq!(["a", "b", "k0", "k3"].map(|key| one.read(key)), [const { None }; 4]);
    one.store.core().max_pages.store(0, Ordering::Relaxed);
    one.put("b", "fourth");
    assert_eq!(one.flush(), None);
    one.close();
    let next = Fixture::open(folder.path());
    assert_eq!(
        ["a", "b", "k0"].map(|key| next.read(key)),
        [None, Some("fourth".to_owned()), None]
    );
}

#[test]
fn a_writer_that_keeps_the_lock_keeps_nobody_waiting_but_a_flush() {
    let folder = TempDir::new().unwrap();
    let one = Fixture::open(folder.path());
    one.put("k", "v");
    one.flush();
    let other = raw(&folder);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    one.put("l", "v");
    assert_eq!(["k", "l"].map(|key| one.read(key).is_some()), [true, true]);
    // The first may be what begins the time that is called long.
    for _ in 0..2 {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        one.store.flush(Box::new(move |failure| sender.send(failure).unwrap()));
        one.clock.advance(60_000);
        assert!(receiver.recv().unwrap().unwrap().contains("another process"));
    }
    assert_eq!(one.reasons(), [Reason::Busy]);
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(one.flush(), None);
    assert_eq!(Fixture::open(folder.path()).read("l").as_deref(), Some("v"));
}

#[test]
fn a_panic_of_the_writer_is_reported_and_the_store_goes_on() {
    let folder = TempDir::new().unwrap();
    let one = Fixture::open(folder.path());
    one.put("k", "v");
    one.flush();
    one.store.core().queue.order(Task::Panic);
    one.flush();
    assert_eq!(one.reasons(), [Reason::Internal]);
    one.put("l", "v");
    assert_eq!(one.flush(), None);
    assert_eq!(["k", "l"].map(|key| one.read(key).is_some()), [true, true]);
}

#[test]
fn a_second_copy_in_one_process_goes_without_the_store() {
    let folder = TempDir::new().unwrap();
    let first = Claim::take(folder.path()).unwrap().unwrap();
    let open = || Fixture {
        store: Store::open(folder.path(), ROOMY, Arc::<Manual>::default()),
        clock: Arc::default(),
        namespace: Namespace::new("n"),
    };
    let second = open();
    second.put("k", "v");
    assert_eq!(second.read("k"), None);
    assert_eq!(second.reasons(), [Reason::SecondCopy]);
    assert_eq!(second.store.stats().dropped_writes, 1);
    second.close();
    drop(first);
    let third = open();
    third.put("k", "v");
    assert_eq!(third.flush(), None);
    third.close();
    assert_eq!(
        files(folder.path()),
        ["store.lock", "store.sqlite", "store.sqlite-shm", "store.sqlite-wal"]
    );
}

#[test]
fn the_claim_of_a_process_that_has_ended_is_removed() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("process-1-2"), "").unwrap();
    drop(Claim::take(folder.path()).unwrap().unwrap());
    assert_eq!(files(folder.path()), Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn what_is_made_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("outer").join("store");
    let one = Fixture::open(&folder);
    one.put("k", "v");
    one.flush();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!([mode(&folder), mode(folder.parent().unwrap())], [0o700, 0o700]);
    for name in files(&folder) {
        assert_eq!(mode(&folder.join(&name)), 0o600, "{name}");
    }
    one.close();
    fs::set_permissions(folder.join("store.sqlite"), fs::Permissions::from_mode(0o644)).unwrap();
    Fixture::open(&folder).flush();
    assert_eq!(mode(&folder.join("store.sqlite")), 0o600);
}
