//! Quantities as people read them: units chosen by size, three significant digits.

const NANOSECONDS: f64 = 1e-6;
const MICROSECONDS: f64 = 1e-3;
const SECONDS: f64 = 1e3;
const MINUTES: f64 = 60.0 * SECONDS;
const HOURS: f64 = 60.0 * MINUTES;

/// A duration given in milliseconds, such as `2.14 ns`, `12.5 ms` or `-1.25 s`; `n/a` where it is not finite.
#[must_use]
pub fn duration(milliseconds: f64) -> String {
    if !milliseconds.is_finite() {
        return "n/a".to_owned();
    }
    let units = [
        (HOURS, "h"),
        (MINUTES, "min"),
        (SECONDS, "s"),
        (1.0, "ms"),
        (MICROSECONDS, "µs"),
        (NANOSECONDS, "ns"),
    ];
    let size = milliseconds.abs();
    let sign = if milliseconds < 0.0 { "-" } else { "" };
    // A value that rounds to 1,000 of its unit is one of the next: 999.9 ms reads 1.00 s.
    units
        .into_iter()
        .find_map(|(scale, unit)| Some(format!("{sign}{} {unit}", significant(size / scale)?)))
        .unwrap_or_else(|| match size {
            0.0 => "0 ns".to_owned(),
            _ => format!("{sign}{:.3} ns", size / NANOSECONDS),
        })
}

/// A share in per cent, such as `62.5%`; a share too small for one decimal reads `<0.1%`.
#[must_use]
pub fn percent(share: f64) -> String {
    match share {
        share if share > 0.0 && share < 0.05 => "<0.1%".to_owned(),
        share => format!("{share:.1}%"),
    }
}

/// How often something happened, such as `once` or `1,250 times`.
#[must_use]
pub fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{} times", grouped(count)),
    }
}

/// A whole number with its thousands set apart by commas.
#[must_use]
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Three significant digits of a number of at least 1, after rounding; `None` below that.
fn significant(value: f64) -> Option<String> {
    match value {
        value if value >= 1e12 => Some(format!("{value:.2e}")),
        value if value >= 99.95 => Some(grouped(value.round() as u64)),
        value if value >= 9.995 => Some(format!("{value:.1}")),
        value if value >= 0.9995 => Some(format!("{value:.2}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{duration, grouped, percent, times};

    #[test]
    fn durations_take_the_unit_of_their_size() {
        let read = [
            (0.0, "0 ns"),
            (3.4e-7, "0.340 ns"),
            (2.14e-6, "2.14 ns"),
            (0.000_34, "340 ns"),
            (9.9951e-4, "1.00 µs"),
            (0.0125, "12.5 µs"),
            (12.5, "12.5 ms"),
            (999.4, "999 ms"),
            (999.6, "1.00 s"),
            (1250.0, "1.25 s"),
            (59_999.0, "1.00 min"),
            (90_000.0, "1.50 min"),
            (7_200_000.0, "2.00 h"),
            (3.6e10, "10,000 h"),
            (3.6e20, "1.00e14 h"),
            (-0.0, "0 ns"),
            (-0.5, "-500 µs"),
            (f64::NAN, "n/a"),
            (f64::INFINITY, "n/a"),
        ];
        assert_eq!(read.map(|(value, _)| duration(value)), read.map(|(_, text)| text));
    }

    #[test]
    fn shares_keep_one_decimal_and_never_read_as_nothing() {
        assert_eq!(
            [0.0, 0.01, 62.54, 100.0].map(percent),
            ["0.0%", "<0.1%", "62.5%", "100.0%"]
        );
    }

    #[test]
    fn counts_are_words_or_grouped_digits() {
        assert_eq!(
            [1, 2, 999, 1250].map(times),
            ["once", "twice", "999 times", "1,250 times"]
        );
        assert_eq!([0, 100, 1_000_000].map(grouped), ["0", "100", "1,000,000"]);
    }
}
