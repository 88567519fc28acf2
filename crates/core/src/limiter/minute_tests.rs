//! Every minute of starts at any fraction of a millisecond, whose entries share groups of the log.

use proptest::prelude::*;

use super::tests::{acquire, at, exactly, limits};
use super::{Admission, Limiter};

const MINUTE: f64 = 60_000.0;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Every window that begins with a start is counted.
    #[test]
    fn no_minute_holds_more_than_its_limits(
        requests in 1..40_u64,
        tokens in 50..400_u64,
        steps in prop::collection::vec((0.0..3_000.0_f64, 0..2_u8, 1..50_u64), 1..600),
    ) {
        let mut limiter = Limiter::new(limits(Some(requests), Some(tokens), 1));
        let mut now = 0.0;
        let mut starts: Vec<(f64, u64)> = Vec::new();
        for (pause, long, size) in steps {
            now += if long == 1 { pause } else { pause / 10_000.0 };
            if let Some(permit) = acquire(&mut limiter, now, size) {
                limiter.release(permit, at(now));
                starts.push((now, size));
            }
        }
        for &(begin, _) in &starts {
            let inside = || starts.iter().filter(|(start, _)| (begin..begin + MINUTE).contains(start));
            prop_assert!(inside().count() as u64 <= requests);
            prop_assert!(inside().map(|(_, size)| size).sum::<u64>() <= tokens);
        }
    }

    /// Somebody who asks again exactly when told to is admitted, and so uses at least 99 % of the limit. Readings are
    /// whole nanoseconds: between two of them the limiter rounds.
    #[test]
    fn a_told_wait_is_enough(requests in 1..200_u64, jitter in prop::collection::vec(0..900_000_u32, 1..50)) {
        let mut limiter = Limiter::new(limits(Some(requests), None, 1));
        let mut now = 0.0;
        let mut granted = 0_u64;
        let mut jitter = jitter.into_iter().cycle();
        while now < 10.0 * MINUTE {
            match limiter.try_acquire(at(now), &exactly(1)) {
                Admission::Granted(permit) => {
                    granted += 1;
                    limiter.release(permit, at(now));
                    now += f64::from(jitter.next().unwrap_or(0)) / 1e6;
                }
                Admission::Wait { duration, .. } => {
                    now += duration.as_secs_f64() * 1_000.0;
                    let admission = limiter.try_acquire(at(now), &exactly(1));
                    let Admission::Granted(permit) = admission else {
                        return Err(TestCaseError::fail("the wait was not enough"));
                    };
                    granted += 1;
                    limiter.release(permit, at(now));
                }
                admission => return Err(TestCaseError::fail(format!("no permit is held: {admission:?}"))),
            }
        }
        prop_assert!(granted as f64 >= 0.99 * 10.0 * requests as f64, "{granted} of {}", 10 * requests);
    }
}
