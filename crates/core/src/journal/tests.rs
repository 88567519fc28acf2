//! A journal beside a plain map, whatever is done to its file.

use super::*;
use crate::clock::{Clock, UnixMillis};
use proptest::prelude::*;
use std::{
    collections::BTreeMap,
    fs,
    io::Cursor,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    time::Duration,
};
use tempfile::TempDir;

const NOW: UnixMillis = UnixMillis(1e12);
const CONTENT: Digest = [1; 32];
const SETTINGS: Digest = [2; 32];

/// Stands still: the thread of a journal syncs when it is asked to.
struct Still;

impl Clock for Still {
    fn wall(&self) -> UnixMillis {
        NOW
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

fn open_with(path: &Path, configuration: &[u8]) -> Result<Journal, JournalError> {
    Journal::open(path, configuration, NOW, Arc::new(Still))
}

fn open(path: &Path) -> Journal {
    open_with(path, b"u").unwrap()
}

fn close(mut journal: Journal) {
    let (sender, receiver) = mpsc::channel();
    journal.close(Box::new(move |failure| sender.send(failure).unwrap()));
    assert_eq!(receiver.recv(), Ok(None));
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    (folder, path)
}

fn outcome(index: u64, ended_well: bool, value: &[u8]) -> Outcome<'_> {
    Outcome {
        index,
        content: &CONTENT,
        settings: &SETTINGS,
        ended_well,
        codec: 1,
        elapsed: 2.5,
        value,
    }
}

fn found(journal: &Journal, index: u64) -> Option<Vec<u8>> {
    match journal.find(index, &CONTENT, &SETTINGS).unwrap() {
        Lookup::Found(found) => Some(found.value),
        Lookup::Nothing => None,
        other => panic!("{other:?}"),
    }
}

/// What a run records: index, whether it ended well, value.
type Step = (u64, bool, Vec<u8>);

/// What is known after some steps: a success stays.
fn known<'a>(steps: impl IntoIterator<Item = &'a Step>) -> BTreeMap<u64, Vec<u8>> {
    let well = steps.into_iter().filter(|(_, ended_well, _)| *ended_well);
    well.map(|(index, _, value)| (*index, value.clone())).collect()
}

fn read_all(journal: &Journal, indices: std::ops::Range<u64>) -> BTreeMap<u64, Vec<u8>> {
    indices
        .filter_map(|index| Some((index, found(journal, index)?)))
        .collect()
}

/// Records steps in a new journal; where each of them ends.
fn recorded(path: &Path, steps: &[Step]) -> Vec<u64> {
    let mut journal = open(path);
    let mut ends = vec![journal.stats().bytes];
    for (index, ended_well, value) in steps {
        journal.record(&outcome(*index, *ended_well, value)).unwrap();
        ends.push(journal.stats().bytes);
    }
    close(journal);
    ends
}

fn few_steps() -> Vec<Step> {
    [
        (0, true, "zero"),
        (1, false, "no"),
        (1, true, "one"),
        (0, false, "late"),
        (2, true, ""),
    ]
    .map(|(index, ended_well, value)| (index, ended_well, value.as_bytes().to_vec()))
    .to_vec()
}

#[test]
fn what_ended_well_is_found_again_and_is_never_displaced_by_a_failure() {
    let (_folder, path) = folder();
    let steps = few_steps();
    recorded(&path, &steps);
    let journal = open(&path);
    assert_eq!(read_all(&journal, 0..9), known(&steps));
    assert_eq!(found(&journal, 0).as_deref(), Some(&b"zero"[..]));
    let JournalStats {
        recovered,
        damaged,
        torn,
        ..
    } = journal.stats();
    assert_eq!((recovered, damaged, torn), (3, 0, 0));
}

