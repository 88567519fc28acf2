//! When a task that failed is worth trying again: by chance within a growing bound, or as the provider said.
//!
//! Nothing here is ever negative or unbounded: a header that makes no sense says nothing, and one that asks for hours is
//! answered by two minutes. Which failures are worth another attempt is the caller's question.

use std::time::{Duration, UNIX_EPOCH};

use crate::{clock::UnixMillis, rate_headers::number};

/// The longest wait that a provider is granted.
pub const LONGEST_WAIT: Duration = Duration::from_mins(2);

/// The header that says when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// `retry-after`: seconds, with or without a fraction, or a date of HTTP.
    RetryAfter,
    /// `retry-after-ms`: milliseconds.
    RetryAfterMillis,
}

impl Header {
    /// By its name in any case; `None` for a header that says something else.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [
            ("retry-after", Self::RetryAfter),
            ("retry-after-ms", Self::RetryAfterMillis),
        ]
        .into_iter()
        .find_map(|(known, header)| known.eq_ignore_ascii_case(name).then_some(header))
    }

    /// How long `value` asks to wait from `now`, at most [`LONGEST_WAIT`]; nothing for a date that has passed, `None`
    /// where it is neither a number nor a date.
    #[must_use]
    pub fn wait(self, value: &str, now: UnixMillis) -> Option<Duration> {
        let value = value.trim_matches([' ', '\t']);
        let millis = match (self, number(value)) {
            (Self::RetryAfterMillis, millis) => millis?,
            (Self::RetryAfter, Some(seconds)) => seconds * 1e3,
            (Self::RetryAfter, None) => unix_millis(value)? - now.0,
        };
        // A clock that is no number says nothing about a date.
        let seconds = (!millis.is_nan()).then_some(millis.max(0.0) / 1e3)?;
        Some(Duration::from_secs_f64(seconds.min(LONGEST_WAIT.as_secs_f64())))
    }
}

fn unix_millis(date: &str) -> Option<f64> {
    let date = httpdate::parse_http_date(date).ok()?;
    Some(date.duration_since(UNIX_EPOCH).ok()?.as_secs_f64() * 1e3)
}

/// Milliseconds to wait before the attempt that follows the given one (1 is the first): `random` (0..1) times a bound
/// that doubles from `base` with each attempt up to `longest`. "Full jitter" of
/// <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>: of the common rules the one that lets
/// tasks which failed together come back most evenly.
#[must_use]
pub fn delay_millis(attempt: u32, base: f64, longest: f64, random: f64) -> f64 {
    let doublings = attempt.saturating_sub(1).min(1_000);
    let bound = (base * f64::from(doublings).exp2()).min(longest);
    (random.clamp(0.0, 1.0) * bound).max(0.0)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::float_cmp, reason = "powers of two times whole numbers are exact")]

    use std::time::Duration;

    use proptest::prelude::*;

    use super::{Header, LONGEST_WAIT, delay_millis};
    use crate::clock::UnixMillis;

    /// The moment that RFC 9110 writes as `Sun, 06 Nov 1994 08:49:37 GMT`.
    const NOVEMBER: f64 = 784_111_777_000.0;

    fn wait(value: &str) -> Option<Duration> {
        Header::RetryAfter.wait(value, UnixMillis(NOVEMBER - 30_000.0))
    }

    #[test]
    fn seconds_may_have_a_fraction() {
        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(wait(" 0.25\t"), Some(Duration::from_millis(250)));
        assert_eq!(wait(".5"), Some(Duration::from_millis(500)));
        assert_eq!(wait("0"), Some(Duration::ZERO));
    }

    #[test]
    fn a_date_is_read_in_each_of_its_three_forms() {
        for date in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(wait(date), Some(Duration::from_secs(30)), "{date}");
        }
    }

    #[test]
    fn a_date_that_has_passed_asks_for_no_wait() {
        let later = UnixMillis(NOVEMBER + 5_000.0);
        assert_eq!(
            Header::RetryAfter.wait("Sun, 06 Nov 1994 08:49:37 GMT", later),
            Some(Duration::ZERO)
        );
    }

    #[test]
    fn milliseconds_have_a_header_of_their_own() {
        let header = Header::named("Retry-After-MS").expect("a known header");
        assert_eq!(
            header.wait("1500.5", UnixMillis(0.0)),
            Some(Duration::from_micros(1_500_500))
        );
        assert_eq!(header.wait("Sun, 06 Nov 1994 08:49:37 GMT", UnixMillis(0.0)), None);
        assert_eq!(Header::named("retry-after"), Some(Header::RetryAfter));
        assert_eq!(Header::named("x-retry"), None);
    }

    #[test]
    fn nobody_is_made_to_wait_longer_than_two_minutes() {
        let far = "9".repeat(400);
        for value in ["121", "86400", &far, "Fri, 31 Dec 9999 23:59:59 GMT"] {
            assert_eq!(wait(value), Some(LONGEST_WAIT), "{value}");
        }
    }

    #[test]
    fn what_makes_no_sense_says_nothing() {
        let garbage = [
            "",
            " ",
            ".",
            "-1",
            "+1",
            "1e3",
            "inf",
            "NaN",
            "1.2.3",
            "1,5",
            "7 s",
            "0x10",
            "soon",
            "１",
            "Sun, 31 Feb 1994 08:49:37 GMT",
        ];
        assert_eq!(garbage.map(wait), garbage.map(|_| None));
        let no_time = UnixMillis(f64::NAN);
        assert_eq!(Header::RetryAfter.wait("Sun, 06 Nov 1994 08:49:37 GMT", no_time), None);
    }

    #[test]
    fn the_bound_of_a_delay_doubles_up_to_the_longest() {
        let bounds = [1, 2, 3, 7, 8, u32::MAX].map(|attempt| delay_millis(attempt, 1_000.0, 60_000.0, 1.0));
        assert_eq!(bounds, [1_000.0, 2_000.0, 4_000.0, 60_000.0, 60_000.0, 60_000.0]);
        assert_eq!(delay_millis(0, 1_000.0, 60_000.0, 0.5), 500.0);
        assert_eq!(delay_millis(u32::MAX, 0.0, 60_000.0, 1.0), 0.0);
    }

    proptest! {
        #[test]
        fn a_delay_is_a_share_of_its_bound(attempt in 0..2_000_u32, base in 0.0..1e9_f64, longest in 0.0..1e9_f64, random in 0.0..1.0_f64) {
            let delay = delay_millis(attempt, base, longest, random);
            prop_assert!((0.0..=longest).contains(&delay));
            let bound = delay_millis(attempt, base, longest, 1.0);
            prop_assert!((delay - random * bound).abs() <= 1e-9 * longest);
        }

        #[test]
        fn no_text_makes_anybody_wait_longer_or_panics(value in "\\PC{0,40}", now in any::<f64>()) {
            for header in [Header::RetryAfter, Header::RetryAfterMillis] {
                prop_assert!(header.wait(&value, UnixMillis(now)).is_none_or(|wait| wait <= LONGEST_WAIT));
            }
        }
    }
}
