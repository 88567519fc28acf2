//! How many consecutive calls are timed as one, so that a clock can resolve a function of any speed.
//!
//! Reading the clock around a call costs 50 to 100 nanoseconds, and that is part of what is measured. A call of a
//! microsecond or more is timed by itself: the clock's share is then at most a tenth. Shorter calls are grouped until
//! a group takes four microseconds, which keeps the clock's share near two per cent and still gives many samples.

/// The shortest duration, in milliseconds, that is taken as it was measured.
const RESOLVED: f64 = 1e-3;

/// What a batch of short calls should take, in milliseconds.
const BATCH: f64 = 4e-3;

/// How much a batch may be larger or smaller than the one before: one outlier does not decide.
const STEP: u64 = 4;

/// Consecutive calls that were timed together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Batch {
    /// What they took together, in milliseconds.
    pub duration: f64,
    /// How many they were; at least 1.
    pub calls: u64,
}

impl Batch {
    /// The mean duration of its calls.
    #[must_use]
    pub fn per_call(self) -> f64 {
        self.duration / self.calls as f64
    }
}

/// How many calls to time together next, after `last`. At least 1.
#[must_use]
pub fn next_batch(last: Batch) -> u64 {
    let per_call = last.per_call();
    let wanted = if per_call >= RESOLVED {
        1
    } else {
        // Saturates where the clock stood still.
        (BATCH / per_call.max(0.0)).ceil() as u64
    };
    wanted.clamp((last.calls / STEP).max(1), last.calls.saturating_mul(STEP).max(1))
}

/// Joins neighbouring batches that the clock could not resolve by themselves, such as those before the right size was
/// found. Calls and total duration stay the same.
pub fn resolved(batches: impl IntoIterator<Item = Batch>) -> Vec<Batch> {
    let mut joined: Vec<Batch> = Vec::new();
    let mut open = None;
    for batch in batches {
        let group = join(open, batch);
        open = if group.duration >= RESOLVED {
            joined.push(group);
            None
        } else {
            Some(group)
        };
    }
    if let Some(rest) = open {
        let last = joined.pop();
        joined.push(join(last, rest));
    }
    joined
}

fn join(group: Option<Batch>, batch: Batch) -> Batch {
    group.map_or(batch, |group| Batch {
        duration: group.duration + batch.duration,
        calls: group.calls + batch.calls,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{BATCH, Batch, next_batch, resolved};

    fn batch(duration: f64, calls: u64) -> Batch {
        Batch { duration, calls }
    }

    /// The sizes that follow each other for a function of a constant duration, clock included.
    fn sizes(call: f64, clock: f64) -> Vec<u64> {
        std::iter::successors(Some(1), |&calls| {
            Some(next_batch(batch(clock + call * calls as f64, calls)))
        })
        .take(8)
        .collect()
    }

    #[test]
    fn slow_calls_are_timed_one_by_one() {
        assert_eq!(sizes(0.001, 0.0), [1; 8]);
        assert_eq!(sizes(250.0, 0.000_06), [1; 8]);
    }

    #[test]
    fn two_nanoseconds_are_timed_by_the_thousand() {
        let sizes = sizes(2e-6, 6e-5);
        assert_eq!(sizes[..6], [1, 4, 16, 64, 256, 1024]);
        assert!((1900..=2000).contains(&sizes[7]), "{sizes:?}");
    }

    #[test]
    fn one_outlier_does_not_decide() {
        assert_eq!(next_batch(batch(8.0, 2000)), 500);
    }

    #[test]
    fn a_clock_that_stands_still_or_makes_no_sense_gets_an_answer() {
        assert_eq!(next_batch(batch(0.0, 64)), 256);
        assert_eq!(next_batch(batch(-5.0, 64)), 256);
        assert_eq!(next_batch(batch(f64::NAN, 1)), 4);
        assert_eq!(next_batch(batch(0.0, u64::MAX)), u64::MAX);
    }

    #[test]
    fn what_the_clock_cannot_resolve_is_joined() {
        let short = |calls| batch(0.0006, calls);
        assert_eq!(
            resolved([short(1), short(4), batch(0.005, 9), short(16), short(1), short(2)]),
            [batch(0.0012, 5), batch(0.005, 9), batch(0.0018, 19)]
        );
        assert_eq!(resolved([short(3)]), [short(3)]);
        assert_eq!(resolved([]), []);
    }

    proptest! {
        #[test]
        fn a_batch_is_near_its_size_whatever_the_function_takes(call in 1e-6..1e-3_f64, clock in 0.0..1e-4_f64) {
            let calls = *sizes(call, clock).last().unwrap_or(&0);
            let duration = call * calls as f64;
            prop_assert!(duration > BATCH / 2.0 || calls == 1 && call + clock >= 1e-3, "{calls} calls, {duration} ms");
            prop_assert!(duration <= BATCH + call);
        }
    }
}
