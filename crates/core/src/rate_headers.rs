//! What providers say in headers about their limits: how much is left, and when all of it is there again.
//!
//! Headers are input that nobody vouches for: one that makes no sense says nothing, no number is negative, and no reset is
//! further away than the minute that limits are counted in. Which header means which limit is the caller's question.

use std::time::{Duration, UNIX_EPOCH};

use crate::clock::UnixMillis;

/// The furthest that a reset can be: limits are counted by the minute.
pub const FURTHEST_RESET: Duration = Duration::from_mins(1);

/// No limit of a provider is larger, and doubles hold it exactly.
const MOST: u64 = 1 << 53;
/// A plain number from here on is a date in seconds since 1970, a number below a duration.
const FIRST_DATE_SECONDS: f64 = 1e9;
/// A date from here on is in milliseconds.
const FIRST_DATE_MILLIS: f64 = 1e12;
const DAY_SECONDS: f64 = 86_400.0;
/// Days from the March of year 0 to 1970.
const TO_1970: f64 = 719_468.0;

/// How much is left: a whole number, with or without a fraction, which is cut off.
#[must_use]
pub fn remaining(value: &str) -> Option<u64> {
    number(trimmed(value)).map(|left| (left as u64).min(MOST))
}

/// How long it is from `now` until the limit is whole again, at most [`FURTHEST_RESET`]; nothing for a date that has passed.
///
/// Read are durations as Go writes them (`1s`, `6m0s`, `120ms`), numbers of seconds, dates as RFC 3339 and HTTP write
/// them, and dates as seconds or milliseconds since 1970.
#[must_use]
pub fn reset_in(value: &str, now: UnixMillis) -> Option<Duration> {
    let value = trimmed(value);
    let seconds = match number(value) {
        Some(millis) if millis >= FIRST_DATE_MILLIS => (millis - now.0) / 1e3,
        Some(date) if date >= FIRST_DATE_SECONDS => date - now.0 / 1e3,
        Some(seconds) => seconds,
        None => duration(value).or_else(|| Some(date(value)? - now.0 / 1e3))?,
    };
    // A clock that is no number says nothing about a date.
    let seconds = (!seconds.is_nan()).then_some(seconds.max(0.0))?;
    Some(Duration::from_secs_f64(seconds.min(FURTHEST_RESET.as_secs_f64())))
}

fn trimmed(value: &str) -> &str {
    value.trim_matches([' ', '\t'])
}

/// A number as headers write it: digits with at most one point among them. No sign, exponent or name such as `inf`.
pub(crate) fn number(value: &str) -> Option<f64> {
    let plain = value.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && value.chars().all(|letter| letter.is_ascii_digit() || letter == '.');
    plain.then(|| value.parse().ok()).flatten()
}

/// Seconds of a duration of numbers with units, such as `1m30.951s`.
fn duration(value: &str) -> Option<f64> {
    let mut rest = value;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let unit_at = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (amount, from_unit) = rest.split_at(unit_at);
        let unit_end = from_unit
            .find(|letter: char| letter.is_ascii_digit() || letter == '.')
            .unwrap_or(from_unit.len());
        let (unit, behind) = from_unit.split_at(unit_end);
        seconds += number(amount)? * seconds_of(unit)?;
        rest = behind;
    }
    (!value.is_empty()).then_some(seconds)
}

fn seconds_of(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1e-9,
        "us" | "µs" | "μs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => DAY_SECONDS,
        _ => return None,
    })
}

/// Seconds since 1970 of a date.
fn date(value: &str) -> Option<f64> {
    if let Ok(date) = httpdate::parse_http_date(value) {
        return Some(date.duration_since(UNIX_EPOCH).ok()?.as_secs_f64());
    }
    internet_date(value)
}

/// The same of a date of RFC 3339, such as `2024-05-01T12:00:00.5+02:00`. Its ranges are those of the RFC, save that the
/// length of months is not looked at.
fn internet_date(value: &str) -> Option<f64> {
    let (day, time) = value.split_once(['T', 't', ' '])?;
    let zone_at = time.find(['Z', 'z', '+', '-'])?;
    let (time, zone) = time.split_at(zone_at);
    let [year, month, day_of_month] = digits(day, '-', [4, 2, 2])?;
    let (whole, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] = digits(whole, ':', [2, 2, 2])?;
    let fraction = fraction
        .bytes()
        .all(|digit| digit.is_ascii_digit())
        .then(|| format!("0.{fraction}").parse::<f64>().ok())??;
    let is_date = (1..=12).contains(&month) && (1..=31).contains(&day_of_month);
    if !is_date || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let days = days_since_1970(year, month, day_of_month);
    let seconds = f64::from(hour * 3_600 + minute * 60 + second) + fraction;
    Some(days * DAY_SECONDS + seconds - zone_seconds(zone)?)
}

fn zone_seconds(zone: &str) -> Option<f64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0.0);
    }
    let (sign, offset) = match zone.as_bytes().first()? {
        b'+' => (1.0, &zone[1..]),
        b'-' => (-1.0, &zone[1..]),
        _ => return None,
    };
    let [hours, minutes] = digits(offset, ':', [2, 2])?;
    (hours <= 23 && minutes <= 59).then(|| sign * f64::from(hours * 3_600 + minutes * 60))
}

