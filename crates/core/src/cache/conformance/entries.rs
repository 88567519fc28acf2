//! Checks of single entries: answers, deadlines, statistics.

use super::{
    Bounds,
    Deviation::{KeepsNothing, OrdersCoarsely},
    Subject, Value, at, key,
};
use crate::cache::{Tier, TierStats};

pub(crate) fn a_live_entry_is_answered_and_an_expired_one_is_not<T: Tier<String, V>, V: Value>(
    subject: &Subject<T, V>,
) {
    if !subject.asks(&[KeepsNothing]) {
        return;
    }
    let tier = subject.make(Bounds::NONE);
    assert!(subject.add_until(&tier, "a", 1, 10.0).is_empty());
    assert_eq!(tier.get(&key("a"), at(9.0)), Some((subject.value)(1)));
    assert!(tier.contains(&key("a"), at(9.0)));
    assert!(!tier.contains(&key("a"), at(10.0)));
    assert_eq!(tier.len(at(10.0)), 0);
    assert_eq!(tier.get(&key("a"), at(10.0)), None);
    assert_eq!(tier.get(&key("b"), at(9.0)), None);
}

pub(crate) fn time_may_move_backwards<T: Tier<String, V>, V: Value>(subject: &Subject<T, V>) {
    if !subject.asks(&[KeepsNothing]) {
        return;
    }
    let tier = subject.make(Bounds::NONE);
    subject.add_until(&tier, "a", 1, 10.0);
    assert!(tier.is_empty(at(10.0)));
    assert!(tier.contains(&key("a"), at(9.0)));
    assert_eq!(tier.len(at(9.0)), 1);
}

pub(crate) fn a_key_inserted_again_has_the_new_value_and_deadline<T: Tier<String, V>, V: Value>(
    subject: &Subject<T, V>,
) {
    if !subject.asks(&[KeepsNothing]) {
        return;
    }
    let tier = subject.make(Bounds::NONE);
    subject.add_until(&tier, "a", 1, 10.0);
    subject.add_until(&tier, "a", 2, 20.0);
    assert_eq!(tier.get(&key("a"), at(15.0)), Some((subject.value)(2)));
    subject.add_until(&tier, "a", 3, 12.0);
    assert_eq!(tier.get(&key("a"), at(15.0)), None);
}

pub(crate) fn any_string_is_a_key_of_its_own<T: Tier<String, V>, V: Value>(subject: &Subject<T, V>) {
    if !subject.asks(&[KeepsNothing]) {
        return;
    }
    let tier = subject.make(Bounds::NONE);
    let long = "k".repeat(100_000);
    let keys = [
        "",
        " ",
        "\0",
        "\0\0",
        "a",
        "A",
        "ä",
        "a\u{308}",
        "\u{1f600}",
        "%",
        "'",
        long.as_str(),
    ];
    for (number, name) in keys.iter().enumerate() {
        subject.add(&tier, name, number as u32);
    }
    for (number, name) in keys.iter().enumerate() {
        assert_eq!(tier.get(&key(name), at(0.0)), Some((subject.value)(number as u32)));
    }
    assert_eq!(tier.len(at(0.0)), keys.len() as u64);
}

pub(crate) fn look_ups_are_counted_and_questions_are_not<T: Tier<String, V>, V: Value>(subject: &Subject<T, V>) {
    let tier = subject.make(Bounds::NONE);
    subject.add_until(&tier, "a", 1, 10.0);
    for (name, now) in [("a", 0.0), ("a", 9.0), ("b", 0.0), ("a", 10.0)] {
        tier.contains(&key(name), at(now));
        tier.get(&key(name), at(now));
    }
    let TierStats { hits, misses, .. } = tier.stats(at(0.0));
    assert_eq!(
        (hits, misses),
        if subject.deviates(KeepsNothing) { (0, 4) } else { (2, 2) }
    );
}

pub(crate) fn what_is_removed_is_gone<T: Tier<String, V>, V: Value>(subject: &Subject<T, V>) {
    let tier = subject.make(Bounds::NONE);
    let is_kept = !subject.deviates(KeepsNothing);
    subject.add(&tier, "a", 1);
    subject.add_until(&tier, "expired", 2, -1.0);
    assert_eq!(tier.remove(&key("a")), is_kept);
    assert_eq!(tier.remove(&key("expired")), is_kept);
    assert!(!tier.remove(&key("a")));
    assert!(tier.get(&key("a"), at(0.0)).is_none());
    let TierStats {
        bytes,
        evictions,
        live_entries,
        ..
    } = tier.stats(at(0.0));
    assert_eq!((bytes, evictions, live_entries), (0, 0, 0));
}

pub(crate) fn expired_entries_are_removed_by_deadline<T: Tier<String, V>, V: Value>(subject: &Subject<T, V>) {
    if !subject.asks(&[KeepsNothing]) {
        return;
    }
    let tier = subject.make(Bounds::NONE);
    for (name, deadline) in [("late", 9.0), ("early", 3.0), ("live", 10.0), ("middle", 6.0)] {
        subject.add_until(&tier, name, 1, deadline);
    }
    assert_eq!(tier.remove_expired(at(9.0)), ["early", "middle", "late"]);
    assert!(tier.remove_expired(at(9.0)).is_empty());
    assert_eq!(tier.keys(at(0.0)), ["live"]);
    assert_eq!(tier.stats(at(9.0)).evictions, 0);
}

pub(crate) fn an_expired_entry_leaves_when_it_is_looked_up<T: Tier<String, V>, V: Value>(subject: &Subject<T, V>) {
    let tier = subject.make(Bounds::NONE);
    subject.add_until(&tier, "a", 1, 10.0);
    assert!(tier.get(&key("a"), at(10.0)).is_none());
    assert!(tier.get(&key("a"), at(9.0)).is_none());
    assert_eq!(tier.stats(at(9.0)).bytes, 0);
}

pub(crate) fn clear_begins_anew<T: Tier<String, V>, V: Value>(subject: &Subject<T, V>) {
    let tier = subject.make(Bounds {
        max_entries: 2,
        ..Bounds::NONE
    });
    for (number, name) in ["a", "b", "c"].iter().enumerate() {
        subject.add(&tier, name, number as u32);
        tier.get(&key("a"), at(0.0));
    }
    tier.clear();
    assert_eq!(tier.stats(at(0.0)), TierStats::default());
    assert!(tier.keys(at(0.0)).is_empty());
    assert!(!tier.contains(&key("c"), at(0.0)));
}

pub(crate) fn keys_are_listed_by_last_use<T: Tier<String, V>, V: Value>(subject: &Subject<T, V>) {
    if !subject.asks(&[KeepsNothing]) {
        return;
    }
    let tier = subject.make(Bounds::NONE);
    for name in ["a", "b", "c"] {
        subject.add(&tier, name, 1);
    }
    subject.add_until(&tier, "expired", 1, 5.0);
    tier.get(&key("a"), at(0.0));
    subject.add(&tier, "b", 2);
    tier.contains(&key("c"), at(0.0));
    let mut keys = tier.keys(at(5.0));
    if subject.deviates(OrdersCoarsely) {
        keys.sort_by_key(|name| ["c", "a", "b"].iter().position(|one| one == name));
    }
    assert_eq!(keys, ["c", "a", "b"]);
}
