//! What every tier has to do, wherever it keeps its entries: one suite, run by each implementation of [`Tier`].
//!
//! A tier makes its tests of it with [`tier_conformance!`] and a [`Subject`]. What it cannot do it declares as
//! [`Deviation`]s; a check that asks for exactly that says so and does not run, the others do.

mod bounds;
mod entries;
mod property;

use std::fmt::Debug;

pub(crate) use bounds::*;
pub(crate) use entries::*;
pub(crate) use property::*;

use super::Tier;
use crate::clock::UnixMillis;

/// What a tier may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) max_entries: u64,
    pub(crate) max_bytes: u64,
}

impl Bounds {
    const NONE: Self = Self {
        max_entries: 1_000_000,
        max_bytes: u64::MAX,
    };
}

/// What a tier does otherwise than the trait says, on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deviation {
    /// It has no entries.
    KeepsNothing,
    /// The number of its entries has no bound.
    BoundsNoEntries,
    /// Its bytes are those of its own records, and their bound is held sooner or later.
    BoundsBytesLoosely,
    /// It knows about when an entry was used, and does not say at once what had to leave.
    OrdersCoarsely,
}

pub(crate) trait Value: Debug + PartialEq {}

impl<V: Debug + PartialEq> Value for V {}

/// A tier under test.
pub(crate) struct Subject<T, V> {
    pub(crate) make: Box<dyn Fn(Bounds) -> T>,
    /// Values, different for different numbers.
    pub(crate) value: fn(u32) -> V,
    pub(crate) deviations: &'static [Deviation],
}

impl<T: Tier<String, V>, V> Subject<T, V> {
    fn make(&self, bounds: Bounds) -> T {
        (self.make)(bounds)
    }

    fn deviates(&self, deviation: Deviation) -> bool {
        self.deviations.contains(&deviation)
    }

    /// Whether a check that these deviations excuse is to run.
    #[expect(clippy::print_stdout, reason = "a test that does not run says why")]
    fn asks(&self, excuses: &[Deviation]) -> bool {
        let excuse = excuses.iter().find(|excuse| self.deviates(**excuse));
        if let Some(excuse) = excuse {
            println!("not asked of this tier: {excuse:?}");
        }
        excuse.is_none()
    }

    /// Inserts a value of ten bytes that never expires.
    fn add(&self, tier: &T, key: &str, number: u32) -> Vec<String> {
        self.add_sized(tier, key, number, 10)
    }

    fn add_sized(&self, tier: &T, key: &str, number: u32, bytes: u64) -> Vec<String> {
        tier.insert(key.to_owned(), (self.value)(number), bytes, UnixMillis::NEVER, at(0.0))
    }

    fn add_until(&self, tier: &T, key: &str, number: u32, deadline: f64) -> Vec<String> {
        tier.insert(key.to_owned(), (self.value)(number), 10, at(deadline), at(0.0))
    }
}

/// The tests of one tier, each named as its check.
macro_rules! tier_conformance {
    ($subject:expr) => {
        $crate::cache::conformance::tier_conformance! {
            $subject;
            a_live_entry_is_answered_and_an_expired_one_is_not,
            time_may_move_backwards,
            a_key_inserted_again_has_the_new_value_and_deadline,
            any_string_is_a_key_of_its_own,
            look_ups_are_counted_and_questions_are_not,
            what_is_removed_is_gone,
            expired_entries_are_removed_by_deadline,
            an_expired_entry_leaves_when_it_is_looked_up,
            clear_begins_anew,
            keys_are_listed_by_last_use,
            the_least_recently_used_entry_makes_room,
            expired_entries_make_room_before_live_ones,
            entries_leave_until_the_bytes_fit,
            a_key_inserted_again_makes_room_for_what_it_grew_by,
            what_is_larger_than_the_tier_is_not_kept,
            what_is_not_kept_is_said,
            an_answer_is_what_was_inserted_last_or_nothing,
        }
    };
    ($subject:expr; $($check:ident),* $(,)?) => {
        $(
            #[test]
            fn $check() {
                $crate::cache::conformance::$check(&$subject);
            }
        )*
    };
}
pub(crate) use tier_conformance;

fn at(milliseconds: f64) -> UnixMillis {
    UnixMillis(milliseconds)
}

fn key(key: &str) -> String {
    key.to_owned()
}