#[test]
fn the_documented_example_keeps_its_bytes() {
    let header = Header {
        salt: 7,
        configuration: *blake3::hash(b"u").as_bytes(),
    };
    let mut file = header.encode().to_vec();
    let reserved = Amounts::from_numbers(&[1.0, 100.0]);
    let start = Start {
        sequence: 3,
        at: UnixMillis(1.0),
        reserved,
        lane: b"gpt",
    };
    let used = Amounts::from_numbers(&[1.0, 50.0]);
    let settlement = Settlement {
        sequence: 3,
        at: UnixMillis(2.0),
        used,
    };
    let records = [
        Record::Configuration(b"u"),
        Record::Start(start),
        Record::Outcome(outcome(5, true, b"{}")),
        Record::Settlement(settlement),
    ];
    for record in records {
        let mut bytes = Vec::new();
        assert!(record.encode(header.salt, &mut bytes));
        file.extend(bytes);
    }
    let documented = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/formats.md");
    let documented: String = fs::read_to_string(documented).unwrap().split_whitespace().collect();
    let example: String = file.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(documented.contains(&example), "{example}");
}

#[test]
fn every_cut_leaves_the_records_before_it() {
    let (folder, path) = folder();
    let steps = few_steps();
    let ends = recorded(&path, &steps);
    let whole = fs::read(&path).unwrap();
    for length in 0..whole.len() {
        let cut = folder.path().join("cut");
        fs::write(&cut, &whole[..length]).unwrap();
        let mut journal = open(&cut);
        let kept = ends.iter().skip(1).filter(|end| **end <= length as u64).count();
        assert_eq!(read_all(&journal, 0..9), known(&steps[..kept]), "{length} bytes");
        let stats = journal.stats();
        assert_eq!(stats.damaged, 0, "{length} bytes");
        if length >= HEADER {
            assert_eq!(stats.torn + stats.bytes, length as u64, "{length} bytes");
        }
        // And it goes on from there.
        journal.record(&outcome(8, true, b"more")).unwrap();
        close(journal);
        assert_eq!(found(&open(&cut), 8).as_deref(), Some(&b"more"[..]));
        fs::remove_file(&cut).unwrap();
    }
}

#[test]
fn every_flipped_bit_costs_its_own_record_only() {
    let (folder, path) = folder();
    let steps = few_steps();
    let ends = recorded(&path, &steps);
    let whole = fs::read(&path).unwrap();
    for bit in 0..8 * whole.len() {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let flipped = folder.path().join("flipped");
        fs::write(&flipped, &bytes).unwrap();
        let journal = match open_with(&flipped, b"u") {
            Ok(journal) => journal,
            Err(error) => {
                assert!(bit / 8 < HEADER, "bit {bit}: {error}");
                assert_eq!(fs::read(&flipped).unwrap(), bytes, "bit {bit}");
                continue;
            }
        };
        assert!(bit / 8 >= HEADER, "bit {bit}");
        let struck = ends.iter().filter(|end| **end <= (bit / 8) as u64).count();
        // Before the first outcome the configuration stands.
        let left: Vec<_> = (1..=steps.len())
            .filter(|number| *number != struck)
            .map(|number| &steps[number - 1])
            .collect();
        assert_eq!(read_all(&journal, 0..9), known(left), "bit {bit}");
        let JournalStats { damaged, torn, .. } = journal.stats();
        let is_last = struck == steps.len();
        assert_eq!((damaged, torn > 0), (u64::from(!is_last), is_last), "bit {bit}");
        close(journal);
        fs::remove_file(&flipped).unwrap();
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let value = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        // Longer than what is read at first, and full of markers.
        (3_000_usize..20_000).prop_map(|length| MARKER.iter().copied().cycle().take(length).collect()),
    ];
    prop::collection::vec((0_u64..9, any::<bool>(), value), 0..20)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_journal_agrees_with_a_map_through_openings_and_tears(
        lives in prop::collection::vec((steps(), any::<prop::sample::Index>(), any::<bool>()), 1..4),
    ) {
        let (_folder, path) = folder();
        let mut kept: Vec<Step> = Vec::new();
        for (steps, at, is_torn) in lives {
            let mut journal = open(&path);
            prop_assert_eq!(read_all(&journal, 0..9), known(&kept));
            let first = journal.stats().bytes;
            let mut ends = Vec::new();
            for (index, ended_well, value) in &steps {
                journal.record(&outcome(*index, *ended_well, value)).unwrap();
                ends.push(journal.stats().bytes);
            }
            prop_assert_eq!(read_all(&journal, 0..9), known(kept.iter().chain(&steps)));
            close(journal);
            let last = ends.last().copied().unwrap_or(first);
            let length = if is_torn { first + at.index((last - first + 1) as usize) as u64 } else { last };
            fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(length).unwrap();
            let whole = ends.iter().filter(|end| **end <= length).count();
            kept.extend_from_slice(&steps[..whole]);
        }
    }

    #[test]
    fn any_bytes_are_scanned_to_their_end(bytes in prop::collection::vec(any::<u8>(), 0..2_000), salt in any::<u64>()) {
        let length = bytes.len() as u64;
        let scanned = scan(Cursor::new(&bytes), 0, length, salt, |_, _| {}).unwrap();
        prop_assert!(scanned.end <= length);
    }

    /// With a checksum that agrees, so that what comes behind it is reached.
    #[test]
    fn any_body_is_a_record_or_an_error(kind in 0_u8..6, body in prop::collection::vec(any::<u8>(), 0..200), salt in any::<u64>()) {
        let mut bytes = MARKER.to_vec();
        bytes.push(kind);
        bytes.extend((body.len() as u32).to_le_bytes());
        bytes.extend(&body);
        let checksum = xxhash_rust::xxh3::xxh3_64_with_seed(&bytes[4..], salt);
        bytes.extend(checksum.to_le_bytes());
        match Record::decode(&bytes, salt) {
            Ok((record, length)) => {
                let mut again = Vec::new();
                prop_assert!(record.encode(salt, &mut again));
                prop_assert_eq!((length, again), (bytes.len(), bytes));
            }
            Err(error) => prop_assert!(matches!(error, RecordError::Kind(_) | RecordError::Content)),
        }
    }
}

