//! A key, and after its last NUL the previews that stand beside it, as a store may hold them.

#![no_main]

use ai_evals_performance_core::explain::{compare, decode, fields_of};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let at = input.iter().rposition(|byte| *byte == 0).unwrap_or(input.len());
    let (key, previews) = input.split_at(at);
    let fields = fields_of(key, previews);
    assert!(fields.len() <= 16 * 1_024);
    assert!(decode(&fields).is_some());
    let half = &key[..key.len() / 2];
    assert_eq!(
        compare((key, previews), (half, previews)).differences.is_empty(),
        key.is_empty()
    );
});
