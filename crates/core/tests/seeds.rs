//! What the fuzz targets begin with goes through the functions that they test, so that a seed which fails is seen
//! without a fuzzer, and a seed that no longer means anything is too.

use ai_evals_performance_core::explain::{Previews, Wanted, compare, decode, fields_of, leaves_of, nearest};
use ai_evals_performance_core::journal::{self, HEADER, Scan, scan};
use ai_evals_performance_core::store::{Record, tools::transfer::TransferReader};
use std::{collections::HashSet, fs, io::Cursor, path::Path};

/// The seeds of a target, each with its name.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/seeds")
        .join(target);
    let files = fs::read_dir(folder)
        .expect("a folder of seeds")
        .map(|file| file.expect("a seed").path());
    let seeds: Vec<_> = files
        .map(|path| (path.display().to_string(), fs::read(&path).expect("a seed")))
        .collect();
    assert!(!seeds.is_empty(), "no seeds of {target}");
    seeds
}

/// A seed cut at every length and with every byte changed, or some of them where it is long: what a fuzzer does first.
fn near(seed: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let step = 1 + seed.len() / 512;
    let cut = (0..=seed.len())
        .rev()
        .step_by(step)
        .map(|length| seed[..length].to_vec());
    let changed = (0..seed.len()).step_by(step).map(|at| {
        let mut changed = seed.to_vec();
        changed[at] ^= 1 << (at % 8);
        changed
    });
    cut.chain(changed)
}

#[test]
fn keys() {
    for (name, seed) in seeds("key_fields") {
        let key = seed.split(|byte| *byte == 0).next().unwrap();
        let previews = Previews::none();
        let first = &leaves_of(key, &previews, 1)[0];
        assert!(!first.preview.contains("cannot be read"), "{name}");
        for bytes in near(&seed) {
            let fields = fields_of(&bytes, &seed);
            assert!(decode(&fields).is_some(), "{name}");
            assert_eq!(
                compare((&bytes, b""), (&seed, b"")).differences.is_empty(),
                bytes == seed,
                "{name}"
            );
        }
    }
}

#[test]
fn fields() {
    let wanted = Wanted::new(b"{s5:inputs2:hi}", b"");
    for (name, seed) in seeds("fields_decode") {
        assert!(decode(&seed).is_some(), "{name}");
        for bytes in near(&seed) {
            let is_found = nearest(&wanted, [(&bytes, 0.0, ())]).is_some();
            assert!(is_found || decode(&bytes).is_none(), "{name}");
        }
    }
}

#[test]
fn records() {
    for (name, seed) in seeds("record_decode") {
        let record = Record::decode(&seed).expect(&name);
        assert_eq!(record.encode().as_deref(), Some(&seed[..]), "{name}");
        for bytes in near(&seed) {
            assert_eq!(Record::decode(&bytes).is_ok(), bytes == seed, "{name}");
        }
    }
}

#[test]
fn exports() {
    for (name, seed) in seeds("transfer_read") {
        assert!(is_whole(&seed), "{name}");
        for bytes in near(&seed) {
            assert_eq!(is_whole(&bytes), bytes == seed, "{name}");
        }
    }
}

fn is_whole(file: &[u8]) -> bool {
    let Ok(mut reader) = TransferReader::new(file) else {
        return false;
    };
    loop {
        match reader.next_record() {
            Ok(Some(record)) => drop(Record::decode(record)),
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

#[test]
fn journals() {
    for (name, seed) in seeds("journal_scan") {
        let (records, whole) = records_of(&seed, &seed);
        assert_eq!((whole.end, whole.damaged), (seed.len() as u64, 0), "{name}");
        assert!(records.len() > 1, "{name}");
        for bytes in near(&seed) {
            let (found, _) = records_of(&bytes, &seed);
            assert!(found.is_subset(&records), "{name}");
            assert!(bytes.len() < seed.len() || found.len() + 1 >= records.len(), "{name}");
        }
    }
}

/// The records in the bytes of a journal, as bytes again; `seed` has the salt.
fn records_of(bytes: &[u8], seed: &[u8]) -> (HashSet<Vec<u8>>, Scan) {
    let salt = u64::from_le_bytes(seed[12..20].try_into().expect("a header"));
    let from = HEADER.min(bytes.len()) as u64;
    let mut records = HashSet::new();
    let visit = |_, record: &journal::Record| {
        let mut again = Vec::new();
        assert!(record.encode(salt, &mut again));
        records.insert(again);
    };
    let scanned = scan(Cursor::new(bytes), from, bytes.len() as u64, salt, visit).expect("memory can be read");
    (records, scanned)
}