#[test]
fn a_length_that_no_record_has_is_not_believed() {
    let mut bytes = MARKER.to_vec();
    bytes.push(2);
    bytes.extend(u32::MAX.to_le_bytes());
    bytes.extend([0; 64]);
    assert_eq!(Record::decode(&bytes, 0), Err(RecordError::Length));
    let scanned = scan(Cursor::new(&bytes), 0, bytes.len() as u64, 0, |_, _| panic!("a record")).unwrap();
    assert_eq!(scanned, Scan { end: 0, damaged: 0 });
}

#[test]
fn records_of_kinds_to_come_are_passed_over() {
    let (_folder, path) = folder();
    recorded(&path, &few_steps()[..1]);
    let mut bytes = fs::read(&path).unwrap();
    let salt = u64::from_le_bytes(bytes[12..20].try_into().unwrap());
    let mut later = vec![99, 2, 0, 0, 0, 7, 7];
    later.extend(xxhash_rust::xxh3::xxh3_64_with_seed(&later, salt).to_le_bytes());
    bytes.extend(MARKER);
    bytes.extend(later);
    fs::write(&path, &bytes).unwrap();
    let journal = open(&path);
    let JournalStats {
        damaged,
        torn,
        recovered,
        ..
    } = journal.stats();
    assert_eq!((damaged, torn, recovered), (0, 0, 1));
}

#[test]
fn the_journal_of_another_run_inside_a_value_is_a_value() {
    let (_folder, inner) = folder();
    recorded(&inner, &few_steps());
    let inner = fs::read(&inner).unwrap();
    let (_folder, path) = folder();
    let mut journal = open(&path);
    let begin = journal.stats().bytes;
    journal.record(&outcome(7, true, &inner)).unwrap();
    journal.record(&outcome(8, true, b"after")).unwrap();
    close(journal);
    // The record around it is damaged, so that what is in it is looked through.
    let mut bytes = fs::read(&path).unwrap();
    bytes[begin as usize + 20] ^= 1;
    fs::write(&path, bytes).unwrap();
    let journal = open(&path);
    assert_eq!(read_all(&journal, 0..9), BTreeMap::from([(8, b"after".to_vec())]));
}

