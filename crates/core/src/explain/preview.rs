//! Leaves as people read them, in at most [`WIDTH`] characters.

use super::{
    previews::Previews,
    quote::Shown,
    reader::{Text, Token},
};
use std::fmt::Write;

/// The most characters of a preview.
pub(super) const WIDTH: usize = 80;
/// The most characters of one name in a path.
const NAME_WIDTH: usize = 60;
const DAY: i64 = 86_400_000;
/// The furthest that a JavaScript `Date` reaches, to either side of 1970.
const FURTHEST: f64 = 8.64e15;

/// What a leaf says.
pub(super) fn of_token(token: &Token, previews: &Previews) -> String {
    match token {
        Token::Word(word) => (*word).to_owned(),
        Token::Number(number) => cut(number),
        Token::BigInt(number) => cut(&format!("{number}n")),
        Token::Text(Text::Whole(bytes)) => Shown::new(bytes).quoted(WIDTH),
        Token::Text(Text::Digested { units, digest }) => match previews.of(digest) {
            Some((first, _)) => long_text(*units, "beginning", first),
            None => format!("text of {} characters", grouped(*units)),
        },
        Token::Date(number) => date(number),
        Token::RegExp(source, flags) => cut(&format!("/{}/{}", inside(source), inside(flags))),
        Token::Binary {
            kind,
            bytes,
            hexadecimal,
        } => {
            let shown = format!(
                "{kind} of {} {}",
                grouped(*bytes),
                if *bytes == 1 { "byte" } else { "bytes" }
            );
            cut(&hexadecimal
                .filter(|text| !text.is_empty())
                .map_or(shown.clone(), |text| format!("{shown}: {text}")))
        }
    }
}

/// A text of which only the begin or the end is known.
pub(super) fn long_text(units: u64, which: &str, part: &str) -> String {
    let label = format!("text of {} characters {which} ", grouped(units));
    let room = WIDTH.saturating_sub(label.chars().count());
    let shown = Shown::new(part.as_bytes());
    let quoted = if which == "beginning" {
        shown.beginning(room)
    } else {
        shown.ending(room)
    };
    label + &quoted
}

/// A leaf as a part of a path: the key of a Map, or a member of a Set.
pub(super) fn in_path(token: &Token) -> String {
    match token {
        Token::Text(Text::Whole(bytes)) => Shown::new(bytes).quoted(NAME_WIDTH),
        token => of_token(token, &Previews::none()),
    }
}

/// Appends the step to a property: `.name`, or `["any name"]`.
pub(super) fn push_name(path: &mut String, name: Text) {
    let written = match name {
        Text::Whole(bytes) => match str::from_utf8(bytes) {
            Ok(text) if is_identifier(text) => write!(path, ".{text}"),
            _ => write!(path, "[{}]", Shown::new(bytes).quoted(NAME_WIDTH)),
        },
        Text::Digested { units, .. } => write!(path, "[text of {} characters]", grouped(units)),
    };
    debug_assert!(written.is_ok(), "a String takes everything");
}

fn is_identifier(text: &str) -> bool {
    let is_letter = |character: char| character.is_alphabetic() || matches!(character, '_' | '$');
    text.chars().next().is_some_and(is_letter)
        && text
            .chars()
            .all(|character| is_letter(character) || character.is_numeric())
        && text.chars().count() <= NAME_WIDTH
}

/// A text without its quotes.
fn inside(text: &Text) -> String {
    match text {
        Text::Whole(bytes) => {
            let quoted = Shown::new(bytes).quoted(WIDTH).replace("\\\\", "\\");
            quoted[1..quoted.len() - 1].to_owned()
        }
        Text::Digested { .. } => "…".to_owned(),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(WIDTH) {
        None => text.to_owned(),
        Some(_) => text.chars().take(WIDTH - 1).chain(['…']).collect(),
    }
}

/// A whole number with its digits in groups of three.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Milliseconds since 1970 as ECMAScript's `Date.prototype.toISOString` writes them.
fn date(number: &str) -> String {
    let Some(time) = number.parse().ok().filter(|time: &f64| time.abs() <= FURTHEST) else {
        return "Invalid Date".to_owned();
    };
    let milliseconds = time as i64;
    let (year, month, day) = civil(milliseconds.div_euclid(DAY));
    let rest = milliseconds.rem_euclid(DAY);
    let (hours, minutes, seconds) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60);
    let year = match year {
        0..=9_999 => format!("{year:04}"),
        _ => format!("{year:+07}"),
    };
    format!(
        "{year}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{:03}Z",
        rest % 1_000
    )
}

/// The day of the Gregorian calendar that lies `days` after 1970-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    // Counted from a first of March, so that a leap day ends its year, in cycles of 400 years.
    let shifted = days + 719_468;
    let (cycle, day_of_cycle) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let leap_days = day_of_cycle / 1_460 - day_of_cycle / 36_524 + day_of_cycle / 146_096;
    let year_of_cycle = (day_of_cycle - leap_days) / 365;
    let day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    // Five months have 153 days, from March on.
    let months = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months + 2) / 5 + 1;
    let month = if months < 10 { months + 3 } else { months - 9 };
    (400 * cycle + year_of_cycle + i64::from(month <= 2), month, day)
}