/// Numbers of so many digits each, and nothing else.
fn digits<const N: usize>(value: &str, separator: char, lengths: [usize; N]) -> Option<[u32; N]> {
    let mut numbers = [0; N];
    let mut parts = value.split(separator);
    for (number, length) in numbers.iter_mut().zip(lengths) {
        let part = parts.next()?;
        let is_plain = part.len() == length && part.bytes().all(|digit| digit.is_ascii_digit());
        *number = is_plain.then(|| part.parse().ok()).flatten()?;
    }
    parts.next().is_none().then_some(numbers)
}

/// Of the proleptic Gregorian calendar: years that begin with March, so that a leap day is the last of its year.
fn days_since_1970(year: u32, month: u32, day: u32) -> f64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year.saturating_sub(1), month + 9)
    };
    let leap_days = year / 4 - year / 100 + year / 400;
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    f64::from(year * 365 + leap_days + day_of_year) - TO_1970
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use proptest::prelude::*;

    use super::{FURTHEST_RESET, date, internet_date, remaining, reset_in};
    use crate::clock::UnixMillis;

    /// 2024-05-01T12:00:00Z
    const NOON: f64 = 1_714_564_800_000.0;

    fn reset(value: &str) -> Option<Duration> {
        reset_in(value, UnixMillis(NOON))
    }

    #[test]
    fn what_is_left_is_a_number() {
        assert_eq!(remaining("4999"), Some(4_999));
        assert_eq!(remaining(" 0\t"), Some(0));
        assert_eq!(remaining("12.9"), Some(12));
        assert_eq!(remaining(&"9".repeat(400)), Some(1 << 53));
        let garbage = ["", "-1", "+1", "1e3", "inf", "NaN", "1,000", "many", "0x10", "１"];
        assert_eq!(garbage.map(remaining), garbage.map(|_| None));
    }

    #[test]
    fn durations_are_read_as_openai_writes_them() {
        assert_eq!(reset("1s"), Some(Duration::from_secs(1)));
        assert_eq!(reset("120ms"), Some(Duration::from_millis(120)));
        assert_eq!(reset("17.5s"), Some(Duration::from_millis(17_500)));
        assert_eq!(reset("0m59.56s"), Some(Duration::from_millis(59_560)));
        assert_eq!(reset("250µs"), Some(Duration::from_micros(250)));
        assert_eq!(reset("59.7"), Some(Duration::from_millis(59_700)));
        assert_eq!(reset("0s"), Some(Duration::ZERO));
    }

    #[test]
    fn dates_are_read_as_anthropic_writes_them() {
        for value in [
            "2024-05-01T12:00:30Z",
            "2024-05-01t12:00:30.000z",
            "2024-05-01T14:00:30+02:00",
            "2024-05-01T04:30:30-07:30",
            "Wed, 01 May 2024 12:00:30 GMT",
            "1714564830",
            "1714564830000",
        ] {
            assert_eq!(reset(value), Some(Duration::from_secs(30)), "{value}");
        }
        assert_eq!(reset("2024-05-01T12:00:00.25Z"), Some(Duration::from_millis(250)));
        assert_eq!(reset("2024-05-01T11:59:59Z"), Some(Duration::ZERO));
    }

    #[test]
    fn no_reset_is_further_away_than_a_minute() {
        let far = "9".repeat(400);
        for value in ["6m0s", "24h", "61", &far, "2999-01-01T00:00:00Z", &format!("{far}h")] {
            assert_eq!(reset(value), Some(FURTHEST_RESET), "{value}");
        }
    }

    #[test]
    fn what_makes_no_sense_says_nothing() {
        let garbage = [
            "",
            " ",
            "s",
            "-1s",
            "1x",
            "1s2",
            "1.2.3s",
            "soon",
            "2024-05-01",
            "2024-05-01T12:00:30",
            "2024-13-01T12:00:30Z",
            "2024-05-32T12:00:30Z",
            "2024-05-01T24:00:30Z",
            "2024-05-01T12:00Z",
            "2024-5-1T12:00:30Z",
            "2024-05-01T12:00:30.Zx",
            "2024-05-01T12:00:30+2",
            "2024-05-01T12:00:30.½Z",
        ];
        assert_eq!(garbage.map(reset), garbage.map(|_| None));
        assert_eq!(reset_in("2024-05-01T12:00:30Z", UnixMillis(f64::NAN)), None);
    }

    proptest! {
        #[test]
        fn both_forms_of_a_date_mean_the_same(seconds in 0..253_402_300_800_u64) {
            let moment = UNIX_EPOCH + Duration::from_secs(seconds);
            let http = httpdate::fmt_http_date(moment);
            let day = &http[5..7];
            let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
                .into_iter()
                .position(|name| name == &http[8..11])
                .expect("a month") + 1;
            let internet = format!("{}-{month:02}-{day}T{}Z", &http[12..16], &http[17..25]);
            prop_assert_eq!(internet_date(&internet), Some(seconds as f64));
            prop_assert_eq!(date(&http), Some(seconds as f64));
        }

        #[test]
        fn no_header_makes_anything_panic(value in "\\PC{0,40}", now in any::<f64>()) {
            prop_assert!(remaining(&value).is_none_or(|left| left <= 1 << 53));
            prop_assert!(reset_in(&value, UnixMillis(now)).is_none_or(|reset| reset <= FURTHEST_RESET));
        }

        #[test]
        fn nor_does_one_that_looks_like_a_time(value in "[0-9TZtz:.+ µhmsnud-]{0,40}", now in 0.0..4e12_f64) {
            prop_assert!(reset_in(&value, UnixMillis(now)).is_none_or(|reset| reset <= FURTHEST_RESET));
        }
    }
}
