//! What the next process has to count of the minute before.

use super::*;

fn amounts(numbers: [f64; 4]) -> Amounts {
    Amounts::from_numbers(&numbers)
}

fn ago(milliseconds: f64) -> UnixMillis {
    UnixMillis(NOW.0 - milliseconds)
}

#[test]
fn the_last_minute_counts_with_what_was_used_and_owed() {
    let (_folder, path) = folder();
    let mut journal = open(&path);
    let reserved = amounts([1.0, 100.0, 60.0, 40.0]);
    for (sequence, age) in [(0, 61_000.0), (1, 50_000.0), (2, 40_000.0), (3, 30_000.0)] {
        journal.started(sequence, ago(age), reserved, b"gpt").unwrap();
    }
    journal.started(4, ago(20_000.0), reserved, b"claude").unwrap();
    // Began before the minute, but what it owes is known since less.
    journal
        .settled(0, ago(10_000.0), amounts([1.0, 150.0, 60.0, 90.0]))
        .unwrap();
    journal
        .settled(1, ago(9_000.0), amounts([1.0, 30.0, 20.0, 10.0]))
        .unwrap();
    journal
        .settled(2, ago(8_000.0), amounts([1.0, 110.0, 60.0, 50.0]))
        .unwrap();
    // Settled already, and never started.
    journal
        .settled(1, ago(7_000.0), amounts([1.0, 999.0, 0.0, 0.0]))
        .unwrap();
    journal
        .settled(77, ago(7_000.0), amounts([1.0, 999.0, 0.0, 0.0]))
        .unwrap();
    assert_eq!(journal.earlier_starts(NOW), []);
    close(journal);
    let journal = open(&path);
    let earlier = journal.earlier_starts(NOW);
    let gpt = vec![
        (50_000.0, amounts([1.0, 30.0, 20.0, 10.0])),
        (40_000.0, amounts([1.0, 100.0, 60.0, 40.0])),
        (30_000.0, reserved),
        (10_000.0, amounts([0.0, 50.0, 0.0, 50.0])),
        (8_000.0, amounts([0.0, 10.0, 0.0, 10.0])),
    ];
    let expected = [
        EarlierStarts {
            lane: b"gpt".to_vec(),
            starts: gpt,
        },
        EarlierStarts {
            lane: b"claude".to_vec(),
            starts: vec![(20_000.0, reserved)],
        },
    ];
    assert_eq!(earlier, expected);
    let later = UnixMillis(NOW.0 + 31_000.0);
    assert_eq!(
        journal
            .earlier_starts(later)
            .iter()
            .map(|lane| lane.starts.len())
            .sum::<usize>(),
        3
    );
}

#[test]
fn a_clock_that_jumped_makes_no_start_older_than_nothing_or_younger() {
    let (_folder, path) = folder();
    let mut journal = open(&path);
    let reserved = amounts([1.0, 0.0, 0.0, 0.0]);
    for age in [-1e9, -999_990_000.0] {
        journal.started(0, ago(age), reserved, b"").unwrap();
    }
    journal.started(1, ago(10.0), reserved, b"").unwrap();
    journal.started(2, UnixMillis(f64::NAN), reserved, b"").unwrap();
    close(journal);
    let ages: Vec<_> = open(&path).earlier_starts(NOW)[0]
        .starts
        .iter()
        .map(|(age, _)| *age)
        .collect();
    assert_eq!(ages, [0.0, 0.0, 10.0]);
}

#[test]
fn a_number_used_again_settles_the_later_start() {
    let (_folder, path) = folder();
    for age in [2_000.0, 1_000.0] {
        let mut journal = open(&path);
        journal
            .started(0, ago(age), amounts([1.0, 100.0, 0.0, 0.0]), b"")
            .unwrap();
        close(journal);
    }
    let mut journal = open(&path);
    journal.settled(0, NOW, amounts([1.0, 5.0, 0.0, 0.0])).unwrap();
    close(journal);
    let starts = open(&path).earlier_starts(NOW).remove(0).starts;
    let tokens: Vec<_> = starts.iter().map(|(_, amounts)| amounts.tokens).collect();
    assert_eq!(tokens, [100.0, 5.0]);
}
