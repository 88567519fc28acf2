//! A record, as a store may hold it: once as it is, and once with its checksum made right, which random bytes never
//! have.

#![no_main]

use ai_evals_performance_core::store::Record;
use libfuzzer_sys::fuzz_target;
use xxhash_rust::xxh3::xxh3_64;

fuzz_target!(|input: &[u8]| {
    check(input);
    let Some((body, _)) = input.split_last_chunk::<8>() else {
        return;
    };
    check(&[body, &xxh3_64(body).to_le_bytes()].concat());
});

fn check(bytes: &[u8]) {
    if let Ok(record) = Record::decode(bytes) {
        assert_eq!(record.encode().as_deref(), Some(bytes));
    }
}
