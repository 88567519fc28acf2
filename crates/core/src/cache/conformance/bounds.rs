//! Checks of what leaves when there is no room.

use super::{
    Bounds,
    Deviation::{BoundsBytesLoosely, BoundsNoEntries, KeepsNothing, OrdersCoarsely},
    Subject, Value, at, key,
};
use crate::{
    cache::{Tier, TierStats},
    clock::UnixMillis,
};

pub(crate) fn the_least_recently_used_entry_makes_room<T: Tier<String, V>, V: Value>(subject: &Subject<T, V>) {
    if !subject.asks(&[KeepsNothing, BoundsNoEntries, OrdersCoarsely]) {
        return;
    }
    let tier = subject.make(Bounds {
        max_entries: 3,
        ..Bounds::NONE
    });
    for name in ["a", "b", "c"] {
        assert!(subject.add(&tier, name, 1).is_empty());
    }
    tier.get(&key("a"), at(0.0));
    tier.contains(&key("b"), at(0.0));
    assert_eq!(subject.add(&tier, "d", 1), ["b"]);
    assert!(subject.add(&tier, "c", 2).is_empty());
    assert_eq!(subject.add(&tier, "e", 1), ["a"]);
    assert_eq!(tier.keys(at(0.0)), ["d", "c", "e"]);
    assert_eq!(tier.stats(at(0.0)).evictions, 2);
}

pub(crate) fn expired_entries_make_room_before_live_ones<T: Tier<String, V>, V: Value>(subject: &Subject<T, V>) {
    if !subject.asks(&[KeepsNothing, BoundsNoEntries, BoundsBytesLoosely, OrdersCoarsely]) {
        return;
    }
    for bounds in [
        Bounds {
            max_entries: 2,
            ..Bounds::NONE
        },
        Bounds {
            max_bytes: 25,
            ..Bounds::NONE
        },
    ] {
        let tier = subject.make(bounds);
        subject.add(&tier, "old", 1);
        subject.add_until(&tier, "short", 1, 5.0);
        let left = tier.insert(key("new"), (subject.value)(1), 10, UnixMillis::NEVER, at(5.0));
        assert_eq!(left, ["short"], "{bounds:?}");
        assert_eq!(tier.keys(at(5.0)), ["old", "new"]);
        assert_eq!(tier.stats(at(5.0)).evictions, 0);
    }
}

pub(crate) fn entries_leave_until_the_bytes_fit<T: Tier<String, V>, V: Value>(subject: &Subject<T, V>) {
    if !subject.asks(&[KeepsNothing, BoundsBytesLoosely, OrdersCoarsely]) {
        return;
    }
    let tier = subject.make(Bounds {
        max_bytes: 100,
        ..Bounds::NONE
    });
    for name in ["a", "b", "c", "d"] {
        assert!(subject.add_sized(&tier, name, 1, 25).is_empty());
    }
    tier.get(&key("a"), at(0.0));
    assert_eq!(subject.add_sized(&tier, "e", 1, 50), ["b", "c"]);
    assert_eq!(tier.stats(at(0.0)).bytes, 100);
    assert_eq!(subject.add_sized(&tier, "f", 1, 1), ["d"]);
    assert_eq!(subject.add_sized(&tier, "g", 1, 100), ["a", "e", "f"]);
    let TierStats {
        evictions,
        bytes,
        live_entries,
        ..
    } = tier.stats(at(0.0));
    assert_eq!((evictions, bytes, live_entries), (6, 100, 1));
}

pub(crate) fn a_key_inserted_again_makes_room_for_what_it_grew_by<T: Tier<String, V>, V: Value>(
    subject: &Subject<T, V>,
) {
    if !subject.asks(&[KeepsNothing, BoundsBytesLoosely, OrdersCoarsely]) {
        return;
    }
    let tier = subject.make(Bounds {
        max_bytes: 100,
        ..Bounds::NONE
    });
    for name in ["a", "b", "c"] {
        subject.add_sized(&tier, name, 1, 30);
    }
    assert!(subject.add_sized(&tier, "a", 2, 40).is_empty());
    assert_eq!(subject.add_sized(&tier, "a", 3, 41), ["b"]);
    assert_eq!(tier.stats(at(0.0)).bytes, 71);
}

pub(crate) fn what_is_larger_than_the_tier_is_not_kept<T: Tier<String, V>, V: Value>(subject: &Subject<T, V>) {
    if !subject.asks(&[KeepsNothing, BoundsBytesLoosely]) {
        return;
    }
    let tier = subject.make(Bounds {
        max_bytes: 100,
        ..Bounds::NONE
    });
    subject.add_sized(&tier, "a", 1, 50);
    subject.add_sized(&tier, "b", 1, 50);
    assert_eq!(subject.add_sized(&tier, "c", 1, 101), ["c"]);
    assert_eq!(tier.len(at(0.0)), 2);
    assert_eq!(subject.add_sized(&tier, "a", 1, 101), ["a"]);
    assert_eq!(tier.keys(at(0.0)), ["b"]);
    let TierStats { bytes, evictions, .. } = tier.stats(at(0.0));
    assert_eq!((bytes, evictions), (50, 0));
}

pub(crate) fn what_is_not_kept_is_said<T: Tier<String, V>, V: Value>(subject: &Subject<T, V>) {
    let tier = subject.make(Bounds::NONE);
    let left = subject.add(&tier, "a", 1);
    assert_eq!(left.is_empty(), tier.contains(&key("a"), at(0.0)));
    assert!(left.iter().all(|gone| gone == "a"));
}
