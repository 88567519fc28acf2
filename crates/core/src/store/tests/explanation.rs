//! What a store says about a look-up that missed.

use super::{Fixture, NOW, entry, flush, units};
use crate::{
    clock::UnixMillis,
    explain::{Explanation, Outcome},
    store::{Namespace, Store},
};
use tempfile::TempDir;

fn key(input: &str, temperature: f64) -> String {
    format!(
        "{{s5:inputs{}:{input}s11:modelConfig{{s11:temperatured{temperature};}}}}",
        input.len()
    )
}

fn put(store: &Store, namespace: &Namespace, key: &str, created: f64, deadline: f64) {
    let entry = entry("v", UnixMillis(created), UnixMillis(deadline));
    store.put(namespace, &units(key), entry);
}

fn explain(store: &Store, namespace: &Namespace, key: &str) -> Explanation {
    store.explain(namespace, &units(key), &[], NOW)
}

#[test]
fn an_entry_that_is_there_is_a_hit_or_expired_whether_it_is_written_yet_or_not() {
    let folder = TempDir::new().unwrap();
    let Fixture { store, .. } = Fixture::open(folder.path());
    let namespace = Namespace::new("n");
    put(&store, &namespace, &key("live", 0.0), 5.0, f64::INFINITY);
    put(&store, &namespace, &key("old", 0.0), 6.0, 7.0);
    for _ in 0..2 {
        let live = explain(&store, &namespace, &key("live", 0.0));
        assert_eq!(
            (live.outcome, live.created, live.expired),
            (Outcome::Hit, Some(UnixMillis(5.0)), None)
        );
        let old = explain(&store, &namespace, &key("old", 0.0));
        assert_eq!((old.outcome, old.expired), (Outcome::Expired, Some(UnixMillis(7.0))));
        flush(&store);
    }
}

#[test]
fn the_nearest_live_entry_of_the_namespace_is_found_among_what_waits_and_what_is_written() {
    let folder = TempDir::new().unwrap();
    let Fixture { store, .. } = Fixture::open(folder.path());
    let (namespace, other) = (Namespace::new("n"), Namespace::new("m"));
    put(&store, &other, &key("hello", 0.1), 1.0, f64::INFINITY);
    put(&store, &namespace, &key("hello", 0.1), 2.0, 3.0);
    put(&store, &namespace, &key("hello", 0.5), 4.0, f64::INFINITY);
    put(&store, &namespace, &key("bye", 0.9), 5.0, f64::INFINITY);
    for _ in 0..2 {
        let miss = explain(&store, &namespace, &key("hello", 0.2));
        assert_eq!((miss.outcome, miss.entries), (Outcome::Miss, 2));
        let nearest = miss.nearest.unwrap();
        assert_eq!(
            (nearest.created, nearest.comparison.differences.len()),
            (UnixMillis(4.0), 1)
        );
        let difference = &nearest.comparison.differences[0];
        assert_eq!(difference.path, "modelConfig.temperature");
        assert_eq!(
            (difference.wanted.as_deref(), difference.stored.as_deref()),
            (Some("0.2"), Some("0.5"))
        );
        flush(&store);
    }
    store.remove(&namespace, &units(&key("hello", 0.5)));
    let nearest = explain(&store, &namespace, &key("hello", 0.2)).nearest.unwrap();
    assert_eq!(nearest.created, UnixMillis(5.0));
    store.clear(&namespace);
    let miss = explain(&store, &namespace, &key("hello", 0.2));
    assert_eq!((miss.entries, miss.nearest), (0, None));
}
