//! Going through all entries, while others write.

use tempfile::TempDir;

use super::{Fixture, entry, units};
use crate::{
    clock::{Clock, UnixMillis},
    store::{Entry, PageOf},
};

fn put(fixture: &Fixture, key: &str, value: &str) {
    let entry = Entry {
        label: units(key),
        ..entry(value, fixture.clock.wall(), UnixMillis::NEVER)
    };
    fixture.store.put(&fixture.namespace, &units(key), entry);
}

/// The entries of all pages; `between` is called before each page.
fn pages(fixture: &Fixture, prefix: &str, limit: usize, between: impl Fn(&Fixture)) -> Vec<(String, String)> {
    let prefix = &units(prefix);
    let mut entries = Vec::new();
    let mut next = Some(0);
    while let Some(cursor) = next {
        between(fixture);
        let now = fixture.clock.wall();
        let before = entries.len();
        let of = PageOf {
            prefix,
            now,
            cursor,
            limit,
        };
        next = fixture.store.page(&fixture.namespace, of, |label, hit| {
            entries.push((String::from_utf16(&label).unwrap(), super::text_of(hit)));
        });
        assert!(
            entries.len() - before <= limit + 2,
            "a page of {}",
            entries.len() - before
        );
    }
    entries.sort();
    entries
}

fn expected(prefix: &str, count: usize, value: &str) -> Vec<(String, String)> {
    let entries = (0..count).map(|number| (format!("{prefix}{number:03}"), value.to_owned()));
    entries.collect()
}

#[test]
fn a_prefix_selects_written_and_waiting_entries() {
    let folder = TempDir::new().unwrap();
    let fixture = Fixture::open(folder.path());
    for number in 0..60 {
        put(&fixture, &format!("é:{number:03}"), "v");
        put(&fixture, &format!("f:{number:03}"), "v");
        if number == 30 {
            fixture.flush();
        }
    }
    for _ in 0..2 {
        assert_eq!(pages(&fixture, "é:", 7, |_| ()), expected("é:", 60, "v"));
        assert_eq!(pages(&fixture, "é:01", 7, |_| ()), expected("é:", 20, "v")[10..]);
        assert_eq!(pages(&fixture, "", 500, |_| ()).len(), 120);
        assert_eq!(pages(&fixture, "g", 7, |_| ()), []);
        fixture.flush();
    }
}

#[test]
fn what_waits_counts_in_place_of_what_is_in_the_file() {
    let folder = TempDir::new().unwrap();
    let fixture = Fixture::open(folder.path());
    for number in 0..100 {
        put(&fixture, &format!("{number:03}"), "old");
    }
    fixture.flush();
    // Nothing is written while somebody else writes.
    let other = rusqlite::Connection::open(folder.path().join("store.sqlite")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for number in 0..100 {
        put(&fixture, &format!("{number:03}"), "new");
    }
    for number in 100..105 {
        put(&fixture, &format!("{number:03}"), "new");
        fixture
            .store
            .remove(&fixture.namespace, &units(&format!("{:03}", number - 5)));
    }
    let without_the_removed = |entries: Vec<(String, String)>| -> Vec<_> {
        let is_removed = |key: &str| ("095".."100").contains(&key);
        entries.into_iter().filter(|(key, _)| !is_removed(key)).collect()
    };
    let now = without_the_removed(expected("", 105, "new"));
    assert_eq!(pages(&fixture, "", 9, |_| ()), now);
    other.execute_batch("COMMIT").unwrap();
    fixture.flush();
    assert_eq!(pages(&fixture, "", 9, |_| ()), now);
}

#[test]
fn what_is_written_anew_between_pages_is_given_once() {
    let folder = TempDir::new().unwrap();
    let fixture = Fixture::open(folder.path());
    let flushes = std::cell::Cell::new(false);
    for number in 0..100 {
        put(&fixture, &format!("{number:03}"), "v");
    }
    let all = pages(&fixture, "", 9, |fixture| {
        for number in 0..100 {
            put(fixture, &format!("{number:03}"), "v");
        }
        if flushes.replace(!flushes.get()) {
            fixture.flush();
        }
    });
    assert_eq!(all, expected("", 100, "v"));
}

#[test]
fn a_page_of_large_entries_is_short() {
    let folder = TempDir::new().unwrap();
    let fixture = Fixture::open(folder.path());
    let large = "v".repeat(700_000);
    for number in 0..6 {
        put(&fixture, &format!("{number:03}"), &large);
    }
    for _ in 0..2 {
        let mut count = 0;
        let of = PageOf {
            prefix: &[],
            now: fixture.clock.wall(),
            cursor: 0,
            limit: 100,
        };
        let next = fixture.store.page(&fixture.namespace, of, |_, _| count += 1);
        assert!(next.is_some() && count <= 2);
        assert_eq!(pages(&fixture, "", 100, |_| ()), expected("", 6, &large));
        fixture.flush();
    }
}
