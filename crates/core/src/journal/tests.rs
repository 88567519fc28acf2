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

mod refusals;
mod starts;

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
    let example: Vec<_> = file.iter().map(|byte| format!("{byte:02x}")).collect();
    let example = example.concat();
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
        assert_eq!(fs::metadata(&cut).unwrap().len(), stats.bytes, "{length} bytes");
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
