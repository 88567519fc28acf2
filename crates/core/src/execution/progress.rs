//! How fast tasks end, and when the last of them will.
//!
//! The rate is that of the last minute, because that is how long the limits look back: with starts that come in waves a
//! shorter view would swing between nothing and far too much.

use std::collections::VecDeque;

use crate::limiter::Nanos;

/// How far the rate looks back.
const SPAN: Nanos = 60_000_000_000;
/// Ends within the same second are counted together.
const SECOND: Nanos = 1_000_000_000;

/// How far the tasks have come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Tasks that end a second; 0 where none has ended in the last minute.
    pub rate: f64,
    /// Milliseconds until the remaining tasks have ended at this rate; `None` where the rate or their number is unknown.
    pub eta_millis: Option<f64>,
    /// Use of the fullest budget of any lane: 0..=1.
    pub limit_utilization: f64,
}

/// Counts ends by the second.
#[derive(Debug, Default)]
pub(super) struct Pace {
    since: Nanos,
    seconds: VecDeque<(Nanos, u64)>,
    ended: u64,
}

impl Pace {
    /// Counting begins anew.
    pub(super) fn begin(&mut self, now: Nanos) {
        *self = Self {
            since: now,
            ..Self::default()
        };
    }

    pub(super) fn end_task(&mut self, now: Nanos) {
        let second = now - now % SECOND;
        match self.seconds.back_mut() {
            Some((last, count)) if *last == second => *count += 1,
            _ => {
                self.expire(now);
                self.seconds.push_back((second, 1));
            }
        }
        self.ended += 1;
    }

    fn expire(&mut self, now: Nanos) {
        while let Some(&(second, count)) = self.seconds.front()
            && second + SPAN <= now
        {
            self.ended -= count;
            self.since = self.since.max(second + SECOND);
            self.seconds.pop_front();
        }
    }

    /// Ends a second over what is in view: since the beginning or, later, of the last minute.
    pub(super) fn rate(&mut self, now: Nanos) -> f64 {
        self.expire(now);
        let since = self.since.max(now.saturating_sub(SPAN));
        let seconds = now.saturating_sub(since) as f64 / 1e9;
        if self.ended == 0 || seconds <= 0.0 {
            0.0
        } else {
            self.ended as f64 / seconds
        }
    }
}

/// Milliseconds for what remains.
pub(super) fn eta_millis(rate: f64, remaining: Option<u64>) -> Option<f64> {
    match remaining? {
        0 => Some(0.0),
        remaining => (rate > 0.0).then(|| remaining as f64 / rate * 1e3),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::float_cmp, reason = "a rate of nothing is exactly 0")]

    use super::{Pace, SECOND, eta_millis};

    #[test]
    fn the_rate_is_that_since_the_beginning_and_later_that_of_the_last_minute() {
        let mut pace = Pace::default();
        pace.begin(100 * SECOND);
        assert_eq!(pace.rate(100 * SECOND), 0.0);
        for tenth in 1..=50 {
            pace.end_task(100 * SECOND + tenth * SECOND / 10);
        }
        assert!((pace.rate(105 * SECOND) - 10.0).abs() < 1e-9);
        for second in 106..=200 {
            pace.end_task(second * SECOND);
        }
        let rate = pace.rate(200 * SECOND);
        assert!((rate - 1.0).abs() < 0.05, "{rate}");
        assert_eq!(pace.rate(300 * SECOND), 0.0);
        assert!(pace.seconds.is_empty());
    }

    #[test]
    fn what_remains_takes_as_long_as_the_rate_says() {
        assert_eq!(eta_millis(4.0, Some(10)), Some(2_500.0));
        assert_eq!(eta_millis(0.0, Some(10)), None);
        assert_eq!(eta_millis(0.0, Some(0)), Some(0.0));
        assert_eq!(eta_millis(4.0, None), None);
    }
}
