//! Time that never goes back, from a clock that may.
//!
//! A monotonic clock whose origin is moved (fake timers installed or removed) appears to jump. [`Elapsed`] turns its
//! readings into nanoseconds that only grow: a step back counts as no time at all, and when the clock returns to where
//! it had been, only what lies beyond counts again. So a jump never frees a limit early, and never freezes one either.

use super::window::WINDOW;

/// A reading of a monotonic clock in milliseconds, as `performance.now()` gives it.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct MonotonicMillis(pub f64);

/// A duration or a point of elapsed time.
pub(crate) type Nanos = u64;

#[derive(Debug, Clone, Copy)]
struct Reading {
    clock: Nanos,
    elapsed: Nanos,
}

/// Nanoseconds that only grow; a whole window at the first reading, so that ages of an earlier process fit before it.
#[derive(Debug, Default)]
pub(crate) struct Elapsed {
    last: Option<Reading>,
    /// The furthest that the clock has been, and what had elapsed then.
    furthest: Option<Reading>,
}

impl Elapsed {
    /// The elapsed time at this reading: never less than at the one before.
    pub(crate) fn advance(&mut self, now: MonotonicMillis) -> Nanos {
        let before = self.last.map_or(WINDOW, |last| last.elapsed);
        if !now.0.is_finite() {
            return before;
        }
        let clock = (now.0 * 1e6 + 0.5) as Nanos;
        let elapsed = match (self.last, self.furthest) {
            (Some(_), Some(furthest)) if clock >= furthest.clock => {
                before.max(furthest.elapsed.saturating_add(clock - furthest.clock))
            }
            (Some(last), _) => before.saturating_add(clock.saturating_sub(last.clock)),
            (None, _) => WINDOW,
        };
        let reading = Reading { clock, elapsed };
        self.last = Some(reading);
        if self.furthest.is_none_or(|furthest| clock >= furthest.clock) {
            self.furthest = Some(reading);
        }
        elapsed
    }
}

#[cfg(test)]
mod tests {
    use super::{Elapsed, MonotonicMillis, WINDOW};

    fn elapsed_millis(readings: &[f64]) -> Vec<f64> {
        let mut elapsed = Elapsed::default();
        readings
            .iter()
            .map(|&now| (elapsed.advance(MonotonicMillis(now)) - WINDOW) as f64 / 1e6)
            .collect()
    }

    #[test]
    fn counts_from_the_first_reading() {
        assert_eq!(elapsed_millis(&[500.0, 500.25, 501.0]), [0.0, 0.25, 1.0]);
    }

    #[test]
    fn goes_on_from_where_it_was_after_a_step_back() {
        assert_eq!(elapsed_millis(&[1_000.0, 1_010.0, 0.0, 5.0]), [0.0, 10.0, 10.0, 15.0]);
    }

    #[test]
    fn counts_a_detour_once_when_the_clock_returns() {
        // 10 ms by a fake clock while the real one went 30 ms further, and the other way round.
        assert_eq!(
            elapsed_millis(&[1_000.0, 0.0, 10.0, 1_030.0, 1_031.0]),
            [0.0, 0.0, 10.0, 30.0, 31.0]
        );
        assert_eq!(
            elapsed_millis(&[1_000.0, 0.0, 50.0, 1_030.0, 1_031.0]),
            [0.0, 0.0, 50.0, 50.0, 51.0]
        );
    }

    #[test]
    fn takes_no_notice_of_readings_that_are_no_time() {
        let readings = [f64::NAN, 7.0, f64::INFINITY, f64::NEG_INFINITY, 9.0, -4.0, f64::MAX];
        let elapsed = elapsed_millis(&readings);
        assert_eq!(elapsed[..6], [0.0, 0.0, 0.0, 0.0, 2.0, 2.0]);
        assert!(elapsed.is_sorted());
    }
}
