//! A journal, as a machine that lost its power may have left it: once as it is, and once as the body of a record whose
//! checksum is right, which random bytes never have.

#![no_main]

use ai_evals_performance_core::journal::{HEADER, MARKER, Record, scan};
use libfuzzer_sys::fuzz_target;
use std::io::Cursor;
use xxhash_rust::xxh3::xxh3_64_with_seed;

fuzz_target!(|input: &[u8]| {
    let salt = input.get(12..20).and_then(|salt| salt.try_into().ok()).map_or(0, u64::from_le_bytes);
    check(input, HEADER.min(input.len()), salt);
    let Some((kind, body)) = input.split_first() else {
        return;
    };
    let length = (body.len() as u32).to_le_bytes();
    let content = [&[*kind], &length[..], body].concat();
    let checksum = xxh3_64_with_seed(&content, salt).to_le_bytes();
    check(&[&MARKER[..], &content, &checksum].concat(), 0, salt);
});

fn check(file: &[u8], from: usize, salt: u64) {
    let length = file.len() as u64;
    let scanned = scan(Cursor::new(file), from as u64, length, salt, |position, record: &Record| {
        let mut again = Vec::new();
        assert!(record.encode(salt, &mut again));
        assert!(file[position as usize..].starts_with(&again));
    });
    assert!(scanned.expect("memory can be read").end <= length);
}