#[test]
fn another_row_at_an_index_is_told_apart() {
    let (_folder, path) = folder();
    recorded(&path, &[(0, true, b"a".to_vec()), (1, false, b"b".to_vec())]);
    let journal = open(&path);
    for index in [0, 1] {
        assert_eq!(journal.find(index, &[9; 32], &SETTINGS).unwrap(), Lookup::OtherContent);
        assert_eq!(journal.find(index, &CONTENT, &[9; 32]).unwrap(), Lookup::OtherSettings);
    }
    assert_eq!(journal.find(2, &[9; 32], &[9; 32]).unwrap(), Lookup::Nothing);
}

#[test]
fn what_is_no_journal_of_this_run_is_refused_and_left_alone() {
    let (_folder, path) = folder();
    recorded(&path, &few_steps());
    let ours = fs::read(&path).unwrap();
    let mut future = ours.clone();
    future[8] = 2;
    let mut damaged = ours.clone();
    damaged[30] ^= 1;
    for (bytes, message) in [
        (&b"{\"some\":\"json\"}"[..], "is no journal"),
        (&future, "version 2"),
        (&damaged, "are damaged"),
    ] {
        fs::write(&path, bytes).unwrap();
        let error = open_with(&path, b"u").err().unwrap().to_string();
        assert!(error.contains(message), "{error}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn another_configuration_is_refused_with_what_differs() {
    let (_folder, path) = folder();
    close(open_with(&path, b"{s6:prompts2:v1}").unwrap());
    let error = open_with(&path, b"{s6:prompts2:v2}").err().unwrap().to_string();
    assert!(
        error.ends_with("another configuration: prompt is \"v2\", was \"v1\""),
        "{error}"
    );
    let long = format!("{{s6:prompt{}}}", "s1:x".repeat(20_000));
    let (_folder, path) = folder();
    close(open_with(&path, long.as_bytes()).unwrap());
    let error = open_with(&path, b"u").err().unwrap().to_string();
    assert!(error.ends_with("another configuration"), "{error}");
    close(open_with(&path, long.as_bytes()).unwrap());
}

#[test]
fn one_handle_has_a_journal_at_a_time() {
    let (_folder, path) = folder();
    let first = open(&path);
    assert!(matches!(open_with(&path, b"u"), Err(JournalError::Busy { .. })));
    close(first);
    close(open(&path));
}

#[test]
fn a_folder_is_no_journal_and_missing_folders_are_made() {
    let (folder, _) = folder();
    let error = open_with(folder.path(), b"u").err().unwrap();
    assert!(matches!(error, JournalError::System { what: "open", .. }), "{error}");
    let deep = folder.path().join("a/b/journal");
    close(open(&deep));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&deep), mode(deep.parent().unwrap())), (0o600, 0o700));
    }
}

#[test]
fn a_closed_journal_takes_and_gives_nothing() {
    let (_folder, path) = folder();
    let mut journal = open(&path);
    journal.close(Box::new(|_| {}));
    assert!(matches!(
        journal.record(&outcome(0, true, b"")),
        Err(Refused::Trouble(_))
    ));
    assert!(matches!(
        journal.find(0, &CONTENT, &SETTINGS),
        Err(JournalError::Closed { .. })
    ));
    assert_eq!(journal.trouble(), None);
}

#[test]
fn a_result_that_was_damaged_meanwhile_is_not_given() {
    let (_folder, path) = folder();
    let mut journal = open(&path);
    journal.record(&outcome(0, true, &vec![7; 100_000])).unwrap();
    assert_eq!(found(&journal, 0).map(|value| value.len()), Some(100_000));
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.len() - 5_000;
    bytes[at] ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert_eq!(found(&journal, 0), None);
    fs::write(&path, &bytes[..100]).unwrap();
    assert_eq!(found(&journal, 0), None);
}

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
