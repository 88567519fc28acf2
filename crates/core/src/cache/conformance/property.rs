//! What holds after any operations.

use std::collections::HashMap;

use proptest::{collection, prelude::*, test_runner::TestRunner};

use super::{Bounds, Subject, Value, at};
use crate::cache::Tier;

/// What is done, to which key, with which time.
type Step = (u8, u8, f64);

/// For every tier, however coarse: a wrong answer is worse than none.
pub(crate) fn an_answer_is_what_was_inserted_last_or_nothing<T: Tier<String, V>, V: Value>(subject: &Subject<T, V>) {
    let steps = collection::vec((0..6_u8, 0..8_u8, -10.0..30.0_f64), 1..120);
    let bounds = [1..6_u64, 20..200_u64];
    let property = |(steps, [max_entries, max_bytes]): (Vec<Step>, [u64; 2])| {
        let tier = subject.make(Bounds { max_entries, max_bytes });
        let mut inserted = HashMap::new();
        let mut now = 1_000.0;
        for (number, (kind, name, milliseconds)) in steps.into_iter().enumerate() {
            let (number, name) = (number as u32, name.to_string());
            match kind {
                0 | 1 => {
                    let deadline = now + milliseconds.max(1.0);
                    tier.insert(
                        name.clone(),
                        (subject.value)(number),
                        u64::from(number),
                        at(deadline),
                        at(now),
                    );
                    inserted.insert(name, (number, deadline));
                }
                2 => now += milliseconds,
                3 if number % 8 == 0 => {
                    tier.clear();
                    inserted.clear();
                }
                3 => {
                    tier.remove(&name);
                    inserted.remove(&name);
                }
                _ => {
                    let expected = inserted.get(&name).filter(|(_, deadline)| *deadline > now);
                    let answer = tier.get(&name, at(now));
                    let right = expected.map(|(number, _)| (subject.value)(*number));
                    prop_assert!(answer.is_none() || answer == right, "{answer:?} instead of {right:?}");
                }
            }
        }
        Ok(())
    };
    TestRunner::new(ProptestConfig::with_cases(64))
        .run(&(steps, bounds), property)
        .unwrap_or_else(|failure| panic!("{failure}"));
}
