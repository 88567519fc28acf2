//! Quantities as people read them: units chosen by size, three significant digits.

const NANOSECONDS: f64 = 1e-6;
const MICROSECONDS: f64 = 1e-3;
const SECONDS: f64 = 1e3;
const MINUTES: f64 = 60.0 * SECONDS;
const HOURS: f64 = 60.0 * MINUTES;

/// A duration given in milliseconds, such as `340 ns`, `12.5 ms` or `1.25 s`.
#[must_use]
pub fn duration(milliseconds: f64) -> String {
    let units = [
        (HOURS, "h"),
        (MINUTES, "min"),
        (SECONDS, "s"),
        (1.0, "ms"),
        (MICROSECONDS, "µs"),
    ];
    // A value that rounds to 1,000 of its unit is one of the next: 999.9 ms reads 1.00 s.
    let fits = |scale: f64| significant(milliseconds / scale).is_some();
    let (scale, unit) = units
        .into_iter()
        .find(|&(scale, _)| fits(scale))
        .unwrap_or((NANOSECONDS, "ns"));
    let number = significant(milliseconds / scale).unwrap_or_else(|| format!("{:.0}", milliseconds / scale));
    format!("{number} {unit}")
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
            0.0,
            0.000_34,
            0.0125,
            12.5,
            999.4,
            999.6,
            1250.0,
            59_999.0,
            90_000.0,
            7_200_000.0,
            3.6e10,
        ];
        let expected = [
            "0 ns", "340 ns", "12.5 µs", "12.5 ms", "999 ms", "1.00 s", "1.25 s", "1.00 min", "1.50 min", "2.00 h",
            "10,000 h",
        ];
        assert_eq!(read.map(duration), expected);
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
